"""Ranges: whole at full coverage, shrunk in place below it, refused where the weights make no sense."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.allocation import ranges
from experiments.assign import BUCKETS, bucket, choose


@st.composite
def weights(draw: st.DrawFn) -> list[int]:
    cuts = sorted(draw(st.lists(st.integers(0, 10_000), min_size=1, max_size=5)))
    edges = [0, *cuts, 10_000]
    return [high - low for low, high in pairwise(edges)]


@given(weights())
def test_full_coverage_leaves_nobody_out_and_gives_nobody_two(weights_bp: list[int]) -> None:
    owned = ranges(weights_bp)
    assert owned[0][0] == 0
    assert owned[-1][1] == BUCKETS
    assert all(before[1] == after[0] for before, after in pairwise(owned))


@given(weights())
def test_a_variant_owns_its_weight_give_or_take_one_bucket_of_rounding(weights_bp: list[int]) -> None:
    for weight, (low, high) in zip(weights_bp, ranges(weights_bp), strict=True):
        assert abs((high - low) - weight) <= 1


@given(weights(), st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, BUCKETS - 1))
def test_raising_coverage_never_moves_a_visitor_between_variants(
    weights_bp: list[int], one: int, other: int, number: int
) -> None:
    before = choose(number, ranges(weights_bp, min(one, other)))
    after = choose(number, ranges(weights_bp, max(one, other)))
    assert before is None or before == after


def test_a_bucket_outside_every_range_has_no_variant() -> None:
    assert choose(2_000, ranges([5_000, 5_000], 2_000)) is None


@pytest.mark.parametrize("weights_bp", [[], [5_000, 4_999], [-1, 10_001], [10_000, 10_000]])
def test_weights_that_do_not_make_a_whole_are_refused(weights_bp: list[int]) -> None:
    with pytest.raises(ValueError, match="weights are"):
        ranges(weights_bp)


@pytest.mark.parametrize("coverage_bp", [-1, 10_001])
def test_coverage_beyond_all_or_nothing_is_refused(coverage_bp: int) -> None:
    with pytest.raises(ValueError, match="coverage is"):
        ranges([5_000, 5_000], coverage_bp)


def test_visitors_spread_over_the_variants_as_their_weights_say() -> None:
    owned = ranges([2_000, 3_000, 5_000])
    counts = [0, 0, 0]
    for number in range(50_000):
        chosen = choose(bucket("spread:1", f"{number:032x}"), owned)
        assert chosen is not None
        counts[chosen] += 1
    # five standard deviations of a binomial share at n = 50,000 are below 1.2 points
    assert [count / 50_000 for count in counts] == pytest.approx([0.2, 0.3, 0.5], abs=0.012)
