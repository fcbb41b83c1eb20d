"""Small samples under Beta(1, 1), where the answer is a fraction."""

from fractions import Fraction

import pytest

from stats import Beta, BinarySample, compare
from tests.stats.oracles import Exact

FLAT = Beta(1, 1)
CASES = [
    [(0, 0), (0, 0)],
    [(1, 0), (0, 0)],
    [(1, 1), (1, 0)],
    [(10, 3), (12, 7)],
    [(30, 0), (30, 30)],
    [(40, 1), (5, 5)],
    [(25, 15), (15, 5), (10, 4)],
    [(20, 2), (20, 2), (20, 2), (20, 2)],
    [(8, 0), (8, 8), (16, 3), (2, 1), (0, 0)],
]


def both(counts):
    samples = [BinarySample(n, conversions) for n, conversions in counts]
    exact = Exact([(conversions + 1, n - conversions + 1) for n, conversions in counts])
    return compare(samples, prior=FLAT).variants, exact


@pytest.mark.parametrize("counts", CASES, ids=str)
def test_the_probability_to_be_best_is_the_fraction_that_polynomials_give(counts):
    variants, exact = both(counts)
    for i, variant in enumerate(variants):
        assert variant.p_best == pytest.approx(float(exact.p_best(i)), abs=1e-14)


@pytest.mark.parametrize("counts", CASES, ids=str)
def test_the_expected_loss_is_the_fraction_that_polynomials_give(counts):
    variants, exact = both(counts)
    for i, variant in enumerate(variants):
        assert variant.expected_loss == pytest.approx(float(exact.expected_loss(i)), abs=1e-14, rel=1e-12)


@pytest.mark.parametrize("counts", CASES, ids=str)
@pytest.mark.parametrize(
    "r", [Fraction(-9, 10), Fraction(-1, 4), Fraction(0), Fraction(1, 100), Fraction(2), Fraction(50)]
)
def test_the_probability_of_a_lift_is_the_fraction_that_polynomials_give(counts, r):
    variants, exact = both(counts)
    for i, variant in enumerate(variants[1:], start=1):
        expected = float(exact.p_ratio_above(i, 0, 1 + r))
        assert variant.p_lift_above(float(r)) == pytest.approx(expected, abs=1e-13)
        if r == 0:
            assert variant.p_beats_control == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("counts", CASES, ids=str)
def test_the_lift_interval_cuts_off_the_mass_it_says(counts):
    variants, exact = both(counts)
    for i, variant in enumerate(variants[1:], start=1):
        for bound, above in ((variant.lift.low, 0.975), (variant.lift.median, 0.5), (variant.lift.high, 0.025)):
            assert float(exact.p_ratio_above(i, 0, 1 + Fraction(bound))) == pytest.approx(above, abs=1e-12)


def test_the_mean_lift_is_the_product_of_the_two_expectations():
    control, variant = compare([BinarySample(40, 9), BinarySample(40, 13)], prior=FLAT).variants
    assert variant.lift.mean == pytest.approx(Fraction(14, 42) * Fraction(41, 9) - 1, rel=1e-14)
    assert control.lift is None


def test_a_clear_winner_keeps_the_digits_of_its_tiny_loss():
    (loser, winner), exact = both([(60, 3), (60, 57)])
    expected = float(exact.expected_loss(1))
    assert expected < 1e-20
    assert winner.expected_loss == pytest.approx(expected, rel=1e-3)
    assert loser.expected_loss == pytest.approx(float(exact.expected_loss(0)), rel=1e-13)
