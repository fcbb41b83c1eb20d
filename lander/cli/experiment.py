"""`lander experiment`: split, watch, decide."""

from contextlib import suppress

import click

import stats
from experiments import assign as assigning
from experiments import lifecycle, planning
from experiments.models import State
from lander.cli.edge import Answer, Cli, command
from lander.cli.table import table
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.pages import pages, sites, testing


def register(cli: click.Group) -> None:
    group = click.Group("experiment", help="A/B tests on pages.")
    cli.add_command(group)
    _register_start(group)
    _register_change(group)
    _register_look(group)


def _register_start(group: click.Group) -> None:
    @command(group, "start")
    @click.option("--site", required=True, metavar="HOST")
    @click.option("--slug", required=True)
    @click.option("--variants", required=True, metavar="a,b", help="The first one is the control.")
    @click.option("--weights", metavar="5000,5000", help="Basis points, summing to 10000; equal if left out.")
    @click.option("--coverage", default=10_000, show_default=True, help="Share of visitors in the test, basis points.")
    @click.option("--goal", required=True, metavar="form|click:CSS")
    @click.option("--hypothesis", required=True)
    def start(
        edge: Cli,
        *,
        site: str,
        slug: str,
        variants: str,
        weights: str | None,
        coverage: int,
        goal: str,
        hypothesis: str,
    ) -> Answer:
        """Start a test on a published page; the same visitor always sees the same variant."""
        kind, _, selector = goal.partition(":")
        with transaction(edge.engine) as session:
            page = pages.load_page(session, sites.load_site(session, site), slug)
            split = read_weights(variants, weights)
            assert page.id is not None
            need = None
            with suppress(stats.StatsError):  # where nearly everybody converts, no lift is left to find
                need = planning.plan_experiment(
                    session,
                    page_id=page.id,
                    goal=kind,
                    selector=selector,
                    variants=len(split),
                    coverage_bp=coverage,
                    now=edge.now,
                )
            experiment = testing.start_experiment(
                session,
                edge.settings,
                page=page,
                variants=split,
                coverage_bp=coverage,
                goal=kind,
                selector=selector,
                hypothesis=hypothesis,
                actor=edge.actor,
                now=edge.now,
            )
        return Answer(
            {"experiment": experiment.key, "phase": 1, "plan": None if need is None else need.as_json()},
            [
                need.sentence() if need else "No lift as large as 10 % is left to find: nearly everybody converts.",
                f"{experiment.key} is running. See it with: lander report --site {site} --slug {slug}",
            ],
        )


def _register_change(group: click.Group) -> None:
    @command(group, "pause")
    @click.argument("key")
    def pause(edge: Cli, key: str) -> Answer:
        """Show everybody the control and count nothing until it is resumed."""
        with transaction(edge.engine) as session:
            testing.pause_experiment(
                session, edge.settings, lifecycle.load(session, key), actor=edge.actor, now=edge.now
            )
        return Answer({"experiment": key, "state": "paused"}, [f"{key} is paused: everybody sees the control."])

    @command(group, "resume")
    @click.argument("key")
    def resume(edge: Cli, key: str) -> Answer:
        """Go on with a paused test; every visitor gets the same variant as before."""
        with transaction(edge.engine) as session:
            testing.resume_experiment(
                session, edge.settings, lifecycle.load(session, key), actor=edge.actor, now=edge.now
            )
        return Answer({"experiment": key, "state": "running"}, [f"{key} is running again."])

    @command(group, "stop")
    @click.argument("key")
    @click.option("--ship", metavar="VARIANT", help="Make this variant the page's content.")
    @click.option("--keep-control", is_flag=True, help="Leave the page as it was.")
    @click.option("--reason", required=True, help="Why, for those who read the archive.")
    def stop(edge: Cli, key: str, ship: str | None, keep_control: bool, reason: str) -> Answer:
        """End a test with a decision."""
        if bool(ship) == keep_control:
            raise InvalidInput("Say either --ship VARIANT or --keep-control.")
        with transaction(edge.engine) as session:
            experiment = lifecycle.load(session, key)
            testing.stop_experiment(
                session, edge.settings, experiment, ship=ship, reason=reason, actor=edge.actor, now=edge.now
            )
        shipped = ship or experiment.control
        return Answer(
            {"experiment": key, "state": "ended", "shipped": shipped},
            [f"{key} has ended; visitors see variant {shipped} from now on."],
        )


def _register_look(group: click.Group) -> None:
    @command(group, "list")
    def list_(edge: Cli) -> Answer:
        """List experiments, newest first."""
        with reading(edge.engine) as session:
            found = lifecycle.list_experiments(session)
        data = [
            {"experiment": item.key, "state": item.state.value, "goal": item.goal, "hypothesis": item.hypothesis}
            for item in found
        ]
        rows = [[item.key, item.state.value, item.goal, item.hypothesis] for item in found]
        headings = ["experiment", "state", "goal", "hypothesis"]
        return Answer(data, table(headings, rows) if rows else ["No experiments yet."])

    @command(group, "assign")
    @click.argument("key")
    @click.argument("visitor_id")
    def assign(edge: Cli, key: str, visitor_id: str) -> Answer:
        """Say which variant VISITOR_ID gets, by the rule that serves visitors."""
        with reading(edge.engine) as session:
            experiment = lifecycle.load(session, key)
            phase = lifecycle.current_phase(session, experiment)
        bucket = assigning.bucket(lifecycle.seed_of(experiment, phase), visitor_id)
        index = assigning.choose(bucket, [(low, high) for _, low, high in phase.ranges])
        variant = None if index is None else phase.ranges[index][0]
        data = {
            "experiment": key,
            "phase": phase.number,
            "state": experiment.state.value,
            "bucket": bucket,
            "variant": variant,
        }
        chosen = f"variant {variant}." if variant else f"not in the test, sees {experiment.control}."
        lines = [f"Bucket {bucket} of 10000: {chosen}"]
        if experiment.state is not State.RUNNING:
            lines.append(f"The test is {experiment.state.value}: until it runs, everybody sees one variant.")
        return Answer(data, lines)


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
