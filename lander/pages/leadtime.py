"""How long a change takes from its first edit until visitors see it: the number that this service is for.

A change is one act of publishing; pages published together are one change. Its first edit is the oldest version, of a
variant or a snippet in it, that is newer than anything visitors had seen before. Going back is no change, and neither is
what a test does to its page.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from experiments.words import plural
from lander.pages.models import Publication, SnippetVersion, StoredRelease, Variant, Version

_CHANGES: Final = frozenset(["publish", "bulk edit", "snippet"])
_ENOUGH_FOR_A_TENTH: Final = 10

Owner = tuple[str, int]
"""What has versions: ("variant", its id) or ("snippet", its id)."""


@dataclass(frozen=True, slots=True)
class Published:
    """A page as it went live: the number of the version that was seen of each variant and snippet."""

    page_id: int
    at: datetime
    by: str
    is_change: bool  # somebody meant to show something new
    live: Mapping[Owner, int]


@dataclass(frozen=True, slots=True)
class Change:
    """From the first edit to live."""

    edited_at: datetime
    live_at: datetime

    @property
    def took(self) -> timedelta:
        return max(self.live_at - self.edited_at, timedelta(0))


@dataclass(frozen=True, slots=True)
class LeadTime:
    """Changes of so many days: the one in the middle, and the fastest of the slowest tenth."""

    days: int
    changes: int
    median: timedelta
    p90: timedelta

    @property
    def sentence(self) -> str:
        """
        >>> LeadTime(30, 31, timedelta(minutes=4), timedelta(hours=2)).sentence
        'From the first edit to live: 4 minutes in the middle, 2 hours or more for the slowest tenth (31 changes, 30 days).'
        """
        if not self.changes:
            return f"Nothing went live in {plural(self.days, 'day')}."
        said = f"From the first edit to live: {say_duration(self.median)}"
        if self.changes >= _ENOUGH_FOR_A_TENTH:
            said += f" in the middle, {say_duration(self.p90)} or more for the slowest tenth"
        elif self.changes > 1:
            said += f" in the middle, {say_duration(self.p90)} at the longest"
        return f"{said} ({plural(self.changes, 'change')}, {plural(self.days, 'day')})."


def measure(changes: Iterable[Change], *, days: int, now: datetime) -> LeadTime:
    """Of the changes that went live within so many days; the 90th percentile is the nearest rank, a time that occurred."""
    took = sorted(change.took for change in changes if now - timedelta(days=days) < change.live_at <= now)
    if not took:
        return LeadTime(days, 0, timedelta(0), timedelta(0))
    p90 = took[math.ceil(0.9 * len(took)) - 1] if len(took) >= _ENOUGH_FOR_A_TENTH else took[-1]
    return LeadTime(days, len(took), timedelta(seconds=statistics.median(item.total_seconds() for item in took)), p90)


def find_changes(
    publications: Iterable[Published], edits: Mapping[Owner, Sequence[tuple[int, datetime]]]
) -> list[Change]:
    """The changes among publications in their order; `edits` are each owner's versions by number, with their time."""
    seen: dict[tuple[int, Owner], int] = {}
    first_edits: dict[tuple[datetime, str], datetime] = {}
    for item in publications:
        for owner, number in item.live.items():
            before = seen.get((item.page_id, owner), 0)
            if number <= before:
                continue
            seen[item.page_id, owner] = number
            if not item.is_change:
                continue
            new = [at for version, at in edits.get(owner, ()) if before < version <= number]
            act = (item.at, item.by)
            if new:
                first_edits[act] = min([*new, *([first_edits[act]] if act in first_edits else [])])
    return [Change(edited_at, live_at) for (live_at, _), edited_at in first_edits.items()]


def list_changes(session: Session, *, since: datetime) -> list[Change]:
    """Every change that went live since then. Reads no source, only who saw which version when."""
    pages = select(col(Publication.page_id)).where(col(Publication.at) >= since)
    versions = (
        select(col(Version.id), col(Version.variant_id), col(Version.number), col(Version.created_at))
        .join(Variant, col(Variant.id) == col(Version.variant_id))
        .where(col(Variant.page_id).in_(pages))
    )
    of_snippets = select(
        col(SnippetVersion.id),
        col(SnippetVersion.snippet_id),
        col(SnippetVersion.number),
        col(SnippetVersion.created_at),
    )
    known: dict[tuple[str, int], tuple[Owner, int]] = {}
    edits: dict[Owner, list[tuple[int, datetime]]] = defaultdict(list)
    for kind, query in (("variant", versions), ("snippet", of_snippets)):
        for version_id, owner_id, number, at in session.execute(query):
            known[kind, version_id] = (kind, owner_id), number
            edits[kind, owner_id].append((number, at))
    published = (
        select(
            col(Publication.page_id),
            col(Publication.at),
            col(Publication.by),
            col(Publication.reason),
            col(StoredRelease.versions),
            col(StoredRelease.snippets),
        )
        .join(StoredRelease, col(StoredRelease.id) == col(Publication.release_id))
        .where(col(Publication.page_id).in_(pages))
        .order_by(col(Publication.id))
    )
    publications = []
    for page_id, at, by, reason, seen, snippets in session.execute(published):
        shown = [("variant", number) for number in seen.values()] + [
            ("snippet", number) for number in snippets.values()
        ]
        live = dict(known[item] for item in shown if item in known)
        publications.append(Published(page_id, at, by, reason in _CHANGES, live))
    return [change for change in find_changes(publications, edits) if change.live_at >= since]


def say_duration(took: timedelta) -> str:
    """In the largest unit that it fills.

    >>> [say_duration(timedelta(**{unit: 3})) for unit in ("seconds", "minutes", "hours", "days")]
    ['under a minute', '3 minutes', '3 hours', '3 days']
    """
    for unit, word in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute")):
        if took >= unit:
            return plural(round(took / unit), word)
    return "under a minute"
