"""What this process answered: requests by class and status, and how often a page had to be rescued.

Classes and statuses are closed sets; nothing of a request itself is kept.
"""

import threading
from collections import Counter


class Counts:
    """Counts since the process started; every thread may count."""

    def __init__(self) -> None:
        self._counting = threading.Lock()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._rescued: Counter[str] = Counter()

    def add_request(self, kind: str, status: str) -> None:
        """One more answer: its class ("page", "form", …) and its status, three digits."""
        with self._counting:
            self._requests[kind, status] += 1

    def add_rescue(self, problem: str) -> None:
        """One more answer that needed rescuing, by the name of what went wrong."""
        with self._counting:
            self._rescued[problem] += 1

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        with self._counting:
            return self._requests.copy()

    @property
    def rescued(self) -> Counter[str]:
        with self._counting:
            return self._rescued.copy()
