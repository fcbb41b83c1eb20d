"""The view token: one page view, signed into the page itself, because a sealed page sends no cookie with its posts.

On the wire: URL-safe base64 of a 47-byte head and the variant's key, a dot, the signature (`signing`, salt
`lander.view`). The head, big-endian: format (1), flags, device, browser, source (one byte each: an index into the sets
of `agent`), time of the view in ms (8), view id (8), visitor (16), page, experiment (4 each, experiment 0: not in one),
phase (2). A token proves that its page view was served; its age bounds counting, never keeping.
"""

import base64
import binascii
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from lander.errors import Forbidden
from lander.serve.agent import BROWSERS, DEVICES, SOURCES
from lander.serve.chance import draw
from lander.serve.signing import Signer

LIFETIME_MS: Final = 24 * 3600 * 1000
FORMAT: Final = 1
_SALT: Final = "lander.view"
_HEAD: Final = struct.Struct(">BBBBBQ8s16sIIH")
_LONGEST: Final = 512
_BOT, _PREFETCH, _RETURNING, _SIMULATED, _QA = 1, 2, 4, 8, 16
_DEVICE_INDEX: Final = {name: index for index, name in enumerate(DEVICES)}
_BROWSER_INDEX: Final = {name: index for index, name in enumerate(BROWSERS)}
_SOURCE_INDEX: Final = {name: index for index, name in enumerate(SOURCES)}


class TokenForged(Forbidden):
    """No key of ours signed this."""

    code = "token-forged"


class View(NamedTuple):  # every page view makes one: half the price of a frozen dataclass
    """One page view, as its token tells it."""

    page_id: int
    variant: str
    visitor: str  # 32 hexadecimal digits
    view_id: bytes  # 8 random bytes
    issued_at_ms: int
    device: str
    browser: str
    source: str
    experiment_id: int = 0  # 0: not in an experiment
    phase: int = 0
    returning: bool = False
    bot: bool = False
    prefetch: bool = False
    simulated: bool = False
    qa: bool = False  # forced by a QA link: nothing of it counts

    def is_expired(self, now_ms: int) -> bool:
        """Whether what happens now no longer counts for this view."""
        return now_ms - self.issued_at_ms > LIFETIME_MS


def new_view_id() -> bytes:
    return draw()[:8]


class TokenSigner:
    """Mints and reads tokens under the process's secrets, oldest first."""

    def __init__(self, signing_keys: Sequence[str]) -> None:
        self._signer = Signer(signing_keys, salt=_SALT)

    def mint(self, view: View) -> bytes:
        """The token of a view, ASCII and safe inside a quoted attribute."""
        head = _HEAD.pack(
            FORMAT,
            view.bot * _BOT
            | view.prefetch * _PREFETCH
            | view.returning * _RETURNING
            | view.simulated * _SIMULATED
            | view.qa * _QA,
            _DEVICE_INDEX[view.device],
            _BROWSER_INDEX[view.browser],
            _SOURCE_INDEX[view.source],
            view.issued_at_ms,
            view.view_id,
            bytes.fromhex(view.visitor),
            view.page_id,
            view.experiment_id,
            view.phase,
        )
        return self._signer.sign(base64.urlsafe_b64encode(head + view.variant.encode()).rstrip(b"="))

    def read(self, token: str) -> View:
        """The view that a token names, however old; raises `TokenForged` for anything we did not sign."""
        signed = token.encode("utf-8", "replace")
        payload = self._signer.find(signed) if len(signed) <= _LONGEST else None
        if not payload:
            raise TokenForged(
                "This page's token is not one of ours.", fix="Load the page again and repeat what you did."
            )
        try:
            return _unpack(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
        except (struct.error, binascii.Error, IndexError, UnicodeDecodeError) as error:
            raise TokenForged("This page's token has a form that this Lander does not know.") from error


def _unpack(raw: bytes) -> View:
    head = _HEAD.unpack(raw[: _HEAD.size])
    form, flags, device, browser, source, issued_at_ms, view_id, visitor, page_id, experiment_id, phase = head
    if form != FORMAT:
        raise struct.error(f"token format {form}")
    return View(
        page_id=page_id,
        variant=raw[_HEAD.size :].decode(),
        visitor=visitor.hex(),
        view_id=view_id,
        issued_at_ms=issued_at_ms,
        device=DEVICES[device],
        browser=BROWSERS[browser],
        source=SOURCES[source],
        experiment_id=experiment_id,
        phase=phase,
        returning=bool(flags & _RETURNING),
        bot=bool(flags & _BOT),
        prefetch=bool(flags & _PREFETCH),
        simulated=bool(flags & _SIMULATED),
        qa=bool(flags & _QA),
    )
