"""Freeze windows: while one lasts, nothing new goes live.

Going back, taking away, and pausing a test or ending it with control stay possible: nobody is kept in front of a mistake.
"""

from datetime import datetime

from sqlmodel import Session

from lander.errors import Conflict
from lander.policy.describe import describe_freeze
from lander.policy.policy import Freeze
from lander.policy.store import load_policy


class Frozen(Conflict):
    """The policy names a time in which this is not done. `freeze` is that time."""

    code = "frozen"

    def __init__(self, freeze: Freeze) -> None:
        self.freeze = freeze
        super().__init__(
            describe_freeze(freeze),
            fix="Do it after that, or ask IT to change the freeze window. Rolling back and taking away stay possible.",
        )


def check_freeze(session: Session, at: datetime) -> None:
    """Raises `Frozen` where the policy in force lets nothing go live at this moment."""
    if (freeze := load_policy(session).lifecycle.find_freeze(at)) is not None:
        raise Frozen(freeze)
