"""A saved report, recomputed from its counts and parameters by `stats` alone, and every figure that comes out otherwise.

It imports nothing of `experiments` and reads no database, so it also says when the code that made the report went wrong,
and needs nothing of the installation that the file came from.
"""

from pathlib import Path

import stats
from lander.verification.differences import Difference, Verification, compare
from lander.verification.file import read_file
from lander.verification.parts import Unreadable
from lander.verification.recompute import recompute
from lander.verification.saved import read_report
from lander.verification.sums import add_up

__all__ = ["Difference", "Unreadable", "Verification", "verify"]


def verify(file: Path) -> Verification:
    """Recompute the report in `file`; raises `Unreadable` where it holds none that can be."""
    raw = read_file(file)
    try:
        saved = read_report(raw)
        return compare({**raw, **add_up(saved)}, recompute(saved))
    except stats.StatsError as error:
        raise Unreadable(f"A count or a parameter in it is none: {error}.") from error
    except ArithmeticError as error:
        raise Unreadable(f"A moment or a parameter in it is beyond all reckoning: {error}.") from error
