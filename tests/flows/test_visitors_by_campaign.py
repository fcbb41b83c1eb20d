"""Where visitors came from, through a running server: the campaign that stood in the address stands in the report."""

from collections import Counter
from datetime import UTC, datetime

from experiments import results
from experiments.report import SegmentCounts
from lander.db import reading
from tests.cli.conftest import HOST, Terminal
from tests.live import Lander
from tests.patience import wait_until


def test_every_visitor_stands_in_the_campaign_of_their_address(terminal: Terminal, lander: Lander) -> None:
    key = terminal.start_test(slug="campaigns")["experiment"]
    lander.wait_until_live(HOST, "campaigns", crowd=True)
    url = f"http://127.0.0.1:{lander.port}"
    crowd = ("--visitors", "200", "--rates", "a=0.2,b=0.4", "--url", url)
    sent = terminal.ok("simulate", "--site", HOST, "--slug", "campaigns", *crowd)

    def find_rows() -> tuple[SegmentCounts, ...]:
        with reading(terminal.engine) as session:
            report = results.report(session, key, dimensions=("campaign", "keyword"), now=datetime.now(UTC))
        came = Counter[str]()
        for item in report.variants:
            came.update(served=item.served, confirmed=item.confirmed, conversions=item.conversions)
        home = all(number >= sum(sent[what].values()) for what, number in came.items())
        # a beacon may come home before its page view, which then is not known yet
        return report.open_segments if home and all(item.level != "(unknown)" for item in report.open_segments) else ()

    found = wait_until(find_rows, "not everybody came home")
    for dimension, levels in (
        ("campaign", {"spring", "brand", "competitors", "november", "(none)"}),
        ("keyword", {"near me", "reviews", "compare", "(none)"}),
    ):
        rows = [item for item in found if item.dimension == dimension]
        assert {item.level for item in rows} == levels
        for what in ("served", "confirmed", "conversions"):
            by_variant = Counter[str]()
            for item in rows:
                by_variant[item.variant] += getattr(item, what)
            assert by_variant == Counter(sent[what])
