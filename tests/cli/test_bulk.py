"""`lander bulk plan | apply | publish | undo | list`: one change on many pages from the command line."""

import json

import pytest

from tests.cli.conftest import HOST, PAGE, Terminal

_SITE = ("--site", HOST)
_WORDS = ("--find", "sale", "--replace", "offer")


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    """Two live pages of two variants, and a draft."""
    terminal.publish_page("spring-sale")
    terminal.publish_page("summer-sale")
    terminal.import_page("winter", "a")
    return terminal


def draft(terminal: Terminal, number: int = 1) -> dict[str, object]:
    return next(row for row in terminal.ok("bulk", "list", *_SITE) if row["number"] == number)


def test_a_plan_shows_every_match_and_changes_nothing(shop: Terminal) -> None:
    said = shop.ok("bulk", "plan", *_SITE, *_WORDS)
    assert (said["matches"], said["pages"], said["live"]) == (10, 3, 2)
    first = said["changes"][0]
    assert (first["page"], first["variant"], first["version"], first["matches"]) == ("spring-sale", "a", 1, 2)
    assert first["diff"][1]["after"].startswith("<body><h1>Offer a</h1>")
    assert shop.ok("bulk", "list", *_SITE) == []
    read = shop.read("bulk", "plan", *_SITE, *_WORDS)
    assert "10 matches on 3 pages (5 variants) would change." in read
    assert "line 3: <body><h1>[Sale → Offer] a</h1>" in read
    assert "Nothing has changed yet." in read


def test_it_is_applied_published_and_undone(shop: Terminal) -> None:
    plan = shop.ok("bulk", "plan", *_SITE, *_WORDS)
    made = shop.ok("bulk", "apply", *_SITE, *_WORDS, "--fingerprint", plan["fingerprint"])
    assert (made["number"], made["changes"], made["state"]) == (1, 5, "applied")
    published = shop.ok("bulk", "publish", "1")
    assert published["published"] == [f"{HOST}/spring-sale", f"{HOST}/summer-sale"]
    assert draft(shop)["state"] == "published"
    assert shop.ok("bulk", "plan", *_SITE, *_WORDS)["matches"] == 0
    undone = shop.ok("bulk", "undo", "1")
    assert len(undone["restored"]) == 5
    assert undone["published"] == published["published"]
    assert draft(shop)["state"] == "undone"
    assert shop.ok("bulk", "plan", *_SITE, *_WORDS)["matches"] == 10


def test_what_is_said_names_the_effect(shop: Terminal) -> None:
    assert "Publish it with: lander bulk publish 1" in shop.read("bulk", "apply", *_SITE, *_WORDS)
    assert "Published. 3 pages say 'offer' now." in shop.read("bulk", "publish", "1")
    assert "'sale' → 'offer'" in shop.read("bulk", "list", *_SITE)
    assert "Undone." in shop.read("bulk", "undo", "1")
    assert "No bulk edits yet" not in shop.read("bulk", "list", *_SITE)


def test_a_stale_plan_is_refused_by_name(shop: Terminal) -> None:
    plan = shop.ok("bulk", "plan", *_SITE, *_WORDS)
    file = shop.write("again.html", PAGE.format(headline="sale again"))
    shop.ok("page", "import", *_SITE, "--slug", "summer-sale", "--variant", "b", "--replace", file)
    reason = shop.refused("bulk", "apply", *_SITE, *_WORDS, "--fingerprint", plan["fingerprint"])
    assert reason.startswith("summer-sale, variant b changed since this was planned")


@pytest.mark.parametrize(
    ("scope", "changes"),
    [
        (("--slug", "winter"), 1),
        (("--prefix", "s", "--variant", "b"), 2),
        (("--slug", "winter", "--slug", "summer-sale"), 3),
    ],
)
def test_it_looks_where_it_is_told_to(shop: Terminal, scope: tuple[str, ...], changes: int) -> None:
    assert len(shop.ok("bulk", "plan", *_SITE, *_WORDS, *scope)["changes"]) == changes


@pytest.mark.parametrize(
    "what",
    [
        ("--selector", "h1", "--set-text", "New"),
        ("--selector", "h1", "--set-html", "<b>New</b>"),
        ("--selector", "a", "--set-attribute", "href=/new"),
        ("--selector", "a", "--add-class", "call"),
    ],
)
def test_elements_are_changed_by_selector(shop: Terminal, what: tuple[str, ...]) -> None:
    assert shop.ok("bulk", "plan", *_SITE, *what)["matches"] == 5


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ((), "It is not said what is to change."),
        (("--find", "x"), "It is not said what is to change."),
        (("--selector", "h1"), "With --selector, one thing can be done at a time."),
        (("--selector", "h1", "--set-text", "a", "--add-class", "b"), "With --selector, one thing"),
        (("--set-text", "a"), "With --selector, one thing"),
        (("--selector", "a", "--set-attribute", "href"), "--set-attribute 'href' has no value."),
        (("--selector", "a", "--set-attribute", "onclick=x()"), "The attribute onclick would run code"),
        (("--selector", "h1[", "--set-text", "a"), "'h1[' is not a CSS selector."),
        (("--find", "a", "--replace", "b", "--where", "moon"), "'moon' is not one of"),
        (("--find", "a", "--replace", "b", "--slug", "nowhere"), "There is no page called nowhere."),
    ],
)
def test_what_makes_no_sense_is_refused(shop: Terminal, what: tuple[str, ...], reason: str) -> None:
    assert reason in shop.refused("bulk", "plan", *_SITE, *what)


def test_a_running_test_needs_a_choice(terminal: Terminal) -> None:
    terminal.start_test()
    terminal.ok("bulk", "apply", *_SITE, "--find", "sale", "--replace", "offer")
    assert "The test spring-sale-1 runs on pages that would change" in terminal.refused("bulk", "publish", "1")
    assert "'maybe' is no choice" in terminal.refused("bulk", "publish", "1", "--during-test", "maybe")
    assert "'x=annotate' is no choice" in terminal.refused("bulk", "publish", "1", "--during-test", "x=annotate")
    terminal.ok("bulk", "publish", "1", "--during-test", "spring-sale-1=annotate")
    assert terminal.ok("report", *_SITE, "--slug", "spring-sale")["phase"] == 1
    terminal.ok("bulk", "undo", "1", "--during-test", "proposed")
    assert terminal.ok("report", *_SITE, "--slug", "spring-sale")["phase"] == 1


def test_one_refused_page_keeps_all_back_and_every_finding_is_named(shop: Terminal) -> None:
    file = shop.write("bad.html", PAGE.format(headline="<b onclick='x()'>sale</b>"))
    shop.ok("page", "import", *_SITE, "--slug", "summer-sale", "--variant", "b", "--replace", file)
    shop.ok("bulk", "apply", *_SITE, *_WORDS)
    done = shop.run("bulk", "publish", "1", "--json")
    assert done.status == 1
    findings = json.loads(done.err)["error"]["findings"]
    refused = [(item["where"], item["rule"]) for item in findings if item["severity"] == "refuse"]
    assert refused == [("summer-sale, variant b", "isolation.inline-handler")]
    assert draft(shop)["state"] == "applied"


def test_a_bulk_edit_that_is_not_there_is_named(shop: Terminal) -> None:
    assert "There is no bulk edit 9." in shop.refused("bulk", "publish", "9")
    assert "There is no bulk edit 9." in shop.refused("bulk", "undo", "9")
