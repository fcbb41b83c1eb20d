"""Who comes to a page in development: people, and some bots, over the days before now; the same ones for the same seed.

What they bring is what serving looks at: a browser, a source, a wish not to be followed. Nothing is sent here.
"""

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from selectolax.lexbor import LexborNode

_BOT_SHARE: Final = 0.04
_GPC_SHARE: Final = 0.02

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
BOTS: Final = (
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
class Person:
    """Somebody, and what is drawn for them."""

    arrival: datetime
    address: str
    agent: str
    query: str
    referrer: str
    gpc: bool
    draws: tuple[float, float, float]  # goal, beacon, coming back


def invite(visitors: int, *, days: int, seed: int, now: datetime) -> list[Person]:
    """Everybody in the order of arrival: a daily wave, quieter at night, the same people for the same seed."""
    chance = random.Random(seed)  # noqa: S311  (a repeatable crowd, nothing secret)
    people = []
    for _ in range(visitors):
        people.append(_invite_one(days, now, chance, _pick(chance, _BROWSERS)))
        if chance.random() < _BOT_SHARE:
            people.append(_invite_one(days, now, chance, chance.choice(BOTS)))
    people.sort(key=lambda person: person.arrival)
    return people


def _invite_one(days: int, now: datetime, chance: random.Random, agent: str) -> Person:
    while True:
        back_s = chance.random() * days * 86_400
        arrival = now - timedelta(seconds=back_s + 400)
        hour = arrival.hour + arrival.minute / 60
        if chance.random() < 0.55 + 0.45 * math.sin((hour - 9) / 24 * 2 * math.pi):
            break
    _, query, referrer = _pick_entry(chance, _SOURCES)
    parameters = dict(query)
    if "gclid" in parameters:
        parameters["gclid"] += f"{chance.getrandbits(48):x}"
    return Person(
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


def fill_in(form: LexborNode, person: Person) -> dict[str, str]:
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
