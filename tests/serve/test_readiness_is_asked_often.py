"""Anybody may ask for /readyz, so what that costs this node has a bound."""

from collections.abc import Sequence
from pathlib import Path

from experiments.journal import Durability, JournalUnavailable, Record
from tests.serve.stage import staged


class FickleJournal:
    """A journal whose disk comes and goes, and that counts how often it was asked."""

    def __init__(self) -> None:
        self.works = True
        self.checks = 0
        self.written = self.dropped = 0

    def append(self, records: Sequence[Record], durability: Durability = Durability.BATCHED) -> None:
        pass

    def check(self) -> None:
        self.checks += 1
        if not self.works:
            raise JournalUnavailable("the disk is full")

    def close(self) -> None:
        pass


def test_the_disk_is_asked_once_a_second_whatever_it_says(tmp_path: Path) -> None:
    journal = FickleJournal()
    with staged(tmp_path, journal=journal) as stage:
        stage.publish()
        for works in (True, False, True):
            journal.works = works
            journal.checks = 0
            stage.front._check_journal_at = 0.0  # as if a second had passed
            assert {stage.ask("/readyz").status_code for _ in range(20)} == {200 if works else 503}
            assert journal.checks == 1
        assert not stage.front.counts.rescued
