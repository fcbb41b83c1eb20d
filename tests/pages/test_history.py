"""Going back in a variant's history: a version restored is the next one, and the last save is undone in every variant."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from lander.access.audit import list_entries
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages.history import load_version, restore_version, undo_save
from lander.pages.models import Page
from lander.pages.pages import load_variant, rename_variant
from lander.pages.versions import list_versions, load_draft, save_source
from tests.pages.publishing import MAYA, NOW, PAGE, add_page, add_site

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def page(session: Session) -> Page:
    """Variant a in three versions, b in two; the newest of both were saved at once."""
    page = add_page(session, add_site(session), {"a": PAGE, "b": PAGE}, files={"a.css": b"p{color:red}"})
    edit(session, page, "a", "Second", minutes=1)
    for key in ("a", "b"):
        edit(session, page, key, "Third", minutes=2)
    return page


def edit(session: Session, page: Page, key: str, headline: str, *, minutes: int, actor: str = MAYA) -> None:
    source = PAGE.replace("<h1>Spring sale", f"<h1>{headline}")
    now = NOW + timedelta(minutes=minutes)
    save_source(session, page, key, source, actor=actor, now=now, base_version=None)


def told(session: Session, page: Page, key: str = "a") -> list[tuple[int, str]]:
    """Every version from the first on: number and headline."""
    versions = list_versions(session, load_variant(session, page, key))
    return [(item.number, item.source.partition("<h1>")[2].partition("</h1>")[0]) for item in reversed(versions)]


def test_a_version_restored_is_the_next_one_and_none_goes_away(session: Session, page: Page) -> None:
    restored = restore_version(session, page, "a", 1, actor="ana", now=LATER)
    assert told(session, page) == [(1, "Spring sale"), (2, "Second"), (3, "Third"), (4, "Spring sale")]
    draft = load_draft(session, load_variant(session, page, "a"))
    assert draft.id == restored.id
    assert (draft.note, draft.created_by, draft.created_at) == ("version 1 restored", "ana", LATER)
    assert draft.files == load_version(session, load_variant(session, page, "a"), 1).files
    (entry,) = list_entries(session, limit=1)
    assert (entry.action, entry.details) == ("page.restore", {"before": {"a": 3}, "after": {"a": 4}, "source": 1})


def test_the_draft_restored_stays_what_it_is(session: Session, page: Page) -> None:
    assert restore_version(session, page, "a", 3, actor=MAYA, now=LATER).number == 3
    assert len(told(session, page)) == 3


@pytest.mark.parametrize("number", [0, 4, -1])
def test_a_version_that_is_not_there_cannot_be_restored(session: Session, page: Page, number: int) -> None:
    with pytest.raises(NotFound, match="numbered from 1 to 3"):
        restore_version(session, page, "a", number, actor=MAYA, now=LATER)


def test_undoing_a_save_takes_it_back_in_every_variant_that_it_changed(session: Session, page: Page) -> None:
    assert undo_save(session, page, "a", 3, actor=MAYA, now=LATER) == ["a", "b"]
    assert told(session, page)[-1] == (4, "Second")
    assert told(session, page, "b")[-1] == (3, "Spring sale")
    (entry,) = list_entries(session, limit=1)
    assert (entry.action, entry.details) == ("page.undo", {"before": {"a": 3, "b": 2}, "after": {"a": 4, "b": 3}})


def test_an_undo_can_be_undone(session: Session, page: Page) -> None:
    undo_save(session, page, "a", 3, actor=MAYA, now=LATER)
    undo_save(session, page, "b", 3, actor=MAYA, now=LATER + timedelta(minutes=1))
    assert told(session, page)[-1] == (5, "Third")
    assert told(session, page, "b")[-1] == (4, "Third")


def test_only_what_was_saved_at_once_is_undone_at_once(session: Session, page: Page) -> None:
    edit(session, page, "b", "Fourth", minutes=3)
    assert undo_save(session, page, "a", 3, actor=MAYA, now=LATER) == ["a"]
    assert told(session, page, "b")[-1] == (3, "Fourth")


def test_what_somebody_else_saved_since_is_not_undone(session: Session, page: Page) -> None:
    edit(session, page, "a", "Ana's", minutes=3, actor="ana")
    with pytest.raises(Conflict, match="ana saved version 4 of variant a since, so version 3 is not undone"):
        undo_save(session, page, "a", 3, actor=MAYA, now=LATER)
    assert told(session, page)[-1] == (4, "Ana's")
    assert told(session, page, "b")[-1] == (2, "Third")


def test_a_first_version_has_nothing_to_go_back_to(session: Session) -> None:
    page = add_page(session, add_site(session), {"a": PAGE})
    with pytest.raises(Conflict, match="has one version"):
        undo_save(session, page, "a", 1, actor=MAYA, now=LATER)


def test_a_variant_gets_a_name_beside_its_letter_and_loses_it_again(session: Session, page: Page) -> None:
    for typed, kept in (("  Shorter \n headline ", "Shorter headline"), ("", "")):
        assert rename_variant(session, page, "b", typed, actor=MAYA, now=LATER).name == kept
        (entry,) = list_entries(session, limit=1)
        assert (entry.action, entry.details["after"]) == ("variant.rename", kept)


def test_the_same_name_again_changes_nothing(session: Session, page: Page) -> None:
    for _ in range(2):
        rename_variant(session, page, "b", "Shorter", actor=MAYA, now=LATER)
    assert sum(entry.action == "variant.rename" for entry in list_entries(session)) == 1


@pytest.mark.parametrize("name", ["x" * 61, "a\0b", "right \u202e to left"])
def test_a_name_is_short_and_can_be_read(session: Session, page: Page, name: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be the name of a variant"):
        rename_variant(session, page, "b", name, actor=MAYA, now=LATER)


def test_a_variant_that_is_not_there_has_no_name(session: Session, page: Page) -> None:
    with pytest.raises(NotFound, match="Its variants are a, b"):
        rename_variant(session, page, "c", "Third", actor=MAYA, now=LATER)
