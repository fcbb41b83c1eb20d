"""A PostgreSQL of a test's own that can be stopped and started, with the durability that it comes with."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.databases import SERVER


class OwnPostgreSql:
    """One cluster, running or not; its address stays the same."""

    url: str

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SERVER), str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl+C reaches the tests alone
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "PostgreSQL did not start; its reason stands above"

    def stop(self) -> None:
        """Everybody's connection ends, what they were doing is rolled back, and nobody is let in."""
        if self._process is not None:
            self._process.communicate(timeout=60)
            self._process = None


@contextmanager
def own_postgresql() -> Iterator[OwnPostgreSql]:
    folder = Path(tempfile.mkdtemp(prefix="lander-pg-"))  # short: a socket's path has at most 107 characters
    database = OwnPostgreSql(folder)
    database.start()
    try:
        yield database
    finally:
        database.stop()
        shutil.rmtree(folder)
