"""Signatures in itsdangerous's format at a third of its price, for what every page view signs and reads.

The same as `itsdangerous.Signer(keys, salt=…, key_derivation="hmac", digest_method=hashlib.sha256)`: value, a dot, and
the URL-safe base64 of HMAC-SHA-256 without padding. Keys are derived and their HMAC pads hashed once, here.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, Final

_BLOCK: Final = 64
_INNER_PAD: Final = bytes(0x36 for _ in range(_BLOCK))
_OUTER_PAD: Final = bytes(0x5C for _ in range(_BLOCK))


class Signer:
    """Signs with the newest key (the last), accepts all of them."""

    def __init__(self, keys: Sequence[str], *, salt: str) -> None:
        derived = [hmac.digest(key.encode(), salt.encode(), "sha256") for key in reversed(keys)]
        self._prepared = [_prepare(key) for key in derived]

    def sign(self, value: bytes) -> bytes:
        """`<value>.<signature>`"""
        return b"%b.%b" % (value, _signature(*self._prepared[0], value))

    def find(self, signed: bytes) -> bytes | None:
        """The value where one of the keys signed it, else None."""
        value, _, signature = signed.rpartition(b".")
        for prepared in self._prepared:
            if hmac.compare_digest(_signature(*prepared, value), signature):
                return value
        return None


def _prepare(key: bytes) -> tuple[Any, Any]:
    padded = int.from_bytes(key.ljust(_BLOCK, b"\0"), "big")
    pads = [(padded ^ int.from_bytes(pad, "big")).to_bytes(_BLOCK, "big") for pad in (_INNER_PAD, _OUTER_PAD)]
    return hashlib.sha256(pads[0]), hashlib.sha256(pads[1])


def _signature(inner: Any, outer: Any, value: bytes) -> bytes:
    inside = inner.copy()
    inside.update(value)
    outside = outer.copy()
    outside.update(inside.digest())
    return base64.urlsafe_b64encode(outside.digest())[:-1]
