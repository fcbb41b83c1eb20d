"""Visitors through the front door, for development: real HTTP requests that carry a signed time and address.

Each simulated person loads the page, perhaps sends the beacon, perhaps reaches the goal, perhaps comes back, as a
browser would: with the token from the page, the form's own fields and the cookie. Some are bots and prefetches.
It never writes to the database, and refuses to run outside development or against anything but loopback.
"""

import http.client
import ipaddress
import math
import random
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

from selectolax.lexbor import LexborHTMLParser, LexborNode

from lander.config import Settings
from lander.edge import SIMULATION_HEADER, sign_simulation
from lander.errors import Conflict, InvalidInput, NotFound, Unavailable
from lander.serve.token import TokenSigner

_THREADS: Final = 8
_CROWD: Final = 50
_TOKEN = re.compile(rb'data-lander="([^"]+)"')
_BOT_SHARE: Final = 0.04
_PREFETCH_SHARE: Final = 0.02
_GPC_SHARE: Final = 0.02
_RETURN_SHARE: Final = 0.08

# (share, user agent): what a consumer page sees, roughly
_CHROME: Final = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"
_SAFARI: Final = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1"
_BROWSERS: Final = (
    (30, f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_CHROME} Mobile Safari/537.36"),
    (24, f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1"),
    (26, f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36"),
    (7, f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Safari/537.36 Edg/131.0.0.0"),
    (6, f"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) {_SAFARI} Safari/605.1.15"),
    (5, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"),
    (2, f"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) {_SAFARI} Mobile/15E148 Safari/604.1"),
)
_BOTS: Final = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "AdsBot-Google (+http://www.google.com/adsbot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "curl/8.5.0",
)
_AD: Final = {"utm_source": "google", "utm_medium": "cpc", "gclid": "Cj0KCQ"}
_SOURCES: Final[tuple[tuple[int, dict[str, str], str], ...]] = (
    (20, {**_AD, "utm_campaign": "spring", "utm_term": "near me"}, ""),
    (15, {**_AD, "utm_campaign": "brand", "utm_term": "reviews"}, ""),
    (10, {**_AD, "utm_campaign": "competitors", "utm_term": "compare"}, ""),
    (20, {}, "https://www.google.com/"),
    (15, {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "november"}, ""),
    (10, {}, "https://www.facebook.com/"),
    (10, {}, ""),
)
_FIRST_NAMES: Final = ("Alex", "Bente", "Chris", "Dana", "Emil", "Farah", "Gwen", "Hugo", "Ines", "Jonas")
_LAST_NAMES: Final = ("Berg", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haas", "Ivanova", "Jensen", "Kaya")


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is to come, and what they will do."""

    host: str
    slug: str
    visitors: int
    rates: Mapping[str, float]  # variant key → share of visitors who reach the goal
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
            f"Not to be counted: {self.bots:,} bots, {self.prefetches:,} prefetches, {self.private:,} with Sec-GPC.",
        ]


@dataclass(frozen=True, slots=True)
class _Person:
    arrival: datetime
    address: str
    agent: str
    query: str
    referrer: str
    gpc: bool
    draws: tuple[float, float, float]  # goal, beacon, coming back


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
    people = _invite(plan, now)
    outcome = Outcome()
    lock = threading.Lock()

    def send(crowd: Sequence[_Person]) -> None:
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

    def visit(self, person: _Person, now: datetime) -> None:
        """A person's whole story, or a bot's short one."""
        if person.agent in _BOTS:
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

    def _view(self, person: _Person, at: datetime, *, cookie: str = "") -> str:
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
        if not cookie and person.draws[0] < self._plan.rates.get(view.variant, 0.0):
            converted = self._convert(person, at + timedelta(seconds=20 + 300 * person.draws[1]), body, token)
            self._outcome.failures += not converted
            self._outcome.conversions[view.variant] += converted and counts
        return set_cookie

    def _convert(self, person: _Person, at: datetime, body: bytes, token: str) -> bool:
        """Click where a click is the goal, else fill the page's form in; whether that was taken."""
        tree = LexborHTMLParser(body.decode())
        if tree.css_first("script[data-goal=click]") is not None:
            return self._beacon(person, at, t=token, k="goal", g="click")
        form = next((node for node in tree.css("form") if node.css_first("input[name=_lander]")), None)
        return form is not None and self._post(person, at, "/_l/f", _fill_in(form, person)) == HTTPStatus.SEE_OTHER

    def _beacon(self, person: _Person, at: datetime, **sent: str) -> bool:
        return self._post(person, at, "/_l/b", sent) == HTTPStatus.NO_CONTENT

    def _get(self, person: _Person, at: datetime, *, cookie: str = "", purpose: str = "") -> tuple[int, bytes, str]:
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

    def _post(self, person: _Person, at: datetime, path: str, sent: Mapping[str, str]) -> int:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "null"}
        return self._send("POST", path, body=urlencode(sent).encode(), headers=headers, person=person, at=at)[0]

    def _send(
        self, method: str, path: str, *, body: bytes | None, headers: Mapping[str, str], person: _Person, at: datetime
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


def _invite(plan: Plan, now: datetime) -> list[_Person]:
    """Everybody in the order of arrival: a daily wave, quieter at night, the same people for the same seed."""
    chance = random.Random(plan.seed)  # noqa: S311  (a repeatable crowd, nothing secret)
    people = []
    for _ in range(plan.visitors):
        people.append(_invite_one(plan, now, chance, _pick(chance, _BROWSERS)))
        if chance.random() < _BOT_SHARE:
            people.append(_invite_one(plan, now, chance, chance.choice(_BOTS)))
    people.sort(key=lambda person: person.arrival)
    return people


def _invite_one(plan: Plan, now: datetime, chance: random.Random, agent: str) -> _Person:
    while True:
        back_s = chance.random() * plan.days * 86_400
        arrival = now - timedelta(seconds=back_s + 400)
        hour = arrival.hour + arrival.minute / 60
        if chance.random() < 0.55 + 0.45 * math.sin((hour - 9) / 24 * 2 * math.pi):
            break
    _, query, referrer = _pick_entry(chance, _SOURCES)
    parameters = dict(query)
    if "gclid" in parameters:
        parameters["gclid"] += f"{chance.getrandbits(48):x}"
    return _Person(
        arrival=arrival,
        address=f"{chance.randint(11, 99)}.{chance.randint(1, 254)}.{chance.randint(1, 254)}.{chance.randint(1, 254)}",
        agent=agent,
        query=urlencode(parameters),
        referrer=referrer,
        gpc=chance.random() < _GPC_SHARE,
        draws=(chance.random(), chance.random(), chance.random()),
    )


def _pick(chance: random.Random, entries: tuple[tuple[int, str], ...]) -> str:
    return chance.choices([value for _, value in entries], [share for share, _ in entries])[0]


def _pick_entry(
    chance: random.Random, entries: tuple[tuple[int, dict[str, str], str], ...]
) -> tuple[int, dict[str, str], str]:
    return chance.choices(entries, [entry[0] for entry in entries])[0]


def _fill_in(form: LexborNode, person: _Person) -> dict[str, str]:
    """What a person types into the form's own fields; hidden ones go back as they came, traps stay empty."""
    number = int(person.draws[0] * 1e9)
    first, last = _FIRST_NAMES[number % 10], _LAST_NAMES[number // 10 % 10]
    typed = {
        "email": f"{first}.{last}.{number % 9973}@example.com".lower(),
        "tel": f"+49 30 {number % 9_000_000 + 1_000_000}",
    }
    filled: dict[str, str] = {}
    for node in form.css("input, select, textarea"):
        name = node.attributes.get("name")
        kind = node.attributes.get("type") or "text"
        if not name or kind in ("submit", "button"):
            continue
        if kind == "hidden":
            filled[name] = node.attributes.get("value") or ""
        elif name == "lander_website":
            filled[name] = ""
        elif node.tag == "select":
            filled[name] = next(filter(None, map(_value_of, node.css("option"))), "")
        elif kind in ("checkbox", "radio"):
            filled[name] = node.attributes.get("value") or "on"
        else:
            filled[name] = typed.get(kind) or (
                f"{first} {last}" if "name" in name.lower() else str(10_000 + number % 80_000)
            )
    return filled


def _value_of(option: LexborNode) -> str:
    return (option.attributes["value"] or "") if "value" in option.attributes else option.text()
