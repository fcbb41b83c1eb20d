"""Experiments: what runs and what it comes to, a new plan, pausing, resuming, and ending with a decision."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from sqlmodel import Session

from experiments import lifecycle, results
from experiments.errors import ExperimentError
from experiments.models import Experiment, State
from experiments.words import name
from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission
from lander.config import Settings
from lander.console import format as words
from lander.console.context import FormError
from lander.console.experiment_context import ExperimentRow, ExperimentScreen, ExperimentsScreen, ShipChoice
from lander.console.experiment_words import goal_in_words, note_row
from lander.console.places import list_live_places, place_of
from lander.console.schedules import say_variant, schedule_address
from lander.console.screens import go, show
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.pages import testing
from lander.pages.pages import name_variants
from lander.pages.schedules import Action

blueprint = Blueprint("experiments", __name__)

_KEEP = "keep"


@view(blueprint, "/experiments", permission=Permission.EXPERIMENTS_READ)
def list_experiments() -> Response:
    with reading(studio().engine) as session:
        rows = [(item.state, make_row(session, item)) for item in lifecycle.list_experiments(session)]
        screen = ExperimentsScreen(
            open=[row for state, row in rows if state is not State.ENDED],
            ended=[row for state, row in rows if state is State.ENDED],
            may_run=caller().can(Permission.EXPERIMENTS_RUN),
            has_live_pages=bool(list_live_places(session)),
        )
    return show(screen)


@view(blueprint, "/experiments/<key>", permission=Permission.EXPERIMENTS_READ)
def show_experiment(key: str) -> Response:
    with reading(studio().engine) as session:
        screen = _screen(session, lifecycle.load(session, key))
    return show(screen)


@view(blueprint, "/experiments/<key>/pause", permission=Permission.EXPERIMENTS_READ)
@view(blueprint, "/experiments/<key>/resume", permission=Permission.EXPERIMENTS_READ)
@view(blueprint, "/experiments/<key>/stop", permission=Permission.EXPERIMENTS_READ)
def show_after_refusal(key: str) -> Response:
    """The address of a refused form, reloaded or mailed, leads to what it was about."""
    return go(f"/experiments/{key}")


@view(blueprint, "/experiments/<key>/pause", permission=Permission.EXPERIMENTS_RUN, methods=("POST",))
def pause(key: str) -> Response:
    return _change(key, testing.pause_experiment, notice="paused")


@view(blueprint, "/experiments/<key>/resume", permission=Permission.EXPERIMENTS_RUN, methods=("POST",))
def resume(key: str) -> Response:
    return _change(key, testing.resume_experiment, notice="resumed")


@view(blueprint, "/experiments/<key>/stop", permission=Permission.EXPERIMENTS_RUN, methods=("POST",))
def stop(key: str) -> Response:
    chosen, reason = request.form.get("decision", ""), request.form.get("reason", "")
    try:
        if not chosen:
            raise InvalidInput("Nothing is decided yet.", fix="Choose what stays on the page.")
        with transaction(studio().engine) as session:
            testing.stop_experiment(
                session,
                studio().settings,
                lifecycle.load(session, key),
                ship=None if chosen == _KEEP else chosen,
                reason=reason,
                actor=actor(),
                now=edge().now,
            )
    except (InvalidInput, ExperimentError) as error:
        with reading(studio().engine) as session:
            wrong = FormError(error.message, "reason" if chosen else "decision", error.fix)
            screen = _screen(session, lifecycle.load(session, key), chosen=chosen, reason=reason, errors=[wrong])
        return show(screen, status=error.status)
    return go(f"/experiments/{key}/report", notice="stopped")


def make_row(session: Session, experiment: Experiment) -> ExperimentRow:
    """An experiment in one line: its verdict, or what was decided."""
    report = results.report(session, experiment, now=edge().now)
    verdict = report.verdict.sentence
    if experiment.state is State.ENDED:
        verdict = f"{name(experiment.shipped)} stays. {experiment.reason}"
    return ExperimentRow(
        key=experiment.key,
        address=f"/experiments/{experiment.key}",
        page=place_of(session, experiment.page_id).label,
        state=experiment.state.value,
        action=report.verdict.action.value,
        verdict=verdict,
        hypothesis=experiment.hypothesis,
        days=report.days,
        visitors=sum(variant.confirmed for variant in report.variants),
    )


def _change(key: str, verb: Callable[..., object], *, notice: str) -> Response:
    settings: Settings = studio().settings
    with transaction(studio().engine) as session:
        verb(session, settings, lifecycle.load(session, key), actor=actor(), now=edge().now)
    return go(f"/experiments/{key}", notice=notice)


def _screen(
    session: Session,
    experiment: Experiment,
    *,
    chosen: str = "",
    reason: str = "",
    errors: list[FormError] | None = None,
) -> ExperimentScreen:
    place = place_of(session, experiment.page_id)
    phase = lifecycle.current_phase(session, experiment)
    report = results.report(session, experiment, now=edge().now)
    control, names = experiment.control, name_variants(session, place.page_id)
    others = [key for key in phase.weights if key != control]
    return ExperimentScreen(
        key=experiment.key,
        address=f"/experiments/{experiment.key}",
        page=place.label,
        page_address=place.at(),
        state=experiment.state.value,
        hypothesis=experiment.hypothesis,
        verdict=report.verdict.sentence,
        tone=report.verdict.action.value,
        goal=goal_in_words(experiment.goal, experiment.selector),
        split=[(key, names.get(key, ""), words.basis_points(weight)) for key, weight in phase.weights.items()],
        coverage=words.coverage(phase.coverage_bp),
        control=control,
        phase=phase.number,
        timezone=experiment.timezone,
        started_at=experiment.created_at,
        started_by=experiment.created_by,
        ended_at=experiment.ended_at,
        shipped=experiment.shipped,
        reason=experiment.reason,
        notes=[note_row(note) for note in lifecycle.list_annotations(session, experiment)],
        ways_to_end=[
            *(
                ShipChoice(key, f"Ship {say_variant(key, names)}: its content becomes the page, for everybody")
                for key in others
            ),
            ShipChoice(_KEEP, f"Keep control: {say_variant(control, names)} stays, for everybody"),
        ],
        chosen=chosen or (report.verdict.variant if report.verdict.variant in others else ""),
        typed_reason=reason,
        schedule_address=schedule_address(place, Action.STOP),
        may_run=caller().can(Permission.EXPERIMENTS_RUN),
        errors=errors or [],
    )
