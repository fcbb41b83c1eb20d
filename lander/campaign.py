"""Which advertisement led a visitor here, as the address tells it: the parameters we know, and how they are cleaned.

Publishing writes the visitor's query into forms and the form desk reads it back, under the same bounds: what stands in a
page can be changed by whoever sends it. Click ids keep their case, because the ad platforms compare them so. A leaf.
"""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, unquote_plus, urlsplit

UTM: Final = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id")
# fmt: off
CLICK_IDS: Final = (
    "gclid", "gclsrc", "gbraid", "wbraid", "dclid", "gad_source", "gad_campaignid", "msclkid", "fbclid", "ttclid",
    "li_fat_id", "twclid", "epik", "ScCid", "rdt_cid", "tblci", "obclid",
)
# fmt: on
PARAMETERS: Final = frozenset([*UTM, *CLICK_IDS])
LONGEST_QUERY_BYTES: Final = 2_048
LONGEST_VALUE: Final = 100  # of a utm_ parameter, which is kept in the clear
LONGEST_CLICK_ID: Final = 500
_LONGEST_HOST: Final = 253
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UNSEEN: Final = re.compile("[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd]")
_HOST: Final = re.compile(r"[a-z0-9.-]+")


def clean_query(query: str) -> str:
    """A raw query as it is kept: without control characters, at most 2,048 bytes.

    >>> clean_query("gclid=AbC&x=%20\\r\\n")
    'gclid=AbC&x=%20'
    """
    if len(query) <= LONGEST_QUERY_BYTES and query.isascii() and query.isprintable():  # as nearly all are
        return query
    return _CONTROLS.sub("", query).encode()[:LONGEST_QUERY_BYTES].decode("utf-8", "ignore")


def read_parameters(query: str) -> dict[str, str]:
    """The first value of each parameter."""
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
        values.setdefault(name, value)
    return values


def clean_value(value: str) -> str:
    """A parameter's value for a field that nobody sees: as it came, without control characters, at most 500 characters."""
    return _CONTROLS.sub("", value).strip()[:LONGEST_CLICK_ID]


def read_campaign(query: str) -> dict[str, str]:
    """The utm_ parameters that say something, each cut to 100 characters and fit to be shown.

    >>> read_campaign("utm_source=google&utm_medium=&x=1&utm_source=bing")
    {'utm_source': 'google'}
    """
    values = read_parameters(query)
    cleaned = {name: _make_fit(values.get(name, "")) for name in UTM}
    return {name: value for name, value in cleaned.items() if value}


def read_campaign_and_keyword(query: str) -> tuple[str, str]:
    """`utm_campaign` and `utm_term` for every page view of a test, as `read_campaign` gives them in six times the time; empty
    where they are not there, or hold an @: what is kept of a visitor names nobody. Their names must not be percent-encoded.

    >>> read_campaign_and_keyword("utm_campaign=spring+sale&utm_term=b%C3%BCmpers&utm_source=google")
    ('spring sale', 'bümpers')
    """
    campaign = keyword = None
    for pair in clean_query(query).split("&"):
        if campaign is None and pair.startswith("utm_campaign="):
            campaign = _read_value(pair[13:])
        elif keyword is None and pair.startswith("utm_term="):
            keyword = _read_value(pair[9:])
    return campaign or "", keyword or ""


def read_click_ids(query: str) -> dict[str, str]:
    """The click ids of the ad platforms, as they came.

    >>> read_click_ids("gclid=AbC&utm_source=google")
    {'gclid': 'AbC'}
    """
    values = read_parameters(query)
    return {name: value for name in CLICK_IDS if (value := clean_value(values.get(name, "")))}


@lru_cache(maxsize=1024)  # campaigns are few
def _read_value(encoded: str) -> str:
    value = _make_fit(unquote_plus(encoded, errors="replace"))
    return "" if "@" in value else value


def _make_fit(value: str) -> str:
    """To be shown, and kept in the clear."""
    return _UNSEEN.sub("", clean_value(value))[:LONGEST_VALUE].strip()


@lru_cache(maxsize=1024)
def host_of_referrer(address: str) -> str:
    """The host of the page that a visitor came from; empty where none is told, or no host can be read.

    >>> host_of_referrer("https://www.google.com/search?q=bumpers")
    'www.google.com'
    """
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        return ""
    return host if len(host) <= _LONGEST_HOST and _HOST.fullmatch(host) else ""
