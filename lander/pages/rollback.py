"""Going back: an earlier content of a page before visitors again.

It only chooses which; what may be shown, and showing it, is `publish`'s.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from experiments import lifecycle
from lander.config import Settings
from lander.errors import Conflict, NotFound
from lander.pages import release as releases
from lander.pages.models import Page, StoredRelease
from lander.pages.pages import address_of
from lander.pages.publish import (
    Preflight,
    Published,
    Running,
    apply_replacement,
    choose_control,
    find_live,
    hold,
    list_publications,
    plan_replacement,
)


def rollback(
    session: Session,
    settings: Settings,
    page: Page,
    *,
    to: str | None = None,
    during_test: str | None = None,
    preflight: Preflight | None = None,
    actor: str,
    now: datetime,
) -> Published:
    """Make an earlier content live again: that of release `to`, or the last one that visitors saw differently.

    It is compiled under the rules of today, so going back brings nothing back that is not allowed any more.
    """
    hold(session, page)
    live = find_live(session, page)
    running = lifecycle.find_running(session, page.id or 0)
    target = _load_target(session, page, to) if to else _find_previous(session, page, live, running)
    versions, snippets = releases.load_versions(session, target), target.snippets
    if live is not None and running is not None:  # variants of the test that the older release did not have yet
        kept = releases.load_versions(session, live)
        versions = {**{key: kept[key] for key in running[1].weights if key in kept}, **versions}
        snippets = {**live.snippets, **snippets}
    wanted = plan_replacement(
        session,
        settings,
        page,
        versions,
        snippets=snippets,
        strip_external=target.strip_external,
        preflight=preflight,
    )
    return apply_replacement(session, wanted, during_test=during_test, reason="rollback", actor=actor, now=now)


def _find_previous(session: Session, page: Page, live: StoredRelease | None, running: Running | None) -> StoredRelease:
    def seen(stored: StoredRelease) -> tuple[object, ...]:
        keys: Iterable[str] = (
            running[1].weights if running is not None else [choose_control(session, page, stored.versions, None)]
        )
        now_live = live.versions if live is not None else {}
        contents = (stored.versions.get(key, now_live.get(key)) for key in keys)
        return (stored.strip_external, sorted(stored.snippets.items()), *contents)

    for publication in list_publications(session, page):
        stored = session.get(StoredRelease, publication.release_id) if publication.release_id else None
        if stored is not None and (live is None or seen(stored) != seen(live)):
            return stored
    raise Conflict(
        f"{address_of(session, page)} never looked different to visitors.",
        fix="There is no earlier content to go back to.",
    )


def _load_target(session: Session, page: Page, release_id: str) -> StoredRelease:
    stored = session.get(StoredRelease, release_id)
    if stored is None or stored.page_id != page.id:
        raise NotFound(
            f"{address_of(session, page)} has no release {release_id}.",
            fix="Its history lists every release with its id.",
        )
    return stored
