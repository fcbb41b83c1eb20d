"""Who was acknowledged is compared with who is stored."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, func, select
from sqlmodel import col

from experiments import tallies
from experiments.models import Tally, VisitorRow
from lander.config import Settings, load_settings
from lander.db import make_engine, reading, transaction
from lander.leads.leads import list_leads
from lander.vault import Vault
from tests.faults.traffic import Seen
from tests.live import Lander

KINDS = ("leads", "conversions by form", "conversions by click", "confirmed exposures")
HEADING = (
    f"\n| What | Through | {' | '.join(KINDS)} | lost | doubled | views, failed | posts repeated |\n{'| --- ' * 10}|"
)


@dataclass(frozen=True)
class Balance:
    """Acknowledged against stored."""

    sent: int
    acknowledged: int
    stored: int
    lost: int
    doubled: int

    def __str__(self) -> str:
        return f"{self.sent:,} / {self.acknowledged:,} / {self.stored:,}"


def settle(lander: Lander, seen: Seen, *, patience_s: float = 60) -> dict[str, Balance]:
    """Wait until every journal has come home, then compare; by kind."""
    deadline = time.monotonic() + patience_s
    while True:
        balances = _compare(lander, seen)
        if all(balance.lost == 0 for balance in balances.values()) or time.monotonic() > deadline:
            return balances
        time.sleep(0.5)


def tell(what: str, through: str, balances: dict[str, Balance], seen: Seen) -> str:
    """A line of the table: for each kind sent / acknowledged / stored."""
    lost = sum(balance.lost for balance in balances.values())
    doubled = sum(balance.doubled for balance in balances.values())
    kinds = " | ".join(str(balances[kind]) for kind in KINDS)
    views = f"{seen.views:,}, {seen.failed_views:,}"
    return f"| {what} | {through} | {kinds} | {lost} | {doubled} | {views} | {seen.repeated_posts:,} |"


def recount(lander: Lander) -> int:
    """How many tallies differ from what the visitors' rows say."""
    with _opened(lander) as (engine, _), transaction(engine) as session:
        return tallies.rebuild(session)


def _compare(lander: Lander, seen: Seen) -> dict[str, Balance]:
    found, counted = _read_ledger(lander)
    return {
        kind: Balance(
            sent=seen.sent[kind],
            acknowledged=len(seen.acknowledged[kind]),
            stored=len(found[kind]),
            lost=len(seen.acknowledged[kind] - found[kind]),
            doubled=counted[kind] - len(found[kind]),
        )
        for kind in KINDS
    }


def _read_ledger(lander: Lander) -> tuple[dict[str, set[str]], Counter[str]]:
    """By kind: who is known, and how many are counted."""
    with _opened(lander) as (engine, settings), reading(engine) as session:
        visitors = session.execute(select(col(VisitorRow.visitor), col(VisitorRow.state))).all()
        converted = col(Tally.conversions) + col(Tally.unconfirmed_conversions)
        totals = select(col(Tally.goal), func.sum(col(Tally.confirmed)), func.sum(converted))
        cells = session.execute(totals.where(col(Tally.dimension) == "all").group_by(col(Tally.goal))).all()
        emails = [lead.fields["email"] for lead in list_leads(session, Vault(settings.secret_keys))]
    found: dict[str, set[str]] = defaultdict(set)
    for visitor, state in visitors:
        for entry in (entry for phase in state.get("phases", {}).values() for entry in phase.values()):
            if "confirmed" in entry:
                found["confirmed exposures"].add(visitor)
            for goal in entry.get("goals", {}):
                found[f"conversions by {goal}"].add(visitor)
    found["leads"] = set(emails)
    counted = Counter(leads=len(emails))
    for goal, confirmed, conversions in cells:
        counted["confirmed exposures" if goal == "" else f"conversions by {goal}"] += conversions if goal else confirmed
    return found, counted


@contextmanager
def _opened(lander: Lander) -> Iterator[tuple[Engine, Settings]]:
    settings = load_settings(lander.environ)
    engine = make_engine(settings.database_url)
    yield engine, settings
    engine.dispose()
