"""Load with known identities, and what each visitor was told about what they sent.

Visits begin at a steady pace for a bounded time, each from a loopback address of its own: a view and its beacon; then from
every fourth visitor a form, from every fourth a click, two seconds later as the quickest person would. What failed is sent
again as it was, as a browser or a person would.
"""

import http.client
import itertools
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlencode

from lander.config import load_settings
from lander.serve.forms import FASTEST_MS
from lander.serve.token import TokenSigner
from tests.deploy.proxy import Proxy, Visit
from tests.deploy.published import CLICK_PATH, HOST, NULL_ORIGIN, PATH, PRODUCTION, find_token, form_body
from tests.serve.stage import CHROME

VISITS_PER_S = 200
_THREADS = 16
_TRIES = 5
_READING_S = FASTEST_MS / 1000 + 0.1

Door = Callable[[str], http.client.HTTPConnection]
"""How a visitor with this address connects."""


def straight_to(port: int) -> Door:
    """To the web server itself."""
    return lambda address: http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=(address, 0))


def through(nginx: Proxy) -> Door:
    return lambda address: Visit(nginx, HOST, source=address)


@dataclass
class Seen:
    """What the visitors saw."""

    sent: Counter[str] = field(default_factory=Counter)
    acknowledged: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    statuses: Counter[int] = field(default_factory=Counter)  # 0: no answer
    views: int = 0
    failed_views: int = 0  # not shown at the first attempt, which is the one that a visitor sees
    repeated_posts: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class _Later(NamedTuple):
    """What a visitor does when they have read the page."""

    due: float
    address: str
    path: str
    body: bytes
    kinds: Sequence[tuple[str, str]]  # what is acknowledged by the answer, and its identity


class Traffic:
    """Visitors of an installation's two pages, for as long as the block lasts; at its end the last ones finish."""

    def __init__(self, door: Door, *, visits_per_s: float = VISITS_PER_S) -> None:
        self._door = door
        self._tokens = TokenSigner(load_settings(PRODUCTION).signing_keys)
        self._numbers = itertools.count(1)
        self._pause_s = _THREADS / visits_per_s
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(_THREADS)]
        self.seen = Seen()

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, thread: int) -> None:
        due = time.monotonic() + thread * self._pause_s / _THREADS
        reading: deque[_Later] = deque()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due += self._pause_s
            while reading and reading[0].due <= time.monotonic():
                self._finish(reading.popleft())
            later = self._visit(next(self._numbers))
            if later is not None:
                reading.append(later)
        for later in reading:
            time.sleep(max(0.0, later.due - time.monotonic()))
            self._finish(later)

    def _visit(self, number: int) -> _Later | None:
        """View and beacon; what this visitor will do later."""
        address = f"127.{1 + number // 62_500}.{number // 250 % 250}.{1 + number % 250}"
        path = CLICK_PATH if number % 2 else PATH
        with closing(self._door(address)) as connection:
            status, page = self._ask(connection, path)
            if status != 200:
                return None
            token = find_token(page)
            visitor = self._tokens.read(token).visitor
            beacon = urlencode({"t": token, "k": "view"}).encode()
            self._post(connection, "/_l/b", beacon, [("confirmed exposures", visitor)])
        due = time.monotonic() + _READING_S
        if number % 4 == 1:
            click = urlencode({"t": token, "k": "goal", "g": "click"}).encode()
            return _Later(due, address, "/_l/b", click, (("conversions by click", visitor),))
        if number % 4 == 2:
            email = f"person{number}@example.com"
            kinds = (("leads", email), ("conversions by form", visitor))
            return _Later(due, address, "/_l/f", form_body(page, email), kinds)
        return None

    def _finish(self, later: _Later) -> None:
        with closing(self._door(later.address)) as connection:
            self._post(connection, later.path, later.body, later.kinds)

    def _post(
        self,
        connection: http.client.HTTPConnection,
        path: str,
        body: bytes,
        kinds: Sequence[tuple[str, str]],
    ) -> None:
        with self.seen.lock:
            self.seen.sent.update(kind for kind, _ in kinds)
        status, _ = self._ask(connection, path, body)
        if status in (204, 303):
            with self.seen.lock:
                for kind, identity in kinds:
                    self.seen.acknowledged[kind].add(identity)

    def _ask(self, connection: http.client.HTTPConnection, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """The answer, after as many attempts as somebody has patience for; status 0 where there is none."""
        status, answer = 0, b""
        for attempt in range(_TRIES):
            status, answer = _ask_once(connection, path, body)
            with self.seen.lock:
                self.seen.statuses[status] += 1
                if body is not None:
                    self.seen.repeated_posts += attempt > 0
                elif attempt == 0:
                    self.seen.views += 1
                    self.seen.failed_views += status != 200
            if status not in (0, 503):
                break
            time.sleep(0.05 * 2**attempt)
        return status, answer


def _ask_once(connection: http.client.HTTPConnection, path: str, body: bytes | None) -> tuple[int, bytes]:
    headers = {"Host": HOST, "User-Agent": CHROME, **(NULL_ORIGIN if body is not None else {})}
    try:
        connection.request("GET" if body is None else "POST", path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        connection.close()  # the next request opens another one
        return 0, b""
