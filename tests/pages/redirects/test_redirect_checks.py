"""What is wrong with a table as a whole, and what mends it."""

import pytest

from lander.pages.redirect_checks import Kind, Table, check_table, find_nearest
from lander.pages.redirect_rules import Rule


def table_of(*rules: tuple[str, str] | tuple[str, str, int], pages: tuple[str, ...] = ("/new",)) -> Table:
    made = [Rule(rule[0], rule[1], rule[2] if len(rule) == 3 else 301) for rule in rules]
    return Table("go.example.com", "www.example.com", {rule.path: rule for rule in made}, frozenset(pages))


def found(table: Table) -> dict[str, list[tuple[str, str | None]]]:
    """Rule → (old address, target it would get) of each proposal; findings without one as an empty list."""
    return {
        item.finding.rule: [(p.before.path, p.after and f"{p.after.status} {p.after.target}") for p in item.proposals]
        for item in check_table(table)
    }


def test_a_table_in_order_has_no_findings() -> None:
    assert found(table_of(("/old", "/new"), ("/b", "https://www.example.com/b"), ("/c", "", 410), ("/d", "/"))) == {}


def test_a_chain_is_flattened_to_where_it_ends() -> None:
    table = table_of(("/a", "/b"), ("/b", "/c"), ("/c", "/new"))
    assert found(table) == {"redirects.chain": [("/a", "301 /new"), ("/b", "301 /new")]}


def test_flattening_keeps_what_a_browser_would_have_brought_along() -> None:
    table = table_of(("/a", "/b?x=1#form"), ("/b", "/new?y=2"))
    assert found(table) == {"redirects.chain": [("/a", "301 /new?y=2&x=1#form")]}


def test_a_chain_with_a_step_for_now_is_not_made_for_good() -> None:
    assert found(table_of(("/a", "/b"), ("/b", "/new", 302)))["redirects.chain"] == [("/a", "302 /new")]


def test_a_chain_that_ends_in_gone_is_gone() -> None:
    assert found(table_of(("/a", "/b"), ("/b", "", 410)))["redirects.chain"] == [("/a", "410 ")]


def test_a_chain_is_found_in_spite_of_case_and_slash() -> None:
    assert found(table_of(("/a", "/B/"), ("/b", "/new")))["redirects.chain"] == [("/a", "301 /new")]


@pytest.mark.parametrize(
    "rules",
    [[("/a", "/a")], [("/a", "/A/")], [("/a", "/b"), ("/b", "/a")], [("/a", "/b?x=1"), ("/b", "/c"), ("/c", "/b")]],
)
def test_a_circle_is_refused(rules: list[tuple[str, str]]) -> None:
    (loop, *_) = check_table(table_of(*rules))
    assert (loop.finding.rule, loop.finding.severity.value) == ("redirects.loop", "refuse")
    assert loop.paths == tuple(path for path, _ in rules)


def test_a_circle_that_a_live_page_breaks_is_none() -> None:
    assert "redirects.loop" not in found(table_of(("/a", "/b"), ("/b", "/a"), pages=("/a",)))


def test_a_dead_end_is_named_with_the_page_that_resembles_it() -> None:
    table = table_of(("/old", "/spring-sail"), ("/b", "/nothing-like-it"), pages=("/spring-sale",))
    assert found(table) == {"redirects.dead-end": [("/old", "301 /spring-sale")]}


def test_a_redirect_on_a_live_page_does_nothing_and_can_go() -> None:
    table = table_of(("/new/", "/other"), ("/old", "/new"), pages=("/new", "/other"))
    assert found(table) == {"redirects.page": [("/new/", None)]}


def test_a_host_that_is_not_the_companys_is_named() -> None:
    (host,) = check_table(table_of(("/a", "https://shop.example.net/x")))
    assert "shop.example.net, which is neither go.example.com nor www.example.com" in host.finding.sentence


def test_many_addresses_that_collapse_into_one_are_told_with_the_nearest_page_for_each() -> None:
    pages = ("/red-buggies", "/blue-bumpers", "/tyres")
    home = [(f"/products/{name}.html", "/") for name in ("red-buggies", "blue-bumpers", "tyres")]
    more = [(f"/x/{number}", "/") for number in range(9)]
    table = table_of(*home, *more, ("/kept", "/tyres"), pages=pages)
    (collapse,) = check_table(table)
    assert collapse.finding.sentence.startswith("12 of 13 old addresses lead to the home page: visitors and search")
    assert [(p.before.path, p.after and p.after.target) for p in collapse.proposals] == [
        ("/products/blue-bumpers.html", "/blue-bumpers"),
        ("/products/red-buggies.html", "/red-buggies"),
        ("/products/tyres.html", "/tyres"),
    ]


@pytest.mark.parametrize(("same", "others", "is_told"), [(9, 0, False), (10, 0, True), (10, 40, True), (10, 41, False)])
def test_ten_addresses_and_a_fifth_of_all_are_a_collapse(*, same: int, others: int, is_told: bool) -> None:
    table = table_of(
        *((f"/a{number}", "/new?x=1") for number in range(same)),
        *((f"/b{number}", f"/page-{number}") for number in range(others)),
        pages=("/new", *(f"/page-{number}" for number in range(others))),
    )
    assert ("redirects.collapse" in found(table)) is is_told


def test_a_home_page_elsewhere_is_called_by_its_name() -> None:
    (collapse,) = check_table(table_of(*((f"/a{number}", "https://www.example.com/") for number in range(10))))
    assert "the home page of www.example.com" in collapse.finding.sentence


def test_a_very_long_chain_is_followed_in_no_time() -> None:
    rules = [(f"/a{number}", f"/a{number + 1}") for number in range(50_000)]
    table = table_of(*rules, ("/a50000", "/new"))
    assert table.find_end("/a0").hops == 50_001
    assert table.find_end("/a0").kind is Kind.HERE


def test_the_nearest_page_is_found_by_its_words_and_nothing_is_made_up() -> None:
    pages = ["/spring-sale", "/de/winter-sale", "/contact"]
    assert find_nearest("/Sales/Spring_Sale.html", pages) == "/spring-sale"
    assert find_nearest("/wintersale", pages) == "/de/winter-sale"
    assert find_nearest("/impressum", pages) is None
    assert find_nearest("/index.html", pages) is None
