"""Sealing of personal fields: AES-256-GCM, and keyed blind indexes to find a sealed value again.

Keys are derived from the secrets, newest first: the first one seals, all of them open. A leaf of its own because the
public path seals a lead before the journal sees it, and may import nothing of `lander.leads`.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES: Final = 12
_SEAL: Final = b"lander.vault.seal"
_INDEX: Final = b"lander.vault.index"


class Vault:
    """Seals and opens text under the process's secrets."""

    def __init__(self, secret_keys: Sequence[str]) -> None:
        self._ciphers = [AESGCM(_derive(key, _SEAL)) for key in secret_keys]
        self._index_keys = [_derive(key, _INDEX) for key in secret_keys]

    def seal(self, text: str, *, context: str) -> str:
        """Encrypt `text`; it opens only with the same `context` (say, the lead's id)."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[0].encrypt(nonce, text.encode(), context.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode("ascii")

    def open(self, sealed: str, *, context: str) -> str:
        """Decrypt what `seal` made; raises `ValueError` where no key of ours opens it."""
        blob = base64.urlsafe_b64decode(sealed)
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], context.encode()).decode()
            except InvalidTag:
                continue
        raise ValueError(
            "none of LANDER_SECRET_KEYS opens this value: put the secret it was sealed with back on the list"
        )

    def blind_index(self, text: str) -> str:
        """A keyed hash of `text` to store beside the sealed value: equal texts, equal hashes, and nothing else."""
        return hmac.new(self._index_keys[0], text.encode(), hashlib.sha256).hexdigest()

    def blind_indexes(self, text: str) -> list[str]:
        """The hashes of `text` under every secret, for finding what an older one indexed."""
        return [hmac.new(key, text.encode(), hashlib.sha256).hexdigest() for key in self._index_keys]


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret.encode())
