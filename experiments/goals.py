"""What an experiment counts: the goal that decides it, and further ones, secondary or guardrails that must not be harmed.

A goal's key names it in events and tallies. The deciding goal's key is its kind; a further one's is its kind and its place.
Light: serving and publishing may read it.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final

from experiments.errors import InvalidExperiment

MOST_FURTHER: Final = 10
LONGEST_TIME_S: Final = 1800
_DECIDING: Final = ("form", "click")
_KEY: Final = re.compile(r"(?:click|scroll|time)(?:-[1-9][0-9]?)?")


class GoalKind(StrEnum):
    """What a visitor does to reach a goal."""

    FORM = "form"  # sends a form
    CLICK = "click"  # clicks on what a selector finds
    SCROLL = "scroll"  # scrolls so many per cent of the page down
    TIME = "time"  # looks at the page for so many seconds


class Role(StrEnum):
    """What a further goal is for."""

    SECONDARY = "secondary"  # to know what else changed
    GUARDRAIL = "guardrail"  # to stop a variant that does harm


@dataclass(frozen=True, slots=True)
class Goal:
    """A further goal. `threshold` is a per cent of the page for scroll, seconds for time; `margin` how much worse than control,
    relative to it, a guardrail may be; `fewer_is_better` for what nobody wants more of, say clicks on "complain".
    """

    kind: GoalKind
    selector: str = ""
    threshold: int = 0
    role: Role = Role.SECONDARY
    margin: float = 0.0
    fewer_is_better: bool = False
    key: str = ""  # given when the experiment starts

    @property
    def target(self) -> str:
        """What has to be clicked or passed, as the page's script reads it."""
        return self.selector if self.kind is GoalKind.CLICK else str(self.threshold or "")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "Goal":
        return cls(**{**entry, "kind": GoalKind(entry["kind"]), "role": Role(entry["role"])})


def is_beacon_key(key: str) -> bool:
    """Whether a page's own script may report this goal: never a form, which comes with its lead."""
    return _KEY.fullmatch(key) is not None


def check_deciding(goal: str, selector: str) -> None:
    """Raises `InvalidExperiment` for a goal that cannot decide an experiment."""
    if goal not in _DECIDING:
        raise InvalidExperiment(f"There is no goal {goal!r}.", fix=f"Goals are {' and '.join(_DECIDING)}.")
    if goal == "click":
        _check_clicked(selector)
    if goal == "form" and selector:
        raise InvalidExperiment(
            f"A form goal counts leads and takes no selector; this one has {selector!r}.",
            fix="Leave the selector out, or make it a click goal.",
        )


def give_keys(goals: Sequence[Goal], *, deciding: str, selector: str) -> tuple[Goal, ...]:
    """The further goals with their keys.

    Args:
        goals: as somebody asked for them.
        deciding: kind of the goal that decides, with its `selector`.

    Raises:
        InvalidExperiment: one cannot be counted, stands there twice or decides already, or there are more than ten.
    """
    if len(goals) > MOST_FURTHER:
        raise InvalidExperiment(
            f"{len(goals)} further goals are too many to be told apart.", fix=f"Choose at most {MOST_FURTHER}."
        )
    named: list[Goal] = []
    taken = {(deciding, selector)}
    for place, goal in enumerate(goals, start=2):
        _check(goal)
        if (goal.kind.value, goal.target) in taken:
            raise InvalidExperiment(f"The goal {describe(goal)} stands there twice.", fix="Leave one of them out.")
        taken.add((goal.kind.value, goal.target))
        named.append(replace(goal, key="form" if goal.kind is GoalKind.FORM else f"{goal.kind.value}-{place}"))
    return tuple(named)


def describe(goal: Goal) -> str:
    """The goal in a few words.

    >>> describe(Goal(GoalKind.SCROLL, threshold=75)), describe(Goal(GoalKind.CLICK, selector="a.phone"))
    ('75 % of the page seen', 'clicks on a.phone')
    """
    match goal.kind:
        case GoalKind.FORM:
            return "leads"
        case GoalKind.CLICK:
            return f"clicks on {goal.selector}"
        case GoalKind.SCROLL:
            return f"{goal.threshold} % of the page seen"
        case GoalKind.TIME:
            return f"{goal.threshold} seconds on the page"


def _check_clicked(selector: str) -> None:
    if not selector.strip():
        raise InvalidExperiment(
            "A click goal counts clicks on something, and nothing is named.",
            fix="Give a CSS selector, say a.call-to-action.",
        )


def _check(goal: Goal) -> None:
    match goal.kind:
        case GoalKind.CLICK:
            _check_clicked(goal.selector)
        case GoalKind.SCROLL if not 1 <= goal.threshold <= 100:
            raise InvalidExperiment(
                f"Nobody can scroll {goal.threshold} % of a page.", fix="Choose from 1 to 100 per cent, say 75."
            )
        case GoalKind.TIME if not 1 <= goal.threshold <= LONGEST_TIME_S:
            raise InvalidExperiment(
                f"{goal.threshold} seconds on a page cannot be counted.",
                fix=f"Choose from 1 to {LONGEST_TIME_S:,} seconds, say 30.",
            )
    if not 0 <= goal.margin < 1:
        raise InvalidExperiment(
            f"A guardrail cannot allow {100 * goal.margin:g} % worse than control.",
            fix="Choose from 0 to below 100 %, say 5.",
        )
