"""What a saved report is recomputed from: its counts, parameters and times, read strictly. No figure is looked at here."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import stats
from lander.verification.parts import Part, Unreadable

__all__ = ["Cell", "Counts", "Parameters", "PhaseLine", "Saved", "Unreadable", "read_file", "read_report"]

FORMAT: Final = 1
_LARGEST: Final = 32 * 1024 * 1024  # bytes; a report of a year in twenty variants has 3 MB
_MOST_VARIANTS: Final = 100


@dataclass(frozen=True, slots=True)
class Counts:
    """Distinct visitors of one variant; the last three stand at 0 where the report does not say them."""

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
    rule: stats.Rule


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved report, as far as anything follows from it."""

    phase: int
    control: int  # position
    purpose: str
    started_at: datetime
    ended_at: datetime | None
    as_of: datetime
    coverage_bp: int
    parameters: Parameters
    counts: tuple[Counts, ...]
    days: tuple[Cell, ...]
    segments: tuple[Cell, ...]
    phase_lines: tuple[PhaseLine, ...]
    filtered: Mapping[str, Mapping[str, int]]  # by reason and variant
    findings: tuple[tuple[str, str], ...]  # severity and gate
    plan: dict[str, Any] | None
    plan_hash: str


def read_file(file: Path) -> dict[str, Any]:
    """The object in a file of strict JSON; raises `Unreadable`."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise Unreadable(
            f"{file}: {error.strerror or error}.", fix="Name a report that was exported as JSON."
        ) from None
    if len(content) > _LARGEST:
        raise Unreadable(f"{file} is larger than 32 MiB, which no report is.", fix="Name the report, not the events.")
    try:
        raw = json.loads(
            content, object_pairs_hook=_read_object, parse_constant=_refuse_number, parse_float=_read_float
        )
    except (ValueError, RecursionError) as error:
        reason = "too deep" if isinstance(error, RecursionError) else str(error)
        raise Unreadable(f"{file} is not JSON: {reason}.", fix="Name a report that was exported as JSON.") from None
    if not isinstance(raw, dict) or "format" not in raw or "variants" not in raw:
        raise Unreadable(f"{file} is JSON, and no report.", fix="Export one with: lander report export --what report")
    if raw["format"] != FORMAT or isinstance(raw["format"], bool):
        raise Unreadable(
            f"{file} is a report of format {raw['format']!r}; this version of Lander reads format {FORMAT}.",
            fix="Recompute it with the version of Lander that wrote it.",
        )
    return raw


def read_report(raw: dict[str, Any]) -> Saved:
    """Read counts and parameters; raises `Unreadable` naming the first that is missing or impossible."""
    whole = Part(raw)
    counts = _read_counts(whole["variants"])
    keys = [item.key for item in counts]
    weights = {item.key: item.weight_bp for item in counts}
    control = whole["control"]
    if control.text() not in keys:
        raise control.refuse(f"one of the variants {', '.join(keys)}")
    plan = whole["plan"]
    return Saved(
        phase=whole["phase"].count(),
        control=keys.index(control.text()),
        purpose=whole["purpose"].text(),
        started_at=whole["started_at"].moment(),
        ended_at=None if whole["ended_at"].value is None else whole["ended_at"].moment(),
        as_of=whole["as_of"].moment(),
        coverage_bp=_read_coverage(whole["coverage_bp"]),
        parameters=_read_parameters(whole["parameters"]),
        counts=counts,
        days=tuple(_read_cell(item, "day", item["day"].text(), weights) for item in whole["by_day"].parts()),
        segments=tuple(
            _read_cell(item, item["dimension"].text(), item["level"].text(), weights)
            for item in whole["segments"].parts()
        ),
        phase_lines=tuple(
            PhaseLine(item["number"].count(), _read_counts(item["variants"], control.text()))
            for item in whole["phase_lines"].parts()
        ),
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
    keys = [item.key for item in found]
    if not 2 <= len(keys) <= _MOST_VARIANTS or len(set(keys)) < len(keys):
        raise part.refuse(f"2 to {_MOST_VARIANTS} variants, each with a key of its own")
    if control is not None and control not in keys:
        raise part.refuse(f"variants with control '{control}' among them")
    return tuple(found)


def _read_cell(item: Part, dimension: str, level: str, weights: Mapping[str, int]) -> Cell:
    key = item["variant"].text()
    if key not in weights:
        raise item["variant"].refuse(f"one of the variants {', '.join(weights)}")
    numbers = {name: item[name].count() for name in ("served", "confirmed", "conversions")}
    return Cell(dimension, level, _checked(Counts(key, weights[key], **numbers), item))


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
        rule=stats.Rule(**{name: rule[name].value for name in names}),  # which looks at each of them itself
    )


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that says everything once: of two values for one key, a reader would see one, and another the other."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for position, (key, _) in enumerate(pairs) if key in dict(pairs[:position]))
        raise ValueError(f"the key '{twice}' stands in it twice")
    return found


def _read_float(text: str) -> float:
    if not math.isfinite(float(text)):
        raise ValueError(f"{text[:40]} is too large a number")
    return float(text)


def _refuse_number(text: str) -> None:
    raise ValueError(f"{text} is no number")
