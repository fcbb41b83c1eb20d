"""Experiments: what runs and what it comes to, a new plan, pausing, resuming, and ending with a decision."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, Response, request
from sqlmodel import Session

from experiments import lifecycle, looks, practice, results
from experiments.archive import list_ended
from experiments.errors import ExperimentError
from experiments.models import Experiment, Occasion, Phase, Purpose, State
from experiments.report import Report
from experiments.seen import Seen
from experiments.verdict import Action
from experiments.words import name
from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission
from lander.config import Settings
from lander.console import format as words
from lander.console.archive import make_ended_row
from lander.console.context import FormError
from lander.console.experiment_context import ExperimentRow, ExperimentScreen, ExperimentsScreen, ShipChoice
from lander.console.experiment_words import further_in_words, goal_in_words, note_row
from lander.console.places import list_live_places, place_of
from lander.console.plan_reading import WrongField
from lander.console.schedules import say_variant, schedule_address
from lander.console.screens import go, show
from lander.db import reading, transaction
from lander.errors import InvalidInput, LanderError
from lander.pages import schedules, testing
from lander.pages.freezes import Frozen
from lander.pages.pages import name_variants
from lander.policy.findings import Refused, say_refusals
from lander.preflight import look_ahead

blueprint = Blueprint("experiments", __name__)

_KEEP = "keep"
_LATEST = 10


@view(blueprint, "/experiments", permission=Permission.EXPERIMENTS_READ)
def list_experiments() -> Response:
    with reading(studio().engine) as session:
        rows = [
            make_row(session, item) for item in lifecycle.list_experiments(session) if item.state is not State.ENDED
        ]
        decided = list_ended(session)[:_LATEST]
        screen = ExperimentsScreen(
            open=rows,
            ended=[make_ended_row(item, place_of(session, item.page_id)) for item in decided],
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
    return _change(key, partial(testing.resume_experiment, preflight=look_ahead), notice="resumed")


@view(blueprint, "/experiments/<key>/stop", permission=Permission.EXPERIMENTS_RUN, methods=("POST",))
def stop(key: str) -> Response:
    typed = Typed(*(request.form.get(field, "").strip() for field in ("decision", "reason", "against")))
    try:
        with transaction(studio().engine) as session:
            experiment = lifecycle.load(session, key)
            seen = looks.take(_report(session, experiment), by=actor(), occasion=Occasion.DECISION)
            shipped, reason = _read_decision(typed, experiment, seen, lifecycle.current_phase(session, experiment))
            looks.store(session, [seen])
            testing.stop_experiment(
                session,
                studio().settings,
                experiment,
                ship=None if shipped == experiment.control else shipped,
                reason=reason,
                preflight=look_ahead,
                actor=actor(),
                now=edge().now,
            )
    except (InvalidInput, ExperimentError, Refused, Frozen) as error:
        with reading(studio().engine) as session:
            experiment = lifecycle.load(session, key)
            wrong = _point_at(error, place_of(session, experiment.page_id).at())
            screen = _screen(session, experiment, typed=typed, errors=[wrong])
        return show(screen, status=error.status)
    return go(f"/experiments/{key}/report", notice="stopped")


def _point_at(error: LanderError | ExperimentError, page_address: str) -> FormError:
    """What was wrong, beside the field that it is about."""
    if isinstance(error, Refused):
        return FormError(
            "That variant cannot become the page: the rules refuse it now. The test goes on as before.",
            "decision",
            f"{say_refusals(error.findings)} Mend the variant on its page and publish it, or end the test with control.",
            page_address,
        )
    if isinstance(error, Frozen):
        return FormError(
            error.message, "decision", f"{error.fix} Ending the test with control is possible at any time."
        )
    return FormError(error.message, error.field if isinstance(error, WrongField) else "reason", error.fix)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed into the decision."""

    decision: str = ""
    reason: str = ""
    against: str = ""  # why, where the report asks for something else


def _read_decision(typed: Typed, experiment: Experiment, seen: Seen, phase: Phase) -> tuple[str, str]:
    """Who stays, and why; raises `WrongField` where nothing is chosen, or against the report without words."""
    if not typed.decision:
        raise WrongField("decision", "Nothing is decided yet.", fix="Choose what stays on the page.")
    shipped = experiment.control if typed.decision == _KEEP else typed.decision
    if shipped not in phase.weights:
        raise WrongField("decision", "That variant is not in this test.", fix="Choose one of those below.")
    if not typed.reason or shipped == practice.find_advised(seen, control=experiment.control):
        return shipped, typed.reason
    if not typed.against:
        raise WrongField(
            "against",
            f"The report does not ask for {name(shipped)}. It says: {seen.sentence}",
            fix=f"Say why {name(shipped)} stays all the same; it is kept with the decision.",
        )
    reason = typed.reason if typed.reason.endswith((".", "!", "?", "…")) else f"{typed.reason}."
    return shipped, f"{reason} Against the report, because: {typed.against}"


def make_row(session: Session, experiment: Experiment) -> ExperimentRow:
    """An experiment in one line: its verdict, or what was decided."""
    report = _report(session, experiment)
    verdict = words.sentence(report.verdict.sentence)
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


def _report(session: Session, experiment: Experiment) -> Report:
    return results.report(session, experiment, now=edge().now)


def _advice(report: Report, others: list[str]) -> str:
    """What the form starts with: what the report asks for, and nothing where it does not say."""
    if report.verdict.action is Action.SHIP and report.verdict.variant in others:
        return report.verdict.variant
    return _KEEP if report.verdict.action in (Action.KEEP, Action.EQUIVALENT) else ""


def _change(key: str, verb: Callable[..., object], *, notice: str) -> Response:
    settings: Settings = studio().settings
    with transaction(studio().engine) as session:
        verb(session, settings, lifecycle.load(session, key), actor=actor(), now=edge().now)
    return go(f"/experiments/{key}", notice=notice)


def _screen(
    session: Session,
    experiment: Experiment,
    *,
    typed: Typed | None = None,
    errors: list[FormError] | None = None,
) -> ExperimentScreen:
    place = place_of(session, experiment.page_id)
    phase = lifecycle.current_phase(session, experiment)
    report, typed = _report(session, experiment), typed or Typed()
    control, names = experiment.control, name_variants(session, place.page_id)
    others = [key for key in phase.weights if key != control]
    return ExperimentScreen(
        key=experiment.key,
        address=f"/experiments/{experiment.key}",
        page=place.label,
        page_address=place.at(),
        state=experiment.state.value,
        is_aa=experiment.purpose == Purpose.AA,
        hypothesis=experiment.hypothesis,
        verdict=words.sentence(report.verdict.sentence),
        tone=report.verdict.action.value,
        goal=goal_in_words(experiment.goal, experiment.selector),
        goals=[further_in_words(goal) for goal in lifecycle.further_goals(experiment)],
        split=[(key, names.get(key, ""), words.basis_points(weight)) for key, weight in phase.weights.items()],
        coverage=words.coverage(phase.coverage_bp),
        control=control,
        phase=phase.number,
        phase_started_at=phase.started_at,
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
        chosen=typed.decision or _advice(report, others),
        typed_reason=typed.reason,
        typed_against=typed.against,
        is_against=bool(typed.against) or any(error.field == "against" for error in errors or []),
        schedule_address=schedule_address(place, schedules.Action.STOP),
        may_run=caller().can(Permission.EXPERIMENTS_RUN),
        errors=errors or [],
    )
