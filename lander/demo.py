"""`make demo`: the whole main job on one machine, in order, through the same doors that everybody uses.

It starts the servers, imports and publishes the pages of `examples/`, starts an experiment on each as of two weeks ago,
sends visitors over HTTP, and goes on serving. What is there already is used again.
"""

import io
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine
from sqlmodel import Session

from experiments import journal, lifecycle, planning, results
from experiments.goals import Goal, GoalKind
from experiments.goals import Role as GoalRole
from experiments.models import Experiment, State
from lander import migrations
from lander.access import users
from lander.access.models import Role
from lander.config import Settings
from lander.db import make_engine, reading, transaction
from lander.demo_sales import work_through_leads
from lander.errors import Conflict, Unavailable
from lander.pages import importing, pages, publish, sites, testing
from lander.pages.models import Site
from lander.policy import store
from lander.preflight import look_ahead
from lander.serve.catalog import CHECK_EVERY_S
from lander.server import Supervisor, check_port
from lander.simulate import Plan, is_served, simulate

EXAMPLES: Final = Path(__file__).parent.parent / "examples"
HOST: Final = "go.localhost"
DAYS: Final = 14
LOGINS: Final = (("maya", Role.MARKETER), ("ana", Role.ANALYST), ("ivan", Role.IT))
_ACTOR: Final = "demo"
_LOOPBACK: Final = "127.0.0.1"
_NEAR_ENOUGH: Final = 0.1  # the share that may be missing: some visitors ask not to be counted


@dataclass(frozen=True, slots=True)
class Story:
    """One page of the demo and what happens on it."""

    slug: str
    hypothesis: str
    visitors: int
    rates: Mapping[str, float]
    goal: str = "form"
    selector: str = ""
    goals: tuple[tuple[Goal, Mapping[str, float]], ...] = ()  # further ones, and who reaches them
    lost_beacons: Mapping[str, float] = field(default_factory=dict)


STORIES: Final = (
    Story(
        slug="trail-buggies",
        hypothesis="Parents who read 'buggies' instead of 'bumpers', with the form in sight, book more test rides.",
        visitors=12_000,
        rates={"a": 0.11, "b": 0.143},  # with so many it wins in 999 of 1,000 demos
        goals=(
            (Goal(GoalKind.SCROLL, threshold=75), {"a": 0.26, "b": 0.31}),
            (
                Goal(GoalKind.CLICK, selector="a[href='#range']", role=GoalRole.GUARDRAIL, margin=0.1),
                {"a": 0.2, "b": 0.21},
            ),
        ),
        lost_beacons={"a": 0.02, "b": 0.02},
    ),
    Story(
        slug="solar-check",
        hypothesis="Naming the yearly saving in the headline brings more quote requests.",
        visitors=900,
        rates={"a": 0.040, "b": 0.044},
        lost_beacons={"a": 0.02, "b": 0.02},
    ),
    Story(
        slug="team-lunch",
        hypothesis="Showing this week's dishes first makes more people open the menu.",
        visitors=8_000,
        rates={"a": 0.120, "b": 0.125},
        goal="click",
        selector="#see-menu",
        lost_beacons={"a": 0.01, "b": 0.15},
    ),
)


def run_demo(settings: Settings, *, port: int) -> None:
    """Set everything up and serve until interrupted."""
    if not settings.is_development:
        raise Conflict("The demo is for development.", fix="Run it with: make demo")
    check_port(_LOOPBACK, port)
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    engine = make_engine(settings.database_url)
    migrations.upgrade(engine)
    console.print("[bold]Lander demo[/bold]: starting the servers")
    with Supervisor(_LOOPBACK, port) as supervisor:
        prepare_demo(settings, engine, console, port=port, now=datetime.now(UTC))
        _print_addresses(settings, engine, console, port)
        supervisor.run()


def prepare_demo(
    settings: Settings,
    engine: Engine,
    console: Console,
    *,
    port: int,
    now: datetime,
    stories: Sequence[Story] = STORIES,
) -> None:
    """People, pages, tests and their visitors, against a server that runs; what is there already is used again."""
    site = _prepare_people_and_site(settings, engine, now)
    for story in stories:
        _prepare_story(settings, engine, site, story, now)
    _send_visitors(settings, engine, console, stories, port=port, now=now)
    _wait_until_counted(settings, console)
    work_through_leads(engine, HOST, actor=LOGINS[0][0], now=now)
    console.print("\n[bold]What the tests say[/bold]")
    with reading(engine) as session:
        for story in stories:
            verdict = results.report(session, _test_of(session, story), now=now).verdict
            console.print(f"  {story.slug}: {verdict.sentence}")


def _prepare_people_and_site(settings: Settings, engine: Engine, now: datetime) -> Site:
    with transaction(engine) as session:
        known = {user.name for user in users.list_users(session)}
        for name, role in LOGINS:
            if name not in known:
                users.add_user(session, name=name, role=role, password=password_of(name), actor=_ACTOR, now=now)
        found = next((site for site in sites.list_sites(session) if site.host == HOST), None)
        return found or sites.add_site(
            session,
            settings,
            host=HOST,
            core_site="www.localhost",
            timezone="Europe/Berlin",
            currency="EUR",
            actor=_ACTOR,
            now=now,
        )


def password_of(name: str) -> str:
    """The demo's logins are no secret: they exist in development only."""
    return f"demo-password-{name}"


def _prepare_story(settings: Settings, engine: Engine, site: Site, story: Story, now: datetime) -> None:
    started = now - timedelta(days=DAYS, hours=1)
    with transaction(engine) as session:
        if pages.find_page(session, site, story.slug) is not None:
            return
        for key in story.rates:
            importing.import_upload(
                session,
                site=site,
                slug=story.slug,
                variant_key=key,
                filename=f"{story.slug}-{key}.zip",
                content=_zip(EXAMPLES / story.slug / key),
                brought={},
                enable_submit=True,
                actor=_ACTOR,
                now=started,
                policy=store.load_policy(session),
            )
        for page in pages.list_pages(session, site):
            if page.slug == story.slug or page.slug.startswith(f"{story.slug}/"):
                publish.publish(session, settings, page, preflight=look_ahead, actor=_ACTOR, now=started)
        experiment = testing.start_experiment(
            session,
            settings,
            page=pages.load_page(session, site, story.slug),
            variants={"a": 5_000, "b": 5_000},
            coverage_bp=10_000,
            goal=story.goal,
            selector=story.selector,
            goals=[goal for goal, _ in story.goals],
            hypothesis=story.hypothesis,
            preflight=look_ahead,
            actor=_ACTOR,
            now=started,
        )
        planning.fix_plan(session, experiment, now=started)


def _zip(folder: Path) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def _send_visitors(
    settings: Settings, engine: Engine, console: Console, stories: Sequence[Story], *, port: int, now: datetime
) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        for story in stories:
            missing = _count_missing(engine, story, now)
            if missing < story.visitors * _NEAR_ENOUGH:
                continue
            _wait_until_visible(port, story.slug)
            bar = progress.add_task(f"Two weeks of visitors to {story.slug}", total=missing)
            plan = Plan(
                host=HOST,
                slug=story.slug,
                visitors=missing,
                rates=story.rates,
                further=_name_shares(engine, story),
                days=DAYS,
                url=f"http://{_LOOPBACK}:{port}",
                seed=missing,
                lost_beacons=story.lost_beacons,
            )
            outcome = simulate(settings, plan, now=now, progress=partial(progress.advance, bar))
            if outcome.failures:
                console.print(f"[yellow]{outcome.failures} requests went wrong:[/yellow] {outcome.sentences()[0]}")


def _name_shares(engine: Engine, story: Story) -> dict[str, Mapping[str, float]]:
    """Who reaches the further goals, by the keys that they were given."""
    with reading(engine) as session:
        keys = [goal.key for goal in lifecycle.further_goals(_test_of(session, story))]
    return dict(zip(keys, (shares for _, shares in story.goals), strict=False))


def _count_missing(engine: Engine, story: Story, now: datetime) -> int:
    """Visitors that an interrupted demo did not send; none where somebody has ended the test meanwhile."""
    with reading(engine) as session:
        experiment = _test_of(session, story)
        if experiment.state is not State.RUNNING:
            return 0
        return story.visitors - sum(variant.served for variant in results.report(session, experiment, now=now).variants)


def _wait_until_visible(port: int, slug: str) -> None:
    """Until every worker has the page: they look at the disk each for itself."""
    deadline = time.monotonic() + 30
    while not is_served(_LOOPBACK, port, site=HOST, slug=slug):
        if time.monotonic() > deadline:
            raise Unavailable(
                f"The page '{slug}' was published but did not become visible within 30 s.", fix="Run: lander doctor"
            )
        time.sleep(0.1)
    time.sleep(2 * CHECK_EVERY_S)


def _wait_until_counted(settings: Settings, console: Console) -> None:
    deadline = time.monotonic() + 60
    with console.status("Counting the last events"):
        time.sleep(2 * journal.BATCH_EVERY_S)
        while time.monotonic() < deadline and any(file.read(1) for file in journal.list_journals(settings.journal_dir)):
            time.sleep(0.2)


def _print_addresses(settings: Settings, engine: Engine, console: Console, port: int) -> None:
    studio = f"http://{settings.studio_host}:{port}"
    console.print("\n[bold]Where to look[/bold]")
    with reading(engine) as session:
        for story in STORIES:
            console.print(f"  page    http://{HOST}:{port}/{story.slug}")
            console.print(f"  report  {studio}/experiments/{_test_of(session, story).key}/report")
    console.print(f"\n[bold]Studio[/bold]  {studio}")
    for name, role in LOGINS:
        console.print(f"  {name} ({role.value}), password {password_of(name)}")
    console.print("\nServing until Ctrl+C. The next `make demo` uses all this again.")


def _test_of(session: Session, story: Story) -> Experiment:
    """The test that the demo started: the first one of the page."""
    page = pages.load_page(session, sites.load_site(session, HOST), story.slug)
    tests = lifecycle.list_experiments(session, page_id=page.id)
    if not tests:
        raise Conflict(
            f"{HOST}/{story.slug} is there without a test, so the demo did not make it.",
            fix="Give the demo a folder of its own: LANDER_DATA_DIR=var/demo make demo",
        )
    return tests[-1]
