"""Where the next visitors should go.

Oracle: top-two Thompson sampling itself, drawn from the posteriors with a seed.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stats import BinarySample, InvalidWeights, compare, top_two


@dataclass(frozen=True)
class Judged:
    p_best: float


@dataclass(frozen=True)
class Judgement:
    variants: tuple[Judged, ...]
    control: int = 0


def shares(*p_best, floor=0.0):
    return top_two(Judgement(tuple(Judged(p) for p in p_best)), floor=floor)


def test_the_shares_are_those_that_drawing_gives():
    samples = [BinarySample(400, 20), BinarySample(400, 27), BinarySample(400, 29)]
    random = np.random.default_rng(2)
    sims = 200_000
    draws = random.beta([s.conversions + 0.5 for s in samples], [s.n - s.conversions + 0.5 for s in samples], (sims, 3))
    first = draws.argmax(axis=1)
    rival = random.permutation(first)
    while (same := rival == first).any():  # drawn again until it is another one
        fresh = random.beta(
            [s.conversions + 0.5 for s in samples], [s.n - s.conversions + 0.5 for s in samples], (sims, 3)
        )
        rival = np.where(same, fresh.argmax(axis=1), rival)
    played = np.where(random.random(sims) < 0.5, first, rival)
    drawn = np.bincount(played, minlength=3) / sims
    assert top_two(compare(samples), floor=0) == pytest.approx(drawn, abs=0.005)


def test_two_variants_always_share_alike():
    assert shares(0.9, 0.1) == pytest.approx((0.5, 0.5))
    assert shares(1 - 1e-15, 1e-15) == pytest.approx((0.5, 0.5))


def test_a_sure_best_gets_half_and_its_rivals_equal_parts():
    assert shares(1.0, 0.0, 0.0) == (0.5, 0.25, 0.25)


def test_next_to_certainty_the_likelier_rival_gets_more():
    assert shares(1.0, 3e-30, 1e-30) == pytest.approx((0.5, 0.375, 0.125))


def test_the_floor_lifts_the_least_and_keeps_the_order():
    found = shares(0.6, 0.39, 0.01, floor=0.1)
    assert found[2] >= 0.1
    assert found[0] > found[1] > found[2]
    assert shares(0.6, 0.3, 0.1, floor=1 / 3) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


CHANCES = st.lists(st.one_of(st.floats(0, 1), st.just(0.0), st.floats(0, 1e-12)), min_size=2, max_size=20)


@given(CHANCES.filter(any), st.floats(0, 1))
@settings(deadline=None)
def test_shares_sum_to_one_and_none_is_below_the_floor(chances, part):
    p_best = [chance / sum(chances) for chance in chances]
    floor = part / len(p_best)
    found = shares(*p_best, floor=floor)
    assert sum(found) == pytest.approx(1, abs=1e-12)
    assert min(found) >= floor * (1 - 1e-12)
    assert max(found) <= 0.5 + 1 / len(found)


@pytest.mark.parametrize("floor", [-0.01, 0.51, float("nan"), True, None])
def test_a_floor_outside_its_domain_is_refused(floor):
    with pytest.raises(InvalidWeights) as caught:
        shares(0.5, 0.5, floor=floor)
    assert caught.value.value is floor
