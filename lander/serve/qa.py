"""QA links: a signed `lander=` in a page's address that forces a variant, so that colleagues see it live.

The value is the variant's key, when it ends (seconds since 1970, hexadecimal) and their signature (`signing`, salt
`lander.qa`) with the page's id. Whatever is unsigned, expired or another page's is no QA link but an ordinary visit. A
forced view counts nothing and sets no cookie; a lead that comes of it is kept and flagged.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from lander.edge import Edge
from lander.errors import InvalidInput
from lander.redirection import join_query
from lander.serve.catalog import Route
from lander.serve.request import Request
from lander.serve.signing import Signer
from lander.serve.token import View, new_view_id
from lander.serve.visitor import new_id

PARAMETER: Final = "lander"
LONGEST_S: Final = 14 * 24 * 3600
_START: Final = f"{PARAMETER}="
_CARRIED_S: Final = 3600
_SALT: Final = "lander.qa"
_LONGEST_VALUE: Final = 80


class QaLinks:
    """Makes and reads the values under the process's secrets, oldest first."""

    def __init__(self, signing_keys: Sequence[str]) -> None:
        self._signer = Signer(signing_keys, salt=_SALT)

    def sign(self, page_id: int, variant: str, *, now_s: int, ttl_s: int = LONGEST_S) -> str:
        """What to add to the query of the page's address; it forces the variant for `ttl_s` seconds."""
        if not 1 <= ttl_s <= LONGEST_S:
            raise InvalidInput(f"A QA link cannot last {ttl_s} seconds.", fix="It lasts between a second and 14 days.")
        signed = self._signer.sign(f"{page_id}.{variant}.{now_s + ttl_s:x}".encode()).decode("ascii")
        return f"{_START}{signed.partition('.')[2]}"

    def find(self, query: str, route: Route, edge: Edge) -> View | None:
        """The uncounted view of the variant that this query forces; None for an ordinary visit. The first value counts.

        Asked on every page view, so a query without the parameter costs one look.
        """
        if _START not in query:
            return None
        value = next((part[len(_START) :] for part in query.split("&") if part.startswith(_START)), "")
        variant = self._read(value[:_LONGEST_VALUE], route.release.page_id, edge)
        if variant is None or variant not in route.templates:
            return None
        return View(
            page_id=route.release.page_id,
            variant=variant,
            visitor=new_id(),  # for this view alone, told to nobody
            view_id=new_view_id(),
            issued_at_ms=edge.now_ms,
            device="other",
            browser="other",
            source="direct",
            simulated=edge.simulated,
            qa=True,
        )

    def carry(self, address: str, request: Request) -> str:
        """The address where a form that was sent from a QA link leads: a page of this host is shown as another QA link
        does, in its control variant, so that the visit stays uncounted.
        """
        parts = urlsplit(address)
        route = request.routes.by_address.get((request.host, parts.path.rstrip("/")))
        if parts.netloc not in ("", request.host) or route is None:
            return address
        release = route.release
        now_s = request.edge.now_ms // 1000
        return join_query(address, self.sign(release.page_id, release.control, now_s=now_s, ttl_s=_CARRIED_S))

    def _read(self, value: str, page_id: int, edge: Edge) -> str | None:
        signed = self._signer.find(f"{page_id}.{value}".encode("ascii", "replace"))
        if signed is None:
            return None
        _, variant, ends = signed.decode("ascii").split(".")
        return variant if edge.now_ms <= int(ends, 16) * 1000 else None
