"""Further goals as they are typed: `form`, `click:CSS`, `scroll:75` or `time:30`; `fewer` before one that nobody wants more of,
and after a guardrail how much worse than control it may be: `fewer click:#complain 10%`.

Whether a page can reach a goal is not known here.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

import click

from experiments.goals import Goal, GoalKind, Role, describe
from lander.errors import InvalidInput

_KINDS: Final = "A goal is form, click:CSS, scroll:75 (per cent of the page) or time:30 (seconds)."
_UNITS: Final = {GoalKind.SCROLL: ("per cent", "scroll:75"), GoalKind.TIME: ("seconds", "time:30")}
_FEWER: Final = re.compile(r"fewer\s+(.*)", re.DOTALL)
_MARGIN: Final = re.compile(r"(.*\S)\s+(\S+?)\s?%", re.DOTALL)
_PER_CENT: Final = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,6})?")
_WHOLE: Final = re.compile(r"[0-9]{1,9}")


def further_goals(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name goals beside the one that decides."""
    for option in (
        click.option(
            "--guardrail",
            multiple=True,
            metavar="'GOAL 5%'",
            help="What a variant must not harm, and how much worse than control is still fine; any number of them.",
        ),
        click.option(
            "--secondary",
            multiple=True,
            metavar="GOAL",
            help="What else to count: form, click:CSS, scroll:75 (per cent of the page) or time:30 (seconds), with 'fewer' "
            "before it where fewer is better; any number of them.",
        ),
    ):
        function = option(function)
    return function


def read_goals(secondary: Sequence[str], guardrail: Sequence[str]) -> tuple[Goal, ...]:
    """What `--secondary` and `--guardrail` say, in this order.

    >>> read_goals(["scroll:75"], ["fewer click:#complain 2.5%"])[1].margin
    0.025
    """
    return (*map(_read_secondary, secondary), *map(_read_guardrail, guardrail))


def say_goal(goal: Goal) -> str:
    """
    >>> [say_goal(goal) for goal in read_goals(["time:30"], ["fewer click:#complain 10%"])]
    ['30 seconds on the page (secondary)', 'clicks on #complain (guardrail: at most 10 % more)']
    """
    if goal.role is Role.SECONDARY:
        return f"{describe(goal)} (secondary{', fewer is better' if goal.fewer_is_better else ''})"
    much = "none" if not goal.margin else f"at most {100 * goal.margin:g} %"
    return f"{describe(goal)} (guardrail: {much} {'more' if goal.fewer_is_better else 'fewer'})"


def _read_secondary(text: str) -> Goal:
    typed = f"--secondary '{text[:80]}'"
    if _MARGIN.fullmatch(text.strip()):
        raise InvalidInput(
            f"{typed} has a margin, which only a guardrail has.", fix="Leave it out, or use --guardrail."
        )
    return _read_goal(text, typed, role=Role.SECONDARY, margin=0.0)


def _read_guardrail(text: str) -> Goal:
    typed = f"--guardrail '{text[:80]}'"
    found = _MARGIN.fullmatch(text.strip())
    if found is None:
        fix = "Write it with a margin at its end: --guardrail 'click:a.phone 5%'."
        raise InvalidInput(f"{typed} does not say how much worse than control is still fine.", fix=fix)
    goal, margin = found.groups()
    if not _PER_CENT.fullmatch(margin):
        raise InvalidInput(f"{typed}: '{margin[:20]}%' is not a number of per cent.", fix="Write one like 5% or 2.5%.")
    return _read_goal(goal, typed, role=Role.GUARDRAIL, margin=float(Decimal(margin.replace(",", ".")) / 100))


def _read_goal(text: str, typed: str, *, role: Role, margin: float) -> Goal:
    fewer = _FEWER.fullmatch(text.strip())
    name, _, target = (fewer[1] if fewer else text).strip().partition(":")
    if name not in list(GoalKind):
        raise InvalidInput(
            f"{typed} names no goal." if not name else f"{typed}: there is no goal '{name}'.", fix=_KINDS
        )
    kind, target = GoalKind(name), target.strip()
    if kind is GoalKind.FORM and target:
        raise InvalidInput(f"{typed}: a form goal counts leads and takes nothing after it.", fix="Write form.")
    if kind is GoalKind.CLICK and not target:
        raise InvalidInput(f"{typed} does not say what is clicked.", fix="Write a CSS selector, like click:a.phone.")
    if kind in _UNITS and not _WHOLE.fullmatch(target):
        unit, example = _UNITS[kind]
        said = f"'{target}' is no whole number of {unit}" if target else f"it does not say how many {unit}"
        raise InvalidInput(f"{typed}: {said}.", fix=f"Write {example}.")
    return Goal(
        kind,
        selector=target if kind is GoalKind.CLICK else "",
        threshold=int(target) if kind in _UNITS else 0,
        role=role,
        margin=margin,
        fewer_is_better=fewer is not None,
    )
