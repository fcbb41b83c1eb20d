"""How far long work is, for the bar beside it: one small file a piece of work, which any worker of this node can read.

The transaction itself shows nothing to others before it is over. Where nothing is known the bar says only that it works.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from lander.pages.together import Tell, keep_quiet

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_EVERY_S: Final = 0.1
_FORGOTTEN_S: Final = 3600  # a file that a killed process left behind


@contextmanager
def told_in(folder: Path, token: str) -> Iterator[Tell]:
    """Who works is given something to tell; what it told last can be read under the token until the work is over."""
    if not _TOKEN.fullmatch(token):
        yield keep_quiet
        return
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - old.stat().st_mtime > _FORGOTTEN_S:
                old.unlink()
    file, last = folder / token, 0.0

    def tell(done: int, of: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _EVERY_S:
            last = time.monotonic()
            file.write_text(f"{done} {of}", encoding="ascii")

    try:
        yield tell
    finally:
        file.unlink(missing_ok=True)


def read(folder: Path, token: str) -> tuple[int, int]:
    """Steps done, of how many; (0, 0) where nothing is known."""
    if not _TOKEN.fullmatch(token):
        return 0, 0
    try:
        done, of = (folder / token).read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return 0, 0
    return int(done), int(of)
