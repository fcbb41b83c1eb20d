"""Page views per second, as ratios in one run: Lander under granian to nginx with the same bytes as a static file, and
Lander under gunicorn to a bare WSGI "hello" under the same gunicorn. granian's own "hello" shows what its server leaves.

A view is a real one: a published page of about 10 kB, its visitor split, a new signed cookie, a signed view token in the
page, the exposure in the journal. All sides run two workers and are asked by the same wrk in short turns, back and
forth, so that what else the machine does meets all of them. `ratio` compares requests per second; `cpu_ratio` the
processor time of server and wrk per request, which a busy machine disturbs least. Prints one JSON line per pair, the
middle of `ROUNDS` rounds; a turn takes `SECONDS`.
"""

import json
import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.serving import processes, site
from bench.serving.processes import Command, Turn, free_port, load, running

ROUNDS = int(os.environ.get("ROUNDS", "15"))
SECONDS = int(os.environ.get("SECONDS", "1"))
HEADERS = {"Host": site.HOST, "User-Agent": site.AGENT}


def main() -> None:
    if processes.NGINX is None or processes.WRK is None:
        print(json.dumps({"bench": "pages", "skipped": "needs nginx and wrk (Debian's nginx-light, wrk)"}))
        return
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        site.install(data_dir)
        environ = site.environ_for(data_dir)
        with ExitStack() as stack:
            lander = start(stack, "granian", processes.granian_command, site.PATH, environ)
            hello = start(stack, "granian hello", processes.granian_hello_command, "/")
            page = fetch(lander.port)
            command = processes.nginx_command(Path(folder) / "nginx", "page", page)
            static = start(stack, "nginx static", command, "/page")
            compare({lander: 0.4, hello: None}, static)
        with ExitStack() as stack:
            lander = start(stack, "gunicorn", processes.gunicorn_command("app:app"), site.PATH, environ)
            hello = start(stack, "bare WSGI", processes.gunicorn_command(processes.HELLO), "/")
            compare({lander: 0.85}, hello)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the servers that are compared."""

    name: str
    pid: int
    port: int
    path: str

    def take_turn(self) -> Turn:
        return load(self.pid, self.port, self.path, HEADERS, SECONDS)


def start(stack: ExitStack, name: str, command: Command, path: str, environ: dict[str, str] | None = None) -> Side:
    """A server that runs as long as the stack."""
    port = free_port()
    return Side(name, stack.enter_context(running(command(port), port, environ)), port, path)


def compare(at_least: dict[Side, float | None], other: Side) -> None:
    """Ask all in turns, after one round to warm up; `at_least` says what each side should reach against the other."""
    sides = [*at_least, other]
    turns: dict[Side, list[Turn]] = {side: [] for side in sides}
    for number in range(ROUNDS + 1):
        for side in sides if number % 2 else sides[::-1]:
            turn = side.take_turn()
            if number:
                turns[side].append(turn)
    theirs = turns[other]
    for side, asked in at_least.items():
        mine = turns[side]
        pairs = list(zip(mine, theirs, strict=True))
        ratios = sorted(my.per_s / their.per_s for my, their in pairs)
        line = {
            "bench": "pages",
            "server": side.name,
            "against": other.name,
            "ratio": round(median(ratios), 3),
            "cpu_ratio": round(median(their.cpu_us / my.cpu_us for my, their in pairs), 3),
            "at_least": asked,
            "ratios": [round(ratio, 3) for ratio in ratios],
            "per_s": round(median(turn.per_s for turn in mine)),
            "against_per_s": round(median(turn.per_s for turn in theirs)),
            "cpu_us": round(median(turn.cpu_us for turn in mine), 1),
            "against_cpu_us": round(median(turn.cpu_us for turn in theirs), 1),
            "load_average": round(os.getloadavg()[0], 1),
        }
        print(json.dumps(line), flush=True)


def fetch(port: int) -> bytes:
    """The page as a browser gets it."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", site.PATH, headers=HEADERS)
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200
    assert response.headers["Set-Cookie"]
    connection.close()
    return body


if __name__ == "__main__":
    main()
