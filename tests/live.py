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
from pathlib import Path
from typing import Any

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
        """A command as typed; never raises."""
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
        """A command that must succeed; what it says as JSON."""
        done = self.run(*arguments, "--json", stdin=stdin)
        assert done.returncode == 0, f"lander {' '.join(arguments)}: {done.stderr}"
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

    def wait_for(self, host: str, path: str, *, status: int = 200, patience_s: float = 5) -> bytes:
        """The body once `path` answers with `status`."""
        deadline = time.monotonic() + patience_s
        while True:
            response, body = self.request("GET", host, path)
            if response.status == status:
                return body
            assert time.monotonic() < deadline, f"{host}{path} answers {response.status}, not {status}"
            time.sleep(0.05)

    def wait_for_report(self, host: str, slug: str, *, confirmed: int, patience_s: float = 10) -> Any:
        """The report once so many visitors are confirmed."""
        deadline = time.monotonic() + patience_s
        while True:
            report = self.ok("report", "--site", host, "--slug", slug)
            if sum(variant["confirmed"] for variant in report["variants"]) >= confirmed:
                return report
            assert time.monotonic() < deadline, f"not {confirmed} confirmed visitors: {report}"
            time.sleep(0.2)


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
    log = (data_dir / "serve.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "lander.cli", "serve", "--port", str(port), "--server", server],
        env=lander.environ,
        cwd=ROOT,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    lander.pid = process.pid
    try:
        _wait_until_listening(port, process)
        yield lander
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        log.close()


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_running(pid: int) -> bool:
    """Whether the process is there and does not merely wait for its parent to notice its end."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def _wait_until_listening(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended before it listened"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server does not listen")
