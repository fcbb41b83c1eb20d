"""`lander experiment plan`, `start` and `aa`: how long a test will take, said before it starts and fixed when it does."""

from collections.abc import Callable
from typing import Any

import click
from sqlmodel import Session

import stats
from experiments import lifecycle, planning
from experiments.models import Experiment
from experiments.prior import find_prior
from experiments.words import planned_lift
from lander.cli.edge import Answer, Cli, command
from lander.cli.goal_notation import further_goals, read_goals, say_goal
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.pages import pages, sites, testing
from lander.pages.aa import start_aa
from lander.pages.models import Page
from lander.preflight import look_ahead

_NO_TEST = (
    "No test of this page can find a lift of {lift}: the rate leaves no room for it, or it is too small to be seen."
)


def register(group: click.Group) -> None:
    _register_plan(group)
    _register_start(group)
    _register_aa(group)


def _on_page(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that name a page and what is counted on it."""
    for option in (
        click.option("--goal", required=True, metavar="form|click:CSS"),
        click.option("--slug", required=True),
        click.option("--site", required=True, metavar="HOST"),
    ):
        function = option(function)
    return function


def _register_plan(group: click.Group) -> None:
    @command(group, "plan")
    @_on_page
    @click.option(
        "--variants",
        default=2,
        show_default=True,
        type=click.IntRange(2, len(pages.VARIANT_KEYS)),
        help="How many, the control included.",
    )
    @click.option("--coverage", default=10_000, show_default=True, help="Share of visitors in the test, basis points.")
    @click.option("--lift", default="10", show_default=True, help="Smallest lift worth having, per cent.")
    def plan(edge: Cli, *, site: str, slug: str, goal: str, variants: int, coverage: int, lift: str) -> Answer:
        """Say what a test would take: visitors, days, and how it will probably go. Nothing is started."""
        kind, _, selector = goal.partition(":")
        wanted = _read_lift(lift)
        split = read_weights(",".join(pages.VARIANT_KEYS[:variants]), None)
        with reading(edge.engine) as session:
            page = pages.load_page(session, sites.load_site(session, site), slug)
            assert page.id is not None
            testing.check_plan(
                session, page, variants=split, coverage_bp=coverage, goal=kind, selector=selector, lift=wanted
            )
            try:
                need = planning.plan_experiment(
                    session,
                    page_id=page.id,
                    goal=kind,
                    selector=selector,
                    variants=variants,
                    coverage_bp=coverage,
                    lift=wanted,
                    prior=find_prior(session, before=edge.now),
                    now=edge.now,
                )
            except stats.StatsError:
                return Answer(None, [_NO_TEST.format(lift=planned_lift(wanted))])
        return Answer(need.as_json(), list(filter(None, [need.sentence(), need.outlook_sentence()])))


def _register_start(group: click.Group) -> None:
    @command(group, "start")
    @_on_page
    @further_goals
    @click.option("--variants", required=True, metavar="a,b", help="The first one is the control.")
    @click.option("--weights", metavar="5000,5000", help="Basis points, summing to 10000; equal if left out.")
    @click.option("--coverage", default=10_000, show_default=True, help="Share of visitors in the test, basis points.")
    @click.option("--hypothesis", required=True)
    @click.option("--lift", default="10", show_default=True, help="Smallest lift worth having, per cent.")
    @click.option("--value", type=int, metavar="CENTS", help="What a conversion is worth, in the site's currency.")
    @click.option("--repeats", default="", metavar="KEY", help="An ended test: its winner is the control here.")
    def start(
        edge: Cli,
        *,
        site: str,
        slug: str,
        goal: str,
        secondary: tuple[str, ...],
        guardrail: tuple[str, ...],
        variants: str,
        weights: str | None,
        coverage: int,
        hypothesis: str,
        lift: str,
        value: int | None,
        repeats: str,
    ) -> Answer:
        """Start a test on a published page; the same visitor always sees the same variant.

        One goal decides. Further ones are named as it is, and may ask how far visitors scroll and how long they stay:
        --secondary scroll:75 --secondary time:30. A guardrail ends with how much worse than control is still fine:
        --guardrail 'click:a.phone 5%', or --guardrail 'fewer click:#complain 10%' for what nobody wants more of.
        """
        kind, _, selector = goal.partition(":")
        goals = read_goals(secondary, guardrail)

        def begin(session: Session, page: Page) -> Experiment:
            return testing.start_experiment(
                session,
                edge.settings,
                page=page,
                variants=read_weights(variants, weights),
                coverage_bp=coverage,
                goal=kind,
                selector=selector,
                goals=goals,
                hypothesis=hypothesis,
                lift=_read_lift(lift),
                value_minor=value,
                repeats=repeats,
                preflight=look_ahead,
                actor=edge.actor,
                now=edge.now,
            )

        return _begin(edge, site, slug, begin)


def _register_aa(group: click.Group) -> None:
    @command(group, "aa")
    @_on_page
    def aa(edge: Cli, *, site: str, slug: str, goal: str) -> Answer:
        """Test the counting: a published page against its exact copy, which is made and published."""
        kind, _, selector = goal.partition(":")

        def begin(session: Session, page: Page) -> Experiment:
            return start_aa(
                session,
                edge.settings,
                page=page,
                goal=kind,
                selector=selector,
                preflight=look_ahead,
                actor=edge.actor,
                now=edge.now,
            )

        return _begin(edge, site, slug, begin)


def _begin(edge: Cli, site: str, slug: str, begin: Callable[[Session, Page], Experiment]) -> Answer:
    """Start, and fix the plan in the same transaction."""
    with transaction(edge.engine) as session:
        experiment = begin(session, pages.load_page(session, sites.load_site(session, site), slug))
        plan = planning.fix_plan(session, experiment, now=edge.now)
        phase = lifecycle.current_phase(session, experiment).number
        goals = lifecycle.further_goals(experiment)
    return Answer(
        {"experiment": experiment.key, "phase": phase, "plan": plan, "plan_hash": experiment.plan_hash},
        [
            *_say_plan(plan),
            *(f"It also counts {say_goal(goal)}." for goal in goals),
            f"{experiment.key} is running. See it with: lander report --site {site} --slug {slug}",
        ],
    )


def _say_plan(plan: dict[str, Any]) -> list[str]:
    if plan["visitors"] is None:
        return [_NO_TEST.format(lift=planned_lift(plan["lift"]))]
    need = planning.visitors_needed(
        None if plan["rate_assumed"] else plan["rate"],
        plan["lift"],
        variants=plan["variants"],
        visitors_per_day=plan["visitors_per_day"],
        tau=plan["prior"]["tau"],
    )
    return list(filter(None, [need.sentence(), need.outlook_sentence()]))


def _read_lift(text: str) -> float:
    """Per cent as people write them, as a fraction."""
    try:
        return float(text.replace(",", ".").removesuffix("%").strip()) / 100
    except ValueError:
        raise InvalidInput(f"--lift '{text}' is not a number of per cent.", fix="Write --lift 10.") from None


def read_weights(variants: str, weights: str | None) -> dict[str, int]:
    """Shares in basis points, as `--variants` and `--weights` say them."""
    keys = [key.strip() for key in variants.split(",") if key.strip()]
    if len(set(keys)) < len(keys) or not keys:
        raise InvalidInput(f"--variants '{variants}' names a variant twice or none.", fix="Write --variants a,b.")
    if weights is None:
        share, rest = divmod(10_000, len(keys))
        return {key: share + (position < rest) for position, key in enumerate(keys)}
    try:
        numbers = [int(part) for part in weights.split(",")]
    except ValueError:
        raise InvalidInput(f"--weights '{weights}' are not whole numbers.", fix="Write --weights 5000,5000.") from None
    if len(numbers) != len(keys):
        raise InvalidInput(f"{len(keys)} variants and {len(numbers)} weights.", fix="Give one weight per variant.")
    return dict(zip(keys, numbers, strict=True))
