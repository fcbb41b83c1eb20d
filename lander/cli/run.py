"""`lander migrate | serve | work | demo | doctor`: a node's life."""

import signal
import threading

import click
from sqlalchemy import Engine

from lander.cli.edge import Answer, Cli, command, reaching_database
from lander.errors import Conflict, Unavailable
from lander.server import METRICS_PORT

_HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
_PORT = click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65_535))
_METRICS_PORT = click.option(
    "--metrics-port",
    default=METRICS_PORT,
    show_default=True,
    type=click.IntRange(1, 65_535),
    help="Where `lander work` tells its metrics.",
)
_SERVER = click.option(
    "--server", type=click.Choice(["gunicorn", "granian"]), default="gunicorn", show_default=True, help="Web server."
)


def register(cli: click.Group) -> None:
    _register_migrate(cli)
    _register_serve(cli)
    _register_work(cli)
    _register_demo(cli)
    _register_doctor(cli)


def _register_migrate(cli: click.Group) -> None:
    @command(cli, "migrate")
    def migrate(edge: Cli) -> Answer:
        """Bring the database to this version's schema."""
        from lander import migrations
        from lander.db import make_engine

        engine = make_engine(edge.settings.database_url)
        before = migrations.current_revision(engine)
        if before is None:
            migrations.check_not_lost(engine, edge.settings.published_dir)
        migrations.upgrade(engine)
        after = migrations.current_revision(engine)
        done = "already there" if before == after else f"from {before or 'empty'}"
        return Answer({"before": before, "after": after}, [f"The database is at schema {after} ({done})."])


def _register_serve(cli: click.Group) -> None:
    @command(cli, "serve")
    @_HOST
    @_PORT
    @_SERVER
    @_METRICS_PORT
    def serve(edge: Cli, host: str, port: int, server: str, metrics_port: int) -> Answer:
        """Serve all planes, and bring events home beside it."""
        import app
        from lander.server import Supervisor, WebServer

        _prepare(edge)
        app.build(edge.settings)  # refuses here, in one line, what every worker would refuse
        with Supervisor(host, port, server=WebServer(server), metrics_port=metrics_port) as supervisor:
            click.echo(f"Serving on {host}, port {port}. Stop with Ctrl+C.", err=True)
            status = supervisor.run()
        failure = Unavailable(f"The web server ended with status {status}.", fix="Its reason stands above.")
        return Answer({"served": True, "status": status}, ["Stopped."], failure if status else None)


def _register_work(cli: click.Group) -> None:
    @command(cli, "work")
    @click.option(
        "--metrics-host", default="127.0.0.1", show_default=True, help="Where metrics are told; keep it private."
    )
    @_METRICS_PORT
    def work(edge: Cli, metrics_host: str, metrics_port: int) -> Answer:
        """Bring events home to the ledger and releases to this node's disk, until stopped."""
        from lander import logs
        from lander.jobs import Worker
        from lander.metrics import metrics_served

        worker = Worker(edge.settings, _prepare(edge))
        logs.configure()
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        with metrics_served(
            edge.settings,
            worker.progress,
            find_outbox=lambda: worker.outbox,
            host=metrics_host,
            port=metrics_port,
        ):
            worker.run(stop)
        return Answer(worker.progress.as_json())


def _register_demo(cli: click.Group) -> None:
    @command(cli, "demo")
    @_PORT
    def demo(edge: Cli, port: int) -> Answer:
        """Three landing pages under test, two weeks of visitors through the front door, and a studio to look at it."""
        from lander.demo import run_demo

        run_demo(edge.settings, port=port)
        return Answer({"served": True}, ["Stopped."])


def _register_doctor(cli: click.Group) -> None:
    @command(cli, "doctor")
    def doctor(edge: Cli) -> Answer:
        """Look at settings, database, journal and releases of this node, and say what is not well."""
        from lander.doctor import examine

        checks = examine(edge.settings)
        lines = [f"{'ok  ' if check.ok else 'BAD '} {check.name}: {check.sentence}" for check in checks]
        bad = [check.name for check in checks if not check.ok]
        failure = Conflict(f"Not well: {', '.join(bad)}.") if bad else None
        return Answer([check.as_json() for check in checks], lines, failure)


def _prepare(edge: Cli) -> Engine:
    """What must be right before a node starts: its folder, the schema, the hosts, the policy file.

    Neither a database that is away or lost nor a disk that is nearly full holds anything up: pages are served from this
    node's disk, what comes in is kept there, and the work process applies the policy file when the database is back.
    """
    from lander.db import make_engine, transaction
    from lander.doctor import check_folder, check_hosts
    from lander.policy import store

    try:
        check_folder(edge.settings)
    except Unavailable as error:
        click.echo(f"lander: {error}\nPages are served all the same.", err=True)
    policy = store.read_file(edge.settings.policy_file) if edge.settings.policy_file is not None else None
    try:
        with reaching_database():
            check_hosts(edge.settings, edge.engine)
            if policy is not None:
                with transaction(edge.engine) as session:
                    store.apply_policy(session, policy, actor=edge.actor, now=edge.now)
    except Unavailable as error:
        click.echo(f"lander: {error}\nPages are served from this node's disk meanwhile.", err=True)
        return make_engine(edge.settings.database_url)
    return edge.engine
