"""Stylesheets change in their addresses alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lander.pages.addresses import Address, Kind
from lander.pages.stylesheets import (
    external_references,
    find_css_references,
    rewrite_css,
    settle_css,
    strip_external,
)

CSS = """@charset "UTF-8";
@import url("reset.css") screen;
@import 'theme.css' layer(base);
/* url(not-this.png) */
@namespace svg url(http://www.w3.org/2000/svg);
@font-face { font-family: "A"; src: local("A"), url(a.woff2) format("woff2"), url('a.woff?#iefix') }
a[href="url(nor-this.png)"] { background: URL( 'b c.png' ) no-repeat, url(d\\).png); content: "url(nor-that)" }
@media print { b { background: image-set("e.png" 1x, url(f.png) 2x); --x: url() } }
c { mask: u\\72l(g.svg#m) }
"""


def test_it_finds_every_address_with_what_it_loads() -> None:
    assert [(item.kind, item.address, item.line) for item in find_css_references(CSS)] == [
        (Kind.STYLE, "reset.css", 2),
        (Kind.STYLE, "theme.css", 3),
        (Kind.FONT, "a.woff2", 6),
        (Kind.FONT, "a.woff?#iefix", 6),
        (Kind.IMG, "b c.png", 7),
        (Kind.IMG, "d).png", 7),
        (Kind.IMG, "e.png", 8),
        (Kind.IMG, "f.png", 8),
        (Kind.IMG, "g.svg#m", 9),
    ]


def test_rewriting_changes_the_addresses_and_nothing_else() -> None:
    rewritten = rewrite_css(CSS, lambda reference: f"/_l/a/{reference.address}")
    assert rewritten.splitlines()[1:3] == [
        '@import url("/_l/a/reset.css") screen;',
        '@import "/_l/a/theme.css" layer(base);',
    ]
    assert 'URL( "/_l/a/b c.png" ) no-repeat, url("/_l/a/d).png")' in rewritten
    assert 'image-set("/_l/a/e.png" 1x, url("/_l/a/f.png") 2x)' in rewritten
    assert 'mask: url("/_l/a/g.svg#m")' in rewritten
    for kept in ("/* url(not-this.png) */", 'a[href="url(nor-this.png)"]', 'content: "url(nor-that)"', "--x: url()"):
        assert kept in rewritten


@given(
    st.text() | st.lists(st.sampled_from([*CSS.splitlines(), "\r\n", "\r", "\f", "}", "{", "url(", "'"])).map("".join)
)
def test_choosing_nothing_gives_the_same_text(css: str) -> None:
    assert rewrite_css(css, lambda _: None) == css


@given(st.text(min_size=1))
def test_any_address_can_be_written_and_read_again(address: str) -> None:
    wanted = address.strip()
    if not wanted or "\0" in wanted:
        return
    css = rewrite_css("a{b:url(x.png)} c{d:url('y.png')}", lambda _: wanted)
    assert [item.address for item in find_css_references(css)] == [wanted, wanted]
    assert "<" not in css  # it may stand in a style element


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r", "\f"])
def test_lines_and_places_are_right_with_any_line_ending(newline: str) -> None:
    css = newline.join(["a {", "  b: url(x.png)", "}", "c { d: url(y.png) }"])
    assert [item.line for item in find_css_references(css)] == [2, 4]
    assert rewrite_css(css, lambda item: "z.png" if item.line == 4 else None).endswith('c { d: url("z.png") }')


MIXED = (
    '@import "https://fonts.example/a.css" screen;@import "own.css";'
    "a{background:url(//img.example/a.png) 0 0}b{background:url(b.png)}"
)


def test_external_references_are_told_apart() -> None:
    assert [item.address for item in external_references(MIXED)] == [
        "https://fonts.example/a.css",
        "//img.example/a.png",
    ]


def test_stripping_takes_out_what_leads_to_other_hosts_and_names_it() -> None:
    assert strip_external(MIXED) == (
        '@import "own.css";a{background:url("data:,") 0 0}b{background:url(b.png)}',
        ["https://fonts.example/a.css", "//img.example/a.png"],
    )
    assert strip_external(MIXED, keeps=lambda _: True) == (MIXED, [])
    assert strip_external('@import "https://x.example/a.css"') == ("", ["https://x.example/a.css"])


def test_settling_leads_to_assets_and_makes_the_rest_absolute() -> None:
    names = {"https://cdn.example/fonts/a.woff2": "1.woff2"}

    def name_of(address: Address) -> str | None:
        return names.get(address.target)

    css = "a{src:url(../fonts/a.woff2#x)}b{c:url(../img/b.png)}d{e:url(/_l/a/2.png)}f{g:url(#h) url(data:,)}"
    settled = settle_css(css, base="https://cdn.example/css/a.css", prefix="/_l/a/", name_of=name_of)
    assert settled.text == (
        'a{src:url("/_l/a/1.woff2#x")}b{c:url("https://cdn.example/img/b.png")}d{e:url(/_l/a/2.png)}'
        "f{g:url(#h) url(data:,)}"
    )
    assert settled.external == ("https://cdn.example/img/b.png",)
    assert settled.assets == ("1.woff2", "2.png")
    assert settled.missing == ()


def test_settling_names_what_is_missing_with_its_line() -> None:
    settled = settle_css("\na{b:url(../c.png)}", base="css/a.css", prefix="/_l/a/", name_of=lambda _: None)
    assert settled.missing == (("../c.png", 2),)
    assert settled.text == "\na{b:url(../c.png)}"


def test_a_large_stylesheet_is_read_once_however_often_it_is_asked_about() -> None:
    css = 'a { background: url("x.png") }\n' * 200
    assert find_css_references(css) is find_css_references("".join(list(css)))
    assert [item.line for item in find_css_references(css)] == list(range(1, 201))
