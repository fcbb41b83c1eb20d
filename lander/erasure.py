"""Erasing a person everywhere, or a single lead: with what was done about it, and what was to be sent of it.

Who was erased is kept in a file of the data folder too, as keyed hashes: a database that was restored from a backup has
lost what it was told after, and is told again. Rows that still lie in a journal are stopped when they come home.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from lander.access import audit
from lander.config import Settings
from lander.db import reading, transaction
from lander.durable import put_file, sync_folder
from lander.errors import Unavailable
from lander.integrations.models import Delivery
from lander.integrations.outbox import forget_gone
from lander.leads import erasing
from lander.leads.leads import say_unopened
from lander.leads.models import Erasure
from lander.vault import Vault

FILE: Final = "erasures.json"
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Gone:
    """What went, and how many leads nobody can tell of whether they should have gone, too."""

    leads: int
    entries: int
    deliveries: int
    unopened: int = 0

    @property
    def sentence(self) -> str:
        if not self.leads:
            where = "among those that can be opened" if self.unopened else "here"
            return f"No lead of this address is {where}. Should one come home from a journal or a backup, it goes too."
        parts = [_plural(self.leads, "lead", "leads")]
        if self.entries:
            parts.append(_plural(self.entries, "entry of their timelines", "entries of their timelines"))
        if self.deliveries:
            parts.append(_plural(self.deliveries, "message about them", "messages about them"))
        listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
        return (
            f"Erased: {listed}. Copies in journals and in restored backups go when they appear. "
            "What has been exported or delivered already is with its receivers."
        )

    @property
    def doubt(self) -> Unavailable | None:
        """Why that may not be all."""
        if not self.unopened:
            return None
        return Unavailable(
            f"{say_unopened(self.unopened)} and may be theirs.",
            fix="Put the secret that sealed them back on LANDER_SECRET_KEYS and erase again, or erase them by their ids.",
        )


def erase_person(session: Session, settings: Settings, email: str, *, actor: str, now: datetime) -> Gone:
    """Erase; the edge commits, and then calls `write_list`."""
    erased = erasing.erase_person(session, Vault(settings.secret_keys), email, actor=actor, now=now)
    return _finish(session, erased, "everything of one person", actor=actor, now=now)


def erase_lead(session: Session, lead_id: str, *, actor: str, now: datetime) -> Gone:
    """The same for a single lead: of somebody who left no address."""
    erased = erasing.erase_lead(session, lead_id, actor=actor, now=now)
    return _finish(session, erased, "one lead", actor=actor, now=now)


def replay(engine: Engine, settings: Settings, *, actor: str, now: datetime, thoroughly: bool = False) -> Gone:
    """Bring the file and the database to the same list, and erase again what a backup brought back.

    Where the database knows the whole list nothing is looked at, unless `thoroughly` is asked for.
    """
    kept = {item.email_index: item for item in _read_file(settings.data_dir)}
    with reading(engine) as session:
        known = {item.email_index: item.at for item in erasing.list_erasures(session)}
    lost = [item for index, item in kept.items() if index not in known or known[index] < item.at]
    gone = Gone(0, 0, 0)
    if lost or (thoroughly and known):
        with transaction(engine) as session:
            wanted = {item.email_index: item for item in erasing.list_erasures(session)} if thoroughly else {}
            wanted |= {item.email_index: item for item in lost}
            erased = erasing.erase_again(session, Vault(settings.secret_keys), list(wanted.values()))
            gone = _forget_deliveries(session, erased)
            if gone.leads:
                audit.record(
                    session,
                    now=now,
                    actor=actor,
                    action="lead.erase-again",
                    subject="people who were erased before",
                    leads=gone.leads,
                    deliveries=gone.deliveries,
                )
    write_list(engine, settings)
    return gone


def write_list(engine: Engine, settings: Settings) -> None:
    """Write down on this node's disk who was erased: what the file has and the database has not stays in it."""
    kept = {item.email_index: item for item in _read_file(settings.data_dir)}
    with reading(engine) as session:
        merged = kept | {item.email_index: item for item in erasing.list_erasures(session)}
    if {index: item.at for index, item in merged.items()} == {index: item.at for index, item in kept.items()}:
        return
    rows = sorted([item.at.isoformat(), item.email_index, item.by, item.leads] for item in merged.values())
    content = json.dumps({"format": _FORMAT, "erasures": rows}, indent=1).encode()
    put_file(settings.data_dir / FILE, content)
    sync_folder(settings.data_dir)


def _finish(session: Session, erased: erasing.Erased, subject: str, *, actor: str, now: datetime) -> Gone:
    gone = _forget_deliveries(session, erased)
    counts = {"leads": gone.leads, "deliveries": gone.deliveries}
    if gone.unopened:
        counts["unopened"] = gone.unopened
    audit.record(session, now=now, actor=actor, action="lead.erase", subject=subject, **counts)
    return gone


def _forget_deliveries(session: Session, erased: erasing.Erased) -> Gone:
    deliveries = 0
    for at in range(0, len(erased.leads), 500):
        of_these = col(Delivery.lead_id).in_(erased.leads[at : at + 500])
        deliveries += session.exec(select(func.count()).select_from(Delivery).where(of_these)).one()
    forget_gone(session)
    return Gone(len(erased.leads), erased.entries, deliveries, erased.unopened)


def _read_file(data_dir: Path) -> Sequence[Erasure]:
    file = data_dir / FILE
    if not file.exists():
        return ()
    payload = json.loads(file.read_bytes())
    if payload["format"] != _FORMAT:
        raise ValueError(f"{file} has format {payload['format']}; this Lander reads {_FORMAT}")
    return [
        Erasure(email_index=index, at=datetime.fromisoformat(at), by=by, leads=leads)
        for at, index, by, leads in payload["erasures"]
    ]


def _plural(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
