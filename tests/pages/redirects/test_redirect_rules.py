"""What may stand in the table: old addresses and targets in one form, and no way to lead visitors where nobody chose."""

import pytest

from lander.pages.redirect_rules import InvalidRedirect, Rule, read_path, read_rule, read_target, write_path

HOST = "go.example.com"


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/old", "/old"),
        (" /Old/ ", "/Old/"),
        ("https://go.example.com/old", "/old"),
        ("http://GO.example.com:80/old", "/old"),
        ("/%C3%BCber%20uns", "/über uns"),
        ("/100%", "/100%"),
        ("/old.php", "/old.php"),
    ],
)
def test_an_old_address_is_kept_as_text(written: str, path: str) -> None:
    assert read_path(written, HOST) == path
    assert read_path(write_path(path), HOST) == path


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "no old address"),
        ("old", "Write it with a slash in front: /old."),
        ("/old?id=5", "found by its path alone"),
        ("/old#top", "found by its path alone"),
        ("https://other.example/old", "not an address of go.example.com"),
        ("//other.example/old", "not an address of go.example.com"),
        ("https://go.example.com//x", "No browser asks"),
        ("/a/../b", "No browser asks"),
        ("/a%5Cb", "No browser asks"),
        ("/", "leads to the core site already"),
        ("https://go.example.com", "leads to the core site already"),
        ("/_l/f", "Lander's own"),
        ("/robots.txt", "Lander's own"),
        ("/a\x00b", "characters that no address has"),
        ("/a%0d%0ab", "characters that no address has"),
        ("/%ff", "characters that no address has"),
        ("/" + "x" * 512, "513 characters"),
        ("javascript:alert(1)", "names no host"),
    ],
)
def test_an_address_that_cannot_be_redirected_is_refused_with_the_reason(written: str, said: str) -> None:
    with pytest.raises(Exception, match=r"\.") as refused:
        read_path(written, HOST)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("/new", "/new"),
        ("/new?from=old#form", "/new?from=old#form"),
        ("/über uns", "/%C3%BCber%20uns"),
        ("http://go.example.com/new?x=1", "/new?x=1"),
        ("https://www.example.com", "https://www.example.com"),
        ("https://WWW.example.com/A?b=1", "https://www.example.com/A?b=1"),
        ("//www.example.com/a", "https://www.example.com/a"),
        ("https://müller.example/ü", "https://xn--mller-kva.example/%C3%BC"),
        ("https://www.example.com?a=1#x", "https://www.example.com/?a=1#x"),
    ],
)
def test_a_target_is_a_path_of_the_site_or_an_https_address(written: str, target: str) -> None:
    assert read_target(written, HOST) == target
    assert read_target(target, HOST) == target


@pytest.mark.parametrize(
    "written",
    [
        "new",
        "http://www.example.com/",
        "https://go.example.com//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:/evil.example",
        "https://user@evil.example/",
        "https://user:pass@go.example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "/a\r\nSet-Cookie: x=1",
        "https://evil.example\x00/",
        "https://[::1",
        "https://a..b/",
        "https://go.example.com:99999/",
        "",
    ],
)
def test_nothing_else_is_a_target(written: str) -> None:
    with pytest.raises(InvalidRedirect):
        read_rule(HOST, path="/old", target=written)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InvalidRedirect) as refused:
        read_rule(HOST, path="old", target="new", status="303", note="x" * 300)
    assert [problem.field for problem in refused.value.problems] == ["status", "from", "to", "note"]


def test_gone_needs_no_target_and_takes_none() -> None:
    assert read_rule(HOST, path="/old", target="", status="410") == Rule("/old", "", 410)
    with pytest.raises(InvalidRedirect, match="leads nowhere"):
        read_rule(HOST, path="/old", target="/new", status="410")


def test_a_redirect_is_for_good_unless_said_otherwise() -> None:
    assert read_rule(HOST, path="/old", target="/new", note=" a \n note ") == Rule("/old", "/new", 301, "a note")
