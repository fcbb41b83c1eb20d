"""`lander schedule`: what happens to pages at a time."""

from typing import Any
from zoneinfo import ZoneInfo

import click
from sqlmodel import Session

from lander.cli.edge import Answer, Cli, command
from lander.cli.experiment_start import read_weights
from lander.cli.goal_notation import further_goals, read_goals
from lander.cli.table import table
from lander.cli.variant import load_page, on_page
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.pages import schedules
from lander.pages.local_time import read_local_time
from lander.pages.models import Page, Schedule, Site
from lander.pages.pages import page_address
from lander.pages.schedules import Action, Plan, Publishing, Starting, State, Stopping, Withdrawing
from lander.preflight import look_ahead


def register(cli: click.Group) -> None:
    group = click.Group("schedule", help="Publishing, taking away, starting and ending tests at a time.")
    cli.add_command(group)

    @command(group, "add")
    @on_page
    @click.option("--at", required=True, metavar="'YYYY-MM-DD HH:MM'", help="By the clocks of the site's zone.")
    @click.option(
        "--strip-external", is_flag=True, help="publish: take out what loads from hosts that are not allowed."
    )
    @click.option(
        "--during-test",
        type=click.Choice(["annotate", "new-phase"]),
        help="publish, while a test runs: the same change in every variant, or count anew.",
    )
    @click.option("--variants", metavar="a,b", help="start: the first one is the control.")
    @click.option("--weights", metavar="5000,5000", help="start: basis points, summing to 10000; equal if left out.")
    @click.option("--coverage", default=10_000, show_default=True, help="start: share of visitors, basis points.")
    @click.option("--goal", metavar="form|click:CSS", help="start: what counts.")
    @further_goals
    @click.option("--hypothesis", help="start: what is expected, and why.")
    @click.option("--experiment", metavar="KEY", help="stop: the test that ends.")
    @click.option("--ship", metavar="VARIANT", help="stop: make this variant the page's content; else control stays.")
    @click.option("--reason", help="stop: why, for those who read the archive.")
    @click.argument("action", type=click.Choice([action.value for action in Action]))
    def add(edge: Cli, *, site: str, slug: str, at: str, action: str, **options: Any) -> Answer:
        """Let ACTION happen to a page at a time; the work process does it, under the rules of that moment."""
        day, _, clock = at.strip().partition(" ")
        with transaction(edge.engine) as session:
            page = load_page(session, site, slug)
            zone = session.get_one(Site, page.site_id).timezone
            when = read_local_time(day, clock, zone)
            plan = _read_plan(Action(action), options)
            made = schedules.add_schedule(session, page, plan, at=when.at, actor=edge.actor, now=edge.now)
            doubt = schedules.foresee(session, edge.settings, made, preflight=look_ahead)
            data = _describe(session, made)
        notes = [when.note, f"As things stand it would not be done then: {doubt}" if doubt else ""]
        said = f"Schedule {made.id}: {action} {data['page']} at {data['at_local']}."
        return Answer({**data, "notes": [note for note in notes if note]}, [said, *(note for note in notes if note)])

    @command(group, "list")
    @click.option("--all", "every", is_flag=True, help="Those that are over, too.")
    def list_(edge: Cli, every: bool) -> Answer:
        """List what is to happen and what could not be done."""
        states = list(State) if every else [State.WAITING, State.FAILED]
        with reading(edge.engine) as session:
            data = [_describe(session, item) for item in schedules.list_schedules(session, *states)]
        rows = [
            [str(row[name]) for name in ("schedule", "at_local", "action", "page", "state", "outcome")] for row in data
        ]
        headings = ["number", "at", "action", "page", "state", "outcome"]
        return Answer(data, table(headings, rows, numbers=["number"]) if rows else ["Nothing is scheduled."])

    @command(group, "cancel")
    @click.argument("number", type=int)
    def cancel(edge: Cli, number: int) -> Answer:
        """Let schedule NUMBER not happen, or put aside one that failed."""
        with transaction(edge.engine) as session:
            schedule = schedules.load_schedule(session, number)
            schedules.cancel_schedule(session, schedule, actor=edge.actor, now=edge.now)
            data = _describe(session, schedule)
        return Answer(data, [f"Schedule {number} is cancelled."])


def _read_plan(action: Action, options: dict[str, Any]) -> Plan:
    if action is Action.PUBLISH:
        return Publishing(strip_external=options["strip_external"], during_test=options["during_test"])
    if action is Action.WITHDRAW:
        return Withdrawing()
    needed = ("variants", "goal", "hypothesis") if action is Action.START else ("experiment", "reason")
    if missing := [f"--{name}" for name in needed if not options[name]]:
        raise InvalidInput(f"To {action.value} a test, {' and '.join(missing)} must be given.")
    if action is Action.STOP:
        return Stopping(experiment=options["experiment"], reason=options["reason"], ship=options["ship"])
    goal, _, selector = options["goal"].partition(":")
    return Starting(
        variants=read_weights(options["variants"], options["weights"]),
        goal=goal,
        selector=selector,
        goals=read_goals(options["secondary"], options["guardrail"]),
        hypothesis=options["hypothesis"],
        coverage_bp=options["coverage"],
    )


def _describe(session: Session, schedule: Schedule) -> dict[str, Any]:
    page = session.get_one(Page, schedule.page_id)
    site = session.get_one(Site, page.site_id)
    return {
        "schedule": schedule.id,
        "page": page_address(site, page),
        "action": schedule.action,
        "options": schedule.options,
        "at": schedule.at.isoformat(),
        "at_local": f"{schedule.at.astimezone(ZoneInfo(site.timezone)):%Y-%m-%d %H:%M} ({site.timezone})",
        "state": schedule.state,
        "outcome": schedule.outcome,
        "by": schedule.created_by,
    }
