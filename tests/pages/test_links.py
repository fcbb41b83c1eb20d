"""Links that lead away from the site: each once, with every line, snippets included."""

import pytest
from sqlmodel import Session

from lander.pages import snippets
from lander.pages.links import list_outside
from lander.pages.models import Site
from tests.pages.publishing import MAYA, NOW, PAGE, add_page, add_site, save


@pytest.fixture
def site(session: Session) -> Site:
    return add_site(session)


def list_from(session: Session, site: Site, *parts: str) -> list[tuple[str, str, list[str]]]:
    source = PAGE.replace("</body>", "".join(f"\n{part}" for part in parts) + "</body>")
    page = add_page(session, site, {"a": source})
    found = list_outside(session, site, save(session, page, "a", source))
    return [(link.address, link.words, [str(line) for line in link.lines]) for link in found]


def test_each_address_is_named_once_with_the_words_and_all_its_lines(session: Session, site: Site) -> None:
    assert list_from(
        session,
        site,
        '<a href="https://shop.example/a?x=1&amp;y=2">The  <b>shop</b></a>',
        '<area href="//maps.example/" aria-label="Map">',
        '<p><a href="https://shop.example/a?x=1&y=2#prices">again</a></p>',
    ) == [
        ("https://shop.example/a?x=1&y=2", "The shop", ["4", "6"]),
        ("https://maps.example/", "Map", ["5"]),
    ]


@pytest.mark.parametrize(
    "part",
    [
        '<a href="/here">x</a>',
        '<a href="https://go.example.com/x">x</a>',
        '<a href="mailto:a@example.com">x</a>',
        '<a href="#x">x</a>',
        '<img src="https://cdn.example/x.png">',
        '<!-- <a href="https://shop.example/">x</a> -->',
    ],
)
def test_what_stays_here_or_is_no_link_is_not_named(session: Session, site: Site, part: str) -> None:
    assert list_from(session, site, part) == []


def test_a_link_in_a_snippet_is_named_with_the_snippets_line(session: Session, site: Site) -> None:
    snippets.add_snippet(
        session, site, "footer", '<p>x</p>\n<a href="https://shop.example/">x</a>', actor=MAYA, now=NOW
    )
    ((_, _, lines),) = list_from(session, site, '<lander-snippet name="footer"></lander-snippet>')
    assert lines == ["4 (line 2 of the snippet footer)"]
