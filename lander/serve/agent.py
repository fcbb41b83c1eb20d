"""What a request's headers say of its sender, in closed sets: bot or not, device, browser family, where from.

Nothing here is kept as it came: user agent, referrer and query become one word each.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from crawleruseragents import is_crawler

DEVICES: Final = ("other", "phone", "tablet", "desktop")
BROWSERS: Final = ("other", "chrome", "safari", "firefox", "edge", "samsung")
SOURCES: Final = ("direct", "paid", "email", "social", "search", "internal", "referral")
LONGEST_AGENT: Final = 512


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PAID_CLICKS: Final = _words(
    "gclid gclsrc gbraid wbraid dclid gad_source gad_campaignid msclkid ttclid li_fat_id twclid epik sccid rdt_cid tblci "
    "obclid"
)
_SOCIAL_CLICKS: Final = _words("fbclid igshid")
_MEDIA: Final = {
    "paid": _words(
        "cpc ppc cpm cpv cpa paid paidsearch paid-search paid_search paidsocial paid-social paid_social display banner "
        "retargeting affiliate"
    ),
    "email": _words("email e-mail e_mail mail newsletter"),
    "social": _words("social social-media social_media social-network sm"),
    "search": _words("organic search"),
}
_SEARCH_SITES: Final = _words(
    "google bing yahoo duckduckgo ecosia startpage qwant yandex baidu brave naver seznam kagi"
)
_SOCIAL_SITES: Final = _words(
    "facebook instagram linkedin twitter pinterest reddit tiktok youtube threads snapchat xing vk whatsapp telegram "
    "mastodon bsky"
)
_SHORT_SOCIAL: Final = _words("t.co x.com lnkd.in fb.me youtu.be pin.it redd.it")
_MAIL_HOSTS: Final = _words("mail.google.com outlook.live.com outlook.office.com mail.yahoo.com")


@dataclass(frozen=True, slots=True)
class Agent:
    """One user agent, read."""

    is_bot: bool
    device: str
    browser: str


@lru_cache(maxsize=4096)
def read_agent(user_agent: str) -> Agent:
    """Read at most the first 512 characters (the caller cuts, so that the cache stays small); an empty one is a bot."""
    return Agent(
        is_bot=not user_agent.strip() or is_crawler(user_agent),
        device=_find_device(user_agent),
        browser=_find_browser(user_agent),
    )


def find_source(query: str, referrer: str, host: str) -> str:
    """Where a visit came from: what the address was tagged with, else the referring site."""
    if query:
        tagged = _find_tagged(query)
        if tagged:
            return tagged
    return _find_referring(referrer[:1024], host) if referrer else "direct"


def _find_device(agent: str) -> str:
    # an iPad that asks for desktop sites says Macintosh, and counts as one
    if "iPad" in agent or "Tablet" in agent or ("Android" in agent and "Mobile" not in agent):
        return "tablet"
    if "Mobi" in agent or "iPhone" in agent or "iPod" in agent:
        return "phone"
    if any(system in agent for system in ("Windows", "Macintosh", "X11", "CrOS", "Linux")):
        return "desktop"
    return "other"


def _find_browser(agent: str) -> str:
    # from the most to the least particular: everybody also claims to be Chrome, and Chrome to be Safari
    if any(name in agent for name in ("Edg/", "EdgA/", "EdgiOS/")):
        return "edge"
    if "SamsungBrowser/" in agent:
        return "samsung"
    if "Firefox/" in agent or "FxiOS/" in agent:
        return "firefox"
    if any(name in agent for name in ("OPR/", "Opera", "YaBrowser/", "Vivaldi/")):
        return "other"
    if any(name in agent for name in ("Chrome/", "CriOS/", "Chromium/")):
        return "chrome"
    return "safari" if "Safari/" in agent and "Version/" in agent else "other"


def _find_tagged(query: str) -> str:
    """The source that click ids and `utm_medium` name; empty where they name none."""
    found = ""
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        name = name.lower()
        if not value:
            continue
        if name in _PAID_CLICKS:
            return "paid"
        if name in _SOCIAL_CLICKS:
            found = found or "social"
        elif name == "utm_medium":
            found = _find_medium(value.lower().replace("+", "-").replace("%20", "-")) or found
    return found


def _find_medium(medium: str) -> str:
    return next((source for source, media in _MEDIA.items() if medium in media), "")


@lru_cache(maxsize=4096)
def _find_referring(referrer: str, host: str) -> str:
    try:
        site = (urlsplit(referrer).hostname or "").removeprefix("www.")
    except ValueError:
        return "direct"
    if not site:
        return "direct"
    if site == host.removeprefix("www."):
        return "internal"
    if site in _MAIL_HOSTS:
        return "email"
    if site in _SHORT_SOCIAL:
        return "social"
    names = site.split(".")[:-1]  # without the top level: google.co.uk, l.facebook.com, search.brave.com
    if _SEARCH_SITES.intersection(names):
        return "search"
    return "social" if _SOCIAL_SITES.intersection(names) else "referral"
