"""`lander tallies rebuild`: the sums behind every report, computed again."""

from typing import Any

from sqlmodel import select

from experiments.models import Tally
from lander.access.models import AuditEntry
from lander.db import reading, transaction
from tests.cli.conftest import HOST, Terminal
from tests.cli.events import come, crowd


def test_tallies_that_are_right_stay_as_they_are(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, crowd("a", served=20, conversions=3), crowd("b", served=21, conversions=2))
    before = read_counts(terminal)
    assert terminal.ok("tallies", "rebuild") == {"differing": 0}
    assert terminal.read("tallies", "rebuild") == "Rebuilt. All tallies were right.\n"
    assert read_counts(terminal) == before


def test_a_damaged_tally_is_mended_and_named(terminal: Terminal) -> None:
    terminal.start_test()
    come(terminal, crowd("a", served=20, conversions=3))
    before = read_counts(terminal)
    with transaction(terminal.engine) as session:
        session.exec(select(Tally).where(Tally.served > 0)).first().served += 5  # type: ignore[union-attr]
    assert terminal.ok("tallies", "rebuild") == {"differing": 1}
    assert read_counts(terminal) == before
    with reading(terminal.engine) as session:
        assert session.exec(select(AuditEntry).where(AuditEntry.action == "tallies.rebuild")).one()


def read_counts(terminal: Terminal) -> list[Any]:
    """What a report makes of the tallies; the moment at which it was asked is another each time."""
    report = terminal.ok("report", "--site", HOST, "--slug", "spring-sale")
    return [report[part] for part in ("variants", "by_day", "segments", "filtered")]
