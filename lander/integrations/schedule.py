"""When a delivery that did not arrive is tried again: the schedule of Standard Webhooks, with jitter."""

import random
from datetime import datetime, timedelta
from typing import Final

DELAYS: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (0, 5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))
)
"""Before the first attempt, before the second, …; after the last one it is given up."""

MOST_JITTER: Final = 0.1
_chance: Final = random.SystemRandom()


def find_next(attempts: int, now: datetime) -> datetime | None:
    """When the next attempt is due after so many; None where there is none.

    Up to a tenth later than scheduled, so that what failed together does not come back together.
    """
    if attempts >= len(DELAYS):
        return None
    return now + DELAYS[attempts] * (1 + _chance.uniform(0, MOST_JITTER))
