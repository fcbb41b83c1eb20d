"""Servers on loopback for the length of a block, and wrk to ask them."""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lander import granian_web

ROOT = Path(__file__).parents[2]
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
WRK = shutil.which("wrk")
CONNECTIONS = 32
HELLO = "bench.serving.hello:hello"

Command = Callable[[int], list[str]]

_STATIC = """
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    server_tokens off;
    default_type "text/html; charset=utf-8";
    client_body_temp_path {folder}/tmp;
    server {{
        listen 127.0.0.1:{port};
        root {folder};
        keepalive_requests 10000000;
    }}
}}
"""


def granian_command(port: int) -> list[str]:
    """Lander under granian, as `lander serve` runs it."""
    return [sys.executable, "-m", "lander.granian_web", f"--port={port}"]


def granian_hello_command(port: int) -> list[str]:
    """The least that a WSGI application can do, under granian with Lander's settings."""
    options = {
        "interface": "wsgi",
        "http": "1",
        "workers": granian_web.WORKERS,
        "blocking-threads": granian_web.THREADS,
        "backpressure": granian_web.WAITING,
        "backlog": granian_web.BACKLOG,
        "port": port,
    }
    given = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "granian", *given, "--no-log", HELLO]


def gunicorn_command(application: str) -> Command:
    """A WSGI object under gunicorn with Lander's settings."""
    config = "--config=python:lander.gunicorn_conf"
    return lambda port: [sys.executable, "-m", "gunicorn", config, f"--bind=127.0.0.1:{port}", application]


def nginx_command(folder: Path, file: str, content: bytes) -> Command:
    """nginx that serves this content as a static file."""
    folder.mkdir()
    (folder / file).write_bytes(content)
    user = "user root;\n" if os.geteuid() == 0 else ""

    def command(port: int) -> list[str]:
        (folder / "nginx.conf").write_text(user + _STATIC.format(folder=folder, port=port))
        return [str(NGINX), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]

    return command


@contextmanager
def running(command: Sequence[str], port: int, environ: Mapping[str, str] | None = None) -> Iterator[int]:
    """The server's process id, once it listens; ended with the block."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LANDER_")}
    process = subprocess.Popen(command, env={**inherited, **(environ or {})}, cwd=ROOT)
    try:
        _wait_until_listening(port, process)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn of wrk came to."""

    per_s: float
    cpu_us: float  # processor time of wrk and the server together, per request


def load(server: int, port: int, path: str, headers: Mapping[str, str], seconds: int) -> Turn:
    """Let wrk ask for so many seconds; raises where an answer was no 200. `server` is the server's process id."""
    command = [str(WRK), "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", f"http://127.0.0.1:{port}{path}"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    before = _cpu_s(server)
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent_s = _cpu_s(server) - before
    if "Non-2xx" in said:
        raise RuntimeError(said)
    requests = int(_find(r"(\d+) requests in", said))
    return Turn(float(_find(r"Requests/sec:\s+([\d.]+)", said)), spent_s / requests * 1e6)


def descendants(pid: int) -> list[int]:
    """The process and its children, and theirs."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += descendants(int(child))
    return found


def _cpu_s(pid: int) -> float:
    """Processor time so far of the server's processes and of every wrk that has ended."""
    ticks = 0
    for process in descendants(pid):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(int(ticked) for ticked in fields[11:15])  # its own, and those of its children that have ended
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ticks / os.sysconf("SC_CLK_TCK") + children.ru_utime + children.ru_stime


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, text
    return found[1]


def _wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.005)
    raise RuntimeError(f"{process.args} does not listen")
