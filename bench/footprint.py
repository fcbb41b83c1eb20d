"""What a worker costs: resident memory before and after a thousand views, and seconds from nothing to the first page.

For both web servers, each with its two workers. Memory is the part that each process has to itself (USS, from
/proc/<id>/smaps_rollup) beside the resident whole. A start is timed from the command to the first page answered; the
quickest of several counts. Prints one JSON line per server.
"""

import json
import os
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.serving import processes, site
from bench.serving.processes import descendants, free_port, running

STARTS = int(os.environ.get("ROUNDS", "5"))
VIEWS = 1_000
_COMMANDS = {"gunicorn": processes.gunicorn_command("app:app"), "granian": processes.granian_command}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        site.install(data_dir)
        for server, command in _COMMANDS.items():
            print(json.dumps({"bench": "footprint", "server": server, **measure(command, data_dir)}), flush=True)


def measure(command: processes.Command, data_dir: Path) -> dict[str, object]:
    starts = []
    for _ in range(STARTS):
        port = free_port()
        began = time.perf_counter()
        with running(command(port), port, site.environ_for(data_dir)) as pid:
            view(port)
            starts.append(time.perf_counter() - began)
            wait_for_workers(pid)
            fresh = weigh(pid)
            for _ in range(VIEWS):
                view(port)
            used = weigh(pid)
    return {
        "cold_start_s": round(min(starts), 2),
        "cold_start_median_s": round(median(starts), 2),
        "worker_rss_mib": fresh["rss"],
        "worker_own_mib": fresh["own"],
        "worker_rss_after_views_mib": used["rss"],
        "master_rss_mib": fresh["master"],
        "load_average": round(os.getloadavg()[0], 1),
    }


def view(port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", site.PATH, headers={"Host": site.HOST, "User-Agent": site.AGENT})
    response = connection.getresponse()
    response.read()
    assert response.status == 200
    connection.close()


def wait_for_workers(pid: int) -> None:
    while len(descendants(pid)) < 3:
        time.sleep(0.05)
    time.sleep(1)  # the slower one may still be loading


def weigh(pid: int) -> dict[str, float]:
    """Mebibytes: of the worker that has most, and of the master."""
    master, *workers = (_read_memory(process) for process in descendants(pid))
    return {
        "rss": max(worker["Rss"] for worker in workers),
        "own": max(worker["Own"] for worker in workers),
        "master": master["Rss"],
    }


def _read_memory(pid: int) -> dict[str, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kib = {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines)}
    own = kib["Private_Clean"] + kib["Private_Dirty"]
    return {"Rss": round(kib["Rss"] / 1024, 1), "Own": round(own / 1024, 1)}


if __name__ == "__main__":
    main()
