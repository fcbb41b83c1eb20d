"""Load with known identities: who was acknowledged is compared with who is stored.

Views, beacons and leads are sent at a steady pace for a bounded time. Each lead has an e-mail address of its own; each
confirmed exposure is known by the visitor in its token. A request that failed is repeated, as a browser or a proxy would.
"""

import http.client
import itertools
import re
import sqlite3
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from lander.config import load_settings
from lander.edge import SIMULATION_HEADER, sign_simulation
from lander.serve.token import TokenSigner
from tests.live import Lander

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
_TOKEN = re.compile(rb'data-lander="([^"]+)"')
_TRIES = 5


@dataclass
class Ledger:
    """What the client saw."""

    sent: Counter[str] = field(default_factory=Counter)
    leads: set[str] = field(default_factory=set)  # e-mail addresses answered with 303
    exposures: set[str] = field(default_factory=set)  # visitors whose beacon was answered with 204
    statuses: Counter[int] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Balance:
    """Acknowledged against stored."""

    what: str
    sent: int
    acknowledged: int
    stored: int
    lost: int
    doubled: int

    def __str__(self) -> str:
        return (
            f"{self.what}: sent {self.sent}, acknowledged {self.acknowledged}, stored {self.stored}, "
            f"lost {self.lost}, doubled {self.doubled}"
        )


class Traffic:
    """Visitors of one page of an installation, for as long as the block lasts."""

    def __init__(
        self, lander: Lander, host: str, path: str, *, leads_per_s: float, views_per_s: float, threads: int = 8
    ) -> None:
        self._lander = lander
        self._host = host
        self._path = path
        self._settings = load_settings({"LANDER_ENV": "development", "LANDER_DATA_DIR": str(lander.data_dir)})
        self._tokens = TokenSigner(self._settings.signing_keys)
        self._numbers = itertools.count(1)
        self._lead_share = leads_per_s / (leads_per_s + views_per_s)
        self._pause_s = threads / (leads_per_s + views_per_s)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(threads)]
        self.seen = Ledger()

    def __enter__(self) -> "Traffic":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _send(self, thread: int) -> None:
        due = time.monotonic() + thread * self._pause_s / len(self._threads)
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            due += self._pause_s
            number = next(self._numbers)
            self._visit(number, leads=number * self._lead_share % 1 < self._lead_share)

    def _visit(self, number: int, *, leads: bool) -> None:
        now = datetime.now(UTC) - timedelta(minutes=5)
        address = f"{10 + number // 65_536 % 200}.{number // 256 % 256}.{number % 256}.7"
        status, body = self._ask("GET", self._path, None, now, address)
        found = _TOKEN.search(body)
        if status != 200 or found is None:
            return
        token = found[1].decode()
        with self.seen.lock:
            self.seen.sent["exposures"] += 1
        status, _ = self._ask("POST", "/_l/b", {"t": token, "k": "view"}, now + timedelta(seconds=1), address)
        if status == 204:
            with self.seen.lock:
                self.seen.exposures.add(self._tokens.read(token).visitor)
        if leads:
            email = f"person{number}@example.com"
            form = {"_lander": token, "_form": "f1", "email": email}
            with self.seen.lock:
                self.seen.sent["leads"] += 1
            status, _ = self._ask("POST", "/_l/f", form, now + timedelta(seconds=30), address)
            if status == 303:
                with self.seen.lock:
                    self.seen.leads.add(email)

    def _ask(
        self, method: str, path: str, fields: dict[str, str] | None, at: datetime, address: str
    ) -> tuple[int, bytes]:
        headers = {
            "Host": f"{self._host}:{self._lander.port}",
            "User-Agent": AGENT,
            SIMULATION_HEADER: sign_simulation(at, address, self._settings),
        }
        if fields is not None:
            headers |= {"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"}
        for attempt in range(_TRIES):
            connection = http.client.HTTPConnection("127.0.0.1", self._lander.port, timeout=10)
            try:
                connection.request(method, path, urlencode(fields).encode() if fields else None, headers)
                response = connection.getresponse()
                body = response.read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.05 * 2**attempt)
                continue
            finally:
                connection.close()
            with self.seen.lock:
                self.seen.statuses[response.status] += 1
            if response.status != 503:
                return response.status, body
            time.sleep(0.05 * 2**attempt)
        return 0, b""


def settle(lander: Lander, seen: Ledger, *, patience_s: float = 30) -> list[Balance]:
    """Wait until every journal has come home, then compare what was acknowledged with what is stored."""
    deadline = time.monotonic() + patience_s
    while True:
        balances = [_balance_leads(lander, seen), _balance_exposures(lander, seen)]
        if all(balance.lost == 0 for balance in balances) or time.monotonic() > deadline:
            return balances
        time.sleep(0.5)


def _balance_leads(lander: Lander, seen: Ledger) -> Balance:
    stored = Counter(lead["fields"]["email"] for lead in lander.ok("lead", "list", "--limit", "10000"))
    return Balance(
        "leads",
        sent=seen.sent["leads"],
        acknowledged=len(seen.leads),
        stored=sum(stored.values()),
        lost=len(seen.leads - stored.keys()),
        doubled=sum(count - 1 for count in stored.values()),
    )


def _balance_exposures(lander: Lander, seen: Ledger) -> Balance:
    with sqlite3.connect(f"file:{lander.data_dir / 'lander.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT visitor FROM visitor WHERE state LIKE '%\"confirmed\"%'").fetchall()
        counted = connection.execute(
            "SELECT coalesce(sum(confirmed), 0) FROM tally WHERE goal = '' AND dimension = 'all'"
        ).fetchone()[0]
    connection.close()
    stored = {visitor for (visitor,) in rows}
    return Balance(
        "confirmed exposures",
        sent=seen.sent["exposures"],
        acknowledged=len(seen.exposures),
        stored=len(stored),
        lost=len(seen.exposures - stored),
        doubled=counted - len(stored),
    )
