"""The further goals of a plan as they are typed, a row each: what is counted, what for, and how much worse is still fine.

Each refusal names the control of its row. Whether a goal can be counted at all is for `experiments.goals` to say.
"""

from decimal import Decimal, InvalidOperation
from typing import Final

from flask import request

from experiments.errors import InvalidExperiment
from experiments.goals import Goal, GoalKind, Role, give_keys
from lander.console.experiment_context import GoalFields
from lander.console.plan_reading import MOST_SELECTOR, WrongField, read_goal

_ROWS: Final = 4
_MARGIN: Final = "5"
_LONGEST_NUMBER: Final = 6
_FEWER: Final = "fewer"


def list_fields() -> list[GoalFields]:
    """Each row as it was typed; empty ones to begin with."""
    return [
        GoalFields(
            number=number,
            kind=_typed(number, "kind"),
            target=_typed(number, "target")[:MOST_SELECTOR],
            role=_typed(number, "role") or Role.SECONDARY.value,
            margin=_typed(number, "margin", _MARGIN),
            better=_typed(number, "better"),
        )
        for number in range(1, _ROWS + 1)
    ]


def read_goals() -> tuple[Goal, ...]:
    """What the rows ask for; raises `WrongField` for the first that cannot be counted beside those above it."""
    deciding, selector = read_goal()
    found: list[Goal] = []
    for row in list_fields():
        if not row.kind and not row.target:
            continue
        found.append(_read_row(row))
        try:
            give_keys(found, deciding=deciding, selector=selector)
        except InvalidExperiment as error:
            raise WrongField(row.control("target"), error.message, fix=error.fix) from None
    return tuple(found)


def find_selector(message: str) -> str:
    """The control of the selector that a refusal quotes, of the primary goal or a further one; else empty."""
    _, selector = read_goal()
    if selector and f"'{selector}'" in message:
        return "selector"
    quoted = (row for row in list_fields() if row.kind == GoalKind.CLICK and f"'{row.target}'" in message)
    return next((row.control("target") for row in quoted), "")


def _read_row(row: GoalFields) -> Goal:
    if row.kind not in list(GoalKind):
        raise WrongField(
            row.control("kind"), f"Goal {row.number} does not say what is counted.", fix="Choose it, or empty the row."
        )
    if row.role not in list(Role):
        raise WrongField(row.control("role"), f"Goal {row.number} does not say what it is for.", fix="Choose it.")
    kind, role = GoalKind(row.kind), Role(row.role)
    return Goal(
        kind=kind,
        selector=row.target if kind is GoalKind.CLICK else "",
        threshold=_read_threshold(row) if kind in (GoalKind.SCROLL, GoalKind.TIME) else 0,
        role=role,
        margin=_read_margin(row) if role is Role.GUARDRAIL else 0.0,
        fewer_is_better=row.better == _FEWER,
    )


def _read_threshold(row: GoalFields) -> int:
    text = row.target.removesuffix("%").removesuffix("s").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        what = "per cent of the page" if row.kind == GoalKind.SCROLL else "seconds"
        raise WrongField(
            row.control("target"), f"Goal {row.number} needs a whole number of {what}.", fix="Write it like 30."
        )
    return int(text)


def _read_margin(row: GoalFields) -> float:
    try:
        margin = Decimal(row.margin.replace(",", ".").removesuffix("%").strip())
    except InvalidOperation:
        margin = Decimal("NaN")
    if not (margin.is_finite() and 0 <= margin < 100):
        raise WrongField(
            row.control("margin"),
            f"Goal {row.number} may be worse by “{row.margin}”, which is no per cent from 0 to below 100.",
            fix="Write it like 5.",
        )
    return float(margin / 100)


def _typed(number: int, what: str, default: str = "") -> str:
    return request.values.get(f"goal-{number}-{what}", default).strip()
