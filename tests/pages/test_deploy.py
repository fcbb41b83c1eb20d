"""A node's disk becomes what the database says, at once, again and after anything that happened to it."""

import os
import shutil
import time
from pathlib import Path

import pytest
from sqlmodel import Session

from lander.catalog import load_catalog
from lander.config import Settings
from lander.pages import publish
from lander.pages.deploy import KEPT_S, materialise
from lander.pages.models import Page, Site
from lander.pages.rollback import rollback
from tests.databases import noted
from tests.pages.publishing import MAYA, NOW, PAGE, add_page, add_site, make_settings, save, text_of

SOURCE = PAGE.replace("</head>", '<link rel="stylesheet" href="main.css"></head>')
FILES = {"main.css": b"p{color:red}" * 40}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def disk(settings: Settings) -> Path:
    return settings.published_dir


@pytest.fixture
def site(session: Session) -> Site:
    return add_site(session)


def _publish(session: Session, settings: Settings, page: Page) -> str:
    return publish.publish(session, settings, page, actor=MAYA, now=NOW).release_id


def _files_of(disk: Path) -> set[str]:
    return {str(path.relative_to(disk)) for path in disk.rglob("*") if path.is_file()}


def _age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_an_empty_database_gives_an_empty_catalog_once(session: Session, disk: Path) -> None:
    assert materialise(session, disk) is True
    assert materialise(session, disk) is False
    assert load_catalog(disk).routes == {}


def test_what_is_live_can_be_served_from_disk_alone(
    session: Session, settings: Settings, site: Site, disk: Path
) -> None:
    page = add_page(session, site, {"a": SOURCE}, files=FILES)
    release_id = _publish(session, settings, page)
    assert materialise(session, disk) is True
    catalog = load_catalog(disk)
    release = catalog.routes["go.example.com", "/spring-sale"]
    assert release.id == release_id
    assert catalog.sites["go.example.com"].timezone == "Europe/Berlin"
    assert "Spring sale" in text_of(release.variants["a"].segments)
    (asset,) = disk.glob("assets/*/*.css")
    assert asset.read_bytes() == FILES["main.css"]
    assert asset.with_name(f"{asset.name}.br").exists()


def test_asking_again_changes_nothing_and_reads_no_release(
    session: Session, settings: Settings, site: Site, disk: Path
) -> None:
    _publish(session, settings, add_page(session, site, {"a": SOURCE}, files=FILES))
    materialise(session, disk)
    before = {path: path.stat().st_mtime_ns for path in disk.rglob("*")}
    with noted(session.get_bind()) as statements:
        assert materialise(session, disk) is False
    assert {path: path.stat().st_mtime_ns for path in disk.rglob("*")} == before
    assert len(statements) == 2
    assert not any("FROM release" in statement or "FROM asset" in statement for statement in statements)


def test_a_node_that_lost_everything_gets_it_back(session: Session, settings: Settings, site: Site, disk: Path) -> None:
    _publish(session, settings, add_page(session, site, {"a": SOURCE}, files=FILES))
    materialise(session, disk)
    before = _files_of(disk)
    shutil.rmtree(disk)
    assert materialise(session, disk) is True
    assert _files_of(disk) == before


@pytest.mark.parametrize("lost", ["catalog.json", "releases"])
def test_a_node_that_lost_a_part_gets_that_part_back(
    session: Session, settings: Settings, site: Site, disk: Path, lost: str
) -> None:
    _publish(session, settings, add_page(session, site, {"a": SOURCE}, files=FILES))
    materialise(session, disk)
    before = _files_of(disk)
    shutil.rmtree(disk / lost) if (disk / lost).is_dir() else (disk / lost).unlink()
    assert materialise(session, disk) is True
    assert _files_of(disk) == before


def test_a_crash_before_a_release_was_named_leaves_nothing_half(
    session: Session, settings: Settings, site: Site, disk: Path
) -> None:
    release_id = _publish(session, settings, add_page(session, site, {"a": SOURCE}, files=FILES))
    half = disk / "releases" / f".{release_id}.{os.getpid()}"
    half.mkdir(parents=True)
    (half / "manifest.json").write_bytes(b'{"format": 1')
    assert load_catalog(disk).routes == {}
    materialise(session, disk)
    assert load_catalog(disk).routes["go.example.com", "/spring-sale"].id == release_id


def test_a_withdrawn_page_is_gone_from_the_catalog_at_once(
    session: Session, settings: Settings, site: Site, disk: Path
) -> None:
    page = add_page(session, site, {"a": SOURCE}, files=FILES)
    _publish(session, settings, page)
    materialise(session, disk)
    publish.withdraw(session, page, actor=MAYA, now=NOW)
    assert materialise(session, disk) is True
    assert load_catalog(disk).routes == {}


def test_an_old_release_stays_for_an_hour_after_it_went_however_long_it_was_live(
    session: Session, settings: Settings, site: Site, disk: Path
) -> None:
    page = add_page(session, site, {"a": SOURCE}, files=FILES)
    old = _publish(session, settings, page)
    materialise(session, disk)
    _age(disk / "releases" / old, 10 * KEPT_S)
    save(session, page, "a", PAGE)
    new = _publish(session, settings, page)
    materialise(session, disk)
    materialise(session, disk)
    assert {path.name for path in (disk / "releases").iterdir()} == {old, new}
    assert list(disk.glob("assets/*/*.css"))


def test_after_that_hour_it_goes_with_the_assets_that_only_it_used(
    session: Session, settings: Settings, site: Site, disk: Path
) -> None:
    both = {**FILES, "shared.css": b"h1{color:blue}"}
    source = SOURCE.replace("</head>", '<link rel="stylesheet" href="shared.css"></head>')
    page = add_page(session, site, {"a": source}, files=both)
    old = _publish(session, settings, page)
    materialise(session, disk)
    save(session, page, "a", PAGE.replace("</head>", '<link rel="stylesheet" href="shared.css"></head>'))
    new = _publish(session, settings, page)
    materialise(session, disk)
    _age(disk / "releases" / old, KEPT_S + 60)
    leftover = disk / "releases" / ".crashed.1"
    leftover.mkdir()
    _age(leftover, KEPT_S + 60)
    assert materialise(session, disk) is False
    assert {path.name for path in (disk / "releases").iterdir()} == {new}
    assert [path.read_bytes() for path in disk.glob("assets/*/*.css")] == [both["shared.css"]]
    assert all(path.with_suffix("").exists() for path in disk.glob("assets/*/*.br"))


def test_going_back_to_a_release_that_went_brings_it_back_with_its_assets(
    session: Session, settings: Settings, site: Site, disk: Path
) -> None:
    page = add_page(session, site, {"a": SOURCE}, files=FILES)
    old = _publish(session, settings, page)
    materialise(session, disk)
    save(session, page, "a", PAGE)
    _publish(session, settings, page)
    materialise(session, disk)
    _age(disk / "releases" / old, KEPT_S + 60)
    materialise(session, disk)
    assert not list(disk.glob("assets/*/*.css"))
    rollback(session, settings, page, actor=MAYA, now=NOW)
    assert materialise(session, disk) is True
    assert load_catalog(disk).routes["go.example.com", "/spring-sale"].id == old
    assert list(disk.glob("assets/*/*.css"))


def test_two_hosts_may_have_the_same_address(session: Session, settings: Settings, site: Site, disk: Path) -> None:
    other = add_site(session, "go.example.org")
    for owner in (site, other):
        _publish(session, settings, add_page(session, owner, {"a": PAGE}))
    materialise(session, disk)
    assert set(load_catalog(disk).routes) == {("go.example.com", "/spring-sale"), ("go.example.org", "/spring-sale")}
