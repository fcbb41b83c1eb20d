"""Freeze windows: IT says when nothing new goes live, in moments that mean the same everywhere."""

from datetime import UTC, datetime, timedelta

import pytest

from lander.policy.describe import describe
from lander.policy.parse import InvalidPolicy, parse_policy
from lander.policy.policy import DEFAULTS

CHRISTMAS = """[lifecycle]
freezes = [
  {from = 2026-12-20T00:00:00+01:00, to = 2027-01-02T08:00:00+01:00, reason = "Christmas"},
  {from = 2026-11-27T00:00:00Z, to = 2026-11-28T00:00:00Z, reason = " Black Friday. "},
]
"""


def test_a_moment_is_inside_from_its_first_instant_to_its_last() -> None:
    lifecycle = parse_policy(CHRISTMAS).lifecycle
    first = datetime(2026, 12, 19, 23, 0, tzinfo=UTC)
    last = datetime(2027, 1, 2, 7, 0, tzinfo=UTC)
    tick = timedelta(microseconds=1)
    found = [lifecycle.find_freeze(at) for at in (first - tick, first, last - tick, last)]
    assert [freeze.reason if freeze else "" for freeze in found] == ["", "Christmas", "Christmas", ""]
    assert DEFAULTS.lifecycle.find_freeze(first) is None


def test_each_is_told_in_one_sentence() -> None:
    told = describe(parse_policy(CHRISTMAS))
    assert (
        "From 20 Dec 2026, 00:00 (UTC+01:00) to 2 Jan 2027, 08:00 (UTC+01:00) nothing is published and no test is "
        "started: Christmas."
    ) in told
    assert told[-1].endswith("started: Black Friday.")
    assert not any("published and no test" in sentence for sentence in describe(DEFAULTS))


@pytest.mark.parametrize(
    ("freeze", "said"),
    [
        ("'Christmas'", "has from, to and reason"),
        ("{from = 2026-12-20T00:00:00Z, to = 2026-12-21T00:00:00Z}", "has from, to and reason"),
        ("{from = 2026-12-20T00:00:00Z, until = 2026-12-21T00:00:00Z, reason = 'x'}", "has from, to and reason"),
        ("{from = 2026-12-20, to = 2026-12-21T00:00:00Z, reason = 'x'}", "'2026-12-20', which is no moment"),
        ("{from = 2026-12-20T00:00:00, to = 2026-12-21T00:00:00Z, reason = 'x'}", "which is no moment"),
        ("{from = 2026-12-20T00:00:00Z, to = '2026-12-21T00:00:00Z', reason = 'x'}", "without quotation marks"),
        ("{from = 2026-12-20T00:00:00Z, to = 7, reason = 'x'}", "'7', which is no moment"),
        ("{from = 2026-12-21T00:00:00Z, to = 2026-12-21T00:00:00Z, reason = 'x'}", "before it begins"),
        ("{from = 2026-12-20T00:00:00Z, to = 2026-12-21T00:00:00Z, reason = ' '}", "needs a reason"),
        ("{from = 2026-12-20T00:00:00Z, to = 2026-12-21T00:00:00Z, reason = 1}", "needs a reason"),
        (f"{{from = 2026-12-20T00:00:00Z, to = 2026-12-21T00:00:00Z, reason = '{'x' * 201}'}}", "needs a reason"),
    ],
)
def test_one_that_says_something_else_is_refused_with_what_to_write(freeze: str, said: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy(f"[lifecycle]\nfreezes = [{freeze}]")
    (problem,) = refused.value.problems
    assert problem.startswith("Line 2: lifecycle.freezes")
    assert said in problem


def test_something_that_is_no_list_is_refused_too() -> None:
    with pytest.raises(InvalidPolicy, match=r"Line 2: lifecycle.freezes is 'Christmas', not a list"):
        parse_policy("[lifecycle]\nfreezes = 'Christmas'")


def test_all_mistakes_are_reported_together() -> None:
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy("[lifecycle]\nfreezes = [1, {from = 1, to = 2, reason = 'x'}]\nend = 3")
    assert len(refused.value.problems) == 3
