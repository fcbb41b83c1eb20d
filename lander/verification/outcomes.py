"""What a saved report counted beside the goal that decides: further goals and money, read strictly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from lander.verification.parts import Part

_ROLES: Final = ("secondary", "guardrail")


@dataclass(frozen=True, slots=True)
class Goal:
    """A further goal as it was declared, and the conversions of each variant, in the order of the report's."""

    declared: dict[str, Any]
    is_guardrail: bool
    margin: float
    fewer_is_better: bool
    conversions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Money:
    """How many receipts of which amount each variant had, in the order of the report's."""

    amounts: tuple[tuple[tuple[int, int], ...], ...]


def read_goals(part: Part, visitors: Sequence[tuple[str, int, int]]) -> tuple[Goal, ...]:
    """`visitors`: key of each variant, how many were served it, and of how many that was confirmed."""
    return tuple(_read_goal(item, visitors) for item in part.parts())


def check_unconfirmed(part: Part, unconfirmed: int) -> None:
    """Conversions that no rate counts, of so many visitors at most."""
    if part.count() > unconfirmed:
        raise part.refuse(f"at most the {unconfirmed:,} visitors of its variant who were not confirmed")


def read_money(part: Part, keys: Sequence[str]) -> Money | None:
    if part.value is None:
        return None
    return Money(tuple(_read_amounts(item["amounts"]) for item in _read_variants(part["variants"], keys)))


def _read_goal(part: Part, visitors: Sequence[tuple[str, int, int]]) -> Goal:
    role = part["role"]
    if role.text() not in _ROLES:
        raise role.refuse(f"one of {', '.join(_ROLES)}")
    conversions = []
    told = _read_variants(part["variants"], [key for key, *_ in visitors])
    for item, (_, served, confirmed) in zip(told, visitors, strict=True):
        reached = item["conversions"]
        if reached.count() > confirmed:
            raise reached.refuse(f"at most the {confirmed:,} confirmed visitors of its variant")
        check_unconfirmed(item["unconfirmed_conversions"], served - confirmed)
        conversions.append(reached.count())
    return Goal(
        declared={name: value.value for name, value in part.items() if name != "variants"},
        is_guardrail=role.text() == "guardrail",
        margin=part["margin"].number(),
        fewer_is_better=part["fewer_is_better"].flag(),
        conversions=tuple(conversions),
    )


def _read_variants(part: Part, keys: Sequence[str]) -> list[Part]:
    """One for each variant of the report, in its order."""
    found = part.parts()
    if [item["key"].text() for item in found] != list(keys):
        raise part.refuse(f"the variants {', '.join(keys)}, in this order")
    return found


def _read_amounts(part: Part) -> tuple[tuple[int, int], ...]:
    """Pairs of an amount and how many paid it, each amount once."""
    pairs = []
    for item in part.parts():
        pair = item.parts()
        if len(pair) != 2:
            raise item.refuse("an amount and how many paid it")
        amount, times = pair
        if not amount.count() or not times.count():
            raise item.refuse("an amount above 0 and how many paid it, 1 or more")
        pairs.append((amount.count(), times.count()))
    if len({amount for amount, _ in pairs}) < len(pairs):
        raise part.refuse("each amount once")
    return tuple(pairs)
