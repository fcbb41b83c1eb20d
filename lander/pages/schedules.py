"""What is to happen to a page at a time: publish it, take it away, start a test or end one.

The work process does it when it is due, under the rules of that moment, and writes down what came of it. One that is
less than a day late, because nothing ran, is done and says so; after that nobody can know whether it is still wanted.
Freeze windows win.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final

from sqlmodel import Session, col, select

from experiments import lifecycle
from experiments.allocation import WHOLE_BP
from experiments.errors import ExperimentError
from experiments.goals import Goal
from experiments.words import name, plural
from lander.access import audit
from lander.config import Settings
from lander.errors import Conflict, InvalidInput, LanderError, NotFound
from lander.pages import publish, testing
from lander.pages.freezes import check_freeze
from lander.pages.models import Page, Schedule
from lander.pages.pages import address_of
from lander.policy.findings import Refused, say_refusals

LATEST: Final = timedelta(days=1)
FARTHEST: Final = timedelta(days=366)
_WORTH_SAYING: Final = timedelta(minutes=10)
_MOST_SAID: Final = 1_000


class Action(StrEnum):
    """What can be scheduled."""

    PUBLISH = "publish"
    WITHDRAW = "withdraw"
    START = "start"
    STOP = "stop"


class State(StrEnum):
    """How far a schedule is."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Publishing:
    """The drafts of that moment go live, as far as the rules of that moment allow."""

    action: ClassVar[Action] = Action.PUBLISH
    strip_external: bool = False
    during_test: str | None = None


@dataclass(frozen=True, slots=True)
class Withdrawing:
    """The page is taken away."""

    action: ClassVar[Action] = Action.WITHDRAW


@dataclass(frozen=True, slots=True)
class Starting:
    """A test starts; the fields are those of `testing.start_experiment`."""

    action: ClassVar[Action] = Action.START
    variants: Mapping[str, int]
    goal: str
    hypothesis: str
    coverage_bp: int = WHOLE_BP
    selector: str = ""
    goals: Sequence[Goal] = ()
    lift: float = lifecycle.DEFAULT_LIFT
    value_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Stopping:
    """A test ends with a decision made now; `ship` as for `testing.stop_experiment`."""

    action: ClassVar[Action] = Action.STOP
    experiment: str
    reason: str
    ship: str | None = None


Plan = Publishing | Withdrawing | Starting | Stopping
_PLANS: Final[Mapping[str, type[Plan]]] = {
    plan.action.value: plan for plan in (Publishing, Withdrawing, Starting, Stopping)
}


def add_schedule(session: Session, page: Page, plan: Plan, *, at: datetime, actor: str, now: datetime) -> Schedule:
    """Let it happen at that moment. Raises `Frozen` where the policy has a freeze then."""
    if at <= now:
        raise InvalidInput("That time has passed.", fix="Choose a later one, or do it now.")
    if at > now + FARTHEST:
        raise InvalidInput("That is more than a year from now.", fix="Choose a time within a year.")
    if plan.action in (Action.PUBLISH, Action.START) or (isinstance(plan, Stopping) and plan.ship):
        check_freeze(session, at)
    if isinstance(plan, Stopping):
        _check_stop(session, page, plan)
    twin = select(Schedule).where(
        Schedule.page_id == page.id,
        Schedule.action == plan.action.value,
        Schedule.at == at,
        Schedule.state == State.WAITING.value,
    )
    if session.exec(twin).first() is not None:
        raise Conflict("The same is scheduled for that time already.", fix="Cancel that one first, or choose another.")
    assert page.id is not None
    schedule = Schedule(
        page_id=page.id, action=plan.action.value, options=asdict(plan), at=at, created_at=now, created_by=actor
    )
    session.add(schedule)
    session.flush()
    _record(session, schedule, "schedule.add", actor=actor, now=now, options=schedule.options)
    return schedule


def foresee(
    session: Session, settings: Settings, schedule: Schedule, *, preflight: publish.Preflight | None = None
) -> str:
    """Why it would fail if everything stayed as it is now; empty where it would not. Nothing of the trial stays."""
    trial = session.begin_nested()
    try:
        _carry_out(session, settings, schedule, preflight=preflight, now=schedule.at)
    except (LanderError, ExperimentError) as error:
        return _say(error)
    finally:
        trial.rollback()
    return ""


def cancel_schedule(session: Session, schedule: Schedule, *, actor: str, now: datetime) -> Schedule:
    """Let it not happen, or put aside one that failed."""
    if schedule.state not in (State.WAITING, State.FAILED):
        raise Conflict(
            f"Schedule {schedule.id} is {schedule.state} already.", fix="Only one that waits can be cancelled."
        )
    if schedule.state == State.WAITING:
        schedule.ended_at = now
    schedule.state = State.CANCELLED.value
    session.add(schedule)
    session.flush()
    _record(session, schedule, "schedule.cancel", actor=actor, now=now)
    return schedule


def load_schedule(session: Session, number: int) -> Schedule:
    """The schedule of that number, held until the transaction ends: nobody else carries it out meanwhile."""
    schedule = session.get(Schedule, number, with_for_update=True, populate_existing=True)
    if schedule is None:
        raise NotFound(f"There is no schedule {number}.", fix="See them all with: lander schedule list")
    return schedule


def list_schedules(session: Session, *states: State, page: Page | None = None) -> Sequence[Schedule]:
    """Those in these states, the next one first; of one page where it is named."""
    query = select(Schedule).where(col(Schedule.state).in_([state.value for state in states]))
    if page is not None:
        query = query.where(Schedule.page_id == page.id)
    return session.exec(query.order_by(col(Schedule.at), col(Schedule.id))).all()


def list_due(session: Session, *, now: datetime) -> Sequence[int]:
    """The numbers of those whose time has come, in the order in which they are to happen."""
    due = select(col(Schedule.id)).where(Schedule.state == State.WAITING.value, col(Schedule.at) <= now)
    return [number for number in session.exec(due.order_by(col(Schedule.at), col(Schedule.id))) if number is not None]


def carry_out(
    session: Session,
    settings: Settings,
    number: int,
    *,
    preflight: publish.Preflight | None = None,
    now: datetime,
) -> Schedule | None:
    """Do what is due, or write down why not; None where another node has done it, or somebody cancelled it.

    All of it is one transaction: where that does not come to its end, nothing has happened, and it is tried again.
    """
    schedule = load_schedule(session, number)
    if schedule.state != State.WAITING or schedule.at > now:
        return None
    late = now - schedule.at
    if late > LATEST:
        said = (
            f"It is {_say_late(late)} late, because nothing ran when it was due. If it is still wanted, do it by hand."
        )
        return _end(session, schedule, State.FAILED, said, now=now)
    trial = session.begin_nested()
    try:
        said = _carry_out(session, settings, schedule, preflight=preflight, now=now)
        trial.commit()
    except (LanderError, ExperimentError) as error:
        trial.rollback()
        return _end(session, schedule, State.FAILED, _say(error), now=now)
    if late > _WORTH_SAYING:
        said += f" It was done {_say_late(late)} late, because nothing ran when it was due."
    return _end(session, schedule, State.DONE, said, now=now)


def read_plan(schedule: Schedule) -> Plan:
    """What is to be done."""
    options = dict(schedule.options)
    if "goals" in options:
        options["goals"] = tuple(map(Goal.from_json, options["goals"]))
    return _PLANS[schedule.action](**options)


def _carry_out(
    session: Session,
    settings: Settings,
    schedule: Schedule,
    *,
    preflight: publish.Preflight | None = None,
    now: datetime,
) -> str:
    """What was done, in words."""
    page, plan = session.get_one(Page, schedule.page_id), read_plan(schedule)
    actor = _actor(schedule)
    match plan:
        case Publishing():
            done = publish.publish(session, settings, page, preflight=preflight, actor=actor, now=now, **asdict(plan))
            return done.sentences()[0]
        case Withdrawing():
            publish.withdraw(session, page, actor=actor, now=now)
            return f"{address_of(session, page)} is taken away."
        case Starting():
            wanted = {**asdict(plan), "goals": plan.goals}
            started = testing.start_experiment(
                session, settings, page=page, preflight=preflight, actor=actor, now=now, **wanted
            )
            return f"{started.key} is running."
        case Stopping():
            experiment = lifecycle.load(session, plan.experiment)
            testing.stop_experiment(
                session,
                settings,
                experiment,
                ship=plan.ship,
                reason=plan.reason,
                preflight=preflight,
                actor=actor,
                now=now,
            )
            return f"{experiment.key} has ended; {name(experiment.shipped)} stays."


def _actor(schedule: Schedule) -> str:
    return f"{schedule.created_by} (scheduled)"


def _end(session: Session, schedule: Schedule, state: State, outcome: str, *, now: datetime) -> Schedule:
    schedule.state, schedule.outcome, schedule.ended_at = state.value, outcome[:_MOST_SAID], now
    session.add(schedule)
    session.flush()
    action = f"schedule.{state.value}"
    _record(session, schedule, action, actor=_actor(schedule), now=now, outcome=schedule.outcome)
    return schedule


def _check_stop(session: Session, page: Page, plan: Stopping) -> None:
    experiment = lifecycle.load(session, plan.experiment)
    if experiment.page_id != page.id:
        raise InvalidInput(f"{plan.experiment} does not run on this page.", fix="Choose the page that it runs on.")
    if not plan.reason.strip():
        raise InvalidInput("There is no reason yet.", fix="Say in one sentence why it ends; it stays with the result.")
    if len(plan.reason) > lifecycle.LONGEST_REASON:
        raise InvalidInput(
            f"The reason has {len(plan.reason):,} characters.", fix=f"Say it in {lifecycle.LONGEST_REASON:,}."
        )


def _say(error: LanderError | ExperimentError) -> str:
    """The error, with what stands in the way where it was refused by rules."""
    return f"{error} {say_refusals(error.findings)}" if isinstance(error, Refused) else str(error)


def _say_late(late: timedelta) -> str:
    for unit, word in ((timedelta(days=1), "day"), (timedelta(hours=1), "hour")):
        if late >= unit:
            return plural(late // unit, word)
    return plural(late // timedelta(minutes=1), "minute")


def _record(session: Session, schedule: Schedule, action: str, *, actor: str, now: datetime, **details: Any) -> None:
    subject = address_of(session, session.get_one(Page, schedule.page_id))
    audit.record(
        session,
        now=now,
        actor=actor,
        action=action,
        subject=subject,
        schedule=schedule.id,
        what=schedule.action,
        at=schedule.at.isoformat(),
        **details,
    )
