"""What is typed into a plan: shares and lifts in per cent, a hypothesis, what a conversion is worth. Each refusal names
its field."""

from decimal import Decimal, InvalidOperation
from typing import Final

from flask import request

from experiments.plan_checks import MOST_LIFT
from experiments.words import listing, name
from lander.errors import InvalidInput
from lander.leads.money import parse_money

MOST_SELECTOR: Final = 500
_EVERYBODY_BP: Final = 10_000
_MOST_HYPOTHESIS: Final = 1000
_DEFAULTS: Final = {"lift": "10", "coverage": "100"}


class WrongField(InvalidInput):
    """One control of the form holds something that cannot be read."""

    def __init__(self, field: str, message: str, *, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.field = field


def read_weights() -> dict[str, int]:
    """Basis points of each variant that is ticked, together everybody."""
    keys = sorted(field.removeprefix("take-") for field in request.form if field.startswith("take-"))
    weights = {key: _read_bp(f"weight-{key}", f"The share of {key.upper()}") for key in keys}
    together = sum(weights.values())
    if weights and together != _EVERYBODY_BP:
        raise WrongField(
            f"weight-{keys[0]}",
            f"The shares of {listing([name(key) for key in keys])} come to {together / 100:g} per cent.",
            fix="Make them 100 together.",
        )
    return weights


def read_coverage() -> int:
    """Basis points; everybody where nothing was typed yet."""
    return _read_bp("coverage", "The coverage")


def read_lift() -> float:
    """The smallest lift worth having, a fraction."""
    return float(_read_percent("lift", "The lift", most=round(100 * MOST_LIFT))) / 100


def read_value(currency: str) -> int | None:
    """What a conversion is worth, in minor units; None where nobody says."""
    try:
        value = parse_money(request.values.get("value", ""), currency)
    except InvalidInput as error:
        raise WrongField("value", error.message, fix=error.fix) from None
    if value == 0:
        raise WrongField(
            "value", "A conversion that is worth nothing needs no test.", fix="Leave it empty, or write more."
        )
    return value


def read_goal() -> tuple[str, str]:
    """The goal, and what is clicked where it is a click."""
    goal = request.values.get("goal", "form")
    return goal, request.values.get("selector", "").strip()[:MOST_SELECTOR] if goal == "click" else ""


def read_hypothesis() -> str:
    """What is expected, and why."""
    hypothesis = request.form.get("hypothesis", "").strip()
    if not hypothesis:
        raise WrongField(
            "hypothesis", "The hypothesis is empty.", fix="Say what you expect, and why: it stays with the result."
        )
    if len(hypothesis) > _MOST_HYPOTHESIS:
        raise WrongField("hypothesis", f"The hypothesis has {len(hypothesis):,} characters.", fix="Say it in 1,000.")
    return hypothesis


def _read_bp(field: str, what: str) -> int:
    """Per cent as people write them, in basis points."""
    basis_points = _read_percent(field, what, most=100) * 100
    if basis_points != int(basis_points):
        raise WrongField(field, f"{what} has more than two decimals.", fix="Write it like 33.33.")
    return int(basis_points)


def _read_percent(field: str, what: str, *, most: int) -> Decimal:
    text = request.values.get(field, _DEFAULTS.get(field, "")).replace(",", ".").replace("%", "").strip()
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise WrongField(field, f"{what} is “{text}”, not a number.", fix="Write per cent, like 50.") from None
    if not value.is_finite() or not 0 < value <= most:
        raise WrongField(field, f"{what} is {text} per cent.", fix=f"Write a number above 0 and up to {most:,}.")
    return value
