"""A page keeps to its budget up to the last byte, and is told of the first one more, with the three largest."""

import pytest

from lander.policy.budgets import Part, check_budgets
from lander.policy.findings import Finding, Severity
from lander.policy.parse import parse_policy
from lander.policy.policy import DEFAULTS

BUDGETS = DEFAULTS.budgets


def check(*parts: Part, inline: int = 0) -> list[Finding]:
    return list(check_budgets(parts, BUDGETS, inline_script_bytes=inline))


def test_exactly_at_every_limit_there_is_nothing_to_say() -> None:
    parts = [Part("page", 450_000), Part("app.js", 49_000, is_script=True), *[Part("dot", 0)] * 27, Part("rest", 1_000)]
    assert len(parts) == BUDGETS.requests
    assert check(*parts, inline=1_000) == []


@pytest.mark.parametrize(
    ("parts", "inline", "rule"),
    [
        ([Part("page", 500_001)], 0, "budgets.page_kb"),
        ([Part("dot", 1)] * 31, 0, "budgets.requests"),
        ([Part("app.js", 50_001, is_script=True)], 0, "budgets.script_kb"),
        ([Part("app.js", 50_000, is_script=True)], 1, "budgets.script_kb"),
    ],
)
def test_one_more_is_a_finding(parts: list[Part], inline: int, rule: str) -> None:
    (found,) = check(*parts, inline=inline)
    assert (found.rule, found.severity) == (rule, Severity.WARN)


def test_the_three_largest_are_named() -> None:
    (found,) = check(
        Part("small.png", 1_000), Part("hero.png", 400_000), Part("font.woff2", 60_000), Part("page", 80_000)
    )
    assert found.sentence == (
        "The page weighs 541.0 kB; your budget is 500 kB. "
        "The largest: hero.png (400.0 kB), page (80.0 kB), font.woff2 (60.0 kB)."
    )


def test_it_can_refuse_or_keep_quiet() -> None:
    heavy = [Part("page", 2_000_000)]
    refuse = parse_policy('[budgets]\nweight = "refuse"').budgets
    assert [item.severity for item in check_budgets(heavy, refuse)] == [Severity.REFUSE]
    assert list(check_budgets(heavy, parse_policy('[budgets]\nweight = "off"').budgets)) == []
    assert list(check_budgets(heavy, parse_policy("[budgets]\npage_kb = 2000").budgets)) == []
