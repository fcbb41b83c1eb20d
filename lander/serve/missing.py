"""The 404 log: which addresses people asked for in vain, and who linked there. Only what helps to mend a link is noted.

Bots are left out, and so are queries, what may name a person, and the files that scanners try. A worker notes so many
different addresses a minute and no more, so that nobody can flood it.
"""

import json
import re
import threading
from typing import Final

from experiments.journal import Journal, Record
from lander.campaign import host_of_referrer
from lander.serve.agent import LONGEST_AGENT, read_agent
from lander.serve.raw_text import read_text
from lander.serve.request import Request

KIND: Final = "missing"
LONGEST_PATH: Final = 512
MOST_PATHS: Final = 60  # different ones, a minute
MOST_ROWS: Final = 600  # a minute
_MINUTE_MS: Final = 60_000
_NOT_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffd]")
_LEFT_OUT: Final = re.compile(r"@|/\.|//|^/_l/")  # somebody's e-mail, hidden files, addresses that no page has


class MissingLog:
    """Notes addresses into the journal of this process."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._minute = 0
        self._paths: set[tuple[str, str]] = set()
        self._rows = 0

    def note(self, request: Request) -> None:
        """Remember that this address was asked for in vain."""
        environ = request.environ
        if environ["REQUEST_METHOD"] != "GET" or read_agent(environ.get("HTTP_USER_AGENT", "")[:LONGEST_AGENT]).is_bot:
            return
        path = _NOT_TEXT.sub("", read_text(request.path))[:LONGEST_PATH]
        if _LEFT_OUT.search(path) or not self._admit(request.host, path, request.edge.now_ms // _MINUTE_MS):
            return
        body = {
            "host": request.host,
            "path": path,
            "referrer": host_of_referrer(environ.get("HTTP_REFERER", "")),
            "at_ms": request.edge.now_ms,
        }
        self._journal.append([Record(KIND, json.dumps(body, ensure_ascii=False).encode())])

    def _admit(self, host: str, path: str, minute: int) -> bool:
        with self._lock:
            if minute != self._minute:
                self._minute, self._rows = minute, 0
                self._paths.clear()
            if (host, path) not in self._paths and len(self._paths) >= MOST_PATHS:
                return False
            self._paths.add((host, path))
            self._rows += 1
            return self._rows <= MOST_ROWS
