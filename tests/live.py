"""A whole Lander for a test: real processes on a loopback port, a data folder of its own, ended by their ids."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner
from sqlalchemy import Connection, Engine, event

from lander.catalog import load_catalog
from lander.cli import cli
from lander.serve.catalog import CHECK_EVERY_S
from tests.patience import PATIENCE_S, wait_until

ROOT = Path(__file__).parents[1]
SHARED_PAGES = ROOT.parent / "shared" / "pages"
PASSWORDS = {"maya": "maya-has-a-long-password", "ana": "ana-has-a-long-password", "ivan": "ivan-has-a-long-password"}
ROLES = {"maya": "marketer", "ana": "analyst", "ivan": "it"}


class Lander:
    """The command line and the front door of one installation."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.port = port
        self.pid = 0  # of `lander serve`
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("LANDER_")},
            "LANDER_ENV": "development",
            "LANDER_DATA_DIR": str(data_dir),
        }

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """A command as typed, in a process of its own; never raises."""
        return subprocess.run(
            [sys.executable, "-m", "lander.cli", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=90,
            env=self.environ,
            cwd=ROOT,
            check=False,
        )

    def ok(self, *arguments: str, stdin: str = "") -> Any:
        """A command that must succeed; what it says as JSON. In this process, because another takes a second to start."""
        unset = {name: None for name in os.environ if name.startswith("LANDER_")}
        with _engines_disposed():
            done = CliRunner().invoke(
                cli, [*arguments, "--json"], input=stdin, env={**unset, **self.environ}, catch_exceptions=False
            )
        assert done.exit_code == 0, f"lander {' '.join(arguments)}: {done.stderr}"
        return json.loads(done.stdout)

    def url(self, host: str, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    def request(
        self, method: str, host: str, path: str, *, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[HTTPResponse, bytes]:
        """One request to 127.0.0.1 with the given Host."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, {"Host": f"{host}:{self.port}", **(headers or {})})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def wait_for(self, host: str, path: str, *, status: int = 200) -> bytes:
        """The body once `path` answers with `status`, whichever worker is asked."""
        wait_until(
            lambda: self.request("GET", host, path)[0].status == status, f"{host}{path} does not answer {status}"
        )
        time.sleep(CHECK_EVERY_S)  # on the disk it is: by now every worker looks again when it is asked
        response, body = self.request("GET", host, path)
        assert response.status == status
        return body

    def wait_until_live(self, host: str, slug: str, *, crowd: bool = False) -> None:
        """Until every worker shows this page as the database has it, a test that was started on it included.

        Of a `crowd`, some may be shown what was live before while the first of them makes their worker look at the
        disk; after a quiet second all of them wait for that one.
        """
        (release,) = {row["release"] for row in self.ok("page", "list") if row["address"] == f"{host}/{slug}"}

        def is_on_disk() -> bool:
            route = load_catalog(self.data_dir / "published").routes.get((host, f"/{slug}"))
            return route is not None and route.id == release

        wait_until(is_on_disk, f"{host}/{slug} does not come to the disk")
        time.sleep(CHECK_EVERY_S + crowd)

    def wait_for_lead(self, email: str) -> None:
        """Until somebody's lead is home."""
        wait_until(
            lambda: any(email in lead["fields"].values() for lead in self.ok("lead", "list")), f"no lead of {email}"
        )

    def wait_for_report(self, host: str, slug: str, *, confirmed: int) -> Any:
        """The report once so many visitors are confirmed."""

        def find_report() -> Any:
            report = self.ok("report", "--site", host, "--slug", slug)
            return report if sum(variant["confirmed"] for variant in report["variants"]) >= confirmed else None

        return wait_until(find_report, f"not {confirmed} confirmed visitors of {slug}")


@contextmanager
def lander_at(data_dir: Path) -> Iterator[Lander]:
    """A migrated installation with three people, served until the block ends."""
    with served(data_dir, install=True) as lander:
        yield lander


@contextmanager
def served(
    data_dir: Path,
    *,
    server: str = "gunicorn",
    port: int | None = None,
    environ: Mapping[str, str] | None = None,
    install: bool = False,
) -> Iterator[Lander]:
    """What stands in this folder, served until the block ends; with `install` it is made first."""
    port = port or free_port()
    lander = Lander(data_dir, port)
    lander.environ.update(environ or {})
    if install:
        lander.ok("migrate")
        for name, password in PASSWORDS.items():
            lander.ok("user", "add", name, "--role", ROLES[name], stdin=f"{password}\n")
    log = data_dir / "serve.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "lander.cli", "serve", "--port", str(port), "--server", server],
            env=lander.environ,
            cwd=ROOT,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    lander.pid = process.pid
    try:
        _wait_until_listening(port, process, log)
        yield lander
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=PATIENCE_S)


def free_port() -> int:
    """A loopback port that nobody listens on, and that the system gives to no connection that goes out meanwhile."""
    while True:
        port = next(_ports)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def is_running(pid: int) -> bool:
    """Whether the process is there and does not merely wait for its parent to notice its end."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def _wait_until_listening(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    def listens() -> bool:
        assert server.poll() is None, f"the server ended before it listened:\n{log.read_text(errors='replace')}"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    wait_until(listens, f"the server does not listen on {port}")


@contextmanager
def _engines_disposed() -> Iterator[None]:
    """A command ends with its process, and so do its connections; here they are closed for it."""
    opened: set[Engine] = set()

    def note(connection: Connection) -> None:
        opened.add(connection.engine)

    event.listen(Engine, "engine_connect", note)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", note)
        for engine in opened:
            engine.dispose()


def _list_ports() -> Iterator[int]:
    """Below those of outgoing connections; two runs at once begin at different ones."""
    first, last = 10_000, 32_000
    start = os.getpid() * 101 % (last - first)
    return cycle([*range(first + start, last), *range(first, first + start)])


_ports: Final = _list_ports()
