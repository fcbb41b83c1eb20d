"""One page view: who came, which variant they see, and what is written down about it.

Everybody gets the page from the same code, bots too. Only a visitor with an id of their own, inside the experiment's
coverage, who really loads the page, counts as served; everything else is recorded with its reason.
"""

import hashlib
import hmac
from typing import Any, Final, NamedTuple

from experiments.assign import bucket, choose
from experiments.events import Event, Kind, Reason
from lander.campaign import read_campaign_and_keyword
from lander.config import Settings
from lander.edge import Edge
from lander.published import Allocation
from lander.serve.agent import LONGEST_AGENT, Agent, find_source, read_agent
from lander.serve.catalog import Route
from lander.serve.counting import make_event
from lander.serve.raw_text import read_text
from lander.serve.token import View, new_view_id
from lander.serve.visitor import OPTED_OUT, VisitorCookie, new_id

_BOT_SALT: Final = b"lander.bot"


class Exposure(NamedTuple):  # this and the next one: half the price of a frozen dataclass, once per page view
    """What one request for a page leads to."""

    view: View
    event: Event | None  # None where no experiment runs
    set_cookie: str  # empty where the visitor has one, or gets none


class _Identity(NamedTuple):
    visitor: str
    known: bool = False
    set_cookie: str = ""
    reason: Reason | None = None


class Exposer:
    """Decides exposures under the process's secrets."""

    def __init__(self, settings: Settings, cookie: VisitorCookie) -> None:
        self._cookie = cookie
        self._bot_key = hmac.digest(settings.secret_keys[0].encode(), _BOT_SALT, "sha256")

    def expose(self, environ: dict[str, Any], route: Route, edge: Edge) -> Exposure:
        """The exposure of a GET or HEAD of this route."""
        agent = read_agent(environ.get("HTTP_USER_AGENT", "")[:LONGEST_AGENT])
        identity = self._identify(environ, agent, edge)
        release = route.release
        allocation = release.allocation
        variant = _choose(route, allocation, identity)
        taking_part = allocation if variant is not None else None
        prefetch = is_prefetch(environ)
        query = environ.get("QUERY_STRING", "")
        view = View(
            page_id=release.page_id,
            variant=variant if variant is not None else release.control,
            visitor=identity.visitor,
            view_id=new_view_id(),
            issued_at_ms=edge.now_ms,
            device=agent.device,
            browser=agent.browser,
            source=find_source(query, environ.get("HTTP_REFERER", ""), release.host),
            experiment_id=taking_part.experiment_id if taking_part else 0,
            phase=taking_part.phase if taking_part else 0,
            returning=identity.known,
            bot=agent.is_bot,
            prefetch=prefetch,
            simulated=edge.simulated,
        )
        event = None
        if allocation is not None:
            reason = identity.reason or _find_reason(environ, taking_part=taking_part is not None, prefetch=prefetch)
            event = make_event(
                view,
                Kind.FILTERED if reason else Kind.SERVED,
                experiment_id=allocation.experiment_id,
                phase=allocation.phase,
                at_ms=view.issued_at_ms,
                reason=reason,
                simulated=edge.simulated,
            )
            if reason is None and "utm_" in query:
                campaign, keyword = read_campaign_and_keyword(read_text(query))
                event = event._replace(campaign=campaign, keyword=keyword)
        return Exposure(view, event, identity.set_cookie)

    def _identify(self, environ: dict[str, Any], agent: Agent, edge: Edge) -> _Identity:
        if agent.is_bot:
            return _Identity(self._bot_id(environ, edge), reason=Reason.BOT)
        if environ.get("HTTP_SEC_GPC") == "1":
            return _Identity(new_id(), reason=Reason.GPC)  # an id for this view alone, told to nobody
        known = self._cookie.find(environ.get("HTTP_COOKIE", ""))
        if known == OPTED_OUT:
            return _Identity(new_id(), reason=Reason.OPT_OUT)
        if known is not None:
            return _Identity(known, known=True)
        visitor = new_id()
        if environ["REQUEST_METHOD"] == "HEAD":
            return _Identity(visitor)
        return _Identity(visitor, set_cookie=self._cookie.issue(visitor))

    def _bot_id(self, environ: dict[str, Any], edge: Edge) -> str:
        sender = f"{environ.get('HTTP_USER_AGENT', '')}\0{edge.network}"
        return hashlib.blake2b(sender.encode("utf-8", "replace"), key=self._bot_key, digest_size=16).hexdigest()


def is_prefetch(environ: dict[str, Any]) -> bool:
    """Whether a browser fetches this before anybody asked to see it."""
    for name in ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ"):
        value = environ.get(name)
        if value and value.lower().startswith(("prefetch", "prerender", "preview")):
            return True
    return False


def _choose(route: Route, allocation: Allocation | None, identity: _Identity) -> str | None:
    """The variant that the running phase gives this visitor; None where they are not in it."""
    if allocation is None or identity.reason in (Reason.GPC, Reason.OPT_OUT):
        return None
    index = choose(bucket(allocation.seed, identity.visitor), route.ranges)
    return None if index is None else route.keys[index]


def _find_reason(environ: dict[str, Any], *, taking_part: bool, prefetch: bool) -> Reason | None:
    if not taking_part:
        return Reason.OUTSIDE
    if environ["REQUEST_METHOD"] == "HEAD":
        return Reason.HEAD
    return Reason.PREFETCH if prefetch else None
