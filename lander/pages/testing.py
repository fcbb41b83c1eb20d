"""Experiments on pages: checks that the page can bear the test, then the domain's verb, then the allocation goes live.

The domain knows nothing of pages; here stands what only pages know: that variants are live, that a click goal finds
something to click in each of them, that a form goal has a form, and what shipping a winner means for the content.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from experiments import lifecycle, plan_checks
from experiments.allocation import WHOLE_BP
from experiments.goals import Goal, GoalKind
from experiments.models import Experiment, Purpose
from lander.access import audit
from lander.config import Settings
from lander.document import Document
from lander.errors import Conflict, InvalidInput
from lander.pages.freezes import check_freeze
from lander.pages.models import Page, Site, StoredRelease, Version
from lander.pages.pages import load_variant, page_address
from lander.pages.publish import Preflight, choose_control, find_live, republish
from lander.pages.release import load_versions
from lander.pages.versions import revise
from lander.published import read_release


def start_experiment(
    session: Session,
    settings: Settings,
    *,
    page: Page,
    variants: Mapping[str, int],
    coverage_bp: int = WHOLE_BP,
    goal: str,
    selector: str = "",
    goals: Sequence[Goal] = (),
    hypothesis: str = "",
    purpose: Purpose = Purpose.TEST,
    lift: float = lifecycle.DEFAULT_LIFT,
    value_minor: int | None = None,
    repeats: str = "",
    preflight: Preflight | None = None,
    actor: str,
    now: datetime,
) -> Experiment:
    """Start a test on a live page. `variants` are weights in basis points; the first one is the control.

    `goals` are counted beside the one that decides. `lift` is the smallest one worth having, `value_minor` what a conversion
    is worth in the site's currency; `repeats` the ended test that this one checks.
    """
    site = session.get_one(Site, page.site_id)
    address = page_address(site, page)
    check_freeze(session, now)
    if page.release_id is None:
        raise Conflict(f"{address} is not live, so nobody could see the test.", fix="Publish the page first.")
    live = session.get_one(StoredRelease, page.release_id)
    _check_variants(live, variants, address)
    _check_goals(session, live, list(variants), [(goal, selector), *((item.kind, item.selector) for item in goals)])
    if purpose is Purpose.AA:
        _check_alike(session, live, variants, address)
    assert page.id is not None
    experiment = lifecycle.start(
        session,
        page_id=page.id,
        slug_key=page.slug,
        timezone=site.timezone,
        control=next(iter(variants), ""),
        weights=variants,
        coverage_bp=coverage_bp,
        goal=goal,
        selector=selector,
        goals=goals,
        hypothesis=hypothesis,
        purpose=purpose,
        lift=lift,
        value_minor=value_minor,
        currency=site.currency,
        repeats=repeats,
        actor=actor,
        now=now,
    )
    details = {
        "page": address,
        "weights": dict(variants),
        "coverage_bp": coverage_bp,
        "goal": goal,
        "selector": selector,
        "goals": experiment.goals,
        "purpose": purpose.value,
        "lift": lift,
        "value_minor": value_minor,
        "repeats": repeats,
    }
    audit.record(session, now=now, actor=actor, action="experiment.start", subject=experiment.key, **details)
    republish(session, settings, page, reason="experiment start", preflight=preflight, actor=actor, now=now)
    return experiment


def check_plan(
    session: Session,
    page: Page,
    *,
    variants: Mapping[str, int],
    coverage_bp: int,
    goal: str,
    selector: str,
    lift: float,
) -> None:
    """Refuse a plan that `start_experiment` would refuse whenever it starts, and whichever variants take part.

    Visitors must be able to reach the goal where no test decides what they see; a page that is not live is not asked.
    """
    control = next(iter(variants), "")
    plan_checks.check_plan(variants, coverage_bp, control, goal=goal, selector=selector, lift=lift)
    live = find_live(session, page)
    if live is not None:
        _check_goals(session, live, [choose_control(session, page, live.versions, None)], [(goal, selector)])


def is_copy(version: Version, *, of: Version) -> bool:
    """Whether a version shows exactly the same."""
    return (version.source, version.files, version.links) == (of.source, of.files, of.links)


def pause_experiment(
    session: Session, settings: Settings, experiment: Experiment, *, actor: str, now: datetime
) -> Experiment:
    """Show everybody the control and count nothing, until it is resumed."""
    lifecycle.pause(session, experiment, actor=actor, now=now)
    audit.record(session, now=now, actor=actor, action="experiment.pause", subject=experiment.key)
    page = session.get_one(Page, experiment.page_id)
    republish(session, settings, page, reason="experiment pause", enforce=False, actor=actor, now=now)
    return experiment


def resume_experiment(
    session: Session,
    settings: Settings,
    experiment: Experiment,
    *,
    preflight: Preflight | None = None,
    actor: str,
    now: datetime,
) -> Experiment:
    """Go on with the same phase; every visitor is back in the variant they had."""
    lifecycle.resume(session, experiment, actor=actor, now=now)
    audit.record(session, now=now, actor=actor, action="experiment.resume", subject=experiment.key)
    page = session.get_one(Page, experiment.page_id)
    republish(session, settings, page, reason="experiment resume", preflight=preflight, actor=actor, now=now)
    return experiment


def stop_experiment(
    session: Session,
    settings: Settings,
    experiment: Experiment,
    *,
    ship: str | None = None,
    reason: str,
    preflight: Preflight | None = None,
    actor: str,
    now: datetime,
) -> Experiment:
    """End a test with a decision. `ship` makes that variant's live content the control's; None keeps the control.

    Shipping goes through the gate like any publishing: it raises `Refused`, and `Frozen` in a freeze. Keeping the control is
    always possible.
    """
    page = session.get_one(Page, experiment.page_id)
    ships = ship not in (None, experiment.control)
    if ships:
        check_freeze(session, now)
    lifecycle.stop(session, experiment, ship=ship, reason=reason, actor=actor, now=now)
    shipped = {}
    if ships:
        shipped[experiment.control] = _adopt_winner(session, page, experiment, actor=actor, now=now)
    audit.record(
        session,
        now=now,
        actor=actor,
        action="experiment.stop",
        subject=experiment.key,
        shipped=experiment.shipped,
        reason=experiment.reason,
    )
    republish(
        session,
        settings,
        page,
        reason="experiment stop",
        enforce=ships,
        versions=shipped,
        preflight=preflight if ships else None,
        actor=actor,
        now=now,
    )
    return experiment


def _adopt_winner(session: Session, page: Page, experiment: Experiment, *, actor: str, now: datetime) -> Version:
    """The content that the winner's visitors saw, as a new version of the control; older drafts stay in its history."""
    if page.release_id is None:
        raise Conflict(f"The page '{page.slug}' is not live.", fix="Keep the control, or publish the page first.")
    live = load_versions(session, session.get_one(StoredRelease, page.release_id))
    control = load_variant(session, page, experiment.control)
    note = f"won {experiment.key} as variant {experiment.shipped}"
    return revise(session, control, live[experiment.shipped], note=note, actor=actor, now=now)


def _check_variants(live: StoredRelease, variants: Mapping[str, int], address: str) -> None:
    missing = [key for key in variants if key not in live.versions]
    if missing:
        raise Conflict(
            f"Variant {' and '.join(missing)} of {address} is not live.",
            fix=f"Publish it first; live are {', '.join(sorted(live.versions))}.",
        )


def _check_alike(session: Session, live: StoredRelease, variants: Mapping[str, int], address: str) -> None:
    chosen = [version for key, version in load_versions(session, live).items() if key in variants]
    if any(not is_copy(version, of=chosen[0]) for version in chosen):
        raise Conflict(
            f"The variants {' and '.join(sorted(variants))} of {address} are not the same content.",
            fix="An A/A test compares a variant with its exact copy: copy it, and change nothing.",
        )


def _check_goals(session: Session, live: StoredRelease, keys: list[str], goals: Sequence[tuple[str, str]]) -> None:
    """Each variant must be able to reach each goal, or the test would compare a page with a wall."""
    selectors = [selector for kind, selector in goals if kind == GoalKind.CLICK and selector.strip()]
    versions = load_versions(session, live) if selectors else {}
    for key in keys if selectors else ():
        document = Document(versions[key].source)
        for selector in selectors:
            _check_click(document, key, selector)
    if GoalKind.FORM in (kind for kind, _ in goals):
        published = read_release(live.id, {name: text.encode() for name, text in live.files.items()})
        for key in keys:
            if not published.variants[key].forms:
                raise InvalidInput(
                    f"Variant {key} has no form that posts here, so nobody there could reach the goal.",
                    fix="Add a form to it, or count clicks instead: click:CSS.",
                )


def _check_click(document: Document, key: str, selector: str) -> None:
    try:
        found = document.select(selector)
    except ValueError as error:
        raise InvalidInput(str(error), fix="Write a CSS selector, like a.call-to-action.") from None
    if not found:
        raise InvalidInput(
            f"Nothing in variant {key} matches '{selector}', so nobody there could reach the goal.",
            fix="Choose a selector that finds the same thing in every variant.",
        )
