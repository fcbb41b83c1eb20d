"""A whole import is taken back: what it added goes, what it changed is as before; or nothing, where somebody was there."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from lander.access.audit import list_entries
from lander.errors import Conflict, NotFound
from lander.pages import publish, redirect_import, redirects
from lander.pages.models import Site
from lander.pages.redirect_import import apply_import
from lander.pages.redirect_rules import InvalidRedirect, Rule
from lander.pages.redirect_undo import Undone, list_imports, undo_import
from tests.pages.publishing import MAYA, NOW, PAGE, add_page, add_site, make_settings

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def site(session: Session) -> Site:
    """A table of two redirects that was there before, and `/kept`."""
    site = add_site(session)
    put(session, site, "/kept", "https://www.example.com/kept")
    put(session, site, "/moved", "https://www.example.com/before", note="since May")
    return site


def put(session: Session, site: Site, path: str, target: str, *, note: str = "", minutes: int = -5) -> None:
    rule = Rule(path, target, 301, note)
    redirects.put_redirect(session, site, rule, actor=MAYA, now=NOW + timedelta(minutes=minutes))


def take_in(session: Session, site: Site, text: str, *, minutes: int = 0) -> int:
    apply_import(session, site, text.encode(), actor=MAYA, now=NOW + timedelta(minutes=minutes))
    return list_imports(session, site)[0].number


def undo(session: Session, site: Site, number: int) -> Undone:
    return undo_import(session, site, number, actor="ivan", now=LATER)


def listed(session: Session, site: Site) -> dict[str, Rule]:
    return {item.path: redirects.rule_of(item) for item in redirects.list_redirects(session, site)}


SHEET = "/new,https://www.example.com/new\n/gone,,410\n/moved,https://www.example.com/after,302\n"


def test_the_table_is_again_what_it_was_for_nodes_too(session: Session, site: Site) -> None:
    before, stamp = listed(session, site), site.redirects_id
    number = take_in(session, site, SHEET)
    assert listed(session, site)["/moved"].target == "https://www.example.com/after"
    assert undo(session, site, number) == Undone(removed=2, restored=1)
    assert (listed(session, site), site.redirects_id) == (before, stamp)
    entry = list_entries(session)[0]
    assert (entry.actor, entry.action) == ("ivan", "redirect.import-undone")
    assert entry.details == {"number": number, "removed": 2, "restored": 1}


def test_imports_are_listed_with_what_became_of_them(session: Session, site: Site) -> None:
    first = take_in(session, site, SHEET)
    second = take_in(session, site, "/other,https://www.example.com/\n", minutes=1)
    undo(session, site, second)
    assert [(item.number, item.added, item.changed, item.is_undone) for item in list_imports(session, site)] == [
        (second, 1, 0, True),
        (first, 2, 1, False),
    ]
    undo(session, site, first)


@pytest.mark.parametrize(
    ("path", "said"),
    [("/new", "One of its redirects was changed or removed since,"), ("/moved", "removed since (/moved), so nothing")],
)
def test_nothing_is_undone_where_somebody_changed_one_since(session: Session, site: Site, path: str, said: str) -> None:
    number = take_in(session, site, SHEET)
    put(session, site, path, "https://www.example.com/mine", minutes=1)
    before = listed(session, site)
    with pytest.raises(Conflict) as refused:
        undo(session, site, number)
    assert said in refused.value.message
    assert listed(session, site) == before


def test_nothing_is_undone_where_somebody_removed_one_since(session: Session, site: Site) -> None:
    number = take_in(session, site, SHEET)
    redirects.remove_redirect(session, site, "/gone", actor=MAYA, now=LATER)
    with pytest.raises(Conflict, match="so nothing was undone"):
        undo(session, site, number)
    assert "/new" in listed(session, site)


def test_it_is_undone_once(session: Session, site: Site) -> None:
    number = take_in(session, site, SHEET)
    undo(session, site, number)
    with pytest.raises(Conflict, match="undone already"):
        undo(session, site, number)


def test_it_is_not_undone_where_that_would_go_in_a_circle(session: Session, site: Site) -> None:
    put(session, site, "/round", "/other")
    number = take_in(session, site, "/round,https://www.example.com/\n")
    put(session, site, "/other", "/round", minutes=1)
    with pytest.raises(InvalidRedirect, match="in a circle"):
        undo(session, site, number)


def test_only_an_import_of_this_site_can_be_undone(session: Session, site: Site) -> None:
    number = take_in(session, site, SHEET)
    elsewhere = add_site(session, "go.example.net")
    other_act = list_entries(session, limit=100)[-1].id or 0
    for wanted, where in ((number, elsewhere), (other_act, site), (0, site), (10**12, site)):
        with pytest.raises(NotFound, match="has no import"):
            undo(session, where, wanted)


def test_more_changes_than_are_remembered_are_not_undone(
    session: Session, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redirect_import, "_MOST_REMEMBERED", 0)
    number = take_in(session, site, SHEET)
    with pytest.raises(Conflict, match="changed 1 redirects, more than are remembered"):
        undo(session, site, number)


def test_a_large_import_is_undone_in_one_go(session: Session, site: Site) -> None:
    before = listed(session, site)
    number = take_in(session, site, "".join(f"/old/{row},https://www.example.com/{row}\n" for row in range(2_000)))
    assert undo(session, site, number) == Undone(removed=2_000, restored=0)
    assert listed(session, site) == before


def test_a_page_that_is_live_there_by_now_is_not_led_away_from(session: Session, site: Site, tmp_path: Path) -> None:
    number = take_in(session, site, SHEET)
    page = add_page(session, site, {"a": PAGE}, slug="moved")
    publish.publish(session, make_settings(tmp_path), page, actor=MAYA, now=LATER)
    with pytest.raises(InvalidRedirect, match="A live page answers at /moved"):
        undo(session, site, number)
