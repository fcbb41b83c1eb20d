"""What a saved report is recomputed from: its counts, parameters and times, read strictly. No figure is looked at here.

Goals, money, segments that were asked for, and details are read where they are: reports of older versions have none.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

import stats
from lander.verification.outcomes import Goal, Money, check_unconfirmed, read_goals, read_money
from lander.verification.parts import Part, Unreadable

_OPTIONAL: Final = ("goals", "revenue", "trend", "segment_lifts")
_MOST_VARIANTS: Final = 100


@dataclass(frozen=True, slots=True)
class Counts:
    """Distinct visitors of one variant; the last two stand at 0 where the report does not say them."""

    key: str
    weight_bp: int
    served: int
    confirmed: int
    conversions: int
    multiply_exposed: int = 0
    simulated: int = 0

    @property
    def sample(self) -> stats.BinarySample:
        return stats.BinarySample(n=self.confirmed, conversions=self.conversions)


@dataclass(frozen=True, slots=True)
class Cell:
    """The counts of one variant on a day (dimension `day`) or in a segment."""

    dimension: str
    level: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class PhaseLine:
    """A phase beside the others."""

    number: int
    started_at: datetime
    ended_at: datetime | None
    coverage_bp: int
    counts: tuple[Counts, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody was told, and the counts they saw."""

    at: datetime
    occasion: str
    action: str
    variant: str
    days: int
    counts: tuple[Counts, ...]


@dataclass(frozen=True, slots=True)
class Parameters:
    """What the figures are computed under."""

    level: float
    inner_level: float
    data_prior: stats.Beta
    tau: float
    min_lift: float
    equivalent_lift: float
    value_minor: int | None
    currency: str
    rule: stats.Rule


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved report, as far as anything follows from it."""

    experiment: str
    phase: int
    control: int  # position
    counted: dict[str, Any]  # goal, selector, control and window
    purpose: str
    shipped: str
    started_at: datetime
    ended_at: datetime | None
    as_of: datetime
    coverage_bp: int
    parameters: Parameters
    counts: tuple[Counts, ...]
    days: tuple[Cell, ...]
    segments: tuple[Cell, ...]
    open_segments: tuple[Cell, ...]
    goals: tuple[Goal, ...]
    money: Money | None
    optional: tuple[str, ...]  # what the file has of that which not every report has
    phase_lines: tuple[PhaseLine, ...]
    looks: tuple[Look, ...]
    filtered: Mapping[str, Mapping[str, int]]  # by reason and variant
    findings: tuple[tuple[str, str], ...]  # severity and gate
    plan: dict[str, Any] | None
    plan_hash: str


def read_report(raw: dict[str, Any]) -> Saved:
    """Read counts and parameters; raises `Unreadable` naming the first that is missing or impossible."""
    whole = Part(raw)
    counts = _read_counts(whole["variants"])
    keys = [item.key for item in counts]
    control = whole["control"]
    if control.text() not in keys:
        raise control.refuse(f"one of the variants {', '.join(keys)}")
    lines, phase = _read_lines(whole["phase_lines"], control.text()), whole["phase"]
    if not 1 <= phase.count() <= len(lines):
        raise phase.refuse(f"one of the phases, 1 to {len(lines)}")
    plan, visitors = whole["plan"], [(item.key, item.served, item.confirmed) for item in counts]
    goals, revenue, open_segments = (whole.find(name) for name in ("goals", "revenue", "open_segments"))
    return Saved(
        experiment=whole["experiment"].text(),
        phase=phase.count(),
        control=keys.index(control.text()),
        counted={name: whole[name].value for name in ("goal", "selector", "control", "window_s")},
        purpose=whole["purpose"].text(),
        shipped=whole["shipped"].text(),
        started_at=whole["started_at"].moment(),
        ended_at=_read_end(whole["ended_at"]),
        as_of=whole["as_of"].moment(),
        coverage_bp=_read_coverage(whole["coverage_bp"]),
        parameters=_read_parameters(whole["parameters"]),
        counts=counts,
        days=_read_cells(whole["by_day"], counts, day=True),
        segments=_read_cells(whole["segments"], counts),
        open_segments=() if open_segments is None else _read_cells(open_segments, counts),
        goals=() if goals is None else read_goals(goals, visitors),
        money=None if revenue is None else read_money(revenue, keys),
        optional=tuple(name for name in _OPTIONAL if whole.find(name) is not None),
        phase_lines=lines,
        looks=tuple(_read_look(item, keys) for item in whole["looks"].parts()),
        filtered={
            reason: {variant: item.count() for variant, item in shown.items()}
            for reason, shown in whole["filtered_by_variant"].items()
        },
        findings=tuple((item["severity"].text(), item["gate"].text()) for item in whole["health"].parts()),
        plan=None if plan.value is None else {key: item.value for key, item in plan["plan"].items()},
        plan_hash="" if plan.value is None else plan["hash"].text(),
    )


def _read_counts(part: Part, control: str | None = None) -> tuple[Counts, ...]:
    """One per variant, and no variant twice; `control` must be among them where it is named."""
    found = []
    for item in part.parts():
        numbers = {name: item[name].count() for name in ("served", "confirmed", "conversions")}
        if control is None:
            numbers |= {name: item[name].count() for name in ("multiply_exposed", "simulated")}
        found.append(_checked(Counts(item["key"].text(), item["weight_bp"].count(), **numbers), item))
        if control is None:
            _check_beside(found[-1], item)
    keys = [item.key for item in found]
    if not 2 <= len(keys) <= _MOST_VARIANTS or len(set(keys)) < len(keys):
        raise part.refuse(f"2 to {_MOST_VARIANTS} variants, each with a key of its own")
    if control is not None and control not in keys:
        raise part.refuse(f"variants with control '{control}' among them")
    return tuple(found)


def _check_beside(counts: Counts, part: Part) -> None:
    """What no rate counts was still counted of its visitors."""
    everybody = counts.served + counts.multiply_exposed
    if counts.simulated > everybody:
        raise part["simulated"].refuse(f"at most the {everybody:,} visitors of its variant")
    check_unconfirmed(part["unconfirmed_conversions"], counts.served - counts.confirmed)


def _read_lines(part: Part, control: str) -> tuple[PhaseLine, ...]:
    found = tuple(
        PhaseLine(
            item["number"].count(),
            item["started_at"].moment(),
            _read_end(item["ended_at"]),
            _read_coverage(item["coverage_bp"]),
            _read_counts(item["variants"], control),
        )
        for item in part.parts()
    )
    if not found:
        raise part.refuse("a phase or more")
    return found


def _read_end(part: Part) -> datetime | None:
    return None if part.value is None else part.moment()


def _read_look(part: Part, keys: Sequence[str]) -> Look:
    variants = part["variants"]
    counts = tuple(_read_count(item, item["key"].text(), weight_bp=0) for item in variants.parts())
    if [item.key for item in counts] != list(keys):
        raise variants.refuse(f"the variants {', '.join(keys)}, in this order")
    return Look(
        at=part["at"].moment(),
        occasion=part["occasion"].text(),
        action=part["action"].text(),
        variant=part["variant"].text(),
        days=part["days"].count(),
        counts=counts,
    )


def _read_cells(part: Part, variants: Sequence[Counts], *, day: bool = False) -> tuple[Cell, ...]:
    """Days, or levels of dimensions, each with every variant once."""
    weights = {item.key: item.weight_bp for item in variants}
    cells, seen = [], Counter[tuple[str, str]]()
    for item in part.parts():
        key = item["variant"].text()
        if key not in weights:
            raise item["variant"].refuse(f"one of the variants {', '.join(weights)}")
        where = ("day", item["day"].text()) if day else (item["dimension"].text(), item["level"].text())
        cells.append(Cell(*where, _read_count(item, key, weight_bp=weights[key])))
        seen[where] += 1
    once = len({(cell.dimension, cell.level, cell.counts.key) for cell in cells}) == len(cells)
    if not once or any(number < len(weights) for number in seen.values()):
        raise part.refuse(f"each day or level with the variants {', '.join(weights)}, and each of them once")
    return tuple(cells)


def _read_count(item: Part, key: str, *, weight_bp: int) -> Counts:
    numbers = {name: item[name].count() for name in ("served", "confirmed", "conversions")}
    return _checked(Counts(key, weight_bp, **numbers), item)


def _checked(counts: Counts, part: Part) -> Counts:
    if not counts.conversions <= counts.confirmed <= counts.served:
        told = f"{counts.served} served, {counts.confirmed} confirmed, {counts.conversions} converted"
        raise Unreadable(
            f"'{part.path}' cannot have been counted: {told}.",
            fix="Was the file changed since it was exported? Export the report again.",
        )
    return counts


def _read_coverage(part: Part) -> int:
    if not 0 < part.count() <= 10_000:
        raise part.refuse("1 to 10,000 basis points")
    return part.count()


def _read_parameters(part: Part) -> Parameters:
    prior, rule, value = part["data_prior"], part["rule"], part["value_minor"]
    names = {field.name for field in fields(stats.Rule)}
    unknown = sorted({name for name, _ in rule.items()} - names)
    if unknown:
        raise Unreadable(
            f"'{rule.path}' has thresholds that this version of Lander does not know: {', '.join(unknown)}.",
            fix="Recompute it with the version of Lander that wrote it.",
        )
    return Parameters(
        level=part["level"].number(),
        inner_level=part["inner_level"].number(),
        data_prior=stats.Beta(prior["a"].number(), prior["b"].number()),
        tau=part["tau"].number(),
        min_lift=part["min_lift"].number(),
        equivalent_lift=part["equivalent_lift"].number(),
        value_minor=None if value.value is None else value.count(),
        currency=part["currency"].text(),
        rule=stats.Rule(**{name: rule[name].value for name in names}),  # which looks at each of them itself
    )
