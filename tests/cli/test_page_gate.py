"""`lander page check` and `lander page meta`: everything at once, with a status that a script can use."""

import json

from tests.cli.conftest import HOST, OTHER_HOSTS_SCRIPT, Terminal
from tests.pages.test_meta import PNG, PRODUCT

_SALE = ("--site", HOST, "--slug", "spring-sale")
_GOOD = """<!doctype html>
<html lang="en"><head><title>Sale</title><meta name="viewport" content="width=device-width">
<meta name="description" content="Everything must go."></head>
<body><h1>Sale</h1><a href="https://www.localhost/privacy">Privacy</a></body></html>
"""


def bring(terminal: Terminal, source: str) -> None:
    terminal.ok("page", "import", *_SALE, terminal.write("sale.html", source))


def test_a_page_that_keeps_to_every_rule_passes(terminal: Terminal) -> None:
    bring(terminal, _GOOD)
    assert terminal.ok("page", "check", *_SALE) == {
        "address": f"{HOST}/spring-sale",
        "refusals": 0,
        "warnings": 0,
        "findings": [],
    }
    assert terminal.read("page", "check", *_SALE) == f"{HOST}/spring-sale keeps to every rule.\n"


def test_warnings_alone_do_not_fail(terminal: Terminal) -> None:
    bring(terminal, _GOOD.replace(' lang="en"', ""))
    said = terminal.ok("page", "check", *_SALE)
    assert [(finding["rule"], finding["line"]) for finding in said["findings"]] == [("content.language", 2)]
    assert "Write it into the first tag" in terminal.read("page", "check", *_SALE)


def test_what_stands_in_the_way_is_listed_with_the_warnings_and_fails(terminal: Terminal) -> None:
    bring(terminal, OTHER_HOSTS_SCRIPT)
    done = terminal.run("page", "check", *_SALE, "--json")
    said = json.loads(done.out)
    assert done.status == 1
    assert (said["refusals"], said["findings"][0]["rule"]) == (1, "isolation.allow.script")
    assert said["warnings"] == len(said["findings"]) - 1 > 2
    assert "One thing stands in the way of publishing" in json.loads(done.err)["error"]["message"]
    assert terminal.run("page", "check", *_SALE, "--strip-external").status == 0


def test_what_search_engines_are_told_is_set_and_shown(terminal: Terminal) -> None:
    bring(terminal, _GOOD)
    picture, data = terminal.folder / "card.png", terminal.write("data.json", json.dumps(PRODUCT))
    picture.write_bytes(PNG)
    said = terminal.ok(
        "page", "meta", *_SALE, "--canonical", "/spring-sale", "--hreflang", "en=/spring-sale", "--hreflang", "de=/de",
        "--json-ld", data, "--title", "Buggies", "--image", str(picture), "--image-alt", "A buggy", "--index",
    )  # fmt: skip
    assert said["canonical"] == "/spring-sale"
    assert said["hreflang"] == [["en", "/spring-sale"], ["de", "/de"]]
    assert said["json_ld"] == PRODUCT
    assert said["noindex"] is False
    assert said["social"]["image"].endswith(".png")
    assert terminal.ok("page", "meta", *_SALE) == said
    terminal.ok("page", "meta", *_SALE, "--title", "")
    after = terminal.ok("page", "meta", *_SALE)
    assert "title" not in after["social"]
    assert after["canonical"] == "/spring-sale"


def test_every_mistake_is_named_and_nothing_is_kept(terminal: Terminal) -> None:
    bring(terminal, _GOOD)
    done = terminal.run("page", "meta", *_SALE, "--canonical", "nowhere", "--title", "x" * 101)
    assert done.status == 1
    assert "'nowhere' is no address" in done.err
    assert "The title has 101 characters" in done.err
    assert "canonical" not in terminal.ok("page", "meta", *_SALE)
