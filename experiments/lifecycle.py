"""The life of an experiment: start, pause, resume, new phase, stop, and who may see what meanwhile.

Verbs take a session and never commit. Whether a page, a variant or a form exists is not known here: the caller, who
knows pages, checks that first and publishes the allocation afterwards.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from experiments.allocation import ranges_by_key
from experiments.errors import ExperimentConflict, InvalidExperiment, UnknownExperiment
from experiments.goals import Goal, give_keys
from experiments.models import Annotation, Experiment, Phase, Purpose, State
from experiments.plan_checks import check_plan, check_split

DEFAULT_LIFT: Final = 0.10
LONGEST_REASON: Final = 1_000  # it stands in every verdict
PAUSED: Final = "Paused: everybody sees control and nothing is counted."
RESUMED: Final = "Resumed."
ENDED: Final = "Ended, "


@dataclass(frozen=True, slots=True)
class PhaseAllocation:
    """What serving needs of a running phase; the same fields as `lander.published.Allocation`."""

    experiment_id: int
    experiment_key: str
    phase: int
    seed: str
    ranges: tuple[tuple[str, int, int], ...]  # (variant key, first bucket, one past the last)
    goal: str
    selector: str
    window_s: int
    goals: tuple[tuple[str, str, str], ...]  # further ones: key, kind, and what is clicked or passed


def start(
    session: Session,
    *,
    page_id: int,
    slug_key: str,
    timezone: str,
    control: str,
    weights: Mapping[str, int],
    coverage_bp: int,
    goal: str,
    selector: str = "",
    goals: Sequence[Goal] = (),
    hypothesis: str = "",
    purpose: Purpose = Purpose.TEST,
    lift: float = DEFAULT_LIFT,
    value_minor: int | None = None,
    currency: str = "",
    repeats: str = "",
    actor: str,
    now: datetime,
) -> Experiment:
    """Begin an experiment and its phase 1. What it is planned to take is fixed by `planning.fix_plan`.

    Args:
        slug_key: the page's slug; the experiment is called after it, with the next free number.
        weights: basis points per variant key, each above 0, together 10,000.
        coverage_bp: share of visitors who take part, 1 to 10,000 basis points.
        goal: the one that decides: "form", or "click" with the CSS `selector` of what is clicked.
        goals: further ones, secondary or guardrails, without keys.
        lift: the smallest relative change worth having, above 0.
        value_minor: what a conversion is worth, in minor units of `currency`; None where nobody said.
        repeats: key of an ended experiment whose winner is control now, with the old content as a variant: it shows
            whether that claim has come true. Empty for any other.

    Raises:
        InvalidExperiment: the plan breaks a rule.
        ExperimentConflict: the page has an experiment that has not ended.
    """
    check_plan(weights, coverage_bp, control, goal=goal, selector=selector, lift=lift, value_minor=value_minor)
    further = give_keys(goals, deciding=goal, selector=selector)
    _check_timezone(timezone)
    if repeats:
        _check_repeated(load(session, repeats), page_id)
    open_one = find_running(session, page_id)
    if open_one is not None:
        raise ExperimentConflict(
            f"Experiment {open_one[0].key} is {open_one[0].state} on this page; a page has one at a time.",
            fix="End it with a reason first.",
        )
    experiment = Experiment(
        key=_next_key(session, slug_key),
        page_id=page_id,
        timezone=timezone,
        hypothesis=hypothesis.strip(),
        control=control,
        goal=goal,
        selector=selector,
        goals=[item.as_json() for item in further],
        purpose=purpose.value,
        plan={"lift": lift, "value_minor": value_minor, "currency": currency, "repeats": repeats},
        state=State.RUNNING,
        created_at=now,
        created_by=actor,
    )
    session.add(experiment)
    session.flush()
    _open_phase(session, experiment, number=1, weights=weights, coverage_bp=coverage_bp, now=now)
    return experiment


def pause(session: Session, experiment: Experiment, *, actor: str, now: datetime) -> Experiment:
    """From now on everybody sees control and nothing is counted; phase and seed stay."""
    _require(experiment, State.RUNNING, "pause")
    experiment.state = State.PAUSED
    annotate(session, experiment, text=PAUSED, actor=actor, now=now)
    return experiment


def resume(session: Session, experiment: Experiment, *, actor: str, now: datetime) -> Experiment:
    """Go on with the same phase: everybody is back in the variant they had."""
    _require(experiment, State.PAUSED, "resume")
    experiment.state = State.RUNNING
    annotate(session, experiment, text=RESUMED, actor=actor, now=now)
    return experiment


def stop(
    session: Session, experiment: Experiment, *, ship: str | None = None, reason: str, actor: str, now: datetime
) -> Experiment:
    """End the experiment for good. `ship` names the variant that becomes the page's content; None keeps control."""
    if experiment.state is State.ENDED:
        raise ExperimentConflict(f"Experiment {experiment.key} has already ended.", fix="Start a new one instead.")
    if not reason.strip():
        raise InvalidExperiment(
            f"Ending experiment {experiment.key} needs a reason.",
            fix="Say in one sentence why it ends now; it stays with the result.",
        )
    if len(reason.strip()) > LONGEST_REASON:
        raise InvalidExperiment(
            f"The reason has {len(reason.strip()):,} characters.", fix=f"Say it in {LONGEST_REASON:,}."
        )
    phase = current_phase(session, experiment)
    shipped = ship or experiment.control
    if shipped not in phase.weights:
        raise InvalidExperiment(
            f"Variant {shipped} is not part of experiment {experiment.key}.",
            fix=f"Ship one of {', '.join(phase.weights)}.",
        )
    phase.ended_at = now
    experiment.state, experiment.ended_at = State.ENDED, now
    experiment.shipped, experiment.reason = shipped, reason.strip()
    session.add(phase)
    annotate(session, experiment, text=f"{ENDED}{shipped} stays: {experiment.reason}", actor=actor, now=now)
    return experiment


def new_phase(
    session: Session,
    experiment: Experiment,
    *,
    weights: Mapping[str, int] | None = None,
    coverage_bp: int | None = None,
    now: datetime,
) -> Phase:
    """Start counting afresh, because contents, variants or weights change: a new seed, own tallies.

    What is not given stays as in the phase before. Visitors of that phase stay counted there, and only there.
    """
    if experiment.state is State.ENDED:
        raise ExperimentConflict(f"Experiment {experiment.key} has ended.", fix="Start a new one instead.")
    before = current_phase(session, experiment)
    weights = before.weights if weights is None else weights
    coverage_bp = before.coverage_bp if coverage_bp is None else coverage_bp
    check_split(weights, coverage_bp, experiment.control)
    before.ended_at = now
    session.add(before)
    return _open_phase(session, experiment, number=before.number + 1, weights=weights, coverage_bp=coverage_bp, now=now)


def annotate(session: Session, experiment: Experiment, *, text: str, actor: str, now: datetime) -> Annotation:
    """Note a change that all variants share; phase and seed stay, and the charts carry the note."""
    note = Annotation(
        experiment_id=_id(experiment), phase=current_phase(session, experiment).number, at=now, by=actor, text=text
    )
    session.add_all([experiment, note])
    session.flush()
    return note


def allocation_of(experiment: Experiment, phase: Phase) -> PhaseAllocation | None:
    """Who sees what now; None where everybody sees control and nobody is counted (paused, ended, an old phase)."""
    if experiment.state is not State.RUNNING or phase.ended_at is not None:
        return None
    return PhaseAllocation(
        experiment_id=_id(experiment),
        experiment_key=experiment.key,
        phase=phase.number,
        seed=seed_of(experiment, phase),
        ranges=tuple((str(key), int(low), int(high)) for key, low, high in phase.ranges),
        goal=experiment.goal,
        selector=experiment.selector,
        window_s=experiment.window_s,
        goals=tuple((item.key, item.kind.value, item.target) for item in further_goals(experiment)),
    )


def further_goals(experiment: Experiment) -> tuple[Goal, ...]:
    """What it counts beside the goal that decides it."""
    return tuple(Goal.from_json(entry) for entry in experiment.goals)


def is_intact(phase: Phase) -> bool:
    """Whether the buckets of a phase are still those that its weights and coverage cut."""
    return [tuple(owned) for owned in phase.ranges] == ranges_by_key(phase.weights, phase.coverage_bp)


def is_change(note: Annotation) -> bool:
    """Whether a note tells of content that changed, and not of the experiment's own life."""
    return note.text not in (PAUSED, RESUMED) and not note.text.startswith(ENDED)


def seed_of(experiment: Experiment, phase: Phase) -> str:
    """What visitors of a phase are hashed with, written so that others can reproduce it."""
    return f"{experiment.key}:{phase.number}"


def find_running(session: Session, page_id: int) -> tuple[Experiment, Phase] | None:
    """The page's experiment that has not ended, paused ones included, with its current phase."""
    experiment = session.exec(
        select(Experiment).where(Experiment.page_id == page_id, col(Experiment.state) != State.ENDED)
    ).one_or_none()
    return None if experiment is None else (experiment, current_phase(session, experiment))


def load(session: Session, key: str) -> Experiment:
    experiment = session.exec(select(Experiment).where(Experiment.key == key)).one_or_none()
    if experiment is None:
        raise UnknownExperiment(f"There is no experiment {key}.", fix="The list of experiments has every key.")
    return experiment


def current_phase(session: Session, experiment: Experiment) -> Phase:
    """The latest phase; the last one where the experiment has ended."""
    phase = session.exec(_phases(experiment).order_by(col(Phase.number).desc())).first()
    assert phase is not None, "an experiment has a phase from the moment it is started"
    return phase


def list_experiments(session: Session, *, page_id: int | None = None) -> list[Experiment]:
    """Newest first."""
    query = select(Experiment).order_by(col(Experiment.id).desc())
    if page_id is not None:
        query = query.where(Experiment.page_id == page_id)
    return list(session.exec(query))


def list_phases(session: Session, experiment: Experiment) -> list[Phase]:
    """Oldest first."""
    return list(session.exec(_phases(experiment).order_by(col(Phase.number))))


def list_annotations(session: Session, experiment: Experiment) -> list[Annotation]:
    """Oldest first."""
    mine = select(Annotation).where(Annotation.experiment_id == _id(experiment))
    return list(session.exec(mine.order_by(col(Annotation.at), col(Annotation.id))))


def _phases(experiment: Experiment) -> SelectOfScalar[Phase]:
    return select(Phase).where(Phase.experiment_id == _id(experiment))


def _open_phase(
    session: Session,
    experiment: Experiment,
    *,
    number: int,
    weights: Mapping[str, int],
    coverage_bp: int,
    now: datetime,
) -> Phase:
    phase = Phase(
        experiment_id=_id(experiment),
        number=number,
        weights={key: weights[key] for key in sorted(weights)},
        coverage_bp=coverage_bp,
        ranges=[list(owned) for owned in ranges_by_key(weights, coverage_bp)],
        started_at=now,
    )
    session.add(phase)
    session.flush()
    return phase


def _next_key(session: Session, slug_key: str) -> str:
    stem = slug_key.replace("/", "-")
    taken = session.exec(select(Experiment.key).where(col(Experiment.key).startswith(f"{stem}-", autoescape=True)))
    numbers = [int(found[1]) for key in taken if (found := re.fullmatch(re.escape(stem) + r"-(\d+)", key))]
    return f"{stem}-{max(numbers, default=0) + 1}"


def _check_repeated(experiment: Experiment, page_id: int) -> None:
    if experiment.page_id != page_id or experiment.shipped in ("", experiment.control):
        raise InvalidExperiment(
            f"Experiment {experiment.key} cannot be repeated here.",
            fix="Name one of this page that has ended with a variant as the winner.",
        )


def _check_timezone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidExperiment(
            f"There is no time zone {timezone!r}.", fix="Use a name such as Europe/Berlin or UTC."
        ) from error


def _require(experiment: Experiment, state: State, verb: str) -> None:
    if experiment.state is not state:
        raise ExperimentConflict(
            f"Cannot {verb} experiment {experiment.key}: it is {experiment.state}.",
            fix=f"Only a {state} experiment can be {verb}d.",
        )


def _id(experiment: Experiment) -> int:
    assert experiment.id is not None, "an experiment has its id from the moment it is started"
    return experiment.id
