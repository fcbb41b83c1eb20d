"""`lander snippet list | add | edit | show`."""

import pytest

from tests.cli.conftest import HOST, Terminal

_SITE = ("--site", HOST)


@pytest.fixture
def footer(terminal: Terminal) -> Terminal:
    """A snippet, and a live page that shows it."""
    terminal.ok("snippet", "add", *_SITE, "footer", terminal.write("footer.html", "<footer>One</footer>"))
    page = '<!doctype html><html lang="en"><head><title>x</title></head><body><lander-snippet name="footer">'
    file = terminal.write("page.html", f"{page}</lander-snippet></body></html>")
    terminal.ok("page", "import", *_SITE, "--slug", "sale", file)
    terminal.ok("page", "publish", *_SITE, "--slug", "sale")
    return terminal


def test_adding_says_what_to_write_into_pages(terminal: Terminal) -> None:
    file = terminal.write("footer.html", "\ufeff<footer>One</footer>")
    said = terminal.ok("snippet", "add", *_SITE, "footer", file)
    assert said["mark"] == '<lander-snippet name="footer"></lander-snippet>'
    assert terminal.ok("snippet", "show", *_SITE, "footer")["source"] == "<footer>One</footer>"


def test_editing_says_which_live_pages_are_behind(footer: Terminal) -> None:
    said = footer.ok("snippet", "edit", *_SITE, "footer", footer.write("footer.html", "<footer>Two</footer>"))
    assert (said["version"], said["behind"]) == (2, ["sale"])
    (row,) = footer.ok("snippet", "list", *_SITE)
    assert row == {"name": "footer", "version": 2, "pages": ["sale"], "behind": ["sale"]}
    footer.ok("page", "publish", *_SITE, "--slug", "sale")
    assert footer.ok("snippet", "list", *_SITE)[0]["behind"] == []
    assert "footer" in footer.read("snippet", "list", *_SITE)


def test_somebody_elses_version_is_not_overwritten(footer: Terminal) -> None:
    file = footer.write("footer.html", "<footer>Two</footer>")
    footer.ok("snippet", "edit", *_SITE, "footer", file, "--base-version", "1")
    other = footer.write("footer.html", "<footer>Three</footer>")
    assert "saved version 2" in footer.refused("snippet", "edit", *_SITE, "footer", other, "--base-version", "1")


def test_what_cannot_be_is_refused(terminal: Terminal) -> None:
    file = terminal.write("x.html", "<p>")
    assert "cannot name a snippet" in terminal.refused("snippet", "add", *_SITE, "Foot er", file)
    assert "There is no snippet 'x'" in terminal.refused("snippet", "show", *_SITE, "x")
    assert "No snippets yet" in terminal.read("snippet", "list", *_SITE)
    (terminal.folder / "latin.html").write_bytes(b"<p>\xe9")
    reason = terminal.refused("snippet", "add", *_SITE, "x", str(terminal.folder / "latin.html"))
    assert reason.startswith("latin.html is not UTF-8 text.")
