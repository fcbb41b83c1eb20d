"""The plan of a new experiment: variants, weights, coverage, goal, hypothesis, and how many visitors it needs.

The need is worked out again whenever something changes: the same address answered with the one line that says it.
"""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal, InvalidOperation

from flask import Blueprint, Response, request
from sqlmodel import Session, col, select

import stats
from experiments import lifecycle, planning
from experiments.allocation import WHOLE_BP
from experiments.errors import ExperimentError
from experiments.models import Experiment, State
from lander.access.gate import actor, edge, studio, view
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.experiment_context import NewExperimentScreen, PageChoice, VariantChoice
from lander.console.places import Place, list_live_places
from lander.console.schedules import add_at_typed_time, say_wrong
from lander.console.screens import go, show, show_part, tell, wants_part
from lander.db import reading, transaction
from lander.errors import InvalidInput, LanderError
from lander.pages import testing
from lander.pages.models import Page, StoredRelease
from lander.pages.pages import name_variants
from lander.pages.schedules import Starting

blueprint = Blueprint("plans", __name__)

_MOST_SELECTOR = 500
_MOST_HYPOTHESIS = 1000


@view(blueprint, "/experiments/new", permission=Permission.EXPERIMENTS_RUN)
def show_plan() -> Response:
    with reading(studio().engine) as session:
        screen = _screen(session)
    return show_part(screen, "experiments/_need.html") if wants_part() else show(screen)


@view(blueprint, "/experiments/new", permission=Permission.EXPERIMENTS_RUN, methods=("POST",))
def start() -> Response:
    try:
        with transaction(studio().engine) as session:
            place = _find_chosen(list_live_places(session))
            if place is None:
                raise InvalidInput("No page is chosen.", fix="Choose the page to test.")
            plan = Starting(
                variants=_read_weights(),
                coverage_bp=_read_bp("coverage", "The coverage"),
                goal=request.form.get("goal", ""),
                selector=request.form.get("selector", "").strip()[:_MOST_SELECTOR] if _wants_click() else "",
                hypothesis=_read_hypothesis(),
            )
            if "later" in request.form:
                told = add_at_typed_time(session, place, plan)
                return go(tell("/schedules", told), notice="scheduled")
            experiment = testing.start_experiment(
                session, studio().settings, page=place.page, actor=actor(), now=edge().now, **asdict(plan)
            )
            key = experiment.key
    except (LanderError, ExperimentError) as error:
        with reading(studio().engine) as session:
            screen = _screen(session, errors=[say_wrong(error)])
        return show(screen, status=error.status)
    return go(f"/experiments/{key}", notice="started")


class WrongField(InvalidInput):
    """One control of the form holds something that cannot be read."""

    def __init__(self, field: str, message: str, *, fix: str) -> None:
        super().__init__(message, fix=fix)
        self.field = field


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
        lift=request.values.get("lift", "10"),
        hypothesis=request.values.get("hypothesis", ""),
        need=_say_need(session, chosen, keys) if chosen else "",
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


def _say_need(session: Session, place: Place, keys: list[str]) -> str:
    goal = request.values.get("goal", "form")
    try:
        return planning.plan_experiment(
            session,
            page_id=place.page_id,
            goal=goal,
            selector=request.values.get("selector", "").strip() if goal == "click" else "",
            variants=max(2, sum(choice.is_chosen for choice in _variants(keys, {}))),
            coverage_bp=_read_bp("coverage", "The coverage") if "coverage" in request.values else WHOLE_BP,
            lift=float(_read_percent("lift", "The lift")) / 100,
            now=edge().now,
        ).sentence()
    except WrongField as wrong:
        if wrong.field != "lift":
            return str(wrong)
        return "Write the smallest lift worth finding as a number of per cent, say 10."
    except stats.StatsError:
        return "No test can find a lift of that size on this page. Write another one."


def _read_weights() -> dict[str, int]:
    keys = sorted(name.removeprefix("take-") for name in request.form if name.startswith("take-"))
    return {key: _read_bp(f"weight-{key}", f"The share of {key.upper()}") for key in keys}


def _read_bp(field: str, what: str) -> int:
    """Per cent as people write them, in basis points."""
    basis_points = _read_percent(field, what) * 100
    if basis_points != int(basis_points):
        raise WrongField(field, f"{what} has more than two decimals.", fix="Write it like 33.33.")
    return int(basis_points)


def _read_percent(field: str, what: str) -> Decimal:
    text = request.values.get(field, "10" if field == "lift" else "").replace(",", ".").replace("%", "").strip()
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise WrongField(field, f"{what} is “{text}”, not a number.", fix="Write per cent, like 50.") from None
    if not value.is_finite() or not 0 < value <= 1000:
        raise WrongField(field, f"{what} is {text} per cent.", fix="Write a number above 0.")
    return value


def _read_hypothesis() -> str:
    hypothesis = request.form.get("hypothesis", "").strip()
    if not hypothesis:
        raise WrongField(
            "hypothesis", "The hypothesis is empty.", fix="Say what you expect, and why: it stays with the result."
        )
    if len(hypothesis) > _MOST_HYPOTHESIS:
        raise WrongField("hypothesis", f"The hypothesis has {len(hypothesis):,} characters.", fix="Say it in 1,000.")
    return hypothesis


def _wants_click() -> bool:
    return request.form.get("goal") == "click"
