"""Plan against practice: what was fixed before an experiment started, and where it was run otherwise.

A plan is a plain mapping, stored with the SHA-256 of its canonical JSON when the experiment starts, and never changed. Each
departure is a fact with its sentence; whether it matters is for the reader to say.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from experiments.counts import Everybody
from experiments.goals import Goal, Role, describe
from experiments.lenses import Range
from experiments.models import Experiment, Occasion, Phase
from experiments.seen import Seen
from experiments.words import listing, name, plural
from stats import Action

Plan = Mapping[str, Any]

_SLOWER: Final = 0.8  # of the planned visitors a day
_OVERRUN: Final = 1.5  # of the planned days
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where practice left the plan: a stable `kind`, a sentence, and both sides in short."""

    kind: str
    sentence: str
    planned: str
    done: str

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "sentence": self.sentence, "planned": self.planned, "done": self.done}


@dataclass(frozen=True, slots=True)
class PlanReport:
    """The plan of an experiment as it was fixed, whether it still is what was hashed, and the departures from it."""

    plan: Plan
    hash: str
    is_intact: bool
    departures: tuple[Departure, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "plan": dict(self.plan),
            "hash": self.hash,
            "is_intact": self.is_intact,
            "departures": [item.as_json() for item in self.departures],
        }


@dataclass(frozen=True, slots=True)
class Practice:
    """How an experiment was run so far, for holding against its plan."""

    experiment: Experiment
    phases: Sequence[Phase]  # until the moment of the report, oldest first
    counts: Everybody  # of the judged phase
    control_rate: Range
    days: int  # full days of counting
    ended_at: datetime | None
    looks: Sequence[Seen]


def hash_plan(plan: Plan) -> str:
    """SHA-256 of the plan's canonical JSON: sorted keys, no spaces, ASCII; hexadecimal.

    >>> hash_plan({"lift": 0.1, "goal": "form"}) == hash_plan({"goal": "form", "lift": 0.1})
    True
    >>> hash_plan({"lift": 0.1})[:8]
    'db2a3f45'
    """
    canonical = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def find_advised(said: Seen, *, control: str) -> str:
    """Whom a report asked to keep on the page: the variant that it ships, else control."""
    return said.variant if said.action == Action.SHIP else control


def hold_against_plan(practice: Practice) -> PlanReport | None:
    """Every departure from the plan; None where the experiment was started without one."""
    experiment = practice.experiment
    if not experiment.plan_hash:
        return None
    found = hash_plan(experiment.plan)
    is_intact = found == experiment.plan_hash
    broken = Departure(
        "plan-changed",
        "The plan is not the one that was fixed at the start, so nothing can be held against it.",
        experiment.plan_hash,
        found,
    )
    return PlanReport(
        plan=experiment.plan,
        hash=experiment.plan_hash,
        is_intact=is_intact,
        departures=tuple(_list_departures(practice, experiment.plan)) if is_intact else (broken,),
    )


def _list_departures(practice: Practice, plan: Plan) -> Iterator[Departure]:
    yield from _check_fields(practice.experiment, plan)
    yield from _check_goals(practice.experiment, plan)
    yield from _check_phases(practice.phases, plan)
    yield from _check_length(practice, plan)
    yield from _check_traffic(practice, plan)
    yield from _check_rate(practice, plan)
    yield from _check_looks(practice, plan)
    yield from _check_decision(practice)


def _check_fields(experiment: Experiment, plan: Plan) -> Iterator[Departure]:
    for field, what in _FIXED.items():
        planned, done = str(plan[field]), str(getattr(experiment, field))
        if planned != done:
            yield Departure(field, f"{what} was planned as {planned or 'none'} and is {done or 'none'}.", planned, done)


def _check_goals(experiment: Experiment, plan: Plan) -> Iterator[Departure]:
    planned = plan.get("goals", [])  # the first plans had none
    if planned != experiment.goals:
        said, done = _say_goals(planned), _say_goals(experiment.goals)
        yield Departure("goals", f"The further goals were planned as {said} and are {done}.", said, done)


def _check_phases(phases: Sequence[Phase], plan: Plan) -> Iterator[Departure]:
    latest = phases[-1]
    if latest.number > 1:
        began = f"{latest.started_at.day} {latest.started_at:%B %Y}"
        sentence = f"It was planned as one phase; phase {latest.number} began on {began}."
        yield Departure("phases", sentence, "1", str(latest.number))
    planned, done = _say_split(plan["weights"], plan["coverage_bp"]), _say_split(latest.weights, latest.coverage_bp)
    if planned != done:
        yield Departure("split", f"Planned were {planned}; now it is {done}.", planned, done)


def _check_length(practice: Practice, plan: Plan) -> Iterator[Departure]:
    wanted, days = plan["visitors"], plan["days"]
    came = sum(item.confirmed for item in practice.counts)
    if (
        wanted is not None
        and practice.ended_at is not None
        and came < wanted
        and (days is None or practice.days < days)
    ):
        planned = plural(wanted, "visitor") + ("" if days is None else f" or {plural(days, 'day')}")
        done = f"{plural(came, 'visitor')} and {plural(practice.days, 'day')}"
        yield Departure("stopped-early", f"It was planned for {planned}, and ended after {done}.", planned, done)
    if days is not None and practice.days > _OVERRUN * days:
        planned, done = plural(days, "day"), plural(practice.days, "day")
        yield Departure("overrun", f"It was planned for {planned} and has counted for {done}.", planned, done)


def _check_traffic(practice: Practice, plan: Plan) -> Iterator[Departure]:
    planned = plan["visitors_per_day"]
    if planned is None or not practice.days:
        return
    came = sum(item.confirmed for item in practice.counts) / practice.days
    if came < _SLOWER * planned:
        sentence = f"About {came:,.0f} visitors came a day; planned were {planned:,.0f}."
        yield Departure("slower", sentence, f"{planned:.0f} a day", f"{came:.0f} a day")


def _check_rate(practice: Practice, plan: Plan) -> Iterator[Departure]:
    planned, rate = plan["rate"], practice.control_rate
    if planned is None or not any(item.confirmed for item in practice.counts):
        return
    if not rate.low <= planned <= rate.high:
        done = f"{100 * rate.low:.2g}–{100 * rate.high:.2g} %"
        sentence = f"Control converts at {done}; the plan reckoned with {100 * planned:.2g} %."
        yield Departure("rate", sentence, f"{100 * planned:.2g} %", done)


def _check_looks(practice: Practice, plan: Plan) -> Iterator[Departure]:
    until = practice.phases[-1].started_at + plan["rule"]["min_days"] * _DAY
    early = [look for look in practice.looks if look.occasion is Occasion.OPENED and look.at < until]
    if early:
        people = listing(sorted({look.by for look in early}))
        days = len({look.at.date() for look in early})
        sentence = (
            f"{people} looked on {plural(days, 'day')} before the planned {plan['rule']['min_days']} days were over. "
            "The verdict allows for that; a decision taken then does not."
        )
        yield Departure("looked-early", sentence, "0", str(len(early)))


def _check_decision(practice: Practice) -> Iterator[Departure]:
    decided = [look for look in practice.looks if look.occasion is Occasion.DECISION]
    if practice.ended_at is None or not decided:
        return
    said, shipped = decided[-1], practice.experiment.shipped
    if shipped != find_advised(said, control=practice.experiment.control):
        sentence = f"{name(shipped)} stays, though the verdict of the moment was: {said.sentence}"
        yield Departure("decision", sentence, said.action, shipped)


_FIXED: Final = {"goal": "The goal", "selector": "The selector", "control": "Control", "window_s": "The window"}


def _say_goals(entries: Sequence[dict[str, Any]]) -> str:
    """Each with its role, and how much of harm a guardrail allows."""
    goals = [Goal.from_json(entry) for entry in entries]
    return listing([_say_goal(goal) for goal in goals]) if goals else "none"


def _say_goal(goal: Goal) -> str:
    allows = f", up to {100 * goal.margin:g} % worse" if goal.role is Role.GUARDRAIL else ""
    fewer = ", fewer is better" if goal.fewer_is_better else ""
    return f"{describe(goal)} ({goal.role.value}{allows}{fewer})"


def _say_split(weights: Mapping[str, int], coverage_bp: int) -> str:
    parts = " : ".join(f"{name(key)} {weights[key] / 100:g} %" for key in sorted(weights))
    return f"{parts} of {'all visitors' if coverage_bp == 10_000 else f'{coverage_bp / 100:g} % of visitors'}"
