"""Maya looks back: every version, any two compared, one restored, the last save undone from its own notice."""

import re

from sqlmodel import Session, col, select

from experiments.models import Experiment
from lander.pages.models import Page, Version
from tests.console.conftest import HTML, Browser, on_both, text_of

BASE = "/pages/spring-sale/a"
pytestmark = on_both


def save(browser: Browser, headline: str, key: str = "a", *, base: int = 1) -> str:
    """Saves the source with another headline; where the browser is led."""
    source = re.sub("B(umpers|uggies)", headline, HTML)
    answer = browser.post(f"/pages/spring-sale/{key}/source", {"source": source, "base_version": base})
    assert answer.status_code == 303
    return answer.headers["Location"]


def headlines(session: Session) -> list[str]:
    """Of every version, in the order they were saved."""
    session.rollback()  # or it would see what was there when it first looked
    return [
        re.findall("<h1>(.*?) for", item.source)[0] for item in session.exec(select(Version).order_by(col(Version.id)))
    ]


def test_every_version_is_listed_with_who_when_and_why(maya: Browser, browser: object, live: Page) -> None:
    save(maya, "Wheels")
    maya.post(f"{BASE}/restore", {"version": "1"})
    said = text_of(maya.get(f"{BASE}/history"))
    assert "3 draft" in said
    assert "1 live" in said
    assert "by maya version 1 restored" in said
    assert maya.get(f"{BASE}/history").text.count("preview.localhost:8000/p/") == 3


def test_one_restored_is_the_next_draft_and_can_be_undone(maya: Browser, page: Page, session: Session) -> None:
    save(maya, "Wheels")
    answer = maya.post(f"{BASE}/restore", {"version": "1"})
    assert answer.headers["Location"] == f"{BASE}?notice=version-restored"
    assert headlines(session) == ["Bumpers", "Buggies", "Wheels", "Bumpers"]
    screen = maya.get(answer.headers["Location"]).text
    assert 'action="/pages/spring-sale/a/undo"' in screen
    assert 'name="version" value="3"' in screen
    maya.post(f"{BASE}/undo", {"version": "3"})
    assert headlines(session)[-1] == "Wheels"


def test_a_save_is_undone_from_its_notice(maya: Browser, page: Page, session: Session) -> None:
    screen = maya.get(save(maya, "Wheels")).text
    assert '<button class="link">Undo</button>' in screen
    answer = maya.post(f"{BASE}/undo", {"version": "2"})
    assert answer.headers["Location"] == f"{BASE}?notice=undone"
    assert "the draft is again what it was before" in text_of(maya.get(answer.headers["Location"]))
    assert headlines(session) == ["Bumpers", "Buggies", "Wheels", "Bumpers"]


def test_undo_is_offered_to_whoever_saved_and_only_then(
    maya: Browser, ana: Browser, page: Page, session: Session
) -> None:
    address = save(maya, "Wheels")
    for screen in (ana.get(address), maya.get(BASE), maya.get(f"{BASE}?notice=published")):
        assert ">Undo<" not in screen.text
    assert ">Undo<" not in maya.get("/pages/spring-sale/b?notice=saved").text  # one version, nothing before it


def test_what_somebody_saved_since_is_not_undone(maya: Browser, page: Page, session: Session) -> None:
    save(maya, "Wheels")
    save(maya, "Brakes", base=2)
    answer = maya.post(f"{BASE}/undo", {"version": "2"})
    assert answer.status_code == 409
    assert "so version 2 is not undone" in text_of(answer)
    assert headlines(session)[-1] == "Brakes"


def test_two_versions_are_compared_by_what_reads_differently_first(maya: Browser, page: Page) -> None:
    save(maya, "Wheels")
    answer = maya.get(f"{BASE}/compare?from=1&to=2")
    assert "1 thing reads differently." in text_of(answer)
    assert "<del>Bumpers</del> <ins>Wheels</ins> for everybody" in answer.text
    assert '<span class="removed">-&lt;h1&gt;Bumpers for everybody&lt;/h1&gt;</span>' in answer.text
    assert answer.text.count("<iframe") == 2
    assert answer.text.index("<del>") < answer.text.index("<iframe") < answer.text.index("line by line")
    assert 'href="/pages/spring-sale/a/compare?from=2&amp;to=1"' in answer.text
    assert 'value="1"><button class="secondary">Restore version 1</button>' in answer.text


def test_variants_are_compared_by_their_drafts(maya: Browser, page: Page) -> None:
    assert 'href="/pages/spring-sale/a/compare?with=b"' in maya.get(f"{BASE}/history").text
    answer = maya.get(f"{BASE}/compare?with=b")
    assert "<del>Bumpers</del> <ins>Buggies</ins>" in answer.text
    assert "Restore" not in answer.text
    assert 'href="/pages/spring-sale/b/compare?from=1&amp;to=1&amp;with=a"' in answer.text


def test_without_numbers_the_draft_is_compared_with_the_version_before(maya: Browser, page: Page) -> None:
    save(maya, "Wheels")
    assert "A 1 and A 2" in text_of(maya.get(f"{BASE}/compare"))
    assert "This is the same version twice." in text_of(maya.get("/pages/spring-sale/b/compare"))


def test_the_same_content_is_said_to_be_the_same(maya: Browser, page: Page) -> None:
    save(maya, "Wheels")
    maya.post(f"{BASE}/restore", {"version": "1"})
    assert "They are the same, byte for byte." in text_of(maya.get(f"{BASE}/compare?from=1&to=3"))


def test_numbers_and_variants_that_are_not_there_are_refused_in_words(maya: Browser, page: Page) -> None:
    for query, status in (("from=9", 404), ("to=x", 422), ("from=-1", 422), ("to=99999999999", 422), ("with=z", 404)):
        assert maya.get(f"{BASE}/compare?{query}").status_code == status
    for number, status in (("9", 404), ("x", 422), ("", 422)):
        for act in ("restore", "undo"):
            assert maya.post(f"{BASE}/{act}", {"version": number}).status_code == status
    assert maya.get("/pages/spring-sale/z/history").status_code == 404


def test_analysis_may_look_and_not_restore(ana: Browser, maya: Browser, page: Page) -> None:
    save(maya, "Wheels")
    for path in ("history", "compare?from=1&to=2"):
        answer = ana.get(f"{BASE}/{path}")
        assert answer.status_code == 200
        assert "/restore" not in answer.text
    assert ana.post(f"{BASE}/restore", {"version": "1"}).status_code == 403


def test_a_variant_gets_a_name_beside_its_letter(maya: Browser, page: Page) -> None:
    answer = maya.post("/pages/spring-sale/b/name", {"name": " <b>Shorter</b> "})
    assert answer.headers["Location"] == "/pages/spring-sale/b?notice=named"
    for path in (BASE, "/pages/spring-sale/b", f"{BASE}/history"):
        assert '<span class="key b">b</span> &lt;b&gt;Shorter&lt;/b&gt;' in maya.get(path).text
    refused = maya.post("/pages/spring-sale/b/name", {"name": "x" * 61})
    assert refused.status_code == 422
    assert 'href="#name"' in refused.text
    taken_off = maya.post("/pages/spring-sale/b/name", {"name": " "})
    assert "Only its letter stands for the variant now" in text_of(maya.get(taken_off.headers["Location"]))


def test_the_name_stands_in_experiments_and_reports(maya: Browser, experiment: Experiment) -> None:
    maya.post("/pages/spring-sale/b/name", {"name": "Shorter"})
    for path in ("/experiments/spring-sale-1", "/experiments/spring-sale-1/report"):
        assert '<span class="key b">b</span> Shorter' in maya.get(path).text
    assert "Ship B (Shorter): its content becomes the page" in text_of(maya.get("/experiments/spring-sale-1"))


def test_the_name_stands_in_the_plan_of_a_test(maya: Browser, live: Page) -> None:
    maya.post("/pages/spring-sale/b/name", {"name": "Shorter"})
    assert '<span class="key b">b</span> Shorter' in maya.get("/experiments/new?page=go.localhost/spring-sale").text


def test_the_address_of_an_act_leads_back_to_its_page(maya: Browser, page: Page) -> None:
    for act in ("restore", "undo", "name", "share/revoke"):
        assert maya.get(f"{BASE}/{act}").headers["Location"] == "/pages/spring-sale"
