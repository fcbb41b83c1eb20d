"""`lander experiment`: split, watch, decide."""

import click

from experiments import assign as assigning
from experiments import lifecycle, looks, results
from experiments.models import Occasion, State
from lander.cli import archive, experiment_start
from lander.cli.edge import Answer, Cli, command
from lander.cli.table import table
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.pages import testing
from lander.preflight import look_ahead


def register(cli: click.Group) -> None:
    group = click.Group("experiment", help="A/B tests on pages.")
    cli.add_command(group)
    experiment_start.register(group)
    _register_change(group)
    _register_look(group)
    archive.register(group)


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
                session,
                edge.settings,
                lifecycle.load(session, key),
                preflight=look_ahead,
                actor=edge.actor,
                now=edge.now,
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
            report = results.report(session, experiment, now=edge.now)
            looks.store(session, [looks.take(report, by=edge.actor, occasion=Occasion.DECISION)])
            testing.stop_experiment(
                session,
                edge.settings,
                experiment,
                ship=ship,
                reason=reason,
                preflight=look_ahead,
                actor=edge.actor,
                now=edge.now,
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
