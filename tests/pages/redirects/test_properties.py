"""What holds for any table: following it agrees with the checks, mending never changes where anybody arrives, and CSV
loses nothing.
"""

from collections.abc import Callable
from contextlib import suppress
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from lander.errors import InvalidInput
from lander.pages.redirect_checks import Kind, Table, check_table
from lander.pages.redirect_rules import Rule, is_own, read_path, read_rule, read_target, write_path
from lander.pages.redirect_sheet import read_sheet, write_sheet
from lander.redirection import GONE, join_query, make_redirects

HOST = "go.example.com"
_MOST_HOPS = 50
_names = st.sampled_from(["/a", "/A", "/a/", "/b", "/c", "/d", "/page", "/gone", "/nothing"])
_targets = st.builds(
    lambda path, query, fragment: f"{path}{query}{fragment}",
    _names,
    st.sampled_from(["", "?x=1", "?y=2&z"]),
    st.sampled_from(["", "#top", "#form"]),
) | st.just("https://www.example.com/z?own=1")
_rules = st.builds(
    lambda path, target, status: Rule(path, "" if status == GONE else target, status),
    _names,
    _targets,
    st.sampled_from([301, 301, 302, 410]),
)
_tables = st.lists(_rules, max_size=8, unique_by=lambda rule: rule.path).map(
    lambda rules: Table(HOST, "www.example.com", {rule.path: rule for rule in rules}, frozenset(["/page"]))
)


def follow(table: Table, path: str) -> tuple[str, str, str]:
    """As a browser goes: what it ends with, the address it shows, and the fragment it kept; hop by hop."""
    redirects = make_redirects((rule.path, rule.target, rule.status) for rule in table.rules.values())
    query, fragment = "q=visitor", ""
    for _ in range(_MOST_HOPS):
        if table.is_page(path) or is_own(path):
            return "here", f"{path}?{query}", fragment
        found = redirects.find(path)
        if found is None:
            return "nothing", f"{path}?{query}", fragment
        if found.status == GONE:
            return "gone", "", ""
        location, _, after = join_query(found.target, query).partition("#")
        fragment = after or fragment
        if not location.startswith("/"):
            return "elsewhere", location, fragment
        path, _, query = location.partition("?")
    return "loop", "", ""


def sorted_query(address: str) -> tuple[str, list[str]]:
    path, _, query = address.partition("?")
    return path, sorted(query.split("&"))


@given(_tables, _names)
def test_the_checks_see_what_a_browser_sees(table: Table, path: str) -> None:
    kind, address, _ = follow(table, path)
    end = table.find_end(path)
    assert end.kind == Kind(kind)
    if kind in ("here", "elsewhere", "nothing"):
        shown, _, _ = end.target.partition("#")
        assert sorted_query(join_query(shown, "q=visitor")) == sorted_query(address)


@given(_tables)
def test_flattening_changes_the_way_and_never_where_anybody_arrives(table: Table) -> None:
    changes = [
        item.after
        for found in check_table(table)
        if found.finding.rule == "redirects.chain"
        for item in found.proposals
        if item.after is not None
    ]
    rules = {**table.rules, **{rule.path: rule for rule in changes}}
    mended = Table(table.host, table.core_site, rules, table.pages)
    for path in table.rules:
        before, after = follow(table, path), follow(mended, path)
        assert (before[0], sorted_query(before[1]), before[2]) == (after[0], sorted_query(after[1]), after[2])
    assert "redirects.chain" not in {found.finding.rule for found in check_table(mended)}


def _is_kept(read: Callable[[str, str], str], text: str) -> bool:
    try:
        read(text, HOST)
    except InvalidInput:
        return False
    return True


_paths = st.text(min_size=1, max_size=30).map(lambda text: f"/{text}").filter(lambda text: _is_kept(read_path, text))
_notes = st.text(max_size=40)


@given(_paths, st.sampled_from(["/new", "/new?a=1,2;3#x", "https://www.example.com/ü"]), _notes)
def test_any_redirect_that_is_kept_survives_the_csv(path: str, target: str, note: str) -> None:
    rule = read_rule(HOST, path=path, target=target, note=note)
    assert read_path(write_path(rule.path), HOST) == rule.path
    (row,) = read_sheet(write_sheet([rule]).encode())
    assert read_rule(HOST, path=row.path, target=row.target, status=row.status, note=row.note) == rule


@given(st.text(max_size=60))
def test_no_text_becomes_a_target_that_leads_out_of_sight(text: str) -> None:
    for written in (text, f"/{text}", f"//{text}", f"https:{text}", f"https://{text}", f"/\\{text}"):
        try:
            target = read_target(written, HOST)
        except InvalidInput:
            continue
        assert target.isascii()
        assert target.isprintable()
        assert " " not in target
        assert "\\" not in target
        if target.startswith("/"):
            assert not target.startswith("//")
        else:
            host = target.removeprefix("https://").partition("/")[0]
            assert target.startswith("https://")
            assert "@" not in host
            assert host != HOST
        assert unquote(target) is not None


@given(st.binary(max_size=300))
def test_any_bytes_are_read_as_rows_or_refused_in_words(content: bytes) -> None:
    with suppress(InvalidInput):
        assert all(row.line >= 1 for row in read_sheet(content))
