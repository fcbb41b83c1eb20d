"""Saving regions: every save is a version, and of two people who change one variant neither loses anything."""

from collections.abc import Mapping

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from lander.access.models import AuditEntry
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput
from lander.pages.models import Version
from lander.pages.pages import load_variant
from lander.pages.publish import check_drafts
from lander.pages.region_edits import RegionsClash, Saved, save_regions, tag_regions, untag_region
from lander.pages.region_pictures import Pictures
from lander.pages.region_values import WrongValues
from lander.pages.tagging import Tag
from lander.pages.versions import copy_variant, list_versions, load_draft, save_source
from lander.policy.findings import Severity
from tests.builders_content import NOW, Studio, make_picture

PLAIN = """<!doctype html>
<html lang="en"><head><title>Sale</title></head><body>
<h1>Bumpers</h1>
<p>For everybody</p>
<img src="img/car.png" alt="A car">
</body></html>
"""
MARKED = (
    PLAIN.replace("<h1>", '<h1 data-edit="text" data-name="Headline">')
    .replace("<p>", '<p data-edit="rich" data-name="Intro">')
    .replace("<img ", '<img data-edit="image" data-name="Car" ')
)


@pytest.fixture
def studio(database: Engine) -> Studio:
    """A page with three regions as variant a, version 1."""
    studio = Studio(database)
    studio.upload({"index.html": MARKED, "img/car.png": make_picture()})
    return studio


def save(
    studio: Studio,
    values: Mapping[str, Mapping[str, str]],
    *,
    base: int | None = 1,
    key: str = "a",
    actor: str = "maya",
    pictures: Pictures | None = None,
    everywhere: bool = False,
) -> Saved:
    with transaction(studio.engine) as session:
        return save_regions(
            session,
            studio.page(session),
            key,
            values,
            base_version=base,
            pictures=pictures,
            in_every_variant=everywhere,
            actor=actor,
            now=NOW,
        )


def mark(studio: Studio, *tags: Tag, base: int = 1) -> Saved:
    with transaction(studio.engine) as session:
        return tag_regions(session, studio.page(session), "a", tags, base_version=base, actor="maya", now=NOW)


def copy(studio: Studio, key: str = "b") -> None:
    with transaction(studio.engine) as session:
        copy_variant(session, studio.page(session), source="a", target=key, actor="maya", now=NOW)


def kind(studio: Studio) -> str:
    with reading(studio.engine) as session:
        return studio.page(session).kind


def versions(studio: Studio, key: str = "a") -> list[Version]:
    with reading(studio.engine) as session:
        return list(list_versions(session, load_variant(session, studio.page(session), key)))


def last_entry(studio: Studio) -> AuditEntry:
    with reading(studio.engine) as session:
        entry = session.exec(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert entry is not None
        return entry


def test_a_save_is_a_version_that_names_its_regions(studio: Studio) -> None:
    saved = save(studio, {"Headline": {"text": "Buggies"}, "Intro": {"html": "For <b>you</b>"}})
    assert saved.version.number == 2
    assert saved.version.source == MARKED.replace("Bumpers", "Buggies").replace("For everybody", "For <b>you</b>")
    assert (saved.version.note, saved.version.created_by) == ("edited Headline and Intro", "maya")
    entry = last_entry(studio)
    assert (entry.action, entry.actor, entry.subject) == ("page.edit", "maya", "go.example.com/sale")
    assert entry.details == {"variant": "a", "regions": ["Headline", "Intro"], "before": 1, "after": 2}


def test_saving_what_is_there_makes_no_version(studio: Studio) -> None:
    saved = save(studio, {"Headline": {"text": " Bumpers "}, "Car": {"src": "img/car.png", "alt": "A car"}})
    assert not saved.is_new
    assert [version.number for version in versions(studio)] == [1]


def test_a_value_that_cannot_stand_there_saves_nothing(studio: Studio) -> None:
    with pytest.raises(WrongValues):
        save(studio, {"Headline": {"text": "Buggies"}, "Car": {"src": "no.png"}})
    assert [version.number for version in versions(studio)] == [1]


@pytest.mark.parametrize("base", [None, 7])
def test_a_form_that_does_not_know_its_version_overwrites_nothing(studio: Studio, base: int | None) -> None:
    with pytest.raises(InvalidInput, match="which version it started from"):
        save(studio, {"Headline": {"text": "Buggies"}}, base=base)


def test_two_people_who_change_different_regions_both_have_their_change(studio: Studio) -> None:
    save(studio, {"Headline": {"text": "Buggies"}}, actor="ivan")
    mine = {"Headline": {"text": "Bumpers"}, "Intro": {"html": "For you"}}  # a form sends everything, also what is old
    saved = save(studio, mine)
    assert saved.version.source == MARKED.replace("Bumpers", "Buggies").replace("For everybody", "For you")
    assert "ivan saved version 2 while you worked on 1: both changes stand in the draft now." in saved.sentences


def test_a_change_of_the_source_elsewhere_is_kept_too(studio: Studio) -> None:
    with transaction(studio.engine) as session:
        theirs = MARKED.replace("<title>Sale", "<title>Winter sale").replace("</body>", "<footer>New</footer></body>")
        save_source(session, studio.page(session), "a", theirs, actor="ivan", now=NOW, base_version=1)
    saved = save(studio, {"Headline": {"text": "Buggies"}})
    assert saved.version.source == theirs.replace("Bumpers", "Buggies")


def test_two_people_who_change_one_region_see_both_and_nothing_is_saved(studio: Studio) -> None:
    save(studio, {"Headline": {"text": "Buggies"}}, actor="ivan")
    with pytest.raises(RegionsClash) as caught:
        save(studio, {"Headline": {"text": "Wagons"}, "Intro": {"html": "For you"}})
    clash = caught.value
    assert [(item.region, item.theirs, item.mine) for item in clash.clashes] == [
        ("Headline", {"text": "Buggies"}, {"text": "Wagons"})
    ]
    assert clash.changes == {"Headline": {"text": "Wagons"}, "Intro": {"html": "For you"}}
    assert "ivan changed Headline too, in version 2. Yours is not saved yet." in clash.message
    assert len(versions(studio)) == 2

    saved = save(studio, clash.changes, base=clash.current.number)
    assert saved.version.source == MARKED.replace("Bumpers", "Wagons").replace("For everybody", "For you")


def test_the_same_change_by_two_people_is_no_clash(studio: Studio) -> None:
    save(studio, {"Headline": {"text": "Buggies"}}, actor="ivan")
    saved = save(studio, {"Headline": {"text": " Buggies "}})
    assert not saved.is_new


def test_parts_of_one_region_belong_together(studio: Studio) -> None:
    save(studio, {"Car": {"alt": "A red car"}}, actor="ivan")
    with pytest.raises(RegionsClash):
        save(studio, {"Car": {"alt": "A car"}}, pictures={"Car": ("bus.png", make_picture())})


def test_what_was_typed_into_a_region_that_is_gone_is_handed_back(studio: Studio) -> None:
    with transaction(studio.engine) as session:
        untag_region(session, studio.page(session), "a", "Headline", actor="ivan", now=NOW)
    with pytest.raises(RegionsClash) as caught:
        save(studio, {"Headline": {"text": "Buggies"}})
    assert [(item.theirs, item.mine) for item in caught.value.clashes] == [(None, {"text": "Buggies"})]


def test_a_picture_is_uploaded_into_its_region(studio: Studio) -> None:
    picture = make_picture("PNG", (8, 6))
    saved = save(studio, {"Car": {"src": "img/car.png", "alt": "A bus"}}, pictures={"Car": (r"C:\My bus.png", picture)})
    assert 'src="uploads/My%20bus.png" alt="A bus"' in saved.version.source
    assert studio.asset(saved.version.files["uploads/My bus.png"]).body == picture


def test_another_picture_of_the_same_name_replaces_none(studio: Studio) -> None:
    first, second = make_picture("PNG", (8, 6)), make_picture("PNG", (9, 6))
    save(studio, {}, pictures={"Car": ("bus.png", first)})
    saved = save(studio, {}, pictures={"Car": ("bus.png", second)}, base=2)
    assert 'src="uploads/bus-2.png"' in saved.version.source
    assert studio.asset(saved.version.files["uploads/bus.png"]).body == first


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.txt", b"hello", "is no picture"),
        ("bus.png", b"hello", "bus.png"),
        ("bus.png", make_picture()[:40], "does not open as a picture"),
        ("bus.svg", b"<svg", "bus.svg"),
        ("", make_picture(), "is no picture"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(studio: Studio, name: str, content: bytes, said: str) -> None:
    with pytest.raises(WrongValues) as caught:
        save(studio, {"Headline": {"text": "Buggies"}}, pictures={"Car": (name, content)})
    wrong = caught.value.wrong[0]
    assert (wrong.region, wrong.part) == ("Car", "src")
    assert said in wrong.message
    assert len(versions(studio)) == 1


def test_scripts_in_an_uploaded_drawing_are_gone(studio: Studio) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><path d="M0 0"/></svg>'
    saved = save(studio, {}, pictures={"Car": ("car.svg", drawing)})
    assert b"script" not in studio.asset(saved.version.files["uploads/car.svg"]).body


def test_other_variants_follow_where_they_said_the_same(studio: Studio) -> None:
    copy(studio, "b")
    copy(studio, "c")
    save(studio, {"Headline": {"text": "Buggies"}}, key="c")
    saved = save(studio, {"Headline": {"text": "Wagons"}, "Intro": {"html": "For you"}}, everywhere=True)
    assert studio.draft(key="b").source == saved.version.source
    assert studio.draft(key="c").source == MARKED.replace("Bumpers", "Buggies").replace("For everybody", "For you")
    assert "Headline and Intro changed in variant B too." in saved.sentences
    assert "Headline in variant C said something else, and stays." in saved.sentences


def test_a_picture_goes_into_other_variants_with_its_file(studio: Studio) -> None:
    copy(studio, "b")
    save(studio, {}, pictures={"Car": ("bus.png", make_picture("PNG", (8, 6)))}, everywhere=True)
    assert "uploads/bus.png" in studio.draft(key="b").files
    assert 'src="uploads/bus.png"' in studio.draft(key="b").source


def test_other_variants_stay_where_nobody_asks(studio: Studio) -> None:
    copy(studio, "b")
    save(studio, {"Headline": {"text": "Wagons"}})
    assert studio.draft(key="b").source == MARKED


def test_a_page_becomes_guided_with_its_first_region_and_says_so(studio: Studio) -> None:
    studio.upload({"index.html": PLAIN, "img/car.png": make_picture()}, replace=True)
    assert kind(studio) == "imported"
    saved = mark(studio, Tag(4, "text", "Headline"), base=2)
    assert saved.version.note == "marked Headline"
    assert saved.version.source == PLAIN.replace("<h1>", '<h1 data-edit="text" data-name="Headline">')
    assert any(sentence.startswith("This page is guided now") for sentence in saved.sentences)
    assert kind(studio) == "guided"
    assert last_entry(studio).details == {"variant": "a", "regions": ["Headline"], "before": 2, "after": 3}

    again = mark(studio, Tag(5, "rich", "Intro"), base=3)
    assert not any("guided" in sentence for sentence in again.sentences)


def test_a_page_without_regions_is_an_imported_one_again_and_says_so(studio: Studio) -> None:
    save(studio, {"Headline": {"text": "Buggies"}})
    assert kind(studio) == "guided"
    with transaction(studio.engine) as session:
        page = studio.page(session)
        for name in ("Headline", "Intro"):
            saved = untag_region(session, page, "a", name, actor="maya", now=NOW)
            assert len(saved.sentences) == 1
        saved = untag_region(session, page, "a", "Car", actor="maya", now=NOW)
    assert "imported one again" in saved.sentences[1]
    assert kind(studio) == "imported"
    assert studio.draft().source == PLAIN.replace("Bumpers", "Buggies")


def test_elements_chosen_before_somebody_changed_a_text_are_still_these_elements(studio: Studio) -> None:
    studio.upload({"index.html": PLAIN, "img/car.png": make_picture()}, replace=True)
    with transaction(studio.engine) as session:
        theirs = PLAIN.replace("Bumpers", "Buggies")
        save_source(session, studio.page(session), "a", theirs, actor="ivan", now=NOW, base_version=2)
    saved = mark(studio, Tag(5, "rich", "Intro"), base=2)
    assert '<p data-edit="rich" data-name="Intro">' in saved.version.source
    assert "Buggies" in saved.version.source


def test_elements_chosen_before_somebody_rebuilt_the_page_are_chosen_again(studio: Studio) -> None:
    studio.upload({"index.html": PLAIN, "img/car.png": make_picture()}, replace=True)
    with transaction(studio.engine) as session:
        theirs = PLAIN.replace("<h1>", "<p>New</p><h1>")
        save_source(session, studio.page(session), "a", theirs, actor="ivan", now=NOW, base_version=2)
    with pytest.raises(Conflict, match="built differently now"):
        mark(studio, Tag(5, "rich", "Intro"), base=2)
    with reading(studio.engine) as session:
        assert load_draft(session, load_variant(session, studio.page(session), "a")).source == theirs


def test_what_is_marked_but_not_editable_is_a_warning_before_publishing(studio: Studio) -> None:
    twice = MARKED.replace("</body>", '<h2 data-edit="text" data-name="Headline">x</h2></body>')
    studio.upload({"index.html": twice, "img/car.png": make_picture()}, replace=True)
    with reading(studio.engine) as session:
        findings = check_drafts(session, studio.settings, studio.page(session))
    found = [finding for finding in findings if finding.rule == "regions"]
    assert [(item.severity, item.where, item.line) for item in found] == [(Severity.WARN, "variant a", 6)]
    assert "is called Headline, as the region in line 3 is" in found[0].sentence
