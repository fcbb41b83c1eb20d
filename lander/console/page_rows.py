"""Pages in one line each, however many there are: a handful of queries, and no source is read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import select as select_columns
from sqlmodel import Session, col, select

from experiments.models import Experiment, State
from lander.console.page_context import BelowRow, PageRow
from lander.console.places import Place
from lander.leads.leads import count_by_page
from lander.pages import pages
from lander.pages.models import Page, Publication, Site, Snippet, StoredRelease, Variant, Version

STATES = {"live": "Live", "changed": "Live, drafts changed", "draft": "Draft", "withdrawn": "Taken away"}


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
    drafts = _load_drafts(session, [place.page_id for place in places])
    stored = select(StoredRelease.id, StoredRelease.versions, StoredRelease.snippets)
    live, behind = {}, set()
    snippets = set(session.exec(select(Snippet.version_id)))
    for release_id, versions, used in session.exec(stored.join(Page, col(Page.release_id) == col(StoredRelease.id))):
        live[release_id] = dict(versions)
        if not snippets.issuperset(used.values()):
            behind.add(release_id)  # it shows an older version of a snippet
    seen = set(session.exec(select(Publication.page_id).distinct()))
    tests = session.exec(select(Experiment.page_id, Experiment.key).where(col(Experiment.state) != State.ENDED))
    keys = dict(tests.all())
    rows = []
    for place in places:
        if mine := drafts.get(place.page_id):
            release_id = place.page.release_id or ""
            state = _state(mine, live.get(release_id), was_seen=place.page_id in seen)
            if state == "live" and release_id in behind:
                state = "changed"
            rows.append((place, _row(place, mine, state, experiment=keys.get(place.page_id, ""))))
    return rows


def with_leads(
    session: Session, rows: Iterable[tuple[Place, PageRow]], site: Site, *, now: datetime
) -> list[tuple[Place, PageRow]]:
    """The same lines of one site, each with its leads of the last seven days, today included, and the list of them."""
    zone = ZoneInfo(site.timezone)
    day = (now.astimezone(zone) - timedelta(days=6)).date()
    counts = count_by_page(session, since=datetime.combine(day, time(), zone))
    return [(place, _with_leads(place, row, counts.get(place.page_id, 0), day)) for place, row in rows]


def fold_rows(rows: Iterable[PageRow]) -> list[PageRow]:
    """The same lines, with plain pages (one variant, no test) named in the line of the page that they stand under."""
    rows = list(rows)
    mains = {(row.site, row.slug): row for row in rows}
    below: dict[str, list[BelowRow]] = defaultdict(list)
    kept = []
    for row in rows:
        main = _find_main(row, mains)
        if main is None or row.experiment or len(row.variants) > 1:
            kept.append(row)
            continue
        state_word = "" if row.state in ("live", main.state) else row.state_word
        below[main.address].append(BelowRow(row.slug.removeprefix(f"{main.slug}/"), row.address, state_word))
    return [replace(row, below=below[row.address]) for row in kept]


def _find_main(row: PageRow, rows: Mapping[tuple[str, str], PageRow]) -> PageRow | None:
    """The page at the top of its address, if there is one."""
    parts = row.slug.split("/")
    tops = ("/".join(parts[:length]) for length in range(1, len(parts)))
    return next((rows[row.site, top] for top in tops if (row.site, top) in rows), None)


def list_waiting(session: Session, place: Place, drafts: Iterable[Version]) -> list[Place]:
    """The pages below this one that came with its drafts, and whose own drafts visitors do not see."""
    slugs = {slug for draft in drafts for slug in draft.links.values() if slug.startswith(f"{place.page.slug}/")}
    found = [pages.find_page(session, place.site, slug) for slug in sorted(slugs)]
    places = [Place(place.site, page, place.several) for page in found if page is not None]
    return [other for other, row in page_rows(session, places) if row.state in ("draft", "changed")]


def _load_drafts(session: Session, page_ids: Sequence[int]) -> dict[int, list[_Draft]]:
    query = (
        select_columns(
            col(Variant.page_id), col(Variant.key), col(Version.id), col(Version.created_at), col(Version.created_by)
        )
        .join(Version, col(Version.id) == col(Variant.version_id))
        .where(col(Variant.page_id).in_(page_ids))
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


def _with_leads(place: Place, row: PageRow, leads: int, since: date) -> PageRow:
    query = {"page": row.slug, "since": since.isoformat()}
    if place.several:
        query = {"site": row.site, **query}
    return replace(row, leads=leads, leads_address=f"/leads?{urlencode(query)}")


def _row(place: Place, drafts: list[_Draft], state: str, *, experiment: str) -> PageRow:
    newest = max(drafts, key=lambda draft: draft.saved_at)
    return PageRow(
        site=place.site.host,
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
