"""Regions in the studio, as plain forms: marking, editing, what is refused, and two people at once."""

import io
import re
from urllib.parse import unquote

import pytest
from flask import Flask
from sqlalchemy import Engine
from sqlmodel import Session, select

from lander.db import transaction
from lander.pages.models import Page, Site, Version
from lander.pages.region_edits import save_regions
from lander.pages.versions import save_source
from tests.builders_content import make_picture
from tests.console.conftest import HTML, NOW, Browser, build_page, on_both, text_of

pytestmark = on_both

EDIT, REGIONS = "/pages/spring-sale/a/edit", "/pages/spring-sale/a/regions"
MARKED = HTML.replace("<h1>", '<h1 data-edit="text" data-name="Headline">').replace(
    '<a class="call"', '<a data-edit="link" data-name="Call" class="call"'
)


@pytest.fixture
def marked(engine: Engine, site: Site) -> Page:
    return build_page(engine, site, "spring-sale", a=MARKED, b=MARKED.replace("Bumpers", "Buggies"))


def newest(session: Session) -> Version:
    session.rollback()  # look again
    found = session.exec(select(Version).order_by(Version.id.desc())).first()
    assert found is not None
    return found


def number_of(screen: str, noun: str) -> str:
    """The number of the element that the list names so."""
    found = re.search(rf'name="tag" value="(\d+)"[^>]*> <span><b>{noun}</b>', screen)
    assert found
    return found[1]


def save_as_ivan(engine: Engine, page: Page, **values: str) -> None:
    with transaction(engine) as writing:
        typed = {name: {"text": value} for name, value in values.items()}
        found = writing.get_one(Page, page.id)
        save_regions(writing, found, "a", typed, base_version=1, actor="ivan", now=NOW)


def test_maya_marks_a_headline_and_changes_it_with_forms_alone(maya: Browser, page: Page, session: Session) -> None:
    screen = maya.get(REGIONS).text
    heading = number_of(screen, "Heading 1")
    answer = maya.post(
        REGIONS, {"base_version": "1", "tag": heading, f"name-{heading}": "Headline", f"kind-{heading}": "text"}
    )
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{EDIT}?told=")
    told = text_of(maya.get(answer.headers["Location"]))
    assert "Headline can be edited now. The marks are version 2; visitors see no difference." in told
    assert "This page is guided now" in told

    answer = maya.post(EDIT, {"base_version": "2", "r0-text": "Wagons for everybody"})
    assert answer.headers["Location"] == "/pages/spring-sale/a?notice=saved"
    assert newest(session).source == HTML.replace("<h1>Bumpers", '<h1 data-edit="text" data-name="Headline">Wagons')
    assert newest(session).created_by == "maya"


def test_the_fields_hold_what_the_page_says(maya: Browser, marked: Page) -> None:
    screen = maya.get(EDIT)
    assert "\nBumpers for everybody</textarea>" in screen.text
    assert 'name="r1-href" value="#top"' in screen.text
    assert "B: “Buggies for everybody”" in text_of(screen)
    assert "The same in B." in text_of(screen)


def test_a_page_without_regions_says_what_to_do(maya: Browser, page: Page) -> None:
    screen = maya.get(EDIT)
    assert "Nothing on A can be edited in place yet." in text_of(screen)
    assert f'href="{REGIONS}"' in screen.text


def test_the_screen_of_a_page_leads_there(maya: Browser, ana: Browser, marked: Page) -> None:
    assert f'href="{EDIT}"' in maya.get("/pages/spring-sale/a").text
    assert f'href="{REGIONS}"' in maya.get("/pages/spring-sale/a").text
    assert EDIT not in ana.get("/pages/spring-sale/a").text


def test_the_preview_is_opened_for_editing_on_a_channel_of_its_own(maya: Browser, marked: Page) -> None:
    channels = [re.search(r'data-channel="([^"]+)"', maya.get(EDIT).text) for _ in range(2)]
    assert all(channels)
    assert len({found[1] for found in channels if found}) == 2
    assert 'src="http://preview.localhost:8000/e/' in maya.get(EDIT).text


def test_the_preview_can_be_renewed(maya: Browser, ana: Browser, marked: Page) -> None:
    answer = maya.get(f"{EDIT}/preview?version=1&mode=edit")
    assert answer.json is not None
    assert answer.json["address"].startswith("http://preview.localhost:8000/e/")
    assert len(answer.json["channel"]) > 20
    for query in ("", "?version=9&mode=edit", "?version=1&mode=other", "?version=99999999999999999999&mode=edit"):
        assert maya.get(f"{EDIT}/preview{query}").status_code == 404
    assert ana.get(f"{EDIT}/preview?version=1&mode=edit").status_code == 403


def test_ana_changes_nothing(ana: Browser, marked: Page, session: Session) -> None:
    for path in (EDIT, REGIONS):
        assert ana.get(path).status_code == 403
        assert ana.post(path, {"base_version": "1", "r0-text": "x"}).status_code == 403
    assert newest(session).number == 1


def test_what_cannot_be_saved_stays_typed_beside_its_reason(maya: Browser, marked: Page, session: Session) -> None:
    answer = maya.post(EDIT, {"base_version": "1", "r0-text": "Wagons", "r1-text": "Call", "r1-href": "javascript:x"})
    assert answer.status_code == 422
    assert '<a href="#r1-href">Call: A link cannot lead to “javascript:”.</a>' in answer.text
    assert "\nWagons</textarea>" in answer.text
    assert 'value="javascript:x"' in answer.text
    assert newest(session).number == 1


def test_two_people_in_different_regions_are_put_together(
    maya: Browser, marked: Page, engine: Engine, session: Session
) -> None:
    save_as_ivan(engine, marked, Headline="Wagons for everybody")
    form = {"base_version": "1", "r0-text": "Bumpers for everybody", "r1-text": "Ring us", "r1-href": "#top"}
    answer = maya.post(EDIT, form)
    assert answer.status_code == 303
    assert "ivan saved version 2" in text_of(maya.get(answer.headers["Location"]))
    assert newest(session).source == MARKED.replace("Bumpers", "Wagons").replace("Call us", "Ring us")


def test_two_people_in_one_region_see_both_and_nothing_typed_is_lost(
    maya: Browser, marked: Page, engine: Engine, session: Session
) -> None:
    save_as_ivan(engine, marked, Headline="Wagons", Call="Ring <us>")
    mine = {"base_version": "1", "r0-text": "Buggies & more", "r1-text": "Call us", "r1-href": "tel:+49"}
    answer = maya.post(EDIT, mine)

    assert answer.status_code == 409
    screen = text_of(answer)
    assert "ivan changed Headline and Call too, in version 2. Yours is not saved yet." in screen
    assert "Version 2 says: Wagons" in screen
    assert "\nBuggies &amp; more</textarea>" in answer.text
    assert 'name="r1-href" value="tel:+49"' in answer.text
    assert "\nRing &lt;us&gt;</textarea>" in answer.text, "she had not touched that part"
    assert 'name="base_version" value="2"' in answer.text
    assert newest(session).number == 2

    again = {**mine, "base_version": "2", "r1-text": "Ring <us>"}
    assert maya.post(EDIT, again).status_code == 303
    assert newest(session).source == MARKED.replace("Bumpers for everybody", "Buggies &amp; more").replace(
        'href="#top">Call us', 'href="tel:+49">Ring &lt;us&gt;'
    )


def test_what_was_typed_into_a_region_that_was_taken_away_is_shown_to_copy(
    maya: Browser, marked: Page, session: Session
) -> None:
    assert maya.post(REGIONS, {"untag": "Headline"}).status_code == 303
    answer = maya.post(EDIT, {"base_version": "1", "r0-text": "Long thought <b>words</b>"})
    assert answer.status_code == 409
    assert "What you typed here has no place any more" in text_of(answer)
    assert "<dd>Long thought &lt;b&gt;words&lt;/b&gt;</dd>" in answer.text


def test_a_change_goes_into_every_variant_that_says_the_same(maya: Browser, marked: Page, session: Session) -> None:
    form = {"base_version": "1", "r0-text": "Wagons", "r1-text": "Ring us", "r1-href": "#top", "in_every_variant": "on"}
    answer = maya.post(EDIT, form)
    told = text_of(maya.get(answer.headers["Location"]))
    assert "Call changed in variant B too." in told
    assert "Headline in variant B said something else, and stays." in told


def test_a_picture_is_uploaded_and_its_file_name_shown(
    maya: Browser, engine: Engine, site: Site, session: Session
) -> None:
    build_page(engine, site, "spring-sale", a='<img data-edit="image" data-name="Car" src="" alt="">')
    file = (io.BytesIO(make_picture()), "bus.png")
    answer = maya.post(EDIT, {"base_version": "1", "r0-src": "", "r0-alt": "A bus", "r0-file": file})
    assert answer.status_code == 303
    assert newest(session).source == '<img data-edit="image" data-name="Car" src="uploads/bus.png" alt="A bus">'
    assert '<option value="uploads/bus.png" data-shown="/_l/a/' in maya.get(EDIT).text


def test_a_picture_that_was_not_kept_is_asked_for_again(maya: Browser, engine: Engine, site: Site) -> None:
    source = '<img data-edit="image" data-name="Car" src="a.png"><a data-edit="link" data-name="L" href="/">x</a>'
    build_page(engine, site, "spring-sale", a=source)
    file = (io.BytesIO(make_picture()), "bus.png")
    answer = maya.post(EDIT, {"base_version": "1", "r0-file": file, "r1-href": ""})
    assert answer.status_code == 422
    assert "2 things need mending" in text_of(answer)
    assert "A picture that you chose was not kept." in text_of(answer)


def test_nothing_marked_is_told_with_what_was_typed(maya: Browser, page: Page) -> None:
    assert "Nothing was chosen." in text_of(maya.post(REGIONS, {"base_version": "1"}))
    heading = number_of(maya.get(REGIONS).text, "Heading 1")
    answer = maya.post(REGIONS, {"base_version": "1", "tag": heading, f"name-{heading}": "", f"kind-{heading}": "text"})
    assert answer.status_code == 422
    assert f'value="{heading}" checked' in answer.text


def test_an_element_that_was_clicked_on_is_marked_too(maya: Browser, page: Page, session: Session) -> None:
    form = {"base_version": "1", "other": "3", "name-other": "Everything", "kind-other": "text"}
    assert maya.post(REGIONS, form).status_code == 303
    assert '<body data-edit="text" data-name="Everything">' in newest(session).source


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"tag": "1"},
        {"base_version": "1", "tag": "x"},
        {"base_version": "1", "tag": "9" * 30},
        {"base_version": "9" * 30, "tag": "4", "name-4": "H", "kind-4": "text"},
        {"base_version": "1", "tag": "4", "name-4": "H", "kind-4": "sound"},
        {"base_version": "1", "other": "-1", "name-other": "H", "kind-other": "text"},
        {"untag": "nothing of that name"},
    ],
)
def test_a_form_that_makes_no_sense_changes_nothing(
    maya: Browser, page: Page, session: Session, form: dict[str, str]
) -> None:
    before = newest(session).id
    assert maya.post(REGIONS, form).status_code == 422
    assert newest(session).id == before


@pytest.mark.parametrize("form", [{}, {"base_version": "x"}, {"base_version": "7"}, {"base_version": "9" * 30}])
def test_a_form_without_its_version_overwrites_nothing(
    maya: Browser, marked: Page, session: Session, form: dict[str, str]
) -> None:
    assert maya.post(EDIT, {**form, "r0-text": "Wagons"}).status_code == 422
    assert newest(session).number == 1


def test_names_and_texts_never_become_part_of_the_studio(maya: Browser, engine: Engine, site: Site) -> None:
    attack = "</textarea><script>alert(1)</script>"
    name = "&lt;script&gt;alert(2)"
    source = f'<h1 data-edit="text" data-name="{name}">{attack.replace("<", "&lt;")}</h1><p>{attack}</p>'
    build_page(engine, site, "spring-sale", a=source)
    for path in (EDIT, REGIONS):
        screen = maya.get(path).text
        assert "<script>alert" not in screen
        assert "&lt;script&gt;alert(2)" in screen


def test_what_is_marked_but_not_editable_is_told_with_its_line(maya: Browser, engine: Engine, site: Site) -> None:
    build_page(engine, site, "spring-sale", a=f'{HTML}<h2 data-edit="text">x</h2>')
    for path in (EDIT, REGIONS):
        screen = maya.get(path)
        assert "Marked, but not editable" in text_of(screen)
        assert "The region has no name" in text_of(screen)
        assert f'href="/pages/spring-sale/a/source#line-{HTML.count(chr(10)) + 1}"' in screen.text


def test_a_variant_that_is_not_there_is_a_plain_404(maya: Browser, marked: Page) -> None:
    for path in (EDIT, REGIONS):
        assert maya.get(path.replace("/a/", "/z/")).status_code == 404
        assert maya.post(path.replace("/a/", "/z/"), {"base_version": "1"}).status_code == 404


def test_every_address_keeps_its_site_where_there_are_several(
    maya: Browser, engine: Engine, studio: Flask, marked: Page
) -> None:
    from lander.pages.sites import add_site

    settings = studio.extensions["lander"].settings
    with transaction(engine) as writing:
        add_site(
            writing, settings, host="de.localhost", core_site="www.localhost", timezone="UTC", actor="ivan", now=NOW
        )
    answer = maya.post(f"{EDIT}?site=go.localhost", {"base_version": "1", "r0-text": "Wagons"})
    assert "site=go.localhost" in unquote(answer.headers["Location"])
    assert 'action="/pages/spring-sale/a/edit?site=go.localhost"' in maya.get(f"{EDIT}?site=go.localhost").text


def test_the_audit_trail_names_the_regions(maya: Browser, ana: Browser, marked: Page) -> None:
    maya.post(EDIT, {"base_version": "1", "r0-text": "Wagons"})
    maya.post(REGIONS, {"untag": "Call"})
    trail = text_of(ana.get("/audit"))
    assert "regions Headline" in trail
    assert "regions Call" in trail
    assert "Wagons" not in trail


def test_what_was_typed_into_a_text_that_was_rebuilt_is_shown_to_copy(
    maya: Browser, marked: Page, engine: Engine
) -> None:
    with transaction(engine) as writing:
        theirs = MARKED.replace("Bumpers for", "Bumpers<br>for")
        save_source(writing, writing.get_one(Page, marked.id), "a", theirs, actor="ivan", now=NOW, base_version=1)
    answer = maya.post(EDIT, {"base_version": "1", "r0-text": "Long thought words"})
    assert answer.status_code == 409
    assert "<dd>Long thought words</dd>" in answer.text
    assert 'name="r0-text-2"' in answer.text


def test_a_picture_of_a_form_that_clashed_is_chosen_again(maya: Browser, engine: Engine, site: Site) -> None:
    source = '<img data-edit="image" data-name="Car" src="a.png" alt="A car">'
    page = build_page(engine, site, "spring-sale", a=source)
    with transaction(engine) as writing:
        values = {"Car": {"alt": "A red car"}}
        save_regions(writing, writing.get_one(Page, page.id), "a", values, base_version=1, actor="ivan", now=NOW)
    file = (io.BytesIO(make_picture()), "bus.png")
    answer = maya.post(EDIT, {"base_version": "1", "r0-src": "a.png", "r0-alt": "A bus", "r0-file": file})
    assert answer.status_code == 409
    assert "A picture that you chose was not kept." in text_of(answer)
    assert "uploads/bus.png" not in re.sub(r"<blockquote>.*?</blockquote>", "", answer.text)
    assert 'name="r0-alt" value="A bus"' in answer.text


def test_a_choice_that_was_refused_is_kept_though_somebody_changed_a_text_meanwhile(
    maya: Browser, page: Page, engine: Engine
) -> None:
    heading = number_of(maya.get(REGIONS).text, "Heading 1")
    with transaction(engine) as writing:
        theirs = HTML.replace("Bumpers", "Wagons")
        save_source(writing, writing.get_one(Page, page.id), "a", theirs, actor="ivan", now=NOW, base_version=1)
    form = {"base_version": "1", "tag": heading, f"name-{heading}": "x" * 61, f"kind-{heading}": "text"}
    answer = maya.post(REGIONS, form)
    assert answer.status_code == 422
    assert f'value="{heading}" checked' in answer.text
    assert f'value="{"x" * 61}"' in answer.text
