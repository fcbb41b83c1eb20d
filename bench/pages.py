"""Page views per second, as ratios in one run: Lander under granian to nginx with the same bytes as a static file, and
Lander under gunicorn to a bare WSGI "hello" under the same gunicorn.

A view is a real one: a published page of about 10 kB, its visitor split, a new signed cookie, a signed view token in the
page, the exposure in the journal. Both sides run two workers and are asked by the same wrk in turns, so that what else
the machine does meets both; `cpu_us`, the processor time of server and wrk per request, is disturbed least by it. Prints
one JSON line per pair; `ROUNDS` and `SECONDS` set how long it takes.
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
from bench.serving.processes import Turn, free_port, load, running

ROUNDS = int(os.environ.get("ROUNDS", "7"))
SECONDS = int(os.environ.get("SECONDS", "2"))
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
        ours, static = free_port(), free_port()
        with ExitStack() as stack:
            server = stack.enter_context(running(processes.granian_command(ours), ours, environ))
            page = fetch(ours)
            command = processes.nginx_command(Path(folder) / "nginx", static, "page", page)
            other = stack.enter_context(running(command, static))
            pair = Side("granian", server, ours, site.PATH), Side("nginx static", other, static, "/page")
            compare(*pair, page_bytes=len(page), at_least=0.4)
        ours, bare = free_port(), free_port()
        with ExitStack() as stack:
            server = stack.enter_context(running(processes.gunicorn_command(ours), ours, environ))
            hello = processes.gunicorn_command(bare, "bench.serving.hello:hello")
            other = stack.enter_context(running(hello, bare))
            pair = Side("gunicorn", server, ours, site.PATH), Side("bare WSGI", other, bare, "/")
            compare(*pair, page_bytes=len(fetch(ours)), at_least=0.85)


@dataclass(frozen=True, slots=True)
class Side:
    """One of two servers that are compared."""

    name: str
    pid: int
    port: int
    path: str

    def take_turn(self) -> Turn:
        return load(self.pid, self.port, self.path, HEADERS, SECONDS)


def compare(ours: Side, other: Side, *, page_bytes: int, at_least: float) -> None:
    """Ask both in turns, after one turn to warm up, and print what the middle turn says."""
    turns = [(ours.take_turn(), other.take_turn()) for _ in range(ROUNDS + 1)][1:]
    ratios = sorted(mine.per_s / theirs.per_s for mine, theirs in turns)
    mine_us, theirs_us = (median(turn.cpu_us for turn in side) for side in zip(*turns, strict=True))
    line = {
        "bench": "pages",
        "server": ours.name,
        "against": other.name,
        "page_bytes": page_bytes,
        "views_per_s": round(median(mine.per_s for mine, _ in turns)),
        "against_per_s": round(median(theirs.per_s for _, theirs in turns)),
        "ratio": round(median(ratios), 3),
        "at_least": at_least,
        "ratios": [round(ratio, 3) for ratio in ratios],
        "cpu_us": round(mine_us, 1),
        "against_cpu_us": round(theirs_us, 1),
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
