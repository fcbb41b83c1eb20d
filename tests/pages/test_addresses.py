"""Addresses lead where a browser would go, and files are found by them."""

import pytest

from lander.pages.addresses import Scope, find_file, is_absolute, normalise_url, resolve_address


@pytest.mark.parametrize(
    ("written", "base", "target"),
    [
        ("a.png", "index.html", "a.png"),
        ("a.png", "de/index.html", "de/a.png"),
        ("./a.png", "de/index.html", "de/a.png"),
        ("../a.png", "css/main.css", "a.png"),
        ("../../../a.png", "css/main.css", "a.png"),
        ("/a.png", "de/index.html", "a.png"),
        ("a%20b.png?v=3#x", "index.html", "a b.png"),
        ("a\\b.png", "index.html", "a/b.png"),
        (" a\n.png ", "index.html", "a.png"),
        ("?lang=de", "de/index.html", "de/index.html"),
        ("de/", "index.html", "de/"),
        ("./", "index.html", ""),
        ("..", "de/index.html", ""),
    ],
)
def test_a_relative_address_is_a_path_of_the_archive(written: str, base: str, target: str) -> None:
    address = resolve_address(written, base)
    assert (address.scope, address.target) == (Scope.RELATIVE, target)


@pytest.mark.parametrize(
    ("written", "base", "target"),
    [
        ("https://cdn.example/a.js", "index.html", "https://cdn.example/a.js"),
        ("HTTP://cdn.example/a.js#x", "index.html", "HTTP://cdn.example/a.js"),
        ("//cdn.example/a.js", "index.html", "https://cdn.example/a.js"),
        ("\\\\cdn.example\\a.js", "index.html", "https://cdn.example/a.js"),
        ("/\\cdn.example/a.js", "index.html", "https://cdn.example/a.js"),
        ("ht\ntps://cdn.example/a.js", "index.html", "https://cdn.example/a.js"),
        ("../fonts/a.woff2?v=1", "https://cdn.example/css/a.css", "https://cdn.example/fonts/a.woff2?v=1"),
        ("/fonts/a.woff2", "//cdn.example/css/a.css", "https://cdn.example/fonts/a.woff2"),
    ],
)
def test_an_external_address_is_absolute(written: str, base: str, target: str) -> None:
    address = resolve_address(written, base)
    assert (address.scope, address.target) == (Scope.EXTERNAL, target)


@pytest.mark.parametrize(
    ("written", "scope"),
    [
        ("", Scope.INSIDE),
        ("#top", Scope.INSIDE),
        ("data:image/png;base64,AA", Scope.INSIDE),
        ("mailto:a@b.example", Scope.OTHER),
        ("tel:+49", Scope.OTHER),
        ("java\tscript:alert(1)", Scope.OTHER),
    ],
)
def test_what_leads_nowhere_else_is_told_apart(written: str, scope: Scope) -> None:
    assert resolve_address(written, "index.html").scope is scope


def test_the_fragment_is_kept() -> None:
    assert resolve_address("sprite.svg#icon", "index.html").fragment == "#icon"
    assert resolve_address("https://x.example/a.svg#icon", "index.html").fragment == "#icon"


FILES = ["img/Photo.JPG", "a.css", "https://cdn.example/a.js", "//cdn.example/b.js?v=2"]


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("a.css", "a.css"),
        ("a.css?v=3", "a.css"),
        ("img/photo.jpg", "img/Photo.JPG"),
        ("b.css", None),
        ("https://cdn.example/a.js", "https://cdn.example/a.js"),
        ("http://cdn.example/a.js", "https://cdn.example/a.js"),
        ("//CDN.example:443/a.js#x", "https://cdn.example/a.js"),
        ("https://cdn.example/a.js?v=1", None),
        ("https://cdn.example/b.js?v=2", "//cdn.example/b.js?v=2"),
        ("https://cdn.example/b.js", None),
        ("mailto:a.css", None),
    ],
)
def test_a_file_is_found_by_the_address_that_leads_to_it(written: str, found: str | None) -> None:
    assert find_file(FILES, resolve_address(written, "index.html")) == found


def test_case_helps_only_where_one_file_fits() -> None:
    assert find_file(["a.png", "A.PNG"], resolve_address("a.Png", "index.html")) is None


def test_addresses_that_are_no_addresses_stay_what_they_are() -> None:
    assert normalise_url("https://[::1/x") == "https://[::1/x"
    assert normalise_url("https://x:port/") == "https://x:port/"
    assert not is_absolute("a/b:c")
