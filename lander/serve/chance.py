"""Random bytes for the ids of visitors and views, drawn from the system by the thousand.

Every call to the system lets go of the interpreter, and under load another thread takes it: two calls were a tenth of a
page view. What a process has drawn is its own; a forked child starts with nothing.
"""

import os
from collections import deque
from typing import Final

BYTES: Final = 16
_DRAWS: Final = 1_024

_drawn: deque[bytes] = deque()


def draw() -> bytes:
    """16 bytes that nobody can guess and nobody gets twice."""
    try:
        return _drawn.popleft()  # one thread alone gets it
    except IndexError:
        fresh = os.urandom(BYTES * _DRAWS)
        _drawn.extend(fresh[start : start + BYTES] for start in range(BYTES, len(fresh), BYTES))
        return fresh[:BYTES]


os.register_at_fork(after_in_child=_drawn.clear)
