"""A/A tests: a page against its exact copy. Their p-values, laid beside an even spread, prove that the counting is fair."""

from dataclasses import replace

from flask import Blueprint, Response, request
from sqlmodel import Session

from experiments import planning
from experiments.aa import AaTest, AaTests, list_aa
from experiments.errors import ExperimentError
from experiments.lifecycle import find_running
from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission
from lander.console import format as words
from lander.console import plots
from lander.console.archive import make_figure, send_spec
from lander.console.archive_context import AaRow, AaScreen
from lander.console.context import FormError
from lander.console.experiment_context import PageChoice
from lander.console.goal_reading import find_selector
from lander.console.places import list_live_places, place_of
from lander.console.plan_reading import read_goal
from lander.console.report_context import Figure
from lander.console.schedules import say_wrong
from lander.console.screens import go, show
from lander.db import reading, transaction
from lander.errors import InvalidInput, LanderError, NotFound
from lander.pages.aa import start_aa
from lander.preflight import look_ahead

blueprint = Blueprint("aa", __name__)


@view(blueprint, "/experiments/aa", permission=Permission.EXPERIMENTS_READ)
def show_aa() -> Response:
    with reading(studio().engine) as session:
        screen = _screen(session)
    return show(screen)


@view(blueprint, "/experiments/aa/plot.json", permission=Permission.EXPERIMENTS_READ)
def download_aa() -> Response:
    with reading(studio().engine) as session:
        found = list_aa(session, now=edge().now)
    if not found.judged:
        raise NotFound("No A/A test has a p-value yet.", fix="It has one from 25 conversions per variant on.")
    return send_spec(plots.plot_p_values(found, plots.Ink(on_screen=False)), "aa")


@view(blueprint, "/experiments/aa", permission=Permission.EXPERIMENTS_RUN, methods=("POST",))
def start() -> Response:
    wanted = request.form.get("page", "")
    try:
        with transaction(studio().engine) as session:
            place = next((item for item in list_live_places(session) if item.label == wanted), None)
            if place is None:
                raise InvalidInput("No page is chosen.", fix="Choose the page to test.")
            goal, selector = read_goal()
            experiment = start_aa(
                session,
                studio().settings,
                page=place.page,
                goal=goal,
                selector=selector,
                preflight=look_ahead,
                actor=actor(),
                now=edge().now,
            )
            planning.fix_plan(session, experiment, now=edge().now)
            key = experiment.key
    except (LanderError, ExperimentError) as error:
        with reading(studio().engine) as session:
            screen = _screen(session, errors=[replace(say_wrong(error), field=find_selector(error.message))])
        return show(screen, status=error.status)
    return go(f"/experiments/{key}", notice="started")


def _screen(session: Session, *, errors: list[FormError] | None = None) -> AaScreen:
    found = list_aa(session, now=edge().now)
    wanted = request.values.get("page", "")
    return AaScreen(
        said=found.sentence() if found.tests else "",
        rows=[_row(session, item) for item in found.tests],
        figure=_draw(found),
        pages=[
            PageChoice(place.label, place.label, is_chosen=place.label == wanted)
            for place in list_live_places(session)
            if find_running(session, place.page_id) is None
        ],
        goal=request.values.get("goal", "form"),
        selector=request.values.get("selector", ""),
        may_run=caller().can(Permission.EXPERIMENTS_RUN),
        errors=errors or [],
    )


def _draw(found: AaTests) -> Figure | None:
    if not found.judged:
        return None
    return make_figure(plots.plot_p_values(found, plots.Ink(on_screen=True)), "/experiments/aa/plot.json")


def _row(session: Session, item: AaTest) -> AaRow:
    place = place_of(session, item.page_id)
    return AaRow(
        key=item.experiment,
        address=f"/experiments/{item.experiment}/report",
        page=place.label,
        state=item.state.value,
        started_at=item.started_at,
        timezone=place.site.timezone,
        visitors=words.count(item.visitors),
        conversions=words.count(item.conversions),
        p_value="not yet" if item.p_value is None else words.p_value(item.p_value),
        split_p_value="not yet" if item.split_p_value is None else words.p_value(item.split_p_value),
    )
