"""What publishing does to images: only what no style or script of the page can tell."""

import pytest

from lander.document import Document, Edits, Element
from lander.pages.compile import Compiled, Surroundings, compile_variant
from lander.pages.image_places import Picture, Pictures, Used
from lander.pages.image_rules import read_rules
from lander.pages.loads import Files
from lander.pages.models import Version
from lander.pages.responsive import place_renditions
from lander.policy.policy import DEFAULTS
from tests.pages.publishing import NOW, text_of

HERO = f"{'a' * 64}.jpg"
SMALL, LARGE = f"{'b' * 64}.webp", f"{'c' * 64}.webp"
AVIF = f"{'f' * 64}.avif"
PICTURES = Pictures({HERO: Picture(900, 600, ((480, SMALL), (900, LARGE)))})
WITH_AVIF = Pictures({HERO: Picture(900, 600, ((480, SMALL), (900, LARGE)), ((900, AVIF),))})
OFFERED = f'srcset="/_l/a/{SMALL} 480w, /_l/a/{LARGE} 900w" sizes="(max-width: 900px) 100vw, 900px"'
WHOLE = 'sizes="900px"'


def _compile(body: str, *, head: str = "", pictures: Pictures = PICTURES) -> Compiled:
    version = Version(
        id=1,
        variant_id=1,
        number=1,
        source=f"<!doctype html><html><head><title>x</title>{head}</head><body>{body}</body></html>",
        path="index.html",
        files={"hero.jpg": HERO, "x.svg": f"{'d' * 64}.svg"},
        created_at=NOW,
        created_by="maya",
    )
    around = Surroundings(slug="sale", policy=DEFAULTS, scheme="https", noindex=False)
    return compile_variant("a", version, around, Files(pictures=pictures))


def _served(body: str, *, head: str = "", pictures: Pictures = PICTURES) -> str:
    return text_of(_compile(body, head=head, pictures=pictures).variant.segments)


def _image(served: str) -> Element:
    return next(Document(served).named("img"))


def test_an_image_is_offered_in_every_width_and_keeps_its_place() -> None:
    compiled = _compile('<img src="hero.jpg" alt="A tent">')
    served = text_of(compiled.variant.segments)
    assert f'<img src="/_l/a/{HERO}" alt="A tent"' not in served  # more stands in the tag
    assert OFFERED in served
    assert 'width="900" height="600" data-lander-size=""' in served
    assert {HERO, SMALL, LARGE} <= compiled.assets
    assert compiled.directives["style-src"][1].startswith("'sha256-")


def test_its_own_style_comes_before_every_other() -> None:
    served = _served('<img src="hero.jpg" alt="">', head="<style>img{max-width:100%}</style>")
    assert served.index("<head><style>@layer lander{") < served.index("<style>img{")


def test_a_page_without_images_stays_as_it_is() -> None:
    assert "data-lander-size" not in _served("<p>No image</p>")
    assert "data-lander-size" not in _served('<img src="x.svg" alt=""><img src="data:,x" alt="">')


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ('<img src="hero.jpg" srcset="hero.jpg 2x" alt="">', f'srcset="/_l/a/{HERO} 2x"'),
        ('<picture><source srcset="hero.jpg"><img src="hero.jpg" alt=""></picture>', f'<source srcset="/_l/a/{HERO}">'),
    ],
)
def test_an_image_that_has_a_choice_already_only_gets_its_place(body: str, kept: str) -> None:
    served = _served(body)
    assert kept in served
    assert SMALL not in served
    assert 'width="900"' in served


@pytest.mark.parametrize(
    ("said", "width", "height", "mark"),
    [
        ('width="300"', "300", "200", ""),
        ('width="300px"', "300px", "200", ""),
        ('height="40"', "60", "40", "width"),
        ('width="300" height="100"', "300", "100", None),
        ('width="100%"', "100%", None, None),
        ('width="0"', "0", None, None),
        ('height="auto"', None, "auto", None),
    ],
)
def test_sizes_in_the_tag_are_its_authors_and_the_other_side_follows(
    said: str, width: str | None, height: str | None, mark: str | None
) -> None:
    image = _image(_served(f'<img src="hero.jpg" {said} alt="">'))
    assert (image.get("width"), image.get("height"), image.get("data-lander-size")) == (width, height, mark)
    assert image.get("srcset") is not None


def test_those_from_the_third_on_wait() -> None:
    images = '<img src="hero.jpg" alt="">' * 2
    later = (
        '<img src="hero.jpg" alt="3"><img src="hero.jpg" alt="4" fetchpriority="high"><img src="hero.jpg" alt="5" '
        'loading="eager"><img src="x.svg" alt="6"><img src="x.svg" alt="7" width="20" height="20">'
    )
    found = {item.get("alt"): item for item in Document(_served(images + later)).named("img")}
    assert [alt for alt, item in found.items() if item.get("loading") == "lazy"] == ["3", "7"]
    assert found["3"].get("decoding") == "async"


def test_what_is_not_shown_is_left_alone() -> None:
    for name in ("noscript", "template"):
        assert SMALL not in _served(f'<{name}><img src="hero.jpg" alt=""></{name}>')


@pytest.mark.parametrize(
    ("style", "mark", "sizes"),
    [
        ("img{max-width:100%;height:auto}", "", OFFERED),
        ("img{width:100%}", "", OFFERED),
        ("img{height:40px}", "ratio", WHOLE),
        ("img{height:40px;width:100%}", "ratio", OFFERED),
        ("img{width:auto}", "ratio", WHOLE),
        ("img{width:auto;max-width:100%}", "ratio", OFFERED),
        ("@media (max-width:500px){.a{height:40px}}", "ratio", WHOLE),
        ("p{img{height:40px}}", "ratio", WHOLE),
        (".a:hover{height:40px}", "ratio", WHOLE),
        (":-unheard-of(img){height:40px}", "ratio", WHOLE),
        ("p{display:flex}", "ratio", WHOLE),
        ("p::before{height:40px}", "", OFFERED),
        (".other{height:40px}", "", OFFERED),
        ("img{line-height:1}/* img{height:1px} */", "", OFFERED),
        ("@font-face{font-family:x;src:url(data:,)}@keyframes k{0%{height:0}}", "", OFFERED),
    ],
)
def test_it_heeds_what_styles_say_about_sizes(style: str, mark: str, sizes: str) -> None:
    served = _served('<p><img class="a" src="hero.jpg" alt=""></p>', head=f"<style>{style}</style>")
    assert _image(served).get("data-lander-size") == mark
    assert sizes in served


def test_stylesheets_of_the_page_are_heeded_and_others_are_not() -> None:
    sheet = f"{'e' * 64}.css"
    document = Document('<p><img src="hero.jpg"></p>')
    images = {document.elements[1]: HERO}
    pictures = Pictures(PICTURES.images, {sheet: read_rules("img{height:40px}")})
    for assets, mark in (({sheet}, "ratio"), (set(), "")):
        edits = Edits(document)
        place_renditions(document, edits, Used(images, assets), pictures)
        assert _image(edits.text()).get("data-lander-size") == mark


@pytest.mark.parametrize(
    "body",
    ["<script>hero.src = thumb.src</script>", "<a onmouseover=\"hero.src='b.jpg'\">x</a>"],
)
def test_no_choice_is_offered_where_a_script_sets_addresses(body: str) -> None:
    served = _served(f'<img src="hero.jpg" alt="">{body}')
    assert SMALL not in served
    assert 'width="900"' in served


def test_it_is_said_in_a_line() -> None:
    document = Document('<img src="hero.jpg">' * 3 + "<script>a.src = b</script>")
    images = dict.fromkeys(document.named("img"), HERO)
    said = place_renditions(document, Edits(document), Used(images), PICTURES).sentences
    assert said == [
        "Images: 3 with width and height, so that nothing jumps; 1 loaded only when they come near.",
        "Smaller images are not offered: the script in line 1 may set addresses of images itself.",
    ]


def test_avif_is_offered_around_the_image_where_nothing_can_tell() -> None:
    compiled = _compile('<p><img src="hero.jpg" alt="A tent"> and more</p>', pictures=WITH_AVIF)
    served = text_of(compiled.variant.segments)
    sizes = "(max-width: 900px) 100vw, 900px"
    source = f'<source type="image/avif" srcset="/_l/a/{AVIF} 900w" sizes="{sizes}">'
    assert f'<p><picture data-lander-size="">{source}<img ' in served
    assert 'alt="A tent"></picture> and more</p>' in served
    assert {HERO, SMALL, LARGE, AVIF} <= compiled.assets
    assert "picture[data-lander-size]{display:contents!important}" in served
    assert compiled.directives["style-src"][1].startswith("'sha256-")


@pytest.mark.parametrize(
    ("body", "head"),
    [
        ('<p><img src="hero.jpg" alt=""></p>', "<style>p > img{margin:0}</style>"),
        ('<p><img src="hero.jpg" alt=""></p>', "<style>p :first-child{margin:0}</style>"),
        ('<p><img src="hero.jpg" alt=""><b>x</b></p>', "<style>img + b{margin:0}</style>"),
        ('<p><img src="hero.jpg" alt=""></p>', "<style>p{img{margin:0}}</style>"),
        ('<p><img src="hero.jpg" alt=""></p>', "<script>document.images[0].parentNode.className = 'x'</script>"),
        ('<p onclick="this.children[0].hidden = true"><img src="hero.jpg" alt=""></p>', ""),
    ],
)
def test_no_element_is_put_around_an_image_where_something_could_tell(body: str, head: str) -> None:
    served = _served(body, head=head, pictures=WITH_AVIF)
    assert "<picture" not in served
    assert OFFERED in served


def test_the_goal_of_a_running_test_can_tell_too() -> None:
    for goal, wrapped in (("p > img", False), ("p img", True)):
        document = Document('<p><img src="hero.jpg"></p>')
        edits = Edits(document)
        place_renditions(document, edits, Used({document.elements[1]: HERO}, clicked=["h1", goal]), WITH_AVIF)
        assert ("<picture" in edits.text()) is wrapped


@pytest.mark.parametrize(
    "tag",
    [
        '<img src="hero.jpg" data-src="other.jpg" alt="">',
        '<img src="hero.jpg" data-lazy="other.jpg" alt="">',
        '<img src="hero.jpg" class="b-lazy" alt="">',
        '<img class="img-lazyload" data-srcset="x 2x" src="hero.jpg" alt="">',
    ],
)
def test_an_image_that_a_script_fills_in_is_left_alone(tag: str) -> None:
    served = _served(f"<p>{tag}</p>", pictures=WITH_AVIF)
    image = _image(served)
    assert not {"width", "height", "srcset", "sizes", "loading", "fetchpriority"} & {a.name for a in image.attributes}
    assert "<picture" not in served


def test_an_image_that_is_preloaded_stays_that_file() -> None:
    served = _served('<img src="hero.jpg" alt="">', head='<link rel="preload" as="image" href="hero.jpg">')
    assert SMALL not in served
    assert 'width="900"' in served


def test_the_first_large_image_is_asked_for_first() -> None:
    small = Pictures({HERO: Picture(90, 60, ((90, SMALL),))})
    two = '<img src="hero.jpg" alt="1"><img src="hero.jpg" alt="2">'
    assert [item.get("fetchpriority") for item in Document(_served(two)).named("img")] == ["high", None]
    assert "fetchpriority" not in _served(two, pictures=small)
    own = Document(_served(f'{two}<img src="hero.jpg" fetchpriority="high" alt="3">')).named("img")
    assert [item.get("fetchpriority") for item in own] == [None, None, "high"]


def test_an_image_that_is_still_being_drawn_gets_its_place_and_a_note() -> None:
    document = Document('<img src="hero.jpg">')
    edits = Edits(document)
    pictures = Pictures({HERO: Picture(900, 600, is_waiting=True)})
    placed = place_renditions(document, edits, Used({document.elements[0]: HERO}), pictures)
    assert 'width="900" height="600"' in edits.text()
    assert "srcset" not in edits.text()
    assert placed.sentences[-1] == "Being drawn smaller just now, and published as they are until then: 1."
