"""Who comes back: the visitor's id in one signed cookie of the page's own response, and nothing else about them.

The value is 32 hexadecimal digits (128 random bits), a dot and their signature (`signing`, salt `lander.visitor`). It is
set once for 90 days and never renewed. A cookie that is forged, damaged or there twice counts as none. The word `out`
in its place says that this person does not want to be counted.
"""

from typing import Final

from lander.config import Settings
from lander.serve.chance import draw
from lander.serve.signing import Signer

LIFETIME_S: Final = 90 * 86_400
OPTED_OUT: Final = "out"
_SALT: Final = "lander.visitor"
_LONGEST_HEADER: Final = 8_192


def new_id() -> str:
    """128 random bits as the ids of visitors are written."""
    return draw().hex()


class VisitorCookie:
    """Reads and writes `__Host-lp` (in development `lp`: plain http knows neither the prefix nor Secure)."""

    def __init__(self, settings: Settings) -> None:
        self._signer = Signer(settings.signing_keys, salt=_SALT)
        self.name = "lp" if settings.is_development else "__Host-lp"
        self._start = f"{self.name}="
        self._attributes = f"; Max-Age={LIFETIME_S}; Path=/; HttpOnly; SameSite=Lax"
        if not settings.is_development:
            self._attributes += "; Secure"

    def find(self, header: str) -> str | None:
        """The id in a request's Cookie header, `OPTED_OUT`, or None."""
        if self._start not in header or len(header) > _LONGEST_HEADER:
            return None
        values = [pair.strip() for pair in header.split(";")]
        values = [pair[len(self._start) :] for pair in values if pair.startswith(self._start)]
        if len(values) != 1:
            return None
        if values[0] == OPTED_OUT:
            return OPTED_OUT
        found = self._signer.find(values[0].encode("latin-1", "replace"))
        return found.decode("ascii") if found else None

    def issue(self, visitor: str) -> str:
        """The Set-Cookie value that gives a browser this id."""
        return f"{self._start}{self._signer.sign(visitor.encode()).decode('ascii')}{self._attributes}"

    def opt_out(self) -> str:
        """The Set-Cookie value that replaces an id by the wish not to be counted."""
        return f"{self._start}{OPTED_OUT}{self._attributes}"
