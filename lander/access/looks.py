"""Who opened which report, handed to the node's journal: a GET writes nothing to the database, and waits for nobody.

The ledger keeps one look per person, phase and day, so one that was handed over twice before it got there is still one.
"""

from experiments import looks
from experiments.journal import Record
from experiments.models import Occasion
from experiments.report import Report
from lander.access.gate import actor, studio


def remember(report: Report) -> None:
    """Note that the caller has opened this report. One of the past is history, and no look."""
    seen = looks.take(report, by=actor(), occasion=Occasion.OPENED)
    today = looks.begin_of_day(seen.at, report.timezone)
    known = any(item.by == seen.by and item.occasion is seen.occasion and item.at >= today for item in report.looks)
    if not known and not report.is_past:
        studio().journal.append([Record("look", seen.to_journal())])
