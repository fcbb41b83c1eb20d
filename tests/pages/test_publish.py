"""Maya publishes, goes back and takes away; everything or nothing, and always on the record."""

import json
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from experiments import lifecycle
from experiments.models import Annotation, Experiment, Tally
from lander.access.models import AuditEntry
from lander.config import Settings
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages import publish, testing, versions
from lander.pages.models import Asset, Page, Publication, Site, StoredRelease
from lander.pages.policy_check import check_policy
from lander.pages.rollback import rollback
from lander.policy import store
from lander.policy.findings import Refused, Severity
from lander.published import Release, read_release
from tests.pages.publishing import FORM, GOOD, MAYA, NOW, add_page, add_site, make_settings, save, text_of

EXTERNAL = GOOD.replace("</h1>", '</h1><script src="https://cdn.example.net/x.js"></script>')


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def site(session: Session) -> Site:
    return add_site(session)


def _publish(session: Session, settings: Settings, page: Page, **options: object) -> publish.Published:
    return publish.publish(session, settings, page, actor=MAYA, now=NOW, **options)  # type: ignore[arg-type]


def _rollback(session: Session, settings: Settings, page: Page, **options: object) -> publish.Published:
    return rollback(session, settings, page, actor=MAYA, now=NOW, **options)  # type: ignore[arg-type]


def _live(session: Session, page: Page) -> Release:
    stored = session.get_one(StoredRelease, page.release_id)
    return read_release(stored.id, {name: text.encode() for name, text in stored.files.items()})


def _shown(session: Session, page: Page, key: str = "a") -> str:
    return text_of(_live(session, page).variants[key].segments)


def _start(session: Session, settings: Settings, page: Page, **options: object) -> Experiment:
    plan = {"variants": {"a": 5000, "b": 5000}, "goal": "form", "hypothesis": "b is shorter", **options}
    return testing.start_experiment(session, settings, page=page, actor=MAYA, now=NOW, **plan)  # type: ignore[arg-type]


def test_publishing_makes_the_drafts_of_all_variants_live(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD, "b": GOOD.replace("Spring", "Summer")})
    published = _publish(session, settings, page)
    release = _live(session, page)
    assert published.release_id == page.release_id == release.id
    assert published.address == "go.example.com/spring-sale"
    assert (release.host, release.path, release.control) == ("go.example.com", "/spring-sale", "a")
    assert "Spring" in _shown(session, page, "a")
    assert "Summer" in _shown(session, page, "b")
    assert release.allocation is None


def test_it_is_on_record_in_history_and_audit(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    published = _publish(session, settings, page)
    (entry,) = publish.list_publications(session, page)
    assert (entry.release_id, entry.reason, entry.by, entry.at) == (published.release_id, "publish", MAYA, NOW)
    audit = session.exec(select(AuditEntry)).one()
    assert (audit.actor, audit.action, audit.subject) == (MAYA, "page.publish", "go.example.com/spring-sale")
    assert audit.details["before"] is None
    assert audit.details["after"] == published.release_id


def test_publishing_the_same_again_changes_nothing(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    first = _publish(session, settings, page)
    second = _publish(session, settings, page)
    assert (second.unchanged, second.release_id) == (True, first.release_id)
    assert len(publish.list_publications(session, page)) == 1


def test_a_refusal_names_every_finding_and_changes_nothing(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    before = _publish(session, settings, page).release_id
    save(session, page, "a", EXTERNAL.replace("<h1>", '<h1 onclick="go()">'))
    with pytest.raises(Refused) as refused:
        _publish(session, settings, page)
    assert {finding.rule for finding in refused.value.findings} == {
        "isolation.inline-handler",
        "isolation.allow.script",
    }
    assert str(refused.value) == (
        "go.example.com/spring-sale was not published, and nothing changed. 2 things stand in the way."
    )
    assert page.release_id == before
    assert len(session.exec(select(Publication)).all()) == 1


def test_one_bad_variant_keeps_the_whole_page_back(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD, "b": EXTERNAL})
    with pytest.raises(Refused) as refused:
        _publish(session, settings, page)
    assert [finding.where for finding in refused.value.findings] == ["variant b"]
    assert page.release_id is None


def test_a_page_without_content_cannot_be_published(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {})
    with pytest.raises(NotFound, match="no content yet"):
        _publish(session, settings, page)


def test_stripping_is_listed_and_kept_with_the_release(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": EXTERNAL})
    published = _publish(session, settings, page, strip_external=True)
    assert published.removed == ("variant a, Line 3: <script> https://cdn.example.net/x.js",)
    assert "cdn.example.net" not in _shown(session, page)
    assert session.get_one(StoredRelease, page.release_id).strip_external
    assert "Taken out: variant a, Line 3: <script> https://cdn.example.net/x.js" in published.sentences()


def test_a_stripped_stylesheet_is_stored_as_an_asset_of_the_release(
    session: Session, settings: Settings, site: Site
) -> None:
    css = b"p{background:url(https://img.example.net/a.png)}"
    source = GOOD.replace("</head>", '<link rel="stylesheet" href="main.css"></head>')
    page = add_page(session, site, {"a": source}, files={"main.css": css})
    _publish(session, settings, page, strip_external=True)
    (name,) = session.get_one(StoredRelease, page.release_id).assets
    assert session.get_one(Asset, name).body == b'p{background:url("data:,")}'
    assert f"/_l/a/{name}" in _shown(session, page)


def test_a_new_policy_makes_a_new_release_of_the_same_content(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    first = _publish(session, settings, page).release_id
    store.apply_policy(session, '[isolation.allow]\nimg = ["img.example.com"]\n', actor="ivan", now=NOW)
    assert _publish(session, settings, page).release_id != first
    assert "https://img.example.com" in dict(_live(session, page).variants["a"].headers)["Content-Security-Policy"]


def test_leading_visitors_to_a_page_that_is_not_live_is_a_warning(
    session: Session, settings: Settings, site: Site
) -> None:
    links = {"about.html": "spring-sale/about"}
    source = FORM.replace("</form>", '</form><a href="about.html">About</a>')
    page = add_page(session, site, {"a": source}, links=links, thank_you="/spring-sale/thanks")
    about = add_page(session, site, {"a": GOOD}, slug="spring-sale/about")
    published = _publish(session, settings, page)
    led = [finding for finding in published.findings if finding.rule == "references.not-live"]
    assert [(finding.severity, finding.sentence) for finding in led] == [
        (Severity.WARN, "The page links to /spring-sale/about, which is not live yet."),
        (Severity.WARN, "Its form leads to /spring-sale/thanks, which is no page here."),
    ]
    _publish(session, settings, about)
    add_page(session, site, {"a": GOOD}, slug="spring-sale/thanks")
    found = _publish(session, settings, page).findings
    assert [finding.sentence for finding in found if finding.rule == "references.not-live"] == [
        "Its form leads to /spring-sale/thanks, which is not live yet."
    ]


def test_what_it_says_can_be_read_by_a_machine(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": FORM}, thank_you="/thanks")
    data = json.loads(json.dumps(_publish(session, settings, page).as_json()))
    assert data["release"] == page.release_id
    assert data["findings"][0]["severity"] == "warn"
    assert data["unchanged"] is False


def test_going_back_shows_the_content_before(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    first = _publish(session, settings, page).release_id
    save(session, page, "a", GOOD.replace("Spring", "Summer"))
    _publish(session, settings, page)
    rolled = _rollback(session, settings, page)
    assert rolled.release_id == page.release_id == first
    assert [entry.reason for entry in publish.list_publications(session, page)] == ["rollback", "publish", "publish"]
    assert session.exec(select(AuditEntry.action).order_by(col(AuditEntry.id).desc())).first() == "page.rollback"


def test_going_back_twice_is_going_forward_again(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    _publish(session, settings, page)
    save(session, page, "a", GOOD.replace("Spring", "Summer"))
    second = _publish(session, settings, page).release_id
    _rollback(session, settings, page)
    assert _rollback(session, settings, page).release_id == second


def test_going_back_passes_over_releases_that_looked_the_same(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": FORM, "b": FORM})
    first = _publish(session, settings, page).release_id
    save(session, page, "a", FORM.replace("Spring", "Summer"))
    _publish(session, settings, page)
    experiment = _start(session, settings, page)
    testing.stop_experiment(session, settings, experiment, reason="enough", actor=MAYA, now=NOW)
    assert _rollback(session, settings, page).release_id == first


def test_going_back_to_a_named_release(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    first = _publish(session, settings, page).release_id
    for word in ("Summer", "Autumn"):
        save(session, page, "a", GOOD.replace("Spring", word))
        _publish(session, settings, page)
    assert _rollback(session, settings, page, to=first).release_id == first
    assert "Spring" in _shown(session, page)


def test_there_is_nothing_to_go_back_to_after_the_first_publish(
    session: Session, settings: Settings, site: Site
) -> None:
    page = add_page(session, site, {"a": GOOD})
    _publish(session, settings, page)
    with pytest.raises(Conflict, match="never looked different"):
        _rollback(session, settings, page)


def test_a_page_never_goes_back_to_another_pages_release(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    other = add_page(session, site, {"a": GOOD}, slug="other")
    theirs = _publish(session, settings, other).release_id
    _publish(session, settings, page)
    for release_id in (theirs, "no-such-release"):
        with pytest.raises(NotFound, match="has no release"):
            _rollback(session, settings, page, to=release_id)


def test_going_back_brings_nothing_back_that_is_not_allowed_any_more(
    session: Session, settings: Settings, site: Site
) -> None:
    store.apply_policy(session, '[isolation.allow]\nscript = ["cdn.example.net"]\n', actor="ivan", now=NOW)
    page = add_page(session, site, {"a": EXTERNAL})
    _publish(session, settings, page)
    save(session, page, "a", GOOD)
    live = _publish(session, settings, page).release_id
    store.apply_policy(session, "", actor="ivan", now=NOW)
    with pytest.raises(Refused):
        _rollback(session, settings, page)
    assert page.release_id == live


def test_a_withdrawn_page_is_away_and_can_come_back(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    first = _publish(session, settings, page).release_id
    publish.withdraw(session, page, actor=MAYA, now=NOW)
    assert page.release_id is None
    entry = publish.list_publications(session, page)[0]
    assert (entry.release_id, entry.reason) == (None, "withdraw")
    with pytest.raises(Conflict, match="not live"):
        publish.withdraw(session, page, actor=MAYA, now=NOW)
    assert _rollback(session, settings, page).release_id == first


def test_a_page_under_test_is_not_withdrawn(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": FORM, "b": FORM})
    _publish(session, settings, page)
    _start(session, settings, page)
    with pytest.raises(Conflict, match="spring-sale-1 runs"):
        publish.withdraw(session, page, actor=MAYA, now=NOW)


def test_changing_a_page_under_test_needs_a_choice(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": FORM, "b": FORM})
    _publish(session, settings, page)
    experiment = _start(session, settings, page)
    for day, visitors in ((20, 1000), (21, 234)):
        session.add(_tally(experiment, day=day, confirmed=visitors))
    before = page.release_id
    save(session, page, "b", FORM.replace("Spring", "Summer"))
    with pytest.raises(Conflict) as conflict:
        _publish(session, settings, page)
    assert "annotate" in conflict.value.fix
    assert "new-phase" in conflict.value.fix
    assert "1,234 visitors" in conflict.value.fix
    assert page.release_id == before


def test_annotating_keeps_phase_and_seed(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": FORM, "b": FORM})
    _publish(session, settings, page)
    experiment = _start(session, settings, page)
    before = _live(session, page).allocation
    for key in ("a", "b"):
        save(session, page, key, FORM.replace("Spring", "Summer"))
    published = _publish(session, settings, page, during_test="annotate")
    assert published.during_test == "annotate"
    assert _live(session, page).allocation == before
    assert session.exec(select(Annotation).where(Annotation.experiment_id == experiment.id)).one().phase == 1
    assert publish.list_publications(session, page)[0].during_test == "annotate"


def test_a_new_phase_gets_a_new_seed(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": FORM, "b": FORM})
    _publish(session, settings, page)
    _start(session, settings, page)
    before = _live(session, page).allocation
    save(session, page, "b", FORM.replace("Spring", "Summer"))
    _publish(session, settings, page, during_test="new-phase")
    after = _live(session, page).allocation
    assert before is not None
    assert after is not None
    assert (before.phase, after.phase) == (1, 2)
    assert before.seed != after.seed


def test_a_choice_that_does_not_exist_is_refused(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    with pytest.raises(InvalidInput, match="no choice"):
        _publish(session, settings, page, during_test="overwrite")


def test_publishing_the_same_under_test_needs_no_choice(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": FORM, "b": FORM})
    _publish(session, settings, page)
    _start(session, settings, page)
    assert _publish(session, settings, page).unchanged


def test_a_variant_outside_the_test_changes_freely(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": FORM, "b": FORM, "c": FORM})
    _publish(session, settings, page)
    _start(session, settings, page)
    save(session, page, "c", FORM.replace("Spring", "Summer"))
    published = _publish(session, settings, page)
    assert (published.unchanged, published.during_test) == (False, "")
    assert _live(session, page).allocation is not None


def test_going_back_under_test_needs_a_choice_too_and_keeps_its_variants(
    session: Session, settings: Settings, site: Site
) -> None:
    page = add_page(session, site, {"a": FORM})
    _publish(session, settings, page)
    versions.copy_variant(session, page, target="b", actor=MAYA, now=NOW)
    for key in ("a", "b"):
        save(session, page, key, FORM.replace("Spring", "Summer"))
    _publish(session, settings, page)
    _start(session, settings, page)
    with pytest.raises(Conflict, match="runs on this page"):
        _rollback(session, settings, page)
    _rollback(session, settings, page, during_test="new-phase")
    assert "Spring" in _shown(session, page, "a")
    assert "Summer" in _shown(session, page, "b")
    found = lifecycle.find_running(session, page.id or 0)
    assert found is not None
    assert found[1].number == 2


def test_drafts_can_be_checked_without_changing_anything(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": EXTERNAL})
    assert [finding.rule for finding in publish.check_drafts(session, settings, page)] == ["isolation.allow.script"]
    assert publish.check_drafts(session, settings, page, strip_external=True) == ()
    assert session.exec(select(StoredRelease)).all() == []


def test_a_policy_is_checked_against_every_live_page(session: Session, settings: Settings, site: Site) -> None:
    allowing = '[isolation.allow]\nscript = ["cdn.example.net"]\n'
    store.apply_policy(session, allowing, actor="ivan", now=NOW)
    page = add_page(session, site, {"a": EXTERNAL, "b": EXTERNAL})
    _publish(session, settings, page)
    add_page(session, site, {"a": EXTERNAL}, slug="draft")
    _publish(session, settings, add_page(session, site, {"a": GOOD}, slug="fine"))
    save(session, page, "a", GOOD)  # what counts is what is live, not what is drafted
    assert check_policy(session, allowing) == []
    broken = check_policy(session, "")
    assert [(address, finding.rule, finding.where) for address, finding in broken] == [
        ("go.example.com/spring-sale", "isolation.allow.script", "variant a"),
        ("go.example.com/spring-sale", "isolation.allow.script", "variant b"),
    ]
    assert store.load_policy(session).version == 1


def _tally(experiment: Experiment, *, day: int, confirmed: int) -> Tally:
    return Tally(
        experiment_id=experiment.id or 0,
        phase=1,
        variant="a",
        goal="",
        day=NOW.date().replace(day=day),
        dimension="all",
        level="",
        confirmed=confirmed,
    )
