"""A lift too good to be taken as it stands is said to be one."""

import pytest

import stats
from experiments.lenses import believe
from experiments.surprise import check_surprise

LIFT = 0.1


def surprises(*samples: tuple[int, int]) -> list[str]:
    counted = [stats.BinarySample(n, conversions) for n, conversions in samples]
    _, data = believe(counted, control=0, prior=stats.Beta(0.5, 0.5), min_lift=LIFT, value_minor=None)
    _, decision = believe(counted, control=0, prior=stats.Exchangeable(0.07), min_lift=LIFT, value_minor=None)
    return [finding.sentence for finding in check_surprise("abc"[: len(samples)], data, decision)]


def test_a_lift_far_from_what_tests_bring_is_named_with_what_is_counted_on() -> None:
    (said,) = surprises((4258, 183), (4373, 332))
    assert said.startswith("By the data alone the lift is B +77 %, far from what nearly every test brings.")
    assert "The figures for deciding count on B between +19 % and +53 %." in said


def test_it_works_downward_and_for_the_one_variant_it_concerns() -> None:
    (said,) = surprises((4000, 400), (4000, 410), (4000, 180))
    assert "the lift is C −55 %" in said
    assert "B +" not in said
    assert "B between" not in said


@pytest.mark.parametrize("samples", [((0, 0), (0, 0)), ((50, 1), (50, 4)), ((40_000, 2000), (40_000, 2300))])
def test_nothing_is_said_of_few_visitors_or_of_a_lift_like_others(samples: tuple[tuple[int, int], ...]) -> None:
    assert surprises(*samples) == []
