"""The plan of a new experiment: variants, weights, coverage, goal, hypothesis, and how many visitors it needs.

The need is worked out again whenever something changes: the same address answered with the one line that says it.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from sqlmodel import Session, col, select

import stats
from experiments import lifecycle, planning
from experiments.errors import ExperimentError
from experiments.models import Experiment, State
from experiments.words import share
from lander.access.gate import CSRF_FIELD, actor, edge, studio, view
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.experiment_context import NeedRow, NewExperimentScreen, PageChoice, VariantChoice
from lander.console.goal_reading import find_selector, list_fields, read_goals
from lander.console.places import Place, list_live_places
from lander.console.plan_reading import (
    WrongField,
    read_coverage,
    read_goal,
    read_hypothesis,
    read_lift,
    read_value,
    read_weights,
)
from lander.console.schedules import add_at_typed_time, say_wrong
from lander.console.screens import go, show, show_part, tell, wants_part
from lander.db import reading, transaction
from lander.errors import InvalidInput, LanderError
from lander.pages import testing
from lander.pages.models import Page, StoredRelease
from lander.pages.pages import name_variants
from lander.pages.schedules import Starting
from lander.preflight import look_ahead

blueprint = Blueprint("plans", __name__)


@view(blueprint, "/experiments/new", permission=Permission.EXPERIMENTS_RUN)
def show_plan() -> Response:
    with reading(studio().engine) as session:
        screen = _screen(session)
    return show_part(screen, "experiments/_need.html") if wants_part() else show(screen)


@view(blueprint, "/experiments/new", permission=Permission.EXPERIMENTS_RUN, methods=("POST",))
def start() -> Response:
    if "work" in request.form:
        return go(f"/experiments/new?{urlencode(_typed())}#need")
    try:
        with transaction(studio().engine) as session:
            place = _find_chosen(list_live_places(session))
            if place is None:
                raise InvalidInput("No page is chosen.", fix="Choose the page to test.")
            goal, selector = read_goal()
            plan = Starting(
                variants=read_weights(),
                coverage_bp=read_coverage(),
                goal=goal,
                selector=selector,
                goals=read_goals(),
                hypothesis=read_hypothesis(),
                lift=read_lift(),
                value_minor=read_value(place.site.currency),
            )
            if "later" in request.form:
                told = add_at_typed_time(session, place, plan)
                return go(tell("/schedules", told), notice="scheduled")
            experiment = testing.start_experiment(
                session,
                studio().settings,
                page=place.page,
                preflight=look_ahead,
                actor=actor(),
                now=edge().now,
                **{**asdict(plan), "goals": plan.goals},
            )
            planning.fix_plan(session, experiment, now=edge().now)
            key = experiment.key
    except (LanderError, ExperimentError) as error:
        with reading(studio().engine) as session:
            wrong = say_wrong(error)
            field = wrong.field if isinstance(error, WrongField) else find_selector(error.message) or wrong.field
            screen = _screen(session, errors=[replace(wrong, field=field)])
        return show(screen, status=error.status)
    return go(f"/experiments/{key}", notice="started")


def _typed() -> dict[str, str]:
    """The form as an address, but for what is nobody else's business."""
    hidden = (CSRF_FIELD, "work", "date", "time")
    return {field: value for field, value in request.form.items() if field not in hidden}


def _screen(session: Session, *, errors: list[FormError] | None = None) -> NewExperimentScreen:
    places = list_live_places(session)
    chosen = _find_chosen(places)
    testable = _list_testable(session)
    keys = _live_variants(session, chosen) if chosen else []
    return NewExperimentScreen(
        pages=[
            PageChoice(_value(place), place.label, is_chosen=place is chosen)
            for place in places
            if place is chosen or place.page_id in testable
        ],
        has_live_pages=bool(places),
        page=_value(chosen) if chosen else "",
        variants=_variants(keys, name_variants(session, chosen.page_id) if chosen else {}),
        coverage=request.values.get("coverage", "100"),
        goal=request.values.get("goal", "form"),
        selector=request.values.get("selector", ""),
        goals=list_fields(),
        lift=request.values.get("lift", "10"),
        value=request.values.get("value", ""),
        currency=chosen.site.currency if chosen else "",
        hypothesis=request.values.get("hypothesis", ""),
        need=_need(session, chosen, keys) if chosen else NeedRow("", []),
        why_not=_why_not(session, chosen, keys) if chosen else "",
        page_address=chosen.at() if chosen else "",
        date=request.form.get("date", ""),
        time=request.form.get("time", ""),
        timezone=chosen.site.timezone if chosen else "",
        errors=errors or [],
    )


def _value(place: Place) -> str:
    return place.label


def _find_chosen(places: list[Place]) -> Place | None:
    wanted = request.values.get("page", "")
    return next((place for place in places if _value(place) == wanted), None)


def _list_testable(session: Session) -> set[int]:
    """Ids of the pages that visitors see in two variants or more, and that no test runs on."""
    live = session.exec(
        select(Page.id, StoredRelease.versions).join(StoredRelease, col(StoredRelease.id) == col(Page.release_id))
    )
    busy = set(session.exec(select(Experiment.page_id).where(col(Experiment.state) != State.ENDED)))
    return {page_id for page_id, versions in live if page_id is not None and len(versions) > 1} - busy


def _live_variants(session: Session, place: Place) -> list[str]:
    release = session.get(StoredRelease, place.page.release_id)
    return sorted(release.versions) if release else []


def _variants(keys: list[str], names: Mapping[str, str]) -> list[VariantChoice]:
    """As typed; at first everybody takes part, in equal shares."""
    is_typed = any(name.startswith("weight-") for name in request.values)
    equal = _equal_shares(len(keys))
    return [
        VariantChoice(
            key=key,
            name=names.get(key, ""),
            is_control=position == 0,
            is_chosen=f"take-{key}" in request.values if is_typed else True,
            weight=request.values.get(f"weight-{key}", equal[position]),
        )
        for position, key in enumerate(keys)
    ]


def _equal_shares(count: int) -> list[str]:
    if not count:
        return []
    share, rest = divmod(10_000, count)
    return [f"{(share + (position < rest)) / 100:g}" for position in range(count)]


def _why_not(session: Session, place: Place, keys: list[str]) -> str:
    running = lifecycle.find_running(session, place.page_id)
    if running is not None:
        return f"{running[0].key} is {running[0].state.value} on this page, and a page has one test at a time."
    if len(keys) < 2:
        return "Visitors see one variant of this page. Copy it, change the copy, publish, and come back."
    return ""


def _need(session: Session, place: Place, keys: list[str]) -> NeedRow:
    """What the plan as typed takes, and how it will probably go; or why that cannot be said."""
    goal, selector = read_goal()
    try:
        need = planning.plan_experiment(
            session,
            page_id=place.page_id,
            goal=goal,
            selector=selector,
            variants=max(2, sum(choice.is_chosen for choice in _variants(keys, {}))),
            coverage_bp=read_coverage(),
            lift=read_lift(),
            now=edge().now,
        )
    except WrongField as wrong:
        if wrong.field != "lift":
            return NeedRow(str(wrong), [])
        return NeedRow("Write the smallest lift worth finding as a number of per cent, say 10.", [])
    except stats.StatsError:
        return NeedRow("No test can find a lift of that size on this page. Write another one.", [])
    return NeedRow(need.sentence(), _outlook(need))


def _outlook(need: planning.Need) -> list[tuple[str, str]]:
    if need.outlook is None or need.visitors_per_day is None:
        return [("Traffic", "not known yet: no test of this page has had a full day with visitors lately")]
    outlook = need.outlook
    return [
        ("Traffic", f"{need.visitors_per_day:,.0f} confirmed visitors a day, as in the last four weeks"),
        (
            f"Chance to know within {outlook.horizon_days} days",
            f"{share(outlook.planned.decided)}, if the lift is there",
        ),
        ("Chance of a wrong call", f"{share(outlook.planned.wrong)}, if the lift is there"),
        ("Chance of a false winner", f"{share(outlook.no_effect.shipped)}, if there is no difference at all"),
    ]
