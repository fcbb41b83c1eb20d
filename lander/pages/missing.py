"""The 404 log of a site: addresses that visitors asked for in vain, gathered from the journals, most asked first.

Numbers here are for mending links, not for a report: a batch that comes twice counts twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import bindparam, text
from sqlmodel import Session, col, select, update

from experiments.storage import UtcDateTime
from lander.access import audit
from lander.db import take_turn
from lander.errors import NotFound
from lander.pages.models import MissingPath, Site
from lander.pages.redirect_checks import Nearest
from lander.pages.redirects import load_table

KEPT: Final = 5_000  # of each site, the ones asked for last
_LATEST_MS: Final = 32_503_680_000_000  # the year 3000; far beyond, there are no dates

_COUNT: Final = text("""
    INSERT INTO missingpath (site_id, path, hits, referrer, ignored, first_at, last_at)
    VALUES (:site_id, :path, :hits, :referrer, :ignored, :first_at, :last_at)
    ON CONFLICT (site_id, path) DO UPDATE SET
        hits = missingpath.hits + excluded.hits,
        referrer = CASE WHEN excluded.referrer = '' THEN missingpath.referrer ELSE excluded.referrer END,
        first_at = CASE WHEN excluded.first_at < missingpath.first_at THEN excluded.first_at ELSE missingpath.first_at END,
        last_at = CASE WHEN excluded.last_at > missingpath.last_at THEN excluded.last_at ELSE missingpath.last_at END
""").bindparams(bindparam("first_at", type_=UtcDateTime()), bindparam("last_at", type_=UtcDateTime()))
_PRUNE: Final = text("""
    DELETE FROM missingpath WHERE site_id = :site_id AND path IN (
        SELECT path FROM missingpath WHERE site_id = :site_id ORDER BY last_at DESC, path LIMIT :beyond OFFSET :kept
    )
""")
_EVERY_ONE: Final = 2**31 - 1


class _Asked(BaseModel):
    """A row as the public path writes it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    host: str
    path: str = Field(min_length=1, max_length=512)
    referrer: str = Field(default="", max_length=253)
    at_ms: int = Field(ge=0, le=_LATEST_MS)

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.at_ms / 1000, UTC)


@dataclass(frozen=True, slots=True)
class Missed:
    """An address that nothing answers, and where it might lead."""

    path: str
    hits: int
    referrer: str
    first_at: datetime
    last_at: datetime
    proposal: str  # the page that resembles it; empty where none does
    ignored: bool = False


def store_missing(session: Session, bodies: Sequence[bytes]) -> int:
    """Count what the journals brought, in one statement; how many rows could not be read. Unknown hosts are left out."""
    asked: list[_Asked] = []
    for body in bodies:
        try:
            asked.append(_Asked.model_validate_json(body))
        except ValidationError:
            continue
    sites = dict(
        session.exec(select(Site.host, Site.id).where(col(Site.host).in_({item.host for item in asked}))).all()
    )
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for item in sorted(asked, key=lambda item: item.at_ms):
        site_id = sites.get(item.host)
        if site_id is None:
            continue
        row = rows.setdefault(
            (site_id, item.path),
            {"site_id": site_id, "path": item.path, "hits": 0, "referrer": "", "ignored": False, "first_at": item.at},
        )
        row |= {"hits": row["hits"] + 1, "referrer": item.referrer or row["referrer"], "last_at": item.at}
    if rows:
        take_turn(session, "missing")  # two nodes that prune and count crosswise would wait for each other
        session.execute(
            _COUNT, [rows[key] for key in sorted(rows)]
        )  # in one order, so that two nodes never wait crosswise
        for site_id in sorted({site_id for site_id, _ in rows}):
            session.execute(_PRUNE, {"site_id": site_id, "kept": KEPT, "beyond": _EVERY_ONE})
    return len(bodies) - len(asked)


def list_missing(session: Session, site: Site, *, ignored: bool = False, limit: int = 100) -> list[Missed]:
    """What nothing answers by now, most asked first; with `ignored`, what somebody put aside."""
    table = load_table(session, site)
    nearest = Nearest(table.pages)
    rows = session.exec(
        select(MissingPath)
        .where(MissingPath.site_id == site.id, MissingPath.ignored == ignored)
        .order_by(col(MissingPath.hits).desc(), col(MissingPath.last_at).desc(), col(MissingPath.path))
    )
    open_ones = (row for row in rows if not table.answers(row.path))
    return [
        Missed(
            row.path,
            row.hits,
            row.referrer,
            row.first_at,
            row.last_at,
            proposal=nearest.find(row.path) or "",
            ignored=row.ignored,
        )
        for row, _ in zip(open_ones, range(limit), strict=False)
    ]


def ignore_missing(session: Session, site: Site, path: str, *, ignored: bool = True, actor: str, now: datetime) -> None:
    """Put an address of the 404 log aside, or take it back in."""
    found = session.execute(
        update(MissingPath)
        .where(col(MissingPath.site_id) == site.id, col(MissingPath.path) == path)
        .values(ignored=ignored)
        .returning(col(MissingPath.path))
    ).first()
    if found is None:
        raise NotFound(f"Nobody asked for {site.host}{path} lately.", fix="The 404 log lists what people asked for.")
    action = "missing.ignore" if ignored else "missing.restore"
    audit.record(session, now=now, actor=actor, action=action, subject=f"{site.host}{path}")
