"""The tokenizer reads a source as Lexbor, and so a browser, does."""

import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from lander.document import Document
from lander.escapes import lower, unescape

SHARED_PAGES = Path(__file__).parents[1] / "../shared/pages"
BY_ITSELF = (
    "html",
    "head",
    "body",
    "tbody",
    "colgroup",
    "tr",
)  # elements that a browser adds where the source has none


def seen_by_lexbor(source: str) -> list[tuple[str, dict[str, str]]]:
    """Elements in tree order, as (lower-case name, attributes)."""
    root = LexborHTMLParser(source).root
    assert root is not None
    found: list[tuple[str, dict[str, str]]] = []
    stack: list[LexborNode] = [root]
    while stack:
        node = stack.pop()
        if node.tag and not node.tag.startswith(("-", "!")):
            attributes = {lower(name): value or "" for name, value in node.attributes.items()}
            found.append((lower(node.tag), attributes))
        children = list(node.iter(include_text=False))
        stack += reversed(children)
    return found


def without_implied(source: str, elements: list[tuple[str, dict[str, str]]]) -> list[tuple[str, dict[str, str]]]:
    written = {element.name for element in Document(source).elements}
    return [item for item in elements if item[0] in written or item[0] not in BY_ITSELF]


def seen_by_us(source: str) -> list[tuple[str, dict[str, str]]]:
    return [
        (element.name, {attribute.name: attribute.value for attribute in element.attributes})
        for element in Document(source).elements
    ]


@pytest.mark.shared
@pytest.mark.parametrize("name", ["startbootstrap-landing-page.zip", "startbootstrap-new-age.zip"])
def test_a_real_page_has_the_elements_that_lexbor_sees(name: str) -> None:
    path = SHARED_PAGES / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the project")
    source = zipfile.ZipFile(path).read("index.html").decode()

    assert seen_by_us(source) == without_implied(source, seen_by_lexbor(source))
    assert len(seen_by_us(source)) > 100


TRICKY = [
    "<p>a<b c=1 C=2 d='x y' e=\"&lt;&amp;\" f>g</b>",
    "<a href=?a=1&copy=2&lt;=3&notit;x&amp>x</a>",
    "<a href='java&Tab;script&colon;x'>&notit;&lt</a>",
    "<a\nhref\n=\n'x'/class=y/>z</a>",
    "<img src=a.png/><br/><hr / >",
    "<!-- <p> --><i><!--><b><!---><u><!-- --!><s><!- x ><em></ x><tt><?php <x> ?>",
    "<script>var a = '<p>';<!-- <script> </script> --></script><p>",
    "<script><!-- <script> </script> <b> </script><p>",
    "<script><!--></script><p><script><!--- --></script><i>",
    "<script>if (a </script x='>'><p>",
    "<script>x</scriptx></SCRIPT\t><p>",
    "<style><b></style x><title><b>&amp;</title><textarea><b></textarea><i>",
    "<title><!-- </title> --><b></title><p>",
    "<xmp><b></xmp><iframe><b></iframe><noembed><b></noembed><noframes><b></noframes><noscript><b></noscript>",
    "<svg><title><b>x</b></title><style><g></style><path d='M0'/><a/><![CDATA[<x>]]><foreignObject><p><style><i></style>",
    "<svg><g><p>out<style><b></style>",
    "<svg><font><font color=red><style><b></style>",
    "<svg viewBox='0 0 1 1'><script>1 &lt; 2</script><path a=b/><g></g></svg><style><b></style>",
    "<math><mi><b>x</b></mi><annotation-xml><svg><style><g></style></svg></annotation-xml></math><i>",
    "<p =a ==b c= >x",
    "<p a=\"1\"b='2'c>x",
    "<p a=`x` b=x'y\"z<>x",
    "<image src=a.png>b<svg><image href=a.png /></svg>",
    "<p a='unclosed>never",
    "text < 3 <3 <> </> </3> <p>",
    "<p\0a b\0c=d\0e>x",
    "<ſcript>x</ſcript><K>x</K>",
    "<plaintext><b></plaintext>",
    "a\r\nb<p title='x\r\ny\rz'>",
    "<p a='&#x80;&#0;&#xD800;&#1114112;&#65;&#x41b;&#x;&#;'>",
    "<textarea>\n\n<b></textarea><p>",
    "<script><!--<!--><iframe></script><p>",
    "<svg><p><style><b></style></svg>",
    "<p><svg></p><style><b></style>",
    "<svg><foreignObject><![CDATA[<b>]]><div></foreignObject><style><i></style>",
    "<svg><desc><i></desc><style><b>",
    "<math><svg><title><b></title></svg></math>",
    "<i><svg></i><style><b></style>",
    "<math><annotation-xml encoding='Text/HTML'><style><b></style></annotation-xml></math>",
    "<math><annotation-xml encoding=application/xhtml+xml><p><style><b></style></math><style><b></style>",
    "<math><annotation-xml encoding=MathML><style><b></style></annotation-xml></math>",
    "<div><span><p></span><svg></p><style><b></style>",
]


@pytest.mark.parametrize("source", TRICKY)
def test_a_tricky_source_has_the_elements_that_lexbor_sees(source: str) -> None:
    assert seen_by_us(source) == without_implied(source, seen_by_lexbor(source))


# fmt: off
PIECES = st.sampled_from((
    "<div>", "</div>", "<b>", "</b>", "<script>", "</script>", "<!--", "-->", "<style>", "</style>", "<svg>", "</svg>",
    "<title>", "</title>", "<math>", "<mi>", "</mi>", "<desc>", "</desc>",
    "<foreignObject>", "</foreignObject>", "<textarea>", "</textarea>", "<a href=", "'", '"', ">", "<", "/", "=", " ", "x",
    "&amp;", "<i class='k'>", "<section id=a/>", "<![CDATA[", "]]>", "<?", "</", "<!", "\n", "é", "<u a=1 a=2>",
))
# fmt: on


@given(st.lists(PIECES, max_size=14).map("".join))
def test_any_source_has_the_elements_that_lexbor_sees(source: str) -> None:
    # Lexbor repeats misnested formatting in the tree and moves it; the tags that stand in the source come once
    ours, theirs = seen_by_us(source), without_implied(source, seen_by_lexbor(source))
    assert {repr(item) for item in ours} == {repr(item) for item in theirs}


@pytest.mark.parametrize(
    ("text", "in_text", "in_attribute"),
    [
        ("&notit; &copy=1 &copy", "¬it; ©=1 ©", "&notit; &copy=1 ©"),
        ("&lt&gt;&#60&#x3c;", "<><<", "<><<"),
        ("&unknown; & &; &#", "&unknown; & &; &#", "&unknown; & &; &#"),
    ],
)
def test_it_decodes_character_references_as_a_browser_does(text: str, in_text: str, in_attribute: str) -> None:
    assert unescape(text) == in_text
    assert unescape(text, in_attribute=True) == in_attribute


@pytest.mark.parametrize(
    "source",
    [
        "<p><button>" + "<b>" * 20_000 + "<div>" * 20_000,
        "<p>" + "</i>" * 50_000,
        "<div>" * 50_000 + "</p>" * 50_000,
        "<a " + "x=1 " * 50_000 + ">",
        "<!-- " * 50_000,
        "<x a='" * 50_000,
        "<script>" + "<!--<script>" * 50_000,
        "<title>" * 50_000,
        "<" * 200_000,
        "&" * 200_000,
    ],
    ids=range(10),
)
def test_hostile_nesting_costs_no_more_than_its_length(source: str) -> None:
    began = time.process_time()
    Document(source)
    assert time.process_time() - began < 20  # measured: under 0.7 s each; quadratic work would take minutes
