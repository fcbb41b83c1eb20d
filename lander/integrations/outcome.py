"""What came of one attempt to hand something over, whatever the destination."""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What follows from an attempt."""

    DELIVERED = "delivered"
    AGAIN = "again"  # it may work later
    REFUSED = "refused"  # for good
    GONE = "gone"  # for good, and for everything else that would go there


@dataclass(frozen=True, slots=True)
class Outcome:
    """One attempt: what follows, in words for the delivery log, and the receiver's status where it gave one."""

    fate: Fate
    words: str
    status: int | None = None
