"""What is to happen at a time: the list, scheduling for a page, cancelling. Each action asks for its own permission.

A test's start is scheduled where it is planned (`plans`), with the time read here.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from sqlmodel import Session

from experiments import lifecycle
from experiments.errors import ExperimentError
from experiments.words import listing, name
from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission, require
from lander.console.context import FormError
from lander.console.places import Place, has_several, place_of
from lander.console.schedule_context import ActionTab, NewScheduleScreen, ScheduleRow, SchedulesScreen, Way
from lander.console.screens import go, show, tell
from lander.db import reading, transaction
from lander.errors import InvalidInput, LanderError, NotFound
from lander.pages import schedules
from lander.pages.local_time import read_local_time
from lander.pages.models import Page, Schedule, StoredRelease
from lander.pages.pages import load_page, name_variants
from lander.pages.publish import ANNOTATE, NEW_PHASE
from lander.pages.schedules import (
    Action,
    Plan,
    Publishing,
    Starting,
    State,
    Stopping,
    Withdrawing,
    add_schedule,
    foresee,
)
from lander.pages.sites import load_site
from lander.policy.describe import describe_freeze
from lander.policy.store import load_policy
from lander.preflight import look_ahead

blueprint = Blueprint("schedules", __name__)

_MOST_ENDED: Final = 50
_KEEP: Final = "keep"
_NEEDED: Final = {
    Action.PUBLISH: Permission.PAGES_PUBLISH,
    Action.WITHDRAW: Permission.PAGES_WITHDRAW,
    Action.START: Permission.EXPERIMENTS_RUN,
    Action.STOP: Permission.EXPERIMENTS_RUN,
}
_WORDS: Final = {Action.PUBLISH: "Publish", Action.WITHDRAW: "Take away", Action.STOP: "End the test"}
_SENTENCES: Final = {
    Action.PUBLISH: "The drafts of that moment go live, if they keep to the rules of that moment.",
    Action.WITHDRAW: "The address answers “not found” from then on; drafts and history are kept.",
    Action.STOP: "The test ends then, with what you decide now.",
}


@view(blueprint, "/schedules", permission=Permission.PAGES_READ)
def list_schedules() -> Response:
    with reading(studio().engine) as session:
        ended = schedules.list_schedules(session, State.DONE, State.CANCELLED)[::-1][:_MOST_ENDED]
        screen = SchedulesScreen(
            waiting=rows_of(session, State.WAITING),
            failed=rows_of(session, State.FAILED),
            ended=[_row(session, item) for item in ended],
        )
    return show(screen)


@view(blueprint, "/schedules/new", permission=Permission.PAGES_READ)
def show_new() -> Response:
    with reading(studio().engine) as session:
        place, action = _load_place(session), _read_action()
        screen = _new_screen(session, place, action)
    return show(screen)


@view(blueprint, "/schedules/new", permission=Permission.PAGES_READ, methods=("POST",))
def add() -> Response:
    action = _read_action()
    require(caller().user.role, _NEEDED[action])
    try:
        with transaction(studio().engine) as session:
            place = _load_place(session)
            told = add_at_typed_time(session, place, _read_plan(session, place, action))
    except (LanderError, ExperimentError) as error:
        if error.status == NotFound.status:
            raise
        with reading(studio().engine) as session:
            screen = _new_screen(session, _load_place(session), action, errors=[say_wrong(error)])
        return show(screen, status=error.status)
    return go(tell("/schedules", told), notice="scheduled")


@view(blueprint, "/schedules/<int:number>/cancel", permission=Permission.PAGES_READ, methods=("POST",))
def cancel(number: int) -> Response:
    with transaction(studio().engine) as session:
        schedule = schedules.load_schedule(session, number)
        require(caller().user.role, _NEEDED[Action(schedule.action)])
        had_failed = schedule.state == State.FAILED
        schedules.cancel_schedule(session, schedule, actor=actor(), now=edge().now)
    return go("/schedules", notice="put-aside" if had_failed else "cancelled")


def add_at_typed_time(session: Session, place: Place, plan: Plan) -> list[str]:
    """Schedule it for the date and time in the form; what is to be said about that."""
    when = read_local_time(request.form.get("date", ""), request.form.get("time", ""), place.site.timezone)
    schedule = add_schedule(session, place.page, plan, at=when.at, actor=actor(), now=edge().now)
    told = [when.note] if when.note else []
    if stands_in_the_way := foresee(session, studio().settings, schedule, preflight=look_ahead):
        told.append(f"As things stand it would not be done then: {stands_in_the_way}")
    return told


def rows_of(session: Session, state: State, *, page: Page | None = None) -> list[ScheduleRow]:
    """The schedules in this state, of one page where it is named."""
    return [_row(session, item) for item in schedules.list_schedules(session, state, page=page)]


def list_failed(session: Session) -> list[ScheduleRow]:
    """What was to happen and could not."""
    return rows_of(session, State.FAILED)


def schedule_address(place: Place, *wanted: Action) -> str:
    """Where this person schedules something for a page; empty where they may not."""
    action = next((action for action in wanted or _WORDS if caller().can(_NEEDED[action])), None)
    return "" if action is None else _address(place, action)


def say_variant(key: str, names: Mapping[str, str]) -> str:
    """B, or B (Shorter headline)."""
    return f"{name(key)} ({names[key]})" if names.get(key) else name(key)


def say_wrong(error: LanderError | ExperimentError) -> FormError:
    """What is wrong, beside the control that it is about."""
    field = getattr(error, "field", "") or ("date" if "time" in error.message else "")
    return FormError(error.message, field, error.fix)


def _load_place(session: Session) -> Place:
    """The page that the request names by its address, `go.example.com/spring-sale`."""
    host, _, slug = request.values.get("page", "").partition("/")
    site = load_site(session, host)
    return Place(site=site, page=load_page(session, site, slug), several=has_several(session))


def _read_action() -> Action:
    written = request.values.get("action", Action.PUBLISH.value)
    if written not in _WORDS:
        raise NotFound("That cannot be scheduled here.", fix="Open the page, and schedule from there.")
    return Action(written)


def _read_plan(session: Session, place: Place, action: Action) -> Plan:
    if action is Action.PUBLISH:
        choice = request.form.get("during_test") or None
        if _find_test(session, place) and choice not in (ANNOTATE, NEW_PHASE):
            raise InvalidInput("It is not said what publishing means to the test.", fix="Choose one of the two below.")
        return Publishing(strip_external="strip_external" in request.form, during_test=choice)
    if action is Action.WITHDRAW:
        return Withdrawing()
    test, decision = _find_test(session, place), request.form.get("decision", "")
    if not test:
        raise InvalidInput("No test runs on this page.", fix="There is nothing to end.")
    if not decision:
        raise InvalidInput("Nothing is decided yet.", fix="Choose what stays on the page.")
    ship = None if decision == _KEEP else decision
    return Stopping(experiment=test, reason=request.form.get("reason", "").strip(), ship=ship)


def _find_test(session: Session, place: Place) -> str:
    running = lifecycle.find_running(session, place.page_id)
    return running[0].key if running is not None else ""


def _new_screen(
    session: Session, place: Place, action: Action, *, errors: list[FormError] | None = None
) -> NewScheduleScreen:
    live = session.get(StoredRelease, place.page.release_id) if place.page.release_id else None
    test = _find_test(session, place)
    can_start = live is not None and not test and len(live.versions) > 1 and caller().can(Permission.EXPERIMENTS_RUN)
    now = edge().now
    return NewScheduleScreen(
        page=place.label,
        page_address=place.at(),
        site=place.site.host,
        action=action.value,
        sentence=_SENTENCES[action],
        tabs=[
            ActionTab(word, _address(place, other), other is action)
            for other, word in _WORDS.items()
            if caller().can(_NEEDED[other]) and (other is not Action.STOP or test)
        ],
        date=request.form.get(
            "date", f"{(now + timedelta(days=1)).astimezone(ZoneInfo(place.site.timezone)):%Y-%m-%d}"
        ),
        time=request.form.get("time", "09:00"),
        timezone=place.site.timezone,
        freezes=[describe_freeze(item) for item in load_policy(session).lifecycle.freezes if item.ends_at > now],
        during_test=_list_choices() if test and action is Action.PUBLISH else [],
        offers_taking_out=action is Action.PUBLISH and live is not None and live.strip_external,
        strip_external="strip_external" in request.form or request.method == "GET",
        test=test if action is Action.STOP else "",
        ways_to_end=_list_ways_to_end(session, place) if action is Action.STOP else [],
        reason=request.form.get("reason", ""),
        plan_address=f"/experiments/new?{urlencode({'page': place.label})}" if can_start else "",
        waiting=rows_of(session, State.WAITING, page=place.page),
        errors=errors or [],
    )


def _address(place: Place, action: Action) -> str:
    return f"/schedules/new?{urlencode({'page': place.label, 'action': action.value})}"


def _list_choices() -> list[Way]:
    chosen = request.form.get("during_test", "")
    ways = (
        (ANNOTATE, "The same in every variant", "The count goes on; the report carries a note."),
        (NEW_PHASE, "It makes the variants differ in another way", "A new phase starts the count at zero."),
    )
    return [Way(value, label, hint, value == chosen) for value, label, hint in ways]


def _list_ways_to_end(session: Session, place: Place) -> list[Way]:
    running = lifecycle.find_running(session, place.page_id)
    if running is None:
        return []
    experiment, phase = running
    names = name_variants(session, place.page_id)
    chosen = request.form.get("decision", "")
    others = [key for key in phase.weights if key != experiment.control]
    return [
        *(
            Way(key, f"Ship {say_variant(key, names)}: its content becomes the page, for everybody", "", key == chosen)
            for key in others
        ),
        Way(_KEEP, f"Keep control: {say_variant(experiment.control, names)} stays, for everybody", "", chosen == _KEEP),
    ]


def _row(session: Session, schedule: Schedule) -> ScheduleRow:
    place = place_of(session, schedule.page_id)
    may = caller().can(_NEEDED[Action(schedule.action)])
    return ScheduleRow(
        number=schedule.id or 0,
        what=say_what(schedule),
        page=place.label,
        page_address=place.at(),
        at=schedule.at,
        timezone=place.site.timezone,
        by=schedule.created_by,
        state=schedule.state,
        outcome=schedule.outcome,
        may_cancel=may and schedule.state in (State.WAITING, State.FAILED),
    )


def say_what(schedule: Schedule) -> str:
    plan = schedules.read_plan(schedule)
    if isinstance(plan, Starting):
        return f"Start a test of {listing([name(key) for key in plan.variants])}"
    if isinstance(plan, Stopping):
        return f"End {plan.experiment}, {f'{name(plan.ship)} ships' if plan.ship else 'control stays'}"
    return _WORDS[Action(schedule.action)]
