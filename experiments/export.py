"""What was counted of an experiment as rows, for tools of one's own: its tallies, what each visitor did, what leads were worth.

Rows come one after another, so any number of them passes through little memory. No row says who a visitor is: ids are
replaced by what a secret of the caller makes of them, and times are given to the second.
"""

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import chain
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from experiments import lifecycle
from experiments.models import Experiment, FilteredTally, Tally, VisitorRow
from experiments.receipts import count_receipts
from experiments.visitors import Standing, VisitorState, day_of, find_came, find_standing

FILTERED: Final = "filtered"  # the dimension of tallies whose levels are reasons
_AT_ONCE: Final = 2_000


class Did(StrEnum):
    """What a row of the events says; of each kind and goal the earliest that a visitor did in a phase and variant."""

    SERVED = "served"
    CONFIRMED = "confirmed"
    CONVERTED = "converted"
    FILTERED = "filtered"


class TallyRow(NamedTuple):
    """Distinct visitors of one cell. `goal` is empty where visitors are counted, not conversions; (dimension, level) is
    ("all", ""), one level of a segment, or ("filtered", reason), and `filtered` is above 0 in those alone.
    """

    experiment: str
    phase: int
    variant: str
    goal: str
    day: date  # of the site, of first exposures
    dimension: str
    level: str
    served: int
    confirmed: int
    conversions: int
    unconfirmed_conversions: int
    multiply_exposed: int
    simulated: int
    filtered: int


class EventRow(NamedTuple):
    """What one visitor did. `counted`: it is in the report of its phase; else `reason` says why it is not."""

    experiment: str
    visitor: str  # not the id, see `iterate_events`
    phase: int
    variant: str
    event: str
    goal: str  # of a conversion
    at: datetime
    day: date  # that it is counted on: the site's, of the first exposure
    device: str
    browser: str
    source: str
    campaign: (
        str  # this and the next one: "(none)" where the address named none, "(unknown)" where that view never came in
    )
    keyword: str
    returning: bool
    simulated: bool
    counted: bool
    reason: str


class ReceiptRow(NamedTuple):
    """How many leads of a variant are worth an amount now. No row says which, nor whose."""

    experiment: str
    phase: int
    variant: str
    amount_minor: int
    currency: str  # empty where the plan named none
    receipts: int


@dataclass(frozen=True, slots=True)
class _Visitor:
    """What is the same in all rows of a visitor. `standing` is None for somebody who was only ever filtered."""

    experiment: Experiment
    pseudonym: str
    standing: Standing | None
    simulated: bool


class _Act(NamedTuple):
    """Something that a visitor did in a phase, shown a variant; `first` is the first exposure there."""

    phase: int
    variant: str
    first: list[Any]
    came: tuple[str, str]
    event: Did
    at_ms: int
    goal: str = ""


def iterate_tallies(session: Session, experiment: Experiment, *, phase: int | None = None) -> Iterator[TallyRow]:
    """Every cell that is not zero, of all goals, in the order of phase, variant, goal, day and dimension.

    Args:
        phase: its number; all of them where None.
    """
    mine = col(Tally.experiment_id) == experiment.id
    shown = col(FilteredTally.experiment_id) == experiment.id
    if phase is not None:
        mine, shown = mine & (col(Tally.phase) == phase), shown & (col(FilteredTally.phase) == phase)
    keys = [getattr(Tally, name) for name in ("phase", "variant", "goal", "day", "dimension", "level")]
    numbers = [getattr(Tally, name) for name in TallyRow._fields[7:13]]
    query = select(*keys, *numbers).where(mine).order_by(*keys).execution_options(yield_per=_AT_ONCE)
    for row in session.execute(query):
        if any(row[len(keys) :]):
            yield TallyRow._make([experiment.key, *row, 0])
    filtered = [getattr(FilteredTally, name) for name in ("phase", "variant", "day", "reason")]
    query = select(*filtered, col(FilteredTally.visitors)).where(shown)
    for number, variant, day, reason, visitors in session.execute(query.order_by(*filtered)):
        if visitors:
            yield TallyRow(experiment.key, number, variant, "", day, FILTERED, reason, 0, 0, 0, 0, 0, 0, visitors)


def iterate_receipts(session: Session, experiment: Experiment, *, phase: int | None = None) -> Iterator[ReceiptRow]:
    """What leads are worth now, in the order of phase, variant and amount: the money behind the report.

    Args:
        phase: its number; all of them where None.
    """
    currency = experiment.plan.get("currency", "")
    for item in lifecycle.list_phases(session, experiment):
        if phase in (None, item.number):
            for variant, amounts in sorted(count_receipts(session, experiment, item.number, at=None).items()):
                for amount_minor, receipts in amounts:
                    yield ReceiptRow(experiment.key, item.number, variant, amount_minor, currency, receipts)


def iterate_events(
    session: Session, experiment: Experiment, *, secret: bytes, phase: int | None = None
) -> Iterator[EventRow]:
    """What every visitor did, visitor by visitor.

    Args:
        phase: what they did in this one; in all of them where None.
        secret: of this experiment alone. A visitor is called by the first 128 bits of HMAC-SHA256 of the id under it: rows
            of one visitor belong together, and fit no cookie, no log and no other experiment's rows.

    Returns:
        The earliest event of each kind, goal, phase and variant, because that is what is kept. Counting the rows that are
        `counted` gives the report's served, confirmed and conversions, cell by cell.
    """
    mine = select(col(VisitorRow.visitor), col(VisitorRow.state)).where(col(VisitorRow.experiment_id) == experiment.id)
    for who, state in session.execute(mine.execution_options(yield_per=_AT_ONCE)):
        visitor = _Visitor(
            experiment=experiment,
            pseudonym=hmac.new(secret, who.encode(), hashlib.sha256).hexdigest()[:32],
            standing=find_standing(state, window_s=experiment.window_s, timezone=experiment.timezone),
            simulated=state.get("simulated", False),
        )
        rows = chain(_list_exposures(visitor, state), _list_filtered(visitor, state))
        yield from (row for row in rows if phase in (None, row.phase))


def _list_exposures(visitor: _Visitor, state: VisitorState) -> Iterator[EventRow]:
    for number, variants in state.get("phases", {}).items():
        for variant, entry in variants.items():
            assert visitor.standing is not None, "whoever was exposed stands somewhere"
            came = find_came(state, visitor.standing._replace(phase=int(number), variant=variant))
            here = int(number), variant, entry["first"], came
            acts = [_Act(*here, Did.SERVED, entry["first"][0])]
            if "confirmed" in entry:
                acts.append(_Act(*here, Did.CONFIRMED, entry["confirmed"]))
            acts += [_Act(*here, Did.CONVERTED, at_ms, goal) for goal, at_ms in sorted(entry.get("goals", {}).items())]
            for act in acts:
                yield _row(visitor, act, reason=_why_not(act, visitor.standing))


def _list_filtered(visitor: _Visitor, state: VisitorState) -> Iterator[EventRow]:
    for number, reasons in state.get("filtered", {}).items():
        for reason, (at_ms, variant) in reasons.items():
            nothing_known = [at_ms, "", "", "", False]
            yield _row(visitor, _Act(int(number), variant, nothing_known, ("", ""), Did.FILTERED, at_ms), reason=reason)


def _why_not(act: _Act, standing: Standing) -> str:
    """Why it is in no rate; empty where it is in one."""
    if act.phase != standing.phase:
        return "earlier-phase"
    if standing.multiply_exposed:
        return "multiply-exposed"
    if act.event is Did.CONFIRMED and not standing.confirmed:
        return "later-view"
    if act.event is Did.CONVERTED and act.goal not in standing.goals:
        return "too-late"
    if act.event is Did.CONVERTED and not standing.confirmed:
        return "unconfirmed"
    return ""


def _row(visitor: _Visitor, act: _Act, *, reason: str) -> EventRow:
    exposed_at_ms, device, browser, source, returning = act.first
    campaign, keyword = act.came
    return EventRow(
        experiment=visitor.experiment.key,
        visitor=visitor.pseudonym,
        phase=act.phase,
        variant=act.variant,
        event=act.event.value,
        goal=act.goal,
        at=datetime.fromtimestamp(act.at_ms // 1000, UTC),
        day=day_of(exposed_at_ms, visitor.experiment.timezone),
        device=device,
        browser=browser,
        source=source,
        campaign=campaign,
        keyword=keyword,
        returning=returning,
        simulated=visitor.simulated,
        counted=not reason,
        reason=reason,
    )
