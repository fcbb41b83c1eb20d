"""Renaming and retiring: nobody who knows the old address is left alone, and a running test does not notice."""

from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from experiments.assign import bucket
from lander.access.audit import list_entries
from lander.catalog import load_catalog
from lander.config import Settings
from lander.errors import Conflict, InvalidInput, LanderError
from lander.pages import moving, publish, redirects, testing
from lander.pages.deploy import materialise
from lander.pages.models import Page, Publication, Site
from lander.pages.redirect_rules import InvalidRedirect, Rule
from lander.pages.rollback import rollback
from lander.policy.findings import Refused
from lander.policy.store import apply_policy
from lander.preview import create_preview, sign_preview
from lander.published import Release
from tests.pages.publishing import (
    FORM,
    MAYA,
    NOW,
    PAGE,
    add_page,
    add_site,
    make_settings,
    object_to_everything,
    refusals,
    text_of,
)

OUTSIDE = PAGE.replace("</head>", "<script src='https://cdn.example.net/x.js'></script></head>")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def site(session: Session) -> Site:
    return add_site(session)


@pytest.fixture
def live(session: Session, settings: Settings, site: Site) -> Page:
    """A live page with two variants at /spring-sale."""
    page = add_page(session, site, {"a": FORM, "b": FORM.replace("Spring", "Big")})
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    return page


def rename(session: Session, settings: Settings, page: Page, slug: str) -> moving.Moved:
    return moving.rename_page(session, settings, page, slug, actor=MAYA, now=NOW)


def retire(session: Session, page: Page, status: int, target: str = "") -> moving.Moved:
    return moving.retire_page(session, page, status=status, target=target, actor=MAYA, now=NOW)


def publish_other(session: Session, settings: Settings, site: Site) -> None:
    """A second live page, at /other, for visitors to go to."""
    publish.publish(session, settings, add_page(session, site, {"a": PAGE}, slug="other"), actor=MAYA, now=NOW)


def served(session: Session, settings: Settings) -> dict[str, Release]:
    materialise(session, settings.published_dir)
    return {path: release for (_, path), release in load_catalog(settings.published_dir).routes.items()}


def table(session: Session, site: Site) -> dict[str, str]:
    found = redirects.list_redirects(session, site)
    return {item.path: f"{item.status} {item.target}".strip() for item in found}


def test_a_renamed_page_is_live_at_its_new_address_and_the_old_one_leads_there(
    session: Session, settings: Settings, site: Site, live: Page
) -> None:
    moved = rename(session, settings, live, "big-sale")
    assert list(served(session, settings)) == ["/big-sale"]
    assert table(session, site) == {"/spring-sale": "301 /big-sale"}
    assert moved.sentences()[0].startswith("go.example.com/spring-sale leads to /big-sale now (301)")
    entry = list_entries(session)[0]
    assert (entry.action, entry.details) == ("page.move", {"before": "spring-sale", "after": "big-sale"})


def test_its_drafts_releases_and_history_come_along(
    session: Session, settings: Settings, site: Site, live: Page
) -> None:
    before = live.release_id
    rename(session, settings, live, "big-sale")
    acts = session.exec(select(Publication.reason).where(Publication.page_id == live.id).order_by(col(Publication.id)))
    assert list(acts) == ["publish", "rename"]
    assert before is not None
    assert [key for key, _ in served(session, settings)["/big-sale"].variants.items()] == ["a", "b"]
    with pytest.raises(Conflict, match="never looked different"):
        rollback(session, settings, live, actor=MAYA, now=NOW)


def test_a_running_test_goes_on_with_every_visitor_in_their_variant(
    session: Session, settings: Settings, live: Page
) -> None:
    testing.start_experiment(
        session, settings, page=live, variants={"a": 5000, "b": 5000}, goal="form", actor=MAYA, now=NOW
    )
    before = served(session, settings)["/spring-sale"]
    rename(session, settings, live, "big-sale")
    after = served(session, settings)["/big-sale"]
    assert before.allocation is not None
    assert after.allocation == before.allocation
    assert (after.page_id, after.control) == (before.page_id, before.control)
    assert [text_of(item.segments) for item in after.variants.values()] == [
        text_of(item.segments) for item in before.variants.values()
    ]
    visitors = [f"{number:032x}" for number in range(200)]
    assert {bucket(after.allocation.seed, visitor) < 5000 for visitor in visitors} == {True, False}


@pytest.mark.parametrize(
    ("canonical", "after"),
    [
        ("/spring-sale", "/big-sale"),
        ("https://go.example.com/spring-sale", "/big-sale"),
        ("/other", "/other"),
        ("https://www.example.com/spring-sale", "https://www.example.com/spring-sale"),
    ],
)
def test_a_page_that_is_its_own_canonical_address_stays_so(
    session: Session, settings: Settings, live: Page, canonical: str, after: str
) -> None:
    live.meta = {"canonical": canonical}
    rename(session, settings, live, "big-sale")
    assert live.meta["canonical"] == after


def test_a_preview_link_made_before_still_works(session: Session, settings: Settings, live: Page) -> None:
    assert live.id is not None
    link = sign_preview(settings, live.id, "b")
    rename(session, settings, live, "big-sale")
    session.commit()
    client = create_preview(settings, session.get_bind().engine).test_client()
    answer = client.get(link, base_url=f"http://{settings.preview_host}")
    assert (answer.status_code, "Big sale" in answer.text) == (200, True)


def test_what_led_to_the_old_address_leads_to_the_new_one_at_once(
    session: Session, settings: Settings, site: Site, live: Page
) -> None:
    for path, target in (("/older", "/spring-sale?from=older#form"), ("/other", "/spring-sale-2")):
        redirects.put_redirect(session, site, Rule(path, target, 301), actor=MAYA, now=NOW)
    rename(session, settings, live, "big-sale")
    assert table(session, site) == {
        "/older": "301 /big-sale?from=older#form",
        "/other": "301 /spring-sale-2",
        "/spring-sale": "301 /big-sale",
    }


def test_a_redirect_that_stood_at_the_new_address_goes_and_is_named(
    session: Session, settings: Settings, site: Site, live: Page
) -> None:
    flyer = Rule("/big-sale", "https://www.example.com/autumn", 301, "print flyer 2025")
    redirects.put_redirect(session, site, flyer, actor=MAYA, now=NOW)
    moved = rename(session, settings, live, "big-sale")
    assert table(session, site) == {"/spring-sale": "301 /big-sale"}
    assert moved.removed == flyer
    assert (
        "Taken away, because the page answers there: "
        "/big-sale (301, “print flyer 2025”) → https://www.example.com/autumn."
    ) in moved.sentences()
    assert moved.as_json()["removed"]["note"] == "print flyer 2025"


def test_going_back_to_the_old_name_leaves_no_circle(
    session: Session, settings: Settings, site: Site, live: Page
) -> None:
    rename(session, settings, live, "big-sale")
    rename(session, settings, live, "spring-sale")
    assert table(session, site) == {"/big-sale": "301 /spring-sale"}
    assert list(served(session, settings)) == ["/spring-sale"]


def test_a_draft_that_nobody_saw_leaves_nothing_behind(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": PAGE})
    moved = rename(session, settings, page, "big-sale")
    assert (moved.status, moved.published, table(session, site)) == (0, None, {})


def test_a_page_that_was_taken_away_keeps_its_followers(
    session: Session, settings: Settings, site: Site, live: Page
) -> None:
    publish.withdraw(session, live, actor=MAYA, now=NOW)
    rename(session, settings, live, "big-sale")
    assert table(session, site) == {"/spring-sale": "301 /big-sale"}
    assert served(session, settings) == {}


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("spring-sale", "already"),
        ("taken", "already a page"),
        ("Big Sale", "cannot"),
        ("spring-sale/search", "screen of the studio"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_changes(
    session: Session, settings: Settings, site: Site, live: Page, *, slug: str, said: str
) -> None:
    add_page(session, site, {"a": PAGE}, slug="taken")
    with pytest.raises(LanderError, match=said):
        rename(session, settings, live, slug)
    assert live.slug == "spring-sale"


def test_rules_that_have_changed_hold_for_a_renamed_page_too(session: Session, settings: Settings, site: Site) -> None:
    apply_policy(session, '[isolation.allow]\nscript = ["https://cdn.example.net"]\n', actor="ivan", now=NOW)
    page = add_page(session, site, {"a": OUTSIDE})
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    apply_policy(session, "", actor="ivan", now=NOW)
    with pytest.raises(Refused):
        rename(session, settings, page, "big-sale")


def test_links_of_other_pages_are_named_with_their_line(
    session: Session, settings: Settings, site: Site, live: Page
) -> None:
    def linking(href: str) -> str:
        return PAGE.replace("<h1>", f"<a href='{href}'>x</a>\n<h1>")

    for number, href in enumerate(
        ["/spring-sale", "https://go.example.com/spring-sale?x=1", "main.html#top", "/spring-sale-2", "/de/spring-sale"]
    ):
        links = {"main.html": "spring-sale"} if href.startswith("main") else {}
        add_page(session, site, {"a": linking(href)}, slug=f"p{number}", links=links)
    add_page(session, site, {"a": FORM}, slug="with-form", thank_you="/spring-sale")
    moved = rename(session, settings, live, "big-sale")
    assert [str(link) for link in moved.links] == [
        "/with-form (its form)",
        "/p0 (variant a, line 3)",
        "/p1 (variant a, line 3)",
        "/p2 (variant a, line 3)",
    ]


def test_a_page_that_links_to_the_old_address_is_not_called_broken(
    session: Session, settings: Settings, site: Site, live: Page
) -> None:
    other = add_page(session, site, {"a": FORM}, slug="with-form", thank_you="/spring-sale")
    rename(session, settings, live, "big-sale")
    findings = publish.publish(session, settings, other, actor=MAYA, now=NOW).findings
    assert [finding for finding in findings if finding.rule == "references.not-live"] == []


@pytest.mark.parametrize(
    ("status", "target", "left"),
    [
        (301, "/other?from=spring#form", "301 /other?from=spring#form"),
        (301, "/led-on", "301 /led-on"),
        (302, "https://www.example.com/", "302 https://www.example.com/"),
        (410, "", "410"),
    ],
)
def test_retiring_takes_the_page_away_and_sends_its_visitors_on(
    session: Session, settings: Settings, site: Site, live: Page, *, status: int, target: str, left: str
) -> None:
    publish_other(session, settings, site)
    redirects.put_redirect(session, site, Rule("/led-on", "/other", 301), actor=MAYA, now=NOW)
    retire(session, live, status, target)
    assert live.release_id is None
    assert table(session, site) == {"/led-on": "301 /other", "/spring-sale": left}
    assert list(served(session, settings)) == ["/other"]


@pytest.mark.parametrize("status", [301, 302])
@pytest.mark.parametrize("target", ["/othr", "/draft", "/led-on", "https://go.example.com/othr?x=1"])
def test_its_visitors_are_not_sent_to_an_address_where_nothing_is(
    session: Session, settings: Settings, site: Site, live: Page, *, status: int, target: str
) -> None:
    publish_other(session, settings, site)
    add_page(session, site, {"a": PAGE}, slug="draft")
    redirects.put_redirect(session, site, Rule("/led-on", "/othr", 301), actor=MAYA, now=NOW)
    with pytest.raises(InvalidRedirect, match="Nothing is at /") as refused:
        retire(session, live, status, target)
    (problem,) = refused.value.problems
    assert problem.field == "to"
    assert ("Did you mean /other?" in problem.fix) is (target != "/draft")


def test_retiring_can_be_undone(session: Session, settings: Settings, site: Site, live: Page) -> None:
    before = served(session, settings)["/spring-sale"]
    retire(session, live, 301, "https://www.example.com/x")
    moving.restore_page(session, settings, live, actor=MAYA, now=NOW)
    assert table(session, site) == {}
    assert served(session, settings)["/spring-sale"].variants == before.variants
    with pytest.raises(Conflict, match="is live"):
        moving.restore_page(session, settings, live, actor=MAYA, now=NOW)


def test_what_would_go_wrong_for_visitors_keeps_a_page_from_being_put_back(
    session: Session, settings: Settings, site: Site, live: Page
) -> None:
    retire(session, live, 301, "https://www.example.com/x")
    with pytest.raises(Refused) as refused:
        moving.restore_page(session, settings, live, preflight=object_to_everything, actor=MAYA, now=NOW)
    assert [finding.sentence for finding in refusals(refused.value.findings)] == ["The page answers 500."]
    assert table(session, site) == {"/spring-sale": "301 https://www.example.com/x"}
    assert served(session, settings) == {}


@pytest.mark.parametrize(("status", "target"), [(301, ""), (301, "nonsense"), (301, "/Spring-Sale/"), (303, "/x")])
def test_a_page_is_not_retired_to_nowhere(session: Session, site: Site, live: Page, status: int, target: str) -> None:
    with pytest.raises(InvalidRedirect):
        retire(session, live, status, target)


def test_a_page_under_test_is_not_retired(session: Session, settings: Settings, site: Site, live: Page) -> None:
    testing.start_experiment(
        session, settings, page=live, variants={"a": 5000, "b": 5000}, goal="form", actor=MAYA, now=NOW
    )
    with pytest.raises(Conflict, match="Stop it first"):
        retire(session, live, 410)
    assert table(session, site) == {}


def test_a_draft_cannot_be_retired(session: Session, site: Site) -> None:
    with pytest.raises(Conflict, match="is not live"):
        retire(session, add_page(session, site, {"a": PAGE}), 410)


def test_the_same_name_is_no_new_one(session: Session, settings: Settings, live: Page) -> None:
    with pytest.raises(InvalidInput):
        rename(session, settings, live, live.slug)
