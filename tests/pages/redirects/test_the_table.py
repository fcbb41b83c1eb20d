"""Adding, changing, removing: a page wins, circles are refused, and nodes see what changed."""

import json
from pathlib import Path

import pytest
from sqlmodel import Session

from lander.access.audit import list_entries
from lander.catalog import load_catalog
from lander.errors import Conflict, NotFound
from lander.pages import publish, redirects
from lander.pages.deploy import materialise
from lander.pages.models import Site
from lander.pages.redirect_rules import InvalidRedirect, Rule
from lander.redirection import Destination
from tests.pages.publishing import MAYA, NOW, PAGE, add_page, add_site, make_settings


@pytest.fixture
def site(session: Session) -> Site:
    return add_site(session)


@pytest.fixture
def live(session: Session, site: Site, tmp_path: Path) -> None:
    """A live page at /spring-sale."""
    publish.publish(session, make_settings(tmp_path), add_page(session, site, {"a": PAGE}), actor=MAYA, now=NOW)


def put(session: Session, site: Site, path: str, target: str, *, status: int = 301, note: str = "") -> None:
    redirects.put_redirect(session, site, Rule(path, target, status, note), actor=MAYA, now=NOW)


def listed(session: Session, site: Site, **options: object) -> list[Rule]:
    return [redirects.rule_of(item) for item in redirects.list_redirects(session, site, **options)]  # type: ignore[arg-type]


def test_a_redirect_is_added_changed_and_removed_and_each_is_on_record(session: Session, site: Site) -> None:
    put(session, site, "/old", "/new")
    put(session, site, "/old", "/newer", status=302, note="for now")
    assert listed(session, site) == [Rule("/old", "/newer", 302, "for now")]
    redirects.remove_redirect(session, site, "/old", actor=MAYA, now=NOW)
    assert listed(session, site) == []
    assert [(entry.action, entry.details["before"]) for entry in list_entries(session)] == [
        ("redirect.remove", "302 /newer"),
        ("redirect.change", "301 /new"),
        ("redirect.add", ""),
    ]


def test_the_same_again_changes_nothing(session: Session, site: Site) -> None:
    put(session, site, "/old", "/new")
    put(session, site, "/old", "/new")
    assert len(list_entries(session)) == 1


def test_what_is_not_there_cannot_be_removed(session: Session, site: Site) -> None:
    with pytest.raises(NotFound, match=r"no redirect at go\.example\.com/old"):
        redirects.remove_redirect(session, site, "/old", actor=MAYA, now=NOW)


@pytest.mark.parametrize("path", ["/spring-sale", "/spring-sale/"])
@pytest.mark.usefixtures("live")
def test_where_a_live_page_answers_there_is_no_redirect(session: Session, site: Site, path: str) -> None:
    with pytest.raises(InvalidRedirect, match="A live page answers at"):
        put(session, site, path, "/new")
    assert listed(session, site) == []


@pytest.mark.usefixtures("live")
def test_another_spelling_of_a_live_page_may_be_redirected_to_it(session: Session, site: Site) -> None:
    put(session, site, "/Spring-Sale", "/spring-sale")
    assert redirects.check_redirects(session, site) == []


def test_a_circle_is_refused(session: Session, site: Site) -> None:
    put(session, site, "/a", "/b")
    with pytest.raises(InvalidRedirect, match="in a circle"):
        put(session, site, "/b", "/A/?x=1")
    assert listed(session, site) == [Rule("/a", "/b", 301)]


def test_it_is_searched_by_address_target_and_note(session: Session, site: Site) -> None:
    put(session, site, "/Old_100%", "/new")
    put(session, site, "/b", "/sale", note="From the old SHOP")
    assert [rule.path for rule in listed(session, site, search="old")] == ["/Old_100%", "/b"]
    assert [rule.path for rule in listed(session, site, search="shop")] == ["/b"]
    assert [rule.path for rule in listed(session, site, search="_1")] == ["/Old_100%"]
    assert [rule.path for rule in listed(session, site, search="%")] == ["/Old_100%"]
    assert redirects.count_redirects(session, site, search="sale") == 1


@pytest.mark.usefixtures("live")
def test_a_finding_is_mended_as_proposed(session: Session, site: Site) -> None:
    put(session, site, "/a", "/b")
    put(session, site, "/b", "/spring-sale")
    assert redirects.mend(session, site, "redirects.chain", ["/a", "/no-such"], actor=MAYA, now=NOW) == 1
    assert listed(session, site)[0] == Rule("/a", "/spring-sale", 301)
    with pytest.raises(Conflict, match="proposed any more"):
        redirects.mend(session, site, "redirects.chain", ["/a"], actor=MAYA, now=NOW)


def test_a_redirect_that_a_page_has_overtaken_can_be_removed(session: Session, site: Site, tmp_path: Path) -> None:
    put(session, site, "/spring-sale", "/new")
    publish.publish(session, make_settings(tmp_path), add_page(session, site, {"a": PAGE}), actor=MAYA, now=NOW)
    assert redirects.mend(session, site, "redirects.page", ["/spring-sale"], actor=MAYA, now=NOW) == 1
    assert listed(session, site) == []


def test_sites_do_not_share_redirects(session: Session, site: Site) -> None:
    other = add_site(session, "go.example.org")
    put(session, site, "/old", "/new")
    assert listed(session, other) == []
    assert other.redirects_id == ""


def test_nodes_get_the_redirects_and_see_every_change(session: Session, site: Site, tmp_path: Path) -> None:
    disk = tmp_path / "published"
    put(session, site, "/über", "/new?a=1", status=302)
    assert materialise(session, disk) is True
    assert materialise(session, disk) is False
    first = load_catalog(disk)
    assert first.redirects["go.example.com"].find("/Über/") == Destination("/new?a=1", 302)

    put(session, site, "/über", "/newer")
    assert materialise(session, disk) is True
    assert load_catalog(disk, first).redirects["go.example.com"].find("/über") == Destination("/newer", 301)

    redirects.remove_redirect(session, site, "/über", actor=MAYA, now=NOW)
    materialise(session, disk)
    assert load_catalog(disk).redirects == {}


def test_a_node_that_lost_its_redirects_gets_them_back(session: Session, site: Site, tmp_path: Path) -> None:
    disk = tmp_path / "published"
    put(session, site, "/old", "/new")
    materialise(session, disk)
    (file,) = (disk / "redirects").iterdir()
    file.unlink()
    materialise(session, disk)
    assert json.loads(file.read_text())["redirects"] == [["/old", "/new", 301]]


def test_a_worker_that_is_late_still_finds_the_redirects_of_a_moment_ago(
    session: Session, site: Site, tmp_path: Path
) -> None:
    disk = tmp_path / "published"
    put(session, site, "/old", "/new")
    materialise(session, disk)
    put(session, site, "/old", "/newer")
    materialise(session, disk)
    assert len(list((disk / "redirects").iterdir())) == 2
