"""Visitors through the front door, for development: real HTTP requests that carry a signed time and address.

Each simulated person loads the page, perhaps sends the beacon, perhaps reaches the goal, perhaps comes back, as a
browser would: with the token from the page, the form's own fields and the cookie. Some are bots and prefetches.
It never writes to the database, and refuses to run outside development or against anything but loopback.
"""

import http.client
import ipaddress
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from selectolax.lexbor import LexborHTMLParser

from lander.config import Settings
from lander.crowd import BOTS, Person, fill_in, invite
from lander.edge import SIMULATION_HEADER, sign_simulation
from lander.errors import Conflict, InvalidInput, NotFound, Unavailable
from lander.serve.token import TokenSigner

_THREADS: Final = 8
_CROWD: Final = 50
_TOKEN = re.compile(rb'data-lander="([^"]+)"')
_PREFETCH_SHARE: Final = 0.02
_RETURN_SHARE: Final = 0.08


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is to come, and what they will do."""

    host: str
    slug: str
    visitors: int
    rates: Mapping[str, float]  # variant key → share of visitors who reach the goal that decides
    further: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # the same by the key of a further goal
    days: int = 14
    url: str = "http://127.0.0.1:8000"
    seed: int = 1
    lost_beacons: Mapping[str, float] = field(default_factory=dict)  # variant key → share whose beacon never comes


@dataclass(slots=True)
class Outcome:
    """What was sent and how it was answered. By variant: visitors whom a report must count, no more and no fewer."""

    visitors: int = 0
    bots: int = 0
    prefetches: int = 0
    private: int = 0  # visitors who ask not to be followed (Global Privacy Control)
    requests: int = 0
    failures: int = 0
    served: Counter[str] = field(default_factory=Counter)
    confirmed: Counter[str] = field(default_factory=Counter)
    conversions: Counter[str] = field(default_factory=Counter)
    further: Counter[str] = field(default_factory=Counter)  # by the variant and the goal's key: "a scroll-2"
    statuses: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Outcome") -> None:
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))

    def as_json(self) -> dict[str, Any]:
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in values.items()}

    def sentences(self) -> list[str]:
        answers = ", ".join(f"{count:,} × {status}" for status, count in sorted(self.statuses.items()))
        return [
            f"{self.visitors:,} visitors and {self.bots:,} bots sent {self.requests:,} requests. Answers: {answers}.",
            *(
                f"{key}: {served:,} served, {self.confirmed[key]:,} confirmed, {self.conversions[key]:,} reached the goal."
                for key, served in sorted(self.served.items())
            ),
            *(f"{name.replace(' ', ': ')} reached by {count:,}." for name, count in sorted(self.further.items())),
            f"Not to be counted: {self.bots:,} bots, {self.prefetches:,} prefetches, {self.private:,} with Sec-GPC.",
        ]


def simulate(
    settings: Settings, plan: Plan, *, now: datetime, progress: Callable[[int], object] = lambda _: None
) -> Outcome:
    """Send everybody of `plan`, arriving over the days before `now`; `progress` hears of every few who are done.

    Raises:
        Conflict: not in development.
        InvalidInput: the address is not this machine's.
        Unavailable, NotFound: nothing answers there, or not with the page.
    """
    if not settings.is_development:
        raise Conflict(
            "Visitors are simulated in development only.", fix="Set LANDER_ENV=development on a machine of yours."
        )
    target = _read_target(plan.url)
    if not is_served(*target, site=plan.host, slug=plan.slug):
        raise NotFound(f"{plan.url} serves no page {plan.host}/{plan.slug}.", fix="Publish it first.")
    people = invite(plan.visitors, days=plan.days, seed=plan.seed, now=now)
    outcome = Outcome()
    lock = threading.Lock()

    def send(crowd: Sequence[Person]) -> None:
        own = Outcome()
        browser = _Browser(settings, plan, target, own)
        try:
            for person in crowd:
                browser.visit(person, now)
        finally:
            browser.close()
        with lock:
            outcome.add(own)
            progress(own.visitors)

    with ThreadPoolExecutor(_THREADS) as pool:
        for done in [pool.submit(send, people[at : at + _CROWD]) for at in range(0, len(people), _CROWD)]:
            done.result()
    return outcome


def is_served(host: str, port: int, *, site: str, slug: str) -> bool:
    """Whether the server there has the page; raises `Unavailable` where nothing answers."""
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        # with a slash at its end a page's address redirects, and nobody's visit is written down
        connection.request("HEAD", f"/{slug}/", headers={"Host": f"{site}:{port}"})
        return connection.getresponse().status == HTTPStatus.MOVED_PERMANENTLY
    except (http.client.HTTPException, OSError):
        raise Unavailable(f"Nothing answers on {host}, port {port}.", fix="Start it with: lander serve") from None
    finally:
        connection.close()


def _read_target(url: str) -> tuple[str, int]:
    """Host and port; visitors that were made up never leave this machine."""
    try:
        target = urlsplit(url)
        host, port = target.hostname or "", target.port or 80
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback or target.scheme != "http":
        raise InvalidInput(f"'{url}' is not this machine.", fix="Simulated visitors go to http://127.0.0.1:8000 or so.")
    return host, port


class _Browser:
    """One connection that many people use in turn."""

    def __init__(self, settings: Settings, plan: Plan, target: tuple[str, int], outcome: Outcome) -> None:
        self._settings = settings
        self._plan = plan
        self._connection = http.client.HTTPConnection(*target, timeout=30)
        self._host_header = f"{plan.host}:{target[1]}"
        self._reader = TokenSigner(settings.signing_keys)
        self._outcome = outcome

    def close(self) -> None:
        self._connection.close()

    def visit(self, person: Person, now: datetime) -> None:
        """A person's whole story, or a bot's short one."""
        if person.agent in BOTS:
            self._outcome.bots += 1
            self._outcome.failures += self._get(person, person.arrival)[0] != HTTPStatus.OK
            return
        if person.draws[2] > 1 - _PREFETCH_SHARE and not person.gpc:
            self._outcome.prefetches += 1
            self._outcome.failures += self._get(person, person.arrival, purpose="prefetch")[0] != HTTPStatus.OK
        self._outcome.visitors += 1
        self._outcome.private += person.gpc
        cookie = self._view(person, person.arrival)
        again = person.arrival + timedelta(hours=20 + 40 * person.draws[0])
        if cookie and person.draws[2] < _RETURN_SHARE and again < now:
            self._view(person, again, cookie=cookie)

    def _view(self, person: Person, at: datetime, *, cookie: str = "") -> str:
        """Look at the page and do what this person does there; the cookie to come back with."""
        status, body, set_cookie = self._get(person, at, cookie=cookie)
        found = _TOKEN.search(body)
        if status != HTTPStatus.OK or found is None:
            self._outcome.failures += 1
            return ""
        token = found[1].decode("ascii")
        view = self._reader.read(token)
        counts = not cookie and view.experiment_id != 0
        self._outcome.served[view.variant] += counts
        if person.draws[1] < self._plan.lost_beacons.get(view.variant, 0.0):
            return set_cookie
        confirmed = self._beacon(person, at + timedelta(seconds=1), t=token, k="view")
        self._outcome.failures += not confirmed
        self._outcome.confirmed[view.variant] += confirmed and counts
        if not cookie:
            self._act(person, at, body, token, variant=view.variant, counts=counts)
        return set_cookie

    def _act(self, person: Person, at: datetime, body: bytes, token: str, *, variant: str, counts: bool) -> None:
        """Reach what this person reaches. Who does more does the less as well: a lead has also scrolled where many do."""
        plans = {**self._plan.further, "": self._plan.rates}
        wanted = [key for key, shares in plans.items() if person.draws[0] < shares.get(variant, 0.0)]
        if not wanted:
            return
        page = LexborHTMLParser(body.decode())
        for key in wanted:
            patience_s = 5 + 60 * person.draws[1] if key else 20 + 300 * person.draws[1]
            done = self._reach(person, at + timedelta(seconds=patience_s), page, token, key)
            self._outcome.failures += not done
            if key:
                self._outcome.further[f"{variant} {key}"] += done and counts
            else:
                self._outcome.conversions[variant] += done and counts

    def _reach(self, person: Person, at: datetime, page: LexborHTMLParser, token: str, key: str) -> bool:
        """What the page's script reports of this goal, or its form filled in; whether that was taken. Without a key the goal
        that decides: a click where the script watches for it, else the form."""
        watched = _list_watched(page)
        goal = key or ("click" if "click" in watched else "form")
        if goal in watched:
            return self._beacon(person, at, t=token, k="goal", g=goal)
        form = next((node for node in page.css("form") if node.css_first("input[name=_lander]")), None)
        if goal != "form" or form is None:
            return False
        return self._post(person, at, "/_l/f", fill_in(form, person)) == HTTPStatus.SEE_OTHER

    def _beacon(self, person: Person, at: datetime, **sent: str) -> bool:
        return self._post(person, at, "/_l/b", sent) == HTTPStatus.NO_CONTENT

    def _get(self, person: Person, at: datetime, *, cookie: str = "", purpose: str = "") -> tuple[int, bytes, str]:
        wanted = {
            "Cookie": cookie,
            "Referer": person.referrer,
            "Sec-GPC": "1" if person.gpc else "",
            "Sec-Purpose": purpose,
        }
        headers = {"Accept": "text/html", "Accept-Encoding": "identity"}
        headers |= {name: value for name, value in wanted.items() if value}
        path = f"/{self._plan.slug}" + (f"?{person.query}" if person.query else "")
        return self._send("GET", path, body=None, headers=headers, person=person, at=at)

    def _post(self, person: Person, at: datetime, path: str, sent: Mapping[str, str]) -> int:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "null"}
        return self._send("POST", path, body=urlencode(sent).encode(), headers=headers, person=person, at=at)[0]

    def _send(
        self, method: str, path: str, *, body: bytes | None, headers: Mapping[str, str], person: Person, at: datetime
    ) -> tuple[int, bytes, str]:
        everything = {
            **headers,
            "Host": self._host_header,
            "User-Agent": person.agent,
            SIMULATION_HEADER: sign_simulation(at, person.address, self._settings),
        }
        for attempt in (1, 2):
            try:
                self._connection.request(method, path, body, everything)
                response = self._connection.getresponse()
                content = response.read()
                break
            except (http.client.HTTPException, OSError):  # a kept-alive connection that the server has ended
                self._connection.close()
                if attempt == 2:
                    return 0, b"", ""
        self._outcome.requests += 1
        self._outcome.statuses[response.status] += 1
        return response.status, content, (response.getheader("Set-Cookie") or "").partition(";")[0]


def _list_watched(page: LexborHTMLParser) -> list[str]:
    """The keys of the goals that the page's script is told to watch."""
    script = page.css_first("script[data-goals]")
    return [key for key, _, _ in json.loads(script.attributes["data-goals"] or "[]")] if script is not None else []
