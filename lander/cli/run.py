"""`lander migrate | serve | work | demo | doctor`: a node's life."""

import signal
import threading

import click

from lander.cli.edge import Answer, Cli, command


def register(cli: click.Group) -> None:
    _register_migrate(cli)
    _register_serve(cli)
    _register_doctor(cli)


def _register_migrate(cli: click.Group) -> None:
    @command(cli, "migrate")
    def migrate(edge: Cli) -> Answer:
        """Bring the database to this version's schema."""
        from lander import migrations
        from lander.db import make_engine

        engine = make_engine(edge.settings.database_url)
        before = migrations.current_revision(engine)
        migrations.upgrade(engine)
        after = migrations.current_revision(engine)
        done = "already there" if before == after else f"from {before or 'empty'}"
        return Answer({"before": before, "after": after}, [f"The database is at schema {after} ({done})."])


def _register_serve(cli: click.Group) -> None:
    host = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
    port = click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535))

    @command(cli, "serve")
    @host
    @port
    def serve(edge: Cli, host: str, port: int) -> Answer:
        """Serve all planes with gunicorn, and bring events home beside it."""
        from lander.server import Supervisor

        _prepare(edge)
        supervisor = Supervisor(host, port)
        if not supervisor.start():
            return Answer({"served": False}, ["The web server did not start; its reason stands above."], failed=True)
        click.echo(f"Serving on {host}, port {port}. Stop with Ctrl+C.", err=True)
        status = supervisor.run()
        return Answer({"served": True, "status": status}, ["Stopped."], failed=status != 0)

    @command(cli, "work")
    def work(edge: Cli) -> Answer:
        """Bring events home to the ledger and releases to this node's disk, until stopped."""
        from lander.jobs import Worker

        _prepare(edge)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        worker = Worker(edge.settings, edge.engine)
        worker.run(stop)
        return Answer(worker.progress.as_json(), [])

    @command(cli, "demo")
    @host
    @port
    def demo(edge: Cli, host: str, port: int) -> Answer:
        """Three landing pages under test, two weeks of visitors through the front door, and a studio to look at it."""
        from lander.demo import run_demo

        run_demo(edge.settings, host=host, port=port)
        return Answer({"served": True}, ["Stopped."])


def _register_doctor(cli: click.Group) -> None:
    @command(cli, "doctor")
    def doctor(edge: Cli) -> Answer:
        """Look at settings, database, journal and releases of this node, and say what is not well."""
        from lander.doctor import examine

        checks = examine(edge.settings)
        lines = [f"{'ok  ' if check.ok else 'BAD '} {check.name}: {check.sentence}" for check in checks]
        return Answer([check.as_json() for check in checks], lines, failed=not all(check.ok for check in checks))


def _prepare(edge: Cli) -> None:
    """Apply the policy file that the settings name, where it says something new; refuse to start on a bad one."""
    if edge.settings.policy_file is None:
        return
    from lander.db import transaction
    from lander.policy import store

    with transaction(edge.engine) as session:
        store.apply_file(session, edge.settings.policy_file, actor=edge.actor, now=edge.now)
