"""Waiting for the very thing that a test needs, on a machine that may be busy with something else: slow is not wrong."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

PATIENCE_S: Final = 60
"""How long for what must come. Only a test that fails ever waits so long."""
PATIENCE_MS: Final = PATIENCE_S * 1000

Found = TypeVar("Found")


def wait_until(find: Callable[[], Found], what: str, *, patience_s: float = PATIENCE_S) -> Found:
    """What is found, once there is something; where there never is, the test fails and says `what`."""
    deadline = time.monotonic() + patience_s
    while not (found := find()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found
