"""What any plan of an experiment must hold, whatever the page: weights, coverage, goal, and what it is worth.

Pure. Whether the page has the variants and the goal is asked by who knows pages.
"""

from collections.abc import Mapping
from typing import Final

from experiments.allocation import WHOLE_BP, ranges_by_key
from experiments.errors import InvalidExperiment
from experiments.goals import check_deciding

MOST_MINOR: Final = 10**12  # that `stats` takes of one visitor
MOST_LIFT: Final = 10.0


def check_plan(
    weights: Mapping[str, int],
    coverage_bp: int,
    control: str,
    *,
    goal: str,
    selector: str,
    lift: float,
    value_minor: int | None = None,
) -> None:
    """Raises `InvalidExperiment` for a plan that `lifecycle.start` refuses on any page; the arguments are the same."""
    check_split(weights, coverage_bp, control)
    check_deciding(goal, selector)
    _check_worth(lift, value_minor)


def check_split(weights: Mapping[str, int], coverage_bp: int, control: str) -> None:
    """Raises `InvalidExperiment` where visitors cannot be split so: weights and coverage are basis points."""
    _check_weights(weights, control)
    if not 1 <= coverage_bp <= WHOLE_BP:
        raise InvalidExperiment(
            f"Coverage is {coverage_bp:,} basis points; it goes from 1 to 10,000.", fix="10,000 means every visitor."
        )
    unseen = [key for key, low, high in ranges_by_key(weights, coverage_bp) if low == high]
    if unseen:
        raise InvalidExperiment(
            f"With a coverage of {coverage_bp} basis points nobody sees variant {', '.join(unseen)}.",
            fix="Raise the coverage.",
        )


def _check_weights(weights: Mapping[str, int], control: str) -> None:
    if len(weights) < 2:
        raise InvalidExperiment(
            f"An experiment compares two variants or more; this plan has {len(weights)}.",
            fix="Copy a variant, change the copy, and give both a weight.",
        )
    listed = ", ".join(f"{key} {weight}" for key, weight in sorted(weights.items()))
    if any(weight < 1 for weight in weights.values()):
        raise InvalidExperiment(
            f"Every variant needs a weight above 0; these are {listed}.", fix="Leave out who takes no part."
        )
    if sum(weights.values()) != WHOLE_BP:
        raise InvalidExperiment(
            f"Weights are basis points that sum to 10,000; these sum to {sum(weights.values()):,}: {listed}.",
            fix="Half each is 5,000 and 5,000.",
        )
    if control not in weights:
        raise InvalidExperiment(
            f"Control is variant {control}, but it has no weight: {listed}.",
            fix="The others are compared with control, so it must take part.",
        )


def _check_worth(lift: float, value_minor: int | None) -> None:
    if not 0 < lift <= MOST_LIFT:
        raise InvalidExperiment(
            f"The smallest lift worth having is {100 * lift:g} %.", fix="Choose one above 0 and up to 1,000 %, say 10."
        )
    if value_minor is not None and not 1 <= value_minor <= MOST_MINOR:
        raise InvalidExperiment(
            f"A conversion is worth {value_minor} in minor units.", fix="Give a value above 0 and up to 10^12, or none."
        )
