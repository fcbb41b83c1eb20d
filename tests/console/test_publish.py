"""Publishing, going back and taking away, from the screen of a page."""

import io

from sqlalchemy import Engine
from sqlmodel import Session, select

from experiments.models import Annotation, Experiment, Phase
from lander.pages.models import Page, Publication, Site, Version
from tests.console.conftest import HTML, Browser, build_page, count_visitors, text_of
from tests.console.test_upload_a_page import zip_of


def is_live(session: Session) -> bool:
    return session.exec(select(Page)).one().release_id is not None


def edit(person: Browser, text: str, *, key: str = "b", base: int = 1) -> None:
    response = person.post(f"/pages/spring-sale/{key}/source", {"source": text, "base_version": str(base)})
    assert response.status_code == 303, text_of(response)


def test_maya_publishes_a_draft(maya: Browser, page: Page, session: Session) -> None:
    assert "Visitors will see this page, for the first time: A and B." in text_of(maya.get("/pages/spring-sale"))

    response = maya.post("/pages/spring-sale/publish")

    assert response.headers["Location"] == "/pages/spring-sale?notice=published"
    assert is_live(session)
    screen = text_of(maya.get("/pages/spring-sale"))
    assert "Live" in screen
    assert "Nothing has changed: visitors see what you see here." in screen


def test_it_says_what_will_change_and_for_whom(maya: Browser, live: Page) -> None:
    edit(maya, HTML.replace("Bumpers", "Beach buggies"))
    screen = text_of(maya.get("/pages/spring-sale/b"))
    assert "Live, drafts changed" in screen
    assert "B: version 2 goes live instead of version 1. Nobody sees it before a test includes it." in screen


def test_publishing_what_is_live_says_that_there_is_nothing_to_do(maya: Browser, live: Page) -> None:
    response = maya.post("/pages/spring-sale/publish")
    assert "Nothing to do" in text_of(maya.get(response.headers["Location"]))


def test_every_finding_is_listed_with_its_line_and_nothing_changes(
    maya: Browser, engine: Engine, site: Site, session: Session
) -> None:
    bad = HTML.replace("<body>", '<body onload="x()">\n<script src="https://cdn.example.net/x.js"></script>')
    build_page(engine, site, "spring-sale", a=bad)

    response = maya.post("/pages/spring-sale/publish")

    assert response.status_code == 422
    screen = text_of(response)
    assert "This was not published, and nothing changed." in screen
    assert "Line 5 loads a script from cdn.example.net" in screen
    assert "2 things stand in the way" in screen
    assert "/pages/spring-sale/a/source#line-5" in response.text
    assert not is_live(session)


def test_what_is_not_allowed_is_taken_out_where_asked_and_listed(
    maya: Browser, engine: Engine, site: Site, session: Session
) -> None:
    bad = HTML.replace("<body>", '<body>\n<script src="https://cdn.example.net/x.js"></script>')
    build_page(engine, site, "spring-sale", a=bad)

    response = maya.post("/pages/spring-sale/publish", {"strip_external": "on"})

    assert response.status_code == 303
    assert "Taken out: variant a, Line 5: <script> https://cdn.example.net/x.js" in text_of(
        maya.get(response.headers["Location"])
    )
    assert is_live(session)


def test_ana_may_not_publish(ana: Browser, page: Page, session: Session) -> None:
    assert ana.post("/pages/spring-sale/publish").status_code == 403
    assert not is_live(session)


def test_during_a_test_it_asks_what_the_change_is(
    maya: Browser, engine: Engine, experiment: Experiment, session: Session
) -> None:
    count_visitors(engine, experiment, a=(500, 20), b=(480, 30))
    edit(maya, HTML.replace("Bumpers", "Beach buggies"))

    response = maya.post("/pages/spring-sale/publish")

    assert response.status_code == 409
    assert "The 980 visitors counted so far are set aside." in text_of(response)
    assert 'href="#during_test"' in response.text
    assert session.exec(select(Phase)).one().ended_at is None


def test_an_annotation_lets_the_count_go_on(maya: Browser, experiment: Experiment, session: Session) -> None:
    edit(maya, HTML.replace("Bumpers", "Beach buggies"))
    assert maya.post("/pages/spring-sale/publish", {"during_test": "annotate"}).status_code == 303
    assert session.exec(select(Annotation)).one().by == "maya"
    assert len(session.exec(select(Phase)).all()) == 1


def test_a_new_phase_starts_the_count_again(maya: Browser, experiment: Experiment, session: Session) -> None:
    edit(maya, HTML.replace("Bumpers", "Beach buggies"))
    assert maya.post("/pages/spring-sale/publish", {"during_test": "new-phase"}).status_code == 303
    assert [phase.number for phase in session.exec(select(Phase).order_by(Phase.number))] == [1, 2]


def test_maya_goes_back_to_an_earlier_release(maya: Browser, live: Page, session: Session) -> None:
    first = live.release_id
    edit(maya, HTML.replace("Bumpers", "Wagons"), key="a")
    maya.post("/pages/spring-sale/publish")
    assert first is not None
    assert first in maya.get("/pages/spring-sale").text

    response = maya.post("/pages/spring-sale/rollback", {"release": first})

    assert response.headers["Location"] == "/pages/spring-sale?notice=rolled-back"
    assert session.exec(select(Page)).one().release_id == first
    assert session.exec(select(Version)).all() != []


def test_going_back_to_a_release_of_another_page_is_refused(maya: Browser, live: Page) -> None:
    assert maya.post("/pages/spring-sale/rollback", {"release": "0" * 64}).status_code == 404


def test_ivan_takes_a_page_away_and_the_history_says_so(ivan: Browser, live: Page, session: Session) -> None:
    response = ivan.post("/pages/spring-sale/withdraw")
    assert response.headers["Location"] == "/pages/spring-sale?notice=withdrawn"
    assert not is_live(session)
    assert session.exec(select(Publication)).all()[-1].by == "ivan"
    assert "Taken away" in text_of(ivan.get("/pages/spring-sale"))


def test_a_page_under_test_is_not_taken_away(ivan: Browser, experiment: Experiment, session: Session) -> None:
    response = ivan.post("/pages/spring-sale/withdraw")
    assert response.status_code == 409
    assert "Stop it first" in text_of(response)
    assert is_live(session)


def test_a_page_that_does_not_exist_is_a_plain_404(maya: Browser, site: Site) -> None:
    for response in (maya.get("/pages/nothing"), maya.post("/pages/nothing/publish"), maya.get("/pages/nothing/b")):
        assert response.status_code == 404
        assert "There is no page at go.localhost/nothing" in text_of(response)


def test_what_was_taken_out_once_is_taken_out_again(maya: Browser, engine: Engine, site: Site) -> None:
    bad = HTML.replace("<body>", '<body>\n<script src="https://cdn.example.net/x.js"></script>')
    build_page(engine, site, "spring-sale", a=bad)
    assert "Publish without it" in text_of(maya.get("/pages/spring-sale"))
    maya.post("/pages/spring-sale/publish", {"strip_external": "on"})

    screen = maya.get("/pages/spring-sale").text

    assert 'name="strip_external" checked' in screen
    assert "In the way" not in screen
    assert "cannot be published" not in text_of(maya.get("/"))


def test_only_what_can_be_taken_out_is_offered(maya: Browser, engine: Engine, site: Site) -> None:
    bad = HTML.replace("<body>", '<body onload="x()">\n<script src="https://cdn.example.net/x.js"></script>')
    build_page(engine, site, "spring-sale", a=bad)
    assert "Publish without" not in text_of(maya.get("/pages/spring-sale"))


def send_zip(person: Browser, *, thanks: str) -> None:
    files = {"index__html": HTML.replace("<form>", '<form action="thanks.html">'), "thanks__html": thanks}
    content = io.BytesIO(zip_of(**files))
    assert person.post("/pages/new", {"slug": "spring-sale", "file": (content, "p.zip")}).status_code == 303


def test_the_pages_it_came_with_go_live_with_it(maya: Browser, site: Site, session: Session) -> None:
    send_zip(maya, thanks=HTML.replace("Bumpers", "Thanks"))
    said = text_of(maya.get("/pages/spring-sale"))
    assert "With the page it came with: /spring-sale/thanks" in said
    assert "/spring-sale/thanks, which is not live yet. Publish it too, with this page or before it." in said

    maya.post("/pages/spring-sale/publish", {"with_pages": "on"})

    assert all(page.release_id for page in session.exec(select(Page)))
    assert "With the page it came with" not in text_of(maya.get("/pages/spring-sale"))


def test_they_stay_drafts_where_nobody_asked(maya: Browser, site: Site, session: Session) -> None:
    send_zip(maya, thanks=HTML.replace("Bumpers", "Thanks"))
    maya.post("/pages/spring-sale/publish")
    assert {page.slug for page in session.exec(select(Page)) if page.release_id} == {"spring-sale"}


def test_one_of_them_that_is_refused_is_named_and_nothing_changes(maya: Browser, site: Site, session: Session) -> None:
    send_zip(maya, thanks=HTML.replace("<body>", '<body onload="x()">'))

    response = maya.post("/pages/spring-sale/publish", {"with_pages": "on"})

    assert response.status_code == 422
    assert "go.localhost/spring-sale/thanks came with it and cannot be published yet." in text_of(response)
    assert not any(page.release_id for page in session.exec(select(Page)))


def test_after_publishing_the_same_variant_stands_in_front(maya: Browser, live: Page) -> None:
    edit(maya, HTML.replace("Bumpers", "Wagons"))
    response = maya.post("/pages/spring-sale/publish", {"variant": "b"})
    assert response.headers["Location"] == "/pages/spring-sale/b?notice=published"
    assert "Plan an experiment" in text_of(maya.get("/pages/spring-sale/b"))


def test_a_change_outside_the_test_asks_nothing(maya: Browser, experiment: Experiment) -> None:
    assert "What is this change?" not in text_of(maya.get("/pages/spring-sale"))
    maya.post("/pages/spring-sale/copy", {"source": "a"})
    assert "What is this change?" not in text_of(maya.get("/pages/spring-sale"))
    edit(maya, HTML.replace("Bumpers", "Wagons"))
    assert "What is this change?" in text_of(maya.get("/pages/spring-sale"))


def test_going_back_is_offered_only_to_other_content(maya: Browser, experiment: Experiment) -> None:
    assert "Put this back" not in text_of(maya.get("/pages/spring-sale"))


def test_the_address_of_a_refused_form_leads_back_to_the_page(maya: Browser, live: Page) -> None:
    for act in ("publish", "upload", "copy", "rollback", "withdraw", "b/bring"):
        assert maya.get(f"/pages/spring-sale/{act}").headers["Location"] == "/pages/spring-sale"
    assert maya.get("/pages/nothing/publish").status_code == 404
