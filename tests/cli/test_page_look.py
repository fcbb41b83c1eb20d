"""`lander page list | copy-variant | preview`: what there is, copied and looked at."""

from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client

from lander.preview import create_preview
from tests.cli.conftest import HOST, Terminal

_SALE = ("--site", HOST, "--slug", "spring-sale")


def test_an_empty_list_says_what_to_do(terminal: Terminal) -> None:
    assert terminal.ok("page", "list") == []
    assert terminal.read("page", "list") == "No pages yet. Import one with: lander page import\n"


def test_pages_are_listed_with_state_and_variants(terminal: Terminal) -> None:
    terminal.publish_page("spring-sale")
    terminal.import_page("autumn-sale", "a")
    assert [line.split() for line in terminal.read("page", "list").splitlines()] == [
        ["page", "state", "variants"],
        [f"{HOST}/autumn-sale", "draft", "a"],
        [f"{HOST}/spring-sale", "live", "a,", "b"],
    ]


def test_the_list_can_be_of_one_site(terminal: Terminal) -> None:
    terminal.import_page()
    terminal.ok("site", "add", "go.example.com", "--core-site", "www.example.com")
    assert terminal.ok("page", "list", "--site", "go.example.com") == []
    assert len(terminal.ok("page", "list", "--site", HOST)) == 1
    assert "go.nowhere.com" in terminal.refused("page", "list", "--site", "go.nowhere.com")


def test_a_copy_gets_the_next_letter(terminal: Terminal) -> None:
    terminal.import_page("spring-sale", "a")
    assert terminal.ok("page", "copy-variant", *_SALE) == {"variant": "b"}
    assert terminal.read("page", "copy-variant", *_SALE, "--from", "b") == "Variant c is a copy of b now.\n"
    assert terminal.ok("page", "list")[0]["variants"] == ["a", "b", "c"]


@pytest.mark.parametrize("options", [("--from", "z"), ("--to", "a"), ("--to", "B B")])
def test_a_copy_that_cannot_be_is_refused(terminal: Terminal, options: tuple[str, ...]) -> None:
    terminal.import_page("spring-sale", "a")
    assert options[1] in terminal.refused("page", "copy-variant", *_SALE, *options)


def test_the_preview_link_shows_the_draft(terminal: Terminal) -> None:
    terminal.import_page()
    link = urlsplit(terminal.ok("page", "preview", *_SALE, "--variant", "b")["url"])
    assert link.netloc == "preview.localhost:8000"
    client = Client(create_preview(terminal.settings, terminal.engine))
    assert "Sale b" in client.get(link.path, base_url="http://preview.localhost:8000").text


def test_the_preview_link_names_the_port_that_is_served(terminal: Terminal) -> None:
    terminal.import_page()
    assert terminal.read("page", "preview", *_SALE, "--port", "9000").startswith("http://preview.localhost:9000/p/")


def test_in_production_the_preview_link_is_https_and_has_no_port(terminal: Terminal) -> None:
    terminal.import_page()
    terminal.set("LANDER_ENV", "production")
    terminal.set("LANDER_SECRET_KEYS", "a-secret-of-more-than-32-characters-0123456789")
    assert terminal.read("page", "preview", *_SALE).startswith("https://preview.localhost/p/")


def test_there_is_no_link_to_a_variant_that_is_not_there(terminal: Terminal) -> None:
    terminal.import_page()
    assert "no variant z" in terminal.refused("page", "preview", *_SALE, "--variant", "z")
    assert "'--minutes'" in terminal.refused("page", "preview", *_SALE, "--minutes", "30000")
