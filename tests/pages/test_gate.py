"""The gate looks at the whole page: links, addresses, weight, variants; all at once, under the policy in force."""

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from experiments.goals import Goal, GoalKind
from lander.access.models import AuditEntry
from lander.config import Settings
from lander.db import transaction
from lander.pages import publish
from lander.pages.models import Page, Redirect, Site
from lander.pages.testing import start_experiment
from lander.policy import store
from lander.policy.findings import Finding, Refused, Severity
from lander.preflight import look_ahead
from tests.pages.publishing import FORM, GOOD, MAYA, NOW, add_page, add_site, make_settings, save


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def site(session: Session) -> Site:
    return add_site(session)


def with_body(*parts: str) -> str:
    return GOOD.replace("</body>", "".join(f"\n{part}" for part in parts) + "</body>")


def check(session: Session, settings: Settings, page: Page) -> list[Finding]:
    return list(publish.check_drafts(session, settings, page, preflight=look_ahead))


def test_a_good_page_has_no_findings_at_all(session: Session, settings: Settings, site: Site) -> None:
    assert check(session, settings, add_page(session, site, {"a": GOOD, "b": GOOD})) == []


def test_everything_is_found_at_once_refusals_and_warnings(session: Session, settings: Settings, site: Site) -> None:
    source = FORM.replace("<body>", '<body onload="x()"><a href="/nowhere">x</a><img src="gone.png">')
    found = check(session, settings, add_page(session, site, {"a": source}))
    assert {finding.rule for finding in found} >= {
        "isolation.inline-handler",
        "references.missing",
        "content.description",
        "content.viewport",
        "content.labels",
        "content.alt_texts",
        "content.consent",
        "content.dead_links",
        "content.privacy_link",
    }
    assert {finding.severity for finding in found} == {Severity.WARN, Severity.REFUSE}
    assert all(finding.fix and finding.where == "variant a" for finding in found)


@pytest.mark.parametrize(
    ("link", "what"),
    [
        ("/nowhere", "leads to no page here"),
        ("https://go.example.com/nowhere", "leads to no page here"),
        ("#nothing", "not on the page"),
        ("/spring-sale#nothing", "not on the page"),
        ("#", "leads nowhere"),
        ("/gone", "gone for good (410)"),
        ("/round", "in a circle"),
        (f"/_l/a/{'0' * 64}.pdf", "a file that is not there"),
    ],
)
def test_a_dead_link_is_named_with_its_line(
    session: Session, settings: Settings, site: Site, link: str, what: str
) -> None:
    for path, target, status in (("/gone", "", 410), ("/round", "/about", 301), ("/about", "/round", 301)):
        session.add(Redirect(site_id=site.id, path=path, target=target, status=status, created_at=NOW, created_by=MAYA))
    page = add_page(session, site, {"a": with_body("<p>", f'<a href="{link}">There</a>')})
    (found,) = check(session, settings, page)
    assert (found.rule, found.line, found.element) == ("content.dead_links", 5, "<a>")
    assert what in found.sentence


def test_links_that_a_template_left_empty_are_one_finding(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": with_body('<a href="#!">x</a>', '<a href="#!">y</a><a href="#">z</a>')})
    (found,) = check(session, settings, page)
    assert (found.rule, found.line) == ("content.dead_links", 4)
    assert found.sentence == "3 links lead nowhere (#!), in lines 4, 5."


def test_links_that_lead_somewhere_are_left_in_peace(session: Session, settings: Settings, site: Site) -> None:
    other = add_page(session, site, {"a": with_body('<p id="any">x</p>')}, slug="other")
    publish.publish(session, settings, other, actor=MAYA, now=NOW)
    session.add(Redirect(site_id=site.id, path="/old", target="/other", status=301, created_at=NOW, created_by=MAYA))
    links = (
        "/", "/other", "/other/#any", "https://go.example.com/other?x=1#any", "/other#top", "/other#!x",
        "/old#any", "/old", "#here", "/spring-sale#here", "#top",
        "mailto:a@example.com", "tel:+49", "https://elsewhere.example/x", "?lang=de", "#/route", "/robots.txt",
    )  # fmt: skip
    body = [f'<a href="{link}">x</a>' for link in links]
    source = with_body('<p id="here">x</p><a href="#" role="button">Menu</a>', *body)
    assert check(session, settings, add_page(session, site, {"a": source})) == []


def test_a_place_on_another_page_is_looked_for_where_visitors_see_it(
    session: Session, settings: Settings, site: Site
) -> None:
    prices = with_body('<h2 id="prices">Prices</h2>')
    other = add_page(session, site, {"a": prices, "b": GOOD}, slug="other")
    publish.publish(session, settings, other, actor=MAYA, now=NOW)
    links = ("/other#prices", "https://go.example.com/other#pricing", "other.html#cost")
    page = add_page(session, site, {"a": with_body(*(f'<a href="{link}">x</a>' for link in links))})
    save(session, page, "a", with_body(*(f'<a href="{link}">x</a>' for link in links)), links={"other.html": "other"})
    said = [(finding.line, finding.sentence.partition(" leads ")[2]) for finding in check(session, settings, page)]
    assert said == [(line, "to a place that visitors do not find on /other.") for line in (5, 6)]
    start = {"variants": {"a": 5000, "b": 5000}, "goal": "click", "selector": "h1", "hypothesis": ""}
    start_experiment(session, settings, page=other, actor=MAYA, now=NOW, **start)
    assert [finding.line for finding in check(session, settings, page)] == [4, 5, 6], "half of them see variant b"


def test_a_link_to_a_draft_warns_even_where_dead_links_refuse(session: Session, settings: Settings, site: Site) -> None:
    store.apply_policy(session, '[content]\ndead_links = "refuse"\n', actor="ivan", now=NOW)
    add_page(session, site, {"a": GOOD}, slug="other")
    page = add_page(session, site, {"a": with_body('<a href="/other">x</a>')})
    (found,) = check(session, settings, page)
    assert (found.rule, found.severity) == ("references.not-live", Severity.WARN)
    assert "which is not live yet" in found.sentence


@pytest.mark.parametrize(
    ("tags", "what"),
    [
        ('<link rel="canonical" href="https://evil.example/">', "that of another site (evil.example)"),
        ('<link rel="canonical" href="/other">', "/other, which is not live"),
        ('<link rel="canonical" href="/nowhere">', "/nowhere, which is no page here"),
        ('<link rel="canonical" href="/spring-sale"><link rel="canonical" href="/x">', "2 canonical addresses"),
        ('<link rel="alternate" hreflang="de" href="/de/sale">', "names its other languages and not its own"),
    ],
)
def test_an_address_that_speaks_for_nothing_is_found(
    session: Session, settings: Settings, site: Site, tags: str, what: str
) -> None:
    add_page(session, site, {"a": GOOD}, slug="other")
    (found,) = check(session, settings, add_page(session, site, {"a": GOOD.replace("</head>", f"{tags}</head>")}))
    assert found.rule == "content.canonical"
    assert what in found.sentence


@pytest.mark.parametrize("address", ["/spring-sale", "https://go.example.com/spring-sale", "https://www.example.com/x"])
def test_its_own_address_and_the_core_site_are_sensible(
    session: Session, settings: Settings, site: Site, address: str
) -> None:
    source = GOOD.replace("</head>", f'<link rel="canonical" href="{address}"></head>')
    assert check(session, settings, add_page(session, site, {"a": source})) == []


def test_a_page_that_may_be_listed_says_one_thing(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD.replace("</head>", '<meta name="robots" content="noindex"></head>')})
    page.noindex = False
    assert [item.sentence for item in check(session, settings, page)] == [
        "Search engines may list the page, and it does not say which address speaks for it.",
        "You let search engines list the page, and its HTML tells them not to (robots: noindex).",
    ]


def test_a_variant_that_cannot_reach_the_goal_is_found(session: Session, settings: Settings, site: Site) -> None:
    found = check(session, settings, add_page(session, site, {"a": FORM, "b": GOOD, "c": "<!doctype html><p>"}))
    compared = [(item.where, item.sentence) for item in found if item.rule == "content.variants"]
    assert sorted(compared) == [
        ("variant b", "It has no form, and variant a has one: a test that counts forms could not compare them."),
        ("variant c", "It has no form, and variant a has one: a test that counts forms could not compare them."),
        ("variant c", "The page shows nothing."),
    ]


def test_a_draft_that_lost_what_a_running_test_counts_is_found(
    session: Session, settings: Settings, site: Site
) -> None:
    source = with_body('<a class="call" href="tel:+49">Call</a> <a class="map" href="geo:52,13">Map</a>')
    page = add_page(session, site, {"a": source, "b": source})
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    start_experiment(
        session,
        settings,
        page=page,
        variants={"a": 5000, "b": 5000},
        goal="click",
        selector="a.call",
        goals=[Goal(GoalKind.CLICK, selector="a.map"), Goal(GoalKind.SCROLL, threshold=50)],
        actor=MAYA,
        now=NOW,
    )
    save(session, page, "b", GOOD)
    found = check(session, settings, page)
    assert [(item.where, item.rule) for item in found] == [("variant b", "content.variants")] * 2
    assert [selector for selector in ("a.call", "a.map") for item in found if f"'{selector}'" in item.sentence] == [
        "a.call",
        "a.map",
    ]


@pytest.mark.parametrize(
    "goal", [{"goal": "form"}, {"goal": "click", "selector": "h1", "goals": [Goal(GoalKind.FORM)]}]
)
def test_drafts_that_all_lost_the_form_a_running_test_counts_are_found(
    session: Session, settings: Settings, site: Site, goal: dict[str, Any]
) -> None:
    source = FORM.replace("<form", "<h1>Call us</h1><form")
    page = add_page(session, site, {"a": source, "b": source})
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    start_experiment(session, settings, page=page, variants={"a": 5000, "b": 5000}, actor=MAYA, now=NOW, **goal)
    for variant in "ab":
        save(session, page, variant, with_body("<h1>Call us</h1>"))
    lost = "No form posts here, a goal of spring-sale-1: nobody here could reach it."
    found = [item for item in check(session, settings, page) if item.rule == "content.variants"]
    assert [(item.where, item.sentence) for item in found] == [("variant a", lost), ("variant b", lost)]


def test_weight_counts_what_a_browser_loads_once_and_compressed(
    session: Session, settings: Settings, site: Site
) -> None:
    files = {
        "app.js": b"// " + b"x" * 200_000,  # packs to nothing
        "main.css": b"@font-face{src:url(f.woff2),url(f.woff)}b{background:url(bg.svg)}",
        "f.woff2": b"wOF2" + bytes(range(256)) * 100,
        "f.woff": b"wOFF" + bytes(range(256)) * 100,
        "bg.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    }
    head = '<link rel="stylesheet" href="main.css"><script src="app.js"></script></head>'
    page = add_page(session, site, {"a": GOOD.replace("</head>", head)}, files=files)
    assert check(session, settings, page) == []
    store.apply_policy(session, "[budgets]\nrequests = 4\n", actor="ivan", now=NOW)
    (found,) = check(session, settings, page)
    assert found.sentence.startswith("The page makes 5 requests; your budget is 4. The largest: f.woff2 (25.7 kB), ")


def test_warnings_are_published_with_and_counted_in_the_audit(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": with_body('<img src="https://go.example.com/x">', '<a href="/x">x</a>')})
    store.apply_policy(session, '[isolation.allow]\nimg = ["go.example.com"]\n', actor="ivan", now=NOW)
    published = publish.publish(session, settings, page, preflight=look_ahead, actor=MAYA, now=NOW)
    assert [item.rule for item in published.findings] == ["content.alt_texts", "content.dead_links"]
    entry = session.exec(select(AuditEntry).where(AuditEntry.action == "page.publish")).one()
    assert entry.details["warnings"] == 2


def test_a_publish_that_a_policy_change_overtakes_is_refused_under_the_new_policy(
    database: Engine, settings: Settings
) -> None:
    """Maya has seen no finding; while she presses the button, Ivan's transaction is open, and comes first."""
    with transaction(database) as session:
        page = add_page(session, add_site(session), {"a": GOOD.replace("Everything", "Cheap! Everything")})
        page_id = page.id
        assert check(session, settings, page) == []
    applied, may_commit, outcome = threading.Event(), threading.Event(), list[object]()

    def apply() -> None:
        with transaction(database) as session:
            text = '[content]\nforbidden = "refuse"\nforbidden_words = ["cheap"]\n'
            store.apply_policy(session, text, actor="ivan", now=NOW)
            session.flush()
            applied.set()
            may_commit.wait(20)

    def press() -> None:
        try:
            with transaction(database) as session:
                publish.publish(
                    session, settings, session.get_one(Page, page_id), preflight=look_ahead, actor=MAYA, now=NOW
                )
        except Refused as refused:
            outcome.append(refused)

    ivan, maya = threading.Thread(target=apply), threading.Thread(target=press)
    ivan.start()
    assert applied.wait(20)
    maya.start()
    may_commit.set()
    ivan.join(30)
    maya.join(30)
    (refused,) = outcome
    assert isinstance(refused, Refused)
    assert [(item.rule, item.line) for item in refused.findings] == [("content.forbidden", 2)]
    with Session(database) as session:
        assert session.get_one(Page, page_id).release_id is None
