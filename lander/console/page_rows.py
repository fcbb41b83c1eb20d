"""Pages in one line each, however many there are: a handful of queries, and no source is read."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from experiments.models import Experiment, State
from lander.console.context import PageRow
from lander.console.page_screen import STATES
from lander.console.places import Place
from lander.pages import pages
from lander.pages.models import Page, Publication, Site, StoredRelease, Variant, Version


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a line says of a variant's newest version."""

    key: str
    version_id: int
    saved_at: datetime
    saved_by: str


def list_places(session: Session, sites: Sequence[Site], *, several: bool) -> list[Place]:
    """Every page of these sites, by slug."""
    return [Place(site, page, several) for site in sites for page in pages.list_pages(session, site)]


def page_rows(session: Session, places: Sequence[Place]) -> list[tuple[Place, PageRow]]:
    """Each page that has content, with its line."""
    drafts = _load_drafts(session)
    stored = select(StoredRelease.id, StoredRelease.versions).join(Page, col(Page.release_id) == col(StoredRelease.id))
    live = {release_id: dict(versions) for release_id, versions in session.exec(stored)}
    seen = set(session.exec(select(Publication.page_id).distinct()))
    tests = session.exec(select(Experiment.page_id, Experiment.key).where(col(Experiment.state) != State.ENDED))
    keys = dict(tests.all())
    rows = []
    for place in places:
        if mine := drafts.get(place.page_id):
            state = _state(mine, live.get(place.page.release_id or ""), was_seen=place.page_id in seen)
            rows.append((place, _row(place, mine, state, experiment=keys.get(place.page_id, ""))))
    return rows


def _load_drafts(session: Session) -> dict[int, list[_Draft]]:
    query = (
        select_columns(
            col(Variant.page_id), col(Variant.key), col(Version.id), col(Version.created_at), col(Version.created_by)
        )
        .join(Version, col(Version.id) == col(Variant.version_id))
        .order_by(col(Variant.key))
    )
    drafts: dict[int, list[_Draft]] = defaultdict(list)
    for page_id, key, version_id, saved_at, saved_by in session.execute(query):
        assert version_id is not None
        drafts[page_id].append(_Draft(key, version_id, saved_at, saved_by))
    return drafts


def _state(drafts: list[_Draft], live: dict[str, int] | None, *, was_seen: bool) -> str:
    if live is None:
        return "withdrawn" if was_seen else "draft"
    return "changed" if any(live.get(draft.key) != draft.version_id for draft in drafts) else "live"


def _row(place: Place, drafts: list[_Draft], state: str, *, experiment: str) -> PageRow:
    newest = max(drafts, key=lambda draft: draft.saved_at)
    return PageRow(
        slug=place.page.slug,
        address=place.at(),
        public_address=place.label,
        state=state,
        state_word=STATES[state],
        variants=[draft.key for draft in drafts],
        changed_at=newest.saved_at,
        changed_by=newest.saved_by,
        experiment=experiment,
        experiment_address=f"/experiments/{experiment}" if experiment else "",
    )
