"""The first screen: what needs you, then what runs, what comes and what is live; three steps where there is nothing."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlencode

from flask import Blueprint, Response
from sqlmodel import Session

from experiments import lifecycle
from experiments.models import State
from experiments.words import plural
from lander.access.gate import caller, edge, studio, view
from lander.access.permissions import Permission
from lander.console.agenda import list_entries
from lander.console.calendar_context import CalendarEntry
from lander.console.experiment_context import ExperimentRow
from lander.console.experiments import make_row
from lander.console.home_context import HomeScreen, Need
from lander.console.page_context import BelowRow, PageRow
from lander.console.page_rows import fold_rows, list_places, page_rows
from lander.console.places import Place
from lander.console.schedules import list_failed
from lander.console.screens import show
from lander.db import reading
from lander.integrations import outbox
from lander.leads import leads
from lander.leads.leads import Which
from lander.leads.models import Stage
from lander.pages.leadtime import list_changes, measure
from lander.pages.models import Site, StoredRelease
from lander.pages.publish import check_drafts
from lander.pages.sites import list_sites
from lander.policy.findings import count_refusals, say_in_the_way

blueprint = Blueprint("home", __name__)

_COMING, _MOST_COMING = timedelta(days=14), 5
_RECENT, _MUCH_SPAM = timedelta(days=7), 20
_LEAD_TIME_DAYS = (30, 90)
_MOST_DRAFTS = 10  # each is compiled to see what stands in its way, which takes about 9 ms

_DECISIONS = {
    "ship": ("Decide", False),
    "keep": ("Decide", False),
    "hold": ("Look into it", True),
}


@view(blueprint, "/", permission=Permission.SIGNED_IN)
def show_home() -> Response:
    with reading(studio().engine) as session:
        sites = list_sites(session)
        pages = page_rows(session, list_places(session, sites, several=len(sites) > 1))
        tests = [
            make_row(session, item) for item in lifecycle.list_experiments(session) if item.state is not State.ENDED
        ]
        screen = HomeScreen(
            needs=[
                *_schedule_needs(session),
                *_delivery_needs(session),
                *(need for row in tests for need in _test_needs(row)),
                *(need for site in sites for need in _lead_needs(session, site, several=len(sites) > 1)),
                *_page_needs(session, pages),
            ],
            running=[row for row in tests if not _test_needs(row)],
            live=fold_rows(row for _, row in pages if row.state in ("live", "changed")),
            lead_times=_lead_times(session),
            coming=_coming(session, sites),
            has_pages=bool(pages),
            may_edit=caller().can(Permission.PAGES_EDIT),
        )
    return show(screen)


def _schedule_needs(session: Session) -> list[Need]:
    """What was to happen and could not, until somebody puts it aside."""
    return [
        Need(f"{row.page}: “{row.what}” was not done.", row.outcome, "/schedules", "See it", grave=True)
        for row in list_failed(session)
        if row.may_cancel
    ]


def _delivery_needs(session: Session) -> list[Need]:
    """What was tried to the end and has not arrived."""
    dead = outbox.count(session).dead if caller().can(Permission.DELIVERIES_READ) else 0
    if not dead:
        return []
    said = "One message has not arrived." if dead == 1 else f"{dead:,} messages have not arrived."
    return [Need(said, "It was tried to the end; it can be sent again.", "/deliveries", "See why", grave=True)]


def _lead_needs(session: Session, site: Site, *, several: bool) -> list[Need]:
    """Leads that nobody has looked at, and a spam folder that fills."""
    if not caller().can(Permission.LEADS_READ):
        return []
    where, host = (f" on {site.host}", {"site": site.host}) if several else ("", {})
    new = leads.count_leads(session, Which(host=site.host, spam=False, stage=Stage.NEW))
    spam = leads.count_leads(session, Which(host=site.host, spam=True, since=edge().now - _RECENT))
    needs = []
    if new:
        address = f"/leads?{urlencode({**host, 'stage': Stage.NEW.value})}"
        needs.append(Need(f"{plural(new, 'lead')}{where} {'is' if new == 1 else 'are'} new.", "", address, "Look"))
    if spam >= _MUCH_SPAM:
        address = f"/leads?{urlencode({**host, 'folder': 'spam'})}"
        said = f"{spam:,} messages{where} went into the spam folder in 7 days."
        needs.append(Need(said, "Look whether a real lead is among them.", address, "Review them"))
    return needs


def _coming(session: Session, sites: Sequence[Site]) -> list[CalendarEntry]:
    """What the calendar has next; a freeze is named once, and not for each of its days."""
    now, coming, named = edge().now, [], set()
    for entry in list_entries(session, sites, first=now, last=now + _COMING, now=now):
        freeze = (entry.sentence, entry.about)
        if entry.kind != "freeze" or freeze not in named:
            coming.append(entry)
        named.add(freeze)
    return coming[:_MOST_COMING]


def _lead_times(session: Session) -> list[str]:
    """How long changes take, over a month and a quarter; nothing where nothing has gone live."""
    now = edge().now
    changes = list_changes(session, since=now - timedelta(days=max(_LEAD_TIME_DAYS)))
    return [measure(changes, days=days, now=now).sentence for days in _LEAD_TIME_DAYS] if changes else []


def _test_needs(row: ExperimentRow) -> list[Need]:
    """A decision that is due, a result that must not be read, a test that nobody resumed."""
    if not caller().can(Permission.EXPERIMENTS_RUN):
        return []
    if row.state == State.PAUSED:
        return [Need(f"{row.key} is paused, and nobody is counted.", row.hypothesis, row.address, "Resume or end it")]
    if row.action not in _DECISIONS:
        return []
    action, is_grave = _DECISIONS[row.action]
    return [Need(row.verdict, f"{row.key} on {row.page}", f"{row.address}/report", action, is_grave)]


def _page_needs(session: Session, pages: list[tuple[Place, PageRow]]) -> list[Need]:
    """Drafts that wait for somebody who may publish them; a plain page below one that waits is named with it."""
    if not caller().can(Permission.PAGES_EDIT):
        return []
    waiting = [(place, row) for place, row in pages if row.state in ("changed", "draft")]
    waiting.sort(key=lambda item: item[1].changed_at, reverse=True)
    below = {row.address: row.below for row in fold_rows(row for _, row in waiting)}
    looked_at = [_draft_need(session, place, row, below.get(row.address)) for place, row in waiting[:_MOST_DRAFTS]]
    needs = [need for need in looked_at if need is not None]
    if len(waiting) > _MOST_DRAFTS:
        more = len(waiting) - _MOST_DRAFTS
        needs.append(Need(f"{more} more pages have drafts that visitors do not see.", "", "/pages", "See all pages"))
    return needs


def _draft_need(session: Session, place: Place, row: PageRow, below: list[BelowRow] | None) -> Need | None:
    """None where the page above speaks for it (`below` is None) and nothing stands in its way."""
    live = session.get(StoredRelease, place.page.release_id) if place.page.release_id else None
    strip = live is not None and live.strip_external
    found = check_drafts(session, studio().settings, place.page, strip_external=strip)
    if refusals := count_refusals(found):
        return Need(f"{row.slug} cannot be published yet.", f"{say_in_the_way(refusals)}.", row.address, "Mend it")
    if below is None:
        return None
    detail = f"With {plural(len(below), 'page')} below it." if below else ""
    if row.state == "changed":
        sentence = f"{row.slug} has changes that visitors do not see."
    else:
        sentence = f"{row.slug} is ready, and nobody sees it yet."
    return Need(sentence, detail, row.address, "Review and publish")
