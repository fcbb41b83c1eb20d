"""Reading what styles and scripts say about images; an element around an image must be noticed by none of them."""

import random
import re

import pytest

from lander.document import Document
from lander.pages.image_rules import find_noticing, read_rules, sets_addresses, walks_around

_KINDS = ("div", "p", "img", "span")
_COMPOUNDS = [
    *("*", "img", "div", "p", "span", ".a", ".b", "img.a", "[data-c]", "[title='x > y']", ":not(.a)", ":not(img)", "*"),
    *("img:not(.b)", ":is(img, p)", ":not(:first-child)", ".a:not(:last-child)", "div:not(.a, .b)"),
    *("img:first-child", ":first-child", ".a:last-child", ":only-child", "p:first-of-type", "img:nth-child(2)"),
    *(":first-of-type", "img:last-of-type", ":nth-child(2n + 1)", ".a:only-of-type", ":where(.a)", ":empty"),
]
_COMBINATORS = (" ", " > ", " + ", " ~ ", ">")


def _tree(dice: random.Random, depth: int = 0) -> str:
    parts = []
    for _ in range(dice.randint(1, 4)):
        kind = dice.choice(_KINDS)
        classes = dice.choice(["", ' class="a"', ' class="b"', ' class="a b" data-c', ' title="x > y"'])
        inside = "" if kind == "img" else _tree(dice, depth + 1) if depth < 3 and dice.random() < 0.7 else "text"
        kind = "div" if kind == "p" and "<" in inside else kind  # a paragraph would be closed by what is in it
        parts.append(f"<{kind}{classes}>" if kind == "img" else f"<{kind}{classes}>{inside}</{kind}>")
    return "".join(parts)


def _selector(dice: random.Random) -> str:
    compounds = [dice.choice(_COMPOUNDS) for _ in range(dice.randint(1, 4))]
    return "".join(compounds[:1] + [dice.choice(_COMBINATORS) + item for item in compounds[1:]])


def _mark(source: str) -> str:
    """Each element with a number, so that it is known again."""
    numbers = iter(range(10_000))
    return re.sub(r"<(\w+)", lambda match: f'<{match[1]} data-n="{next(numbers)}"', source)


def _found(document: Document, selector: str) -> set[str]:
    return {item.get("data-n") or "picture" for item in document.select(selector)}


@pytest.mark.parametrize("seed", range(40))
def test_what_is_not_named_as_noticing_notices_nothing(seed: int) -> None:
    dice = random.Random(seed)
    source = _mark(f"<body>{_tree(dice)}<img><div><img class=a></div></body>")
    before = Document(source)
    enclosed = 0
    for _ in range(60):
        selector = _selector(dice)
        noticed = {item for found in find_noticing(selector) for item in before.select(found)}
        free = [item for item in before.named("img") if item not in noticed]
        text = source
        for item in reversed(free):
            of = item.get("data-n")
            text = (
                f'{text[: item.start]}<picture data-of="{of}">{text[item.start : item.end]}</picture>{text[item.end :]}'
            )
        after = Document(text)
        enclosed += len(free)
        assert _found(after, selector) - {"picture"} == _found(before, selector), selector
        of = {item.get("data-of") for item in after.select(selector) if item.name == "picture"}
        assert of <= _found(before, selector), f"{selector}: an image would inherit what it does not get itself"
    assert enclosed  # or nothing was tried


@pytest.mark.parametrize(
    ("selector", "noticing"),
    [
        ("img", []),
        (".card img", []),
        ("*", []),
        (".row>*", [".row > *"]),
        (".a:hover > img", [".a > img"]),
        ("img + p", ["img", "img + p"]),
        (".a img:first-child", [".a img"]),
        (".a[title='x > y'] img", []),
        (".a:has(img)", ["*"]),
        ("picture img", ["*"]),
        ("img:nth-child(2 of .a)", ["*"]),
        (":is(.a > img, p)", ["*"]),
    ],
)
def test_who_looks_at_places_among_elements_notices(selector: str, noticing: list[str]) -> None:
    assert list(find_noticing(selector)) == noticing


@pytest.mark.parametrize(
    ("css", "noticing"),
    [
        ("*,::before,::after{box-sizing:border-box}", ()),
        ("*::before{content:'x'}", ("*",)),
        (".a > img{}", ()),
        (".a{ img{height:40px} }", ("*",)),
        ("@scope (.a){img{height:40px}}", ("*",)),
        ("@media print{.a > img{width:1px}}", (".a > img",)),
        ("@layer x{.a > img{width:1px}}", (".a > img",)),
        ("@keyframes x{from > to{width:1px}}", ()),
    ],
)
def test_stylesheets_are_read_for_it(css: str, noticing: tuple[str, ...]) -> None:
    assert read_rules(css).noticing == noticing


@pytest.mark.parametrize(
    ("script", "sets"),
    [
        ("hero.src = thumb.src", True),
        ("document.images[0].src='b.jpg'", True),
        ("$('#hero').attr('src', next)", True),
        ("$('#hero').attr({ src: next })", True),
        ("img.setAttribute('src', next)", True),
        ("if (img.src == x) go()", False),
        ("$(img).attr('src')", False),
        ("j.src='https://www.example.com/gtm.js?id='+i", False),
        ("t=b.createElement(e);t.async=!0;t.src=v;", False),
    ],
)
def test_a_script_that_sets_addresses_is_recognised(script: str, sets: bool) -> None:
    assert sets_addresses(script, is_file=False) is sets


@pytest.mark.parametrize(
    ("script", "walks"),
    [
        ("img.parentNode.classList.add('x')", True),
        ("gallery.children[0].style.display = 'none'", True),
        ("$('img').parent().hide()", True),
        ("document.querySelectorAll('.slider > img')", True),
        ("document.querySelector('img:first-child')", True),
        ("document.querySelector('#nav').classList.toggle('open')", False),
        ("if (a > b) document.title = 'x'", False),
        ("/*!\n  * Bootstrap v5.2.3 (https://getbootstrap.com/)\n*/ e.parentNode", False),
        ("// Bootstrap v5.2.3 is great\ne.parentNode", True),
    ],
)
def test_a_script_that_goes_from_element_to_element_is_recognised(script: str, walks: bool) -> None:
    assert walks_around(script) is walks
