"""A CSV comes in whole or not at all, after a plan that says what it would do."""

import time
from pathlib import Path

import pytest
from sqlmodel import Session

from lander.access.audit import list_entries
from lander.pages import publish, redirects
from lander.pages.models import Site
from lander.pages.redirect_import import ImportPlan, ImportRefused, apply_import, plan_import
from lander.pages.redirect_rules import Rule
from lander.pages.redirect_sheet import write_sheet
from tests.pages.publishing import MAYA, NOW, PAGE, add_page, add_site, make_settings


@pytest.fixture
def site(session: Session, tmp_path: Path) -> Site:
    """With a live page at /spring-sale and two redirects."""
    site = add_site(session)
    publish.publish(session, make_settings(tmp_path), add_page(session, site, {"a": PAGE}), actor=MAYA, now=NOW)
    for path, target in (("/same", "/spring-sale"), ("/other", "/spring-sale")):
        redirects.put_redirect(session, site, Rule(path, target, 301), actor=MAYA, now=NOW)
    return site


def apply(session: Session, site: Site, text: str, *, only_good: bool = False) -> ImportPlan:
    return apply_import(session, site, text.encode(), only_good=only_good, actor=MAYA, now=NOW)


def listed(session: Session, site: Site) -> dict[str, str]:
    return {item.path: item.target for item in redirects.list_redirects(session, site)}


MIXED = """from,to,status
/fresh,/spring-sale,301
/same,/spring-sale,
/other,https://www.example.com/,302
/spring-sale,/fresh,
nonsense,/spring-sale,
/x,also nonsense,999
/fresh,/elsewhere,
/ring,/gnir,
/gnir,/ring,
"""


def test_the_plan_says_what_is_new_changed_the_same_and_wrong_and_changes_nothing(session: Session, site: Site) -> None:
    plan = plan_import(session, site, MIXED.encode())
    assert [(item.line, item.rule.path) for item in plan.new] == [(2, "/fresh")]
    assert [(item.line, item.rule.target, item.before and item.before.target) for item in plan.changed] == [
        (4, "https://www.example.com/", "/spring-sale")
    ]
    assert plan.same == 1
    assert [(item.line, item.value) for item in plan.wrong] == [
        (5, "/spring-sale"),
        (6, "nonsense"),
        (7, "999"),
        (7, "also nonsense"),
        (8, "/fresh"),
        (9, "/ring"),
        (10, "/gnir"),
    ]
    assert plan.wrong_rows == 6
    assert str(plan.wrong[0]).startswith("Line 5: A live page answers at /spring-sale, and pages come first.")
    assert "Line 2 already leads /fresh elsewhere." in plan.wrong[4].sentence
    assert listed(session, site) == {"/same": "/spring-sale", "/other": "/spring-sale"}


def test_nothing_is_taken_in_while_a_row_is_wrong(session: Session, site: Site) -> None:
    before = listed(session, site)
    with pytest.raises(ImportRefused, match=r"6 rows are wrong, and nothing was changed\.") as refused:
        apply(session, site, MIXED)
    assert len(refused.value.plan.wrong) == 7
    assert listed(session, site) == before


def test_the_good_ones_are_taken_in_where_that_is_enough(session: Session, site: Site) -> None:
    apply(session, site, MIXED, only_good=True)
    assert listed(session, site) == {
        "/fresh": "/spring-sale",
        "/same": "/spring-sale",
        "/other": "https://www.example.com/",
    }
    entry = list_entries(session)[0]
    before = {"/other": ["/spring-sale", 301, ""]}
    assert (entry.action, entry.details) == (
        "redirect.import",
        {"added": 1, "changed": 1, "left_out": 6, "before": before},
    )


def test_taking_it_in_twice_changes_nothing(session: Session, site: Site) -> None:
    apply(session, site, "/a,/spring-sale\n/b,/spring-sale\n")
    stamp, entries = site.redirects_id, len(list_entries(session))
    plan = apply(session, site, "/a,/spring-sale\n/b,/spring-sale\n")
    assert (plan.same, plan.rules, site.redirects_id, len(list_entries(session))) == (2, [], stamp, entries)


def test_a_collapse_is_told_before_anything_is_applied(session: Session, site: Site) -> None:
    text = "".join(f"/old/{number},/\n" for number in range(280))
    text += "".join(f"/kept/{number},https://www.example.com/{number}\n" for number in range(18))
    plan = plan_import(session, site, text.encode())
    (collapse,) = [item.finding for item in plan.findings if item.finding.rule == "redirects.collapse"]
    assert collapse.sentence.startswith("280 of 300 old addresses lead to the home page")


def test_the_export_comes_back_as_it_was(session: Session, site: Site) -> None:
    apply(session, site, '/über uns,/spring-sale?a=1,302,"a, ""note"""\n/gone,,410\n')
    rules = [redirects.rule_of(item) for item in redirects.list_redirects(session, site)]
    plan = plan_import(session, site, write_sheet(rules).encode())
    assert (plan.same, plan.rules, plan.wrong) == (4, [], ())


def test_a_hundred_thousand_rows_are_taken_in_within_seconds(session: Session, site: Site) -> None:
    text = "".join(f"/category/{number}/old-product,/spring-sale?id={number}\n" for number in range(99_998))
    began = time.monotonic()
    plan = apply(session, site, text)
    assert len(plan.new) == 99_998
    assert redirects.count_redirects(session, site) == 100_000
    assert time.monotonic() - began < 60  # about six seconds on a quiet machine
    with pytest.raises(Exception, match=r"would have 100,001 redirects"):
        apply(session, site, "/one-more,/spring-sale\n")
