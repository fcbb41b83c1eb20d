"""Every address of a page is found, and can be exchanged or taken out."""

from collections.abc import Callable

import pytest

from lander.document import Document, Edits
from lander.pages.addresses import Kind, Scope
from lander.pages.references import (
    TAKE_OUT,
    Reference,
    find_references,
    inline_scripts,
    rewrite_references,
    scripts_depending_on,
)


def rewrite(source: str, choose: Callable[[Reference], str | None]) -> str:
    document = Document(source)
    edits = Edits(document)
    rewrite_references(edits, document, find_references(document), choose)
    return edits.text()


def take_out_external(reference: Reference) -> str | None:
    return TAKE_OUT if reference.is_external else None


@pytest.mark.parametrize(
    ("source", "kind", "address"),
    [
        ("<script src=a.js></script>", Kind.SCRIPT, "a.js"),
        ("<svg><script xlink:href=a.js /></svg>", Kind.SCRIPT, "a.js"),
        ("<link rel='Preload Stylesheet' href=a.css>", Kind.STYLE, "a.css"),
        ("<link rel='shortcut icon' href=a.ico>", Kind.IMG, "a.ico"),
        ("<link rel=apple-touch-icon href=a.png>", Kind.IMG, "a.png"),
        ("<link rel=preload as=font href=a.woff2>", Kind.FONT, "a.woff2"),
        ("<link rel=modulepreload href=a.js>", Kind.SCRIPT, "a.js"),
        ("<link rel=preconnect href=//a.example>", Kind.CONNECT, "//a.example"),
        ("<link rel=canonical href=https://a.example/>", Kind.LINK, "https://a.example/"),
        ("<img src=' a.png '>", Kind.IMG, "a.png"),
        ("<image src=a.png>", Kind.IMG, "a.png"),
        ("<input type=image src=a.png>", Kind.IMG, "a.png"),
        ("<video poster=a.png>", Kind.IMG, "a.png"),
        ("<video src=a.mp4>", Kind.MEDIA, "a.mp4"),
        ("<video><source src=a.mp4></video>", Kind.MEDIA, "a.mp4"),
        ("<video><track src=a.vtt></video>", Kind.MEDIA, "a.vtt"),
        ("<audio src=a.mp3>", Kind.MEDIA, "a.mp3"),
        ("<table background=a.png>", Kind.IMG, "a.png"),
        ("<svg><image xlink:href=a.png /></svg>", Kind.IMG, "a.png"),
        ("<svg><use href=a.svg#i></use></svg>", Kind.IMG, "a.svg#i"),
        ("<svg><rect filter='url(a.svg#f)'/></svg>", Kind.IMG, "a.svg#f"),
        ("<svg><style>a { fill: url(a.svg) }</style></svg>", Kind.IMG, "a.svg"),
        ("<iframe src=https://a.example></iframe>", Kind.FRAME, "https://a.example"),
        ("<object data=a.pdf></object>", Kind.FRAME, "a.pdf"),
        ("<a href='x.html?a=1&amp;b=2#c'>", Kind.LINK, "x.html?a=1&b=2#c"),
        ("<area href=x.html>", Kind.LINK, "x.html"),
        ("<div style=\"background: url('a.png')\">", Kind.IMG, "a.png"),
        ("<style>@import 'a.css';</style>", Kind.STYLE, "a.css"),
        ("<style>@font-face { src: url(a.woff2) }</style>", Kind.FONT, "a.woff2"),
    ],
)
def test_it_finds_what_a_page_refers_to(source: str, kind: Kind, address: str) -> None:
    assert [(item.kind, item.address) for item in find_references(Document(source))] == [(kind, address)]


@pytest.mark.parametrize(
    "source",
    [
        "<script>x</script>",
        "<img alt=a.png>",
        "<input src=a.png>",
        "<!-- <img src=a.png> -->",
        "<a name=x>",
        "<img src=''>",
    ],
)
def test_what_refers_to_nothing_is_not_found(source: str) -> None:
    assert find_references(Document(source)) == []


@pytest.mark.parametrize(
    ("srcset", "addresses"),
    [
        ("a.png", ["a.png"]),
        ("a.png 1x, b.png 2x", ["a.png", "b.png"]),
        (" a.png,b.png 100w ,\n c.png (x, y) 2x", ["a.png,b.png", "c.png"]),
        ("a.png, b.png", ["a.png", "b.png"]),
        (",,a.png,", ["a.png"]),
        ("data:image/png;base64,AA== 1x, b.png 2x", ["data:image/png;base64,AA==", "b.png"]),
        ("", []),
    ],
)
def test_a_srcset_is_read_as_browsers_read_it(srcset: str, addresses: list[str]) -> None:
    assert [item.address for item in find_references(Document(f"<img srcset='{srcset}'>"))] == addresses


def test_lines_are_those_of_the_address() -> None:
    source = "<img\n alt=x\n src=a.png>\n<style>\n\na { b: url(b.png) }</style>\n<p style='\nc: url(c.png)'>"
    assert [item.line for item in find_references(Document(source))] == [3, 6, 8]


def test_paths_start_where_the_page_stands() -> None:
    (reference,) = find_references(Document("<img src=../a.png>"), "de/index.html")
    assert (reference.resolved.scope, reference.resolved.target) == (Scope.RELATIVE, "a.png")


def test_rewriting_exchanges_addresses_wherever_they_stand() -> None:
    source = (
        '<IMG SRC=a.png srcset="a.png 1x, b.png 2x" alt=x>\r\n'
        "<p style='background:url(\"a.png\"), url(b.png)'>\r\n"
        "<style>\r\na{b:url(a.png)}\r\n</style><svg><style>c&gt;d{e:url(a.png)}</style></svg><a href=a.png>"
    )
    rewritten = rewrite(source, lambda item: "/_l/a/1.png" if item.address == "a.png" else None)
    assert rewritten == (
        '<IMG SRC="/_l/a/1.png" srcset="/_l/a/1.png 1x, b.png 2x" alt=x>\r\n'
        '<p style="background:url(&quot;/_l/a/1.png&quot;), url(b.png)">\r\n'
        '<style>\r\na{b:url("/_l/a/1.png")}\r\n</style>'
        '<svg><style>c&gt;d{e:url("/_l/a/1.png")}</style></svg><a href="/_l/a/1.png">'
    )


@pytest.mark.parametrize(
    ("source", "rest"),
    [
        ("<p>a<script src=//x.example/a.js>b</script>c", "<p>ac"),
        ("<link rel=stylesheet href=//x.example/a.css><p>", "<p>"),
        ("<iframe src=//x.example>old browsers</iframe><p>", "<p>"),
        ("<img alt=x src=//x.example/a.png>", "<img alt=x>"),
        ("<img src=a.png srcset='//x.example/a.png 2x'>", "<img src=a.png>"),
        ("<video poster=//x.example/a.png src=a.mp4>", "<video src=a.mp4>"),
        (
            "<p style='color:red;background:url(//x.example/a.png)'>",
            '<p style="color:red;background:url(&quot;data:,&quot;)">',
        ),
        ("<style>@import '//x.example/a.css';a{}</style>", "<style>a{}</style>"),
        ("<style>@font-face{src:url(//x.example/a)}</style>", '<style>@font-face{src:url("data:,")}</style>'),
    ],
)
def test_taking_out_does_the_least_harm(source: str, rest: str) -> None:
    assert rewrite(source, take_out_external) == rest


@pytest.mark.parametrize(
    ("address", "dependents"),
    [
        ("https://cdn.example/npm/bootstrap@5.2.3/dist/js/bootstrap.bundle.min.js", ["js/site.js uses bootstrap"]),
        ("https://code.example/jquery-3.7.1.slim.min.js", ["js/site.js uses $", "the script in line 9 uses jQuery"]),
        ("https://cdn.example/npm/jquery", ["js/site.js uses $", "the script in line 9 uses jQuery"]),
        ("https://cdn.example/npm/bootstrap-icons@1.5.0/font/bootstrap-icons.css", []),
        ("https://cdn.example/forms-latest.js", []),
    ],
)
def test_it_names_the_local_scripts_that_need_a_hosted_one(address: str, dependents: list[str]) -> None:
    scripts = {
        "js/site.js": "// jQuery.ajax()\nnew bootstrap.Modal('jQuery.x'); $('#a').hide()",
        "js/other.js": "const my_bootstrap = 1; my$.x(); a.jQuery.b; `${x}`",
        "the script in line 9": "jQuery(function () {})",
    }
    assert scripts_depending_on(address, scripts) == dependents


def test_inline_scripts_are_named_by_their_lines() -> None:
    document = Document(
        "<script src=a.js></script>\n<script>b()</script>\n<script type=application/ld+json>{}</script>"
    )
    assert inline_scripts(document) == {"the script in line 2": "b()"}
