"""Which variant a visitor sees: a pure function of the phase's seed and the visitor's id, with nothing to remember.

Interoperable with GrowthBook's SDKs (hash version 2), so anyone can reproduce an assignment in SQL, JavaScript or a
notebook. It never looks at a clock, a cookie or a database.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

BUCKETS: Final = 10_000
_OFFSET_BASIS: Final = 0x811C9DC5
_PRIME: Final = 0x01000193
_MASK: Final = 0xFFFFFFFF


def bucket(seed: str, visitor_id: str) -> int:
    """The visitor's bucket, 0–9,999, under this seed (`<experiment key>:<phase number>`).

    n = fnv1a32(str(fnv1a32(seed + visitor_id))) mod 10,000; the SDKs' number is n / 10,000. Bytes are UTF-8. The
    JavaScript SDK hashes UTF-16 code units, which is the same for the ASCII seeds and ids made here.

    Source: GrowthBook, "Build your own SDK", hash version 2; FNV-1a 32 bit: Fowler, Noll, Vo.

    >>> bucket("", "a")
    216
    """
    first = _fnv1a(visitor_id.encode(), _fnv1a_of_seed(seed))
    return _fnv1a(b"%d" % first, _OFFSET_BASIS) % BUCKETS


def choose(bucket: int, ranges: Sequence[tuple[int, int]]) -> int | None:
    """Index of the first half-open range that holds the bucket; None outside all of them (coverage below 100 %).

    >>> choose(4_999, [(0, 5_000), (5_000, 10_000)])
    0
    """
    for index, (low, high) in enumerate(ranges):
        if low <= bucket < high:
            return index
    return None


def _fnv1a(data: bytes, state: int) -> int:
    for byte in data:
        state = ((state ^ byte) * _PRIME) & _MASK
    return state


@lru_cache(maxsize=1024)
def _fnv1a_of_seed(seed: str) -> int:
    # FNV-1a is a running state, so the seed's part of it is computed once per phase, not once per visitor
    return _fnv1a(seed.encode(), _OFFSET_BASIS)
