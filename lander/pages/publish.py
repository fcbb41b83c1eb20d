"""Publishing: the only writer of what visitors see.

A page becomes live as a release that passed the policy, or nothing changes at all. While a test runs on the page, a
change of its content needs a choice: the same change in every variant (`annotate`), or counting anew (`new-phase`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, func, select

from experiments import lifecycle
from experiments.models import Experiment, Phase, Tally
from lander.access import audit
from lander.catalog import SiteEntry
from lander.config import Settings
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages import release as releases
from lander.pages.freezes import check_freeze
from lander.pages.models import Page, Publication, Site, StoredRelease, Version
from lander.pages.pages import address_of
from lander.policy.findings import Finding, Refused, count_refusals
from lander.policy.store import load_policy
from lander.published import Allocation

ANNOTATE: Final = "annotate"
NEW_PHASE: Final = "new-phase"
CHOICES: Final = (ANNOTATE, NEW_PHASE)
Running = tuple[Experiment, Phase]
_GOING_BACK: Final = ("rollback", "bulk undo")  # possible in a freeze window too
_CONTENT_CHANGED: Final = "The page's content changed."


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing came to. `unchanged` where visitors had all of it already."""

    address: str
    release_id: str
    findings: tuple[Finding, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: bool = False
    during_test: str = ""

    @property
    def warnings(self) -> tuple[str, ...]:
        return tuple(str(finding) for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "address": self.address,
            "release": self.release_id,
            "unchanged": self.unchanged,
            "during_test": self.during_test,
            "findings": [finding.as_json() for finding in self.findings],
            "removed": list(self.removed),
        }

    def sentences(self) -> list[str]:
        first = "has not changed; visitors see it as before." if self.unchanged else "is live."
        test = {
            ANNOTATE: "The running test goes on with a note of this change.",
            NEW_PHASE: "The running test counts anew from here.",
        }
        return [
            f"{self.address} {first}",
            *([test[self.during_test]] if self.during_test else []),
            *(f"Taken out: {line}" for line in self.removed),
            *self.warnings,
        ]


Preflight = Callable[[Settings, SiteEntry, str, Mapping[str, bytes]], Sequence[Finding]]
"""Asks a release (its site, id and files) as the world will, before it is live; who stands on top brings it."""


@dataclass(frozen=True, slots=True)
class Look:
    """The drafts of a page as they would be published now."""

    findings: tuple[Finding, ...]
    is_live: bool  # visitors see exactly this


@dataclass(frozen=True, slots=True)
class Replacement:
    """Content that is to take the place of what visitors see on a page; nothing has changed yet."""

    page: Page
    address: str
    plan: releases.Plan
    running: Running | None
    touches_test: bool  # what the variants of the running test show
    looked_ahead: tuple[Finding, ...] = ()  # what the release itself showed when it was asked

    @property
    def findings(self) -> tuple[Finding, ...]:
        return (*self.plan.findings, *self.looked_ahead)


def publish(
    session: Session,
    settings: Settings,
    page: Page,
    *,
    strip_external: bool = False,
    during_test: str | None = None,
    preflight: Preflight | None = None,
    actor: str,
    now: datetime,
) -> Published:
    """Make the drafts of all variants live. Raises `Refused` with every finding, `Conflict` where a test needs a choice."""
    hold(session, page)
    versions = releases.load_drafts(session, page)
    if not versions:
        raise NotFound(f"The page '{page.slug}' has no content yet.", fix="Import it first.")
    wanted = plan_replacement(session, settings, page, versions, strip_external=strip_external, preflight=preflight)
    return apply_replacement(session, wanted, during_test=during_test, reason="publish", actor=actor, now=now)


def republish(
    session: Session,
    settings: Settings,
    page: Page,
    *,
    reason: str,
    enforce: bool = True,
    versions: Mapping[str, Version] | None = None,
    preflight: Preflight | None = None,
    actor: str,
    now: datetime,
) -> Published | None:
    """Put the live content out again because who sees what, or where, has changed; None where the page is not live.

    `versions` replaces the content of some variants (a test's winner). With `enforce` off, findings do not stand in the
    way, and nobody need ask the release: pausing and stopping must always be possible, and the page's headers hold the
    rules anyway.
    """
    hold(session, page)
    live = find_live(session, page)
    if live is None:
        return None
    wanted = plan_replacement(
        session,
        settings,
        page,
        {**releases.load_versions(session, live), **(versions or {})},
        snippets=live.snippets,
        strip_external=live.strip_external,
        offered=live.assets,
        preflight=preflight,
    )
    if enforce and count_refusals(wanted.findings):
        raise Refused(wanted.address, wanted.findings)
    return _go_live(session, wanted, running=wanted.running, reason=reason, actor=actor, now=now)


def withdraw(session: Session, page: Page, *, actor: str, now: datetime) -> None:
    """Take a page away from visitors. Its drafts, releases and history stay, and `rollback` brings it back."""
    hold(session, page)
    address = address_of(session, page)
    if page.release_id is None:
        raise Conflict(f"{address} is not live.", fix="There is nothing to take away.")
    if running := lifecycle.find_running(session, _id(page)):
        raise Conflict(f"The test {running[0].key} runs on {address}.", fix="Stop it first, with a reason.")
    before, page.release_id = page.release_id, None
    session.add(page)
    session.add(Publication(page_id=_id(page), release_id=None, reason="withdraw", at=now, by=actor))
    audit.record(session, now=now, actor=actor, action="page.withdraw", subject=address, before=before)
    session.flush()


def list_publications(session: Session, page: Page) -> Sequence[Publication]:
    """Every act of making live or taking away, newest first."""
    return session.exec(
        select(Publication).where(Publication.page_id == page.id).order_by(col(Publication.id).desc())
    ).all()


def check_drafts(
    session: Session,
    settings: Settings,
    page: Page,
    *,
    strip_external: bool = False,
    preflight: Preflight | None = None,
) -> Sequence[Finding]:
    """What publishing would find now. Changes nothing."""
    return look_at_drafts(session, settings, page, strip_external=strip_external, preflight=preflight).findings


def look_at_drafts(
    session: Session,
    settings: Settings,
    page: Page,
    *,
    strip_external: bool = False,
    preflight: Preflight | None = None,
) -> Look:
    """The same, with whether visitors would notice."""
    versions = releases.load_drafts(session, page)
    running = lifecycle.find_running(session, _id(page))
    allocation = _allocation(running)
    plan = _plan(session, settings, page, versions, allocation=allocation, strip_external=strip_external)
    if not versions:
        return Look((), is_live=page.release_id is None)
    release_id, files = _build(session, page, plan, running)
    found = preflight(settings, _entry(session, page), release_id, files) if preflight is not None else ()
    return Look((*plan.findings, *found), is_live=release_id == page.release_id)


def plan_replacement(
    session: Session,
    settings: Settings,
    page: Page,
    versions: Mapping[str, Version],
    *,
    strip_external: bool,
    snippets: Mapping[str, int] | None = None,
    offered: Sequence[str] | None = None,
    preflight: Preflight | None = None,
) -> Replacement:
    """Compile other content for a page and look at what it would change. Holds the page, and changes nothing."""
    hold(session, page)
    running, live = lifecycle.find_running(session, _id(page)), find_live(session, page)
    plan = _plan(
        session,
        settings,
        page,
        versions,
        snippets=snippets,
        allocation=_allocation(running),
        strip_external=strip_external,
        offered=offered,
    )
    touches = running is not None and live is not None and not releases.has_same_content(live, plan, running[1].weights)
    found: Sequence[Finding] = ()
    if preflight is not None:
        found = preflight(settings, _entry(session, page), *_build(session, page, plan, running))
    return Replacement(page, address_of(session, page), plan, running, touches, tuple(found))


def apply_replacement(
    session: Session,
    wanted: Replacement,
    *,
    during_test: str | None,
    reason: str,
    note: str = _CONTENT_CHANGED,
    actor: str,
    now: datetime,
) -> Published:
    """Make it live. Raises `Refused` with every finding, `Conflict` where a test needs a choice, `Frozen` in a freeze."""
    if during_test is not None and during_test not in CHOICES:
        raise InvalidInput(f"'{during_test}' is no choice.", fix=f"Write {ANNOTATE} or {NEW_PHASE}.")
    if reason not in _GOING_BACK:
        check_freeze(session, now)
    if count_refusals(wanted.findings):
        raise Refused(wanted.address, wanted.findings)
    running, chosen = wanted.running, ""
    if wanted.touches_test and running is not None:
        chosen = _settle_test(session, running, during_test, note=note, actor=actor, now=now)
        running = lifecycle.find_running(session, _id(wanted.page))
    return _go_live(session, wanted, running=running, reason=reason, during_test=chosen, actor=actor, now=now)


def choose_control(session: Session, page: Page, keys: Mapping[str, int], running: Running | None) -> str:
    """What is shown where no test decides: the control of the test, or of the last one, else the first variant."""
    tests = [running[0]] if running is not None else lifecycle.list_experiments(session, page_id=_id(page))
    return next((test.control for test in tests[:1] if test.control in keys), min(keys))


def find_live(session: Session, page: Page) -> StoredRelease | None:
    return session.get_one(StoredRelease, page.release_id) if page.release_id is not None else None


def hold(session: Session, page: Page) -> None:
    """Let one publish at a time touch a page: a second one waits here and then sees what the first one did."""
    session.flush()
    session.refresh(page, with_for_update=True)


def _settle_test(
    session: Session, running: Running, choice: str | None, *, note: str, actor: str, now: datetime
) -> str:
    experiment, phase = running
    if choice is None:
        visitors = _count_confirmed(session, experiment, phase)
        raise Conflict(
            f"The test {experiment.key} runs on this page, and this would change what it compares.",
            fix=f"Choose '{ANNOTATE}' if every variant changes alike: the count goes on, with a note. Choose "
            f"'{NEW_PHASE}' if the variants now differ in another way: the count starts anew and sets aside the "
            f"{visitors:,} visitors counted so far.",
        )
    if choice == NEW_PHASE:
        lifecycle.new_phase(session, experiment, now=now)
    else:
        lifecycle.annotate(session, experiment, text=note, actor=actor, now=now)
    return choice


def _go_live(
    session: Session,
    wanted: Replacement,
    *,
    running: Running | None,
    reason: str,
    during_test: str = "",
    actor: str,
    now: datetime,
) -> Published:
    page, plan, address, findings = wanted.page, wanted.plan, wanted.address, wanted.findings
    release_id, files = _build(session, page, plan, running)
    before = page.release_id
    releases.store_release(session, page, plan, release_id, files, now=now)
    if release_id == before:
        return Published(address, release_id, findings, plan.removed, unchanged=True)
    page.release_id = release_id
    session.add(page)
    session.add(
        Publication(page_id=_id(page), release_id=release_id, reason=reason, during_test=during_test, at=now, by=actor)
    )
    audit.record(
        session,
        now=now,
        actor=actor,
        action=f"page.{reason.replace(' ', '-')}",
        subject=address,
        before=before,
        after=release_id,
        versions=plan.versions,
        policy=plan.policy_version,
        removed=list(plan.removed),
        during_test=during_test,
        warnings=len(findings) - count_refusals(findings),
    )
    session.flush()
    return Published(address, release_id, findings, plan.removed, during_test=during_test)


def _plan(
    session: Session,
    settings: Settings,
    page: Page,
    versions: Mapping[str, Version],
    *,
    snippets: Mapping[str, int] | None = None,
    allocation: Allocation | None,
    strip_external: bool,
    offered: Sequence[str] | None = None,
) -> releases.Plan:
    return releases.plan_release(
        session,
        page,
        versions,
        policy=load_policy(session),
        scheme=settings.scheme,
        allocation=allocation,
        strip_external=strip_external,
        snippets=snippets,
        offered=offered,
    )


def _build(session: Session, page: Page, plan: releases.Plan, running: Running | None) -> tuple[str, dict[str, bytes]]:
    """Id and files of the release, with who sees what now."""
    control = choose_control(session, page, plan.versions, running)
    site = session.get_one(Site, page.site_id)
    return releases.build(site, page, plan, control=control, allocation=_allocation(running))


def _entry(session: Session, page: Page) -> SiteEntry:
    site = session.get_one(Site, page.site_id)
    return SiteEntry(host=site.host, core_site=site.core_site, timezone=site.timezone)


def _allocation(running: Running | None) -> Allocation | None:
    """Who sees what now; None where everybody sees control, a paused test included."""
    phase = lifecycle.allocation_of(*running) if running is not None else None
    return None if phase is None else Allocation(**asdict(phase))


def _count_confirmed(session: Session, experiment: Experiment, phase: Phase) -> int:
    total = session.exec(
        select(func.sum(Tally.confirmed)).where(
            Tally.experiment_id == experiment.id,
            Tally.phase == phase.number,
            Tally.goal == "",
            Tally.dimension == "all",
        )
    ).one()
    return int(total or 0)


def _id(page: Page) -> int:
    assert page.id is not None, "a page has its id from the moment it is added"
    return page.id
