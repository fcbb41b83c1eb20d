"""Text out of a WSGI environ, which hands the bytes of an address over as Latin-1."""


def read_text(raw: str) -> str:
    """What was meant, as UTF-8; what is not UTF-8 is marked as unreadable, so it matches nothing.

    >>> read_text("/fuÃ\\x9fball"), read_text("/sale")
    ('/fußball', '/sale')
    """
    return raw if raw.isascii() else raw.encode("latin-1", "replace").decode("utf-8", "replace")
