"""A worker follows its disk: new releases within a moment, and the old ones for as long as the new cannot be read."""

import logging
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest

from lander.catalog import CATALOG_FILE, Catalog, load_catalog
from lander.published import RELEASES_DIR
from lander.serve import catalog
from lander.serve.catalog import CHECK_EVERY_S
from tests.patience import PATIENCE_S
from tests.serve.stage import HOST, Stage, allocation, variant


def test_what_is_published_is_seen_within_two_seconds_without_any_restart(stage: Stage) -> None:
    stage.publish()
    stage.publish(variants=[variant("a", b"brand new")], look=False)
    time.sleep(CHECK_EVERY_S)
    assert CHECK_EVERY_S < 2
    assert "brand new" in stage.ask().text


def test_after_a_quiet_time_two_visitors_at_once_both_see_what_is_new(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, go_on = threading.Event(), threading.Event()

    def load_slowly(*arguments: Any) -> Catalog:
        looking.set()
        assert go_on.wait(PATIENCE_S)
        return load_catalog(*arguments)

    stage.publish()
    stage.publish(variants=[variant("a", b"brand new")], look=False)
    monkeypatch.setattr(catalog, "load_catalog", load_slowly)
    stage.front._catalog._check_at = 0.0
    with ThreadPoolExecutor() as pool:
        first = pool.submit(stage.ask)
        assert looking.wait(PATIENCE_S)
        second = pool.submit(stage.ask)
        wait([second], timeout=0.2)
        go_on.set()
        assert "brand new" in first.result().text
        assert "brand new" in second.result().text


def test_before_anything_was_published_no_host_is_ours(stage: Stage) -> None:
    assert stage.ask().status_code == 421


def test_a_page_that_was_taken_away_is_gone(stage: Stage) -> None:
    stage.publish()
    stage.withdraw()
    assert stage.ask().status_code == 404


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"format": 1}',
        '{"format": 1, "routes": [["go.example.com"]], "sites": []}',
        '{"format": 2, "routes": [], "sites": []}',
        '{"routes": [], "sites": []}',
    ],
)
def test_a_catalog_that_cannot_be_read_leaves_the_old_one_in_place_and_is_logged_once(
    stage: Stage, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    stage.publish()
    (stage.settings.published_dir / CATALOG_FILE).write_text(content)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            stage.look_again()
            assert stage.ask().status_code == 200
    assert len(caplog.records) == 1
    assert "the one before serves on" in caplog.text


@pytest.mark.parametrize("harm", ["missing", "cut short", "without its variant"])
def test_a_release_that_cannot_be_read_leaves_the_old_one_in_place(stage: Stage, harm: str) -> None:
    stage.publish()
    stage.publish(variants=[variant("a", b"lost")], look=False)
    release = stage.settings.published_dir / RELEASES_DIR / stage.published[HOST, "/spring-sale"]
    if harm == "missing":
        shutil.rmtree(release)
    elif harm == "cut short":
        (release / "manifest.json").write_text('{"format": 1, ')
    else:
        (release / "a.html").unlink()
    stage.look_again()
    assert "variant a" in stage.ask().text
    assert "lost" not in stage.ask().text


def test_a_release_in_memory_is_not_read_again(stage: Stage) -> None:
    stage.publish()
    shutil.rmtree(stage.settings.published_dir / RELEASES_DIR)
    stage.publish("/another", page_id=2)
    assert stage.ask().status_code == 200
    assert stage.ask("/another").status_code == 200


def test_a_release_that_allots_visitors_to_a_variant_it_does_not_hold_is_not_taken(stage: Stage) -> None:
    stage.publish()
    stage.publish(variants=[variant("a")], allocation=allocation())
    for _ in range(10):
        assert stage.ask().status_code == 200
    assert stage.events() == []


def test_a_folder_that_vanishes_does_not_take_the_pages_with_it(stage: Stage) -> None:
    stage.publish()
    shutil.rmtree(stage.settings.published_dir)
    stage.look_again()
    assert stage.ask().status_code == 200
    stage.publish(variants=[variant("a", b"back again")])
    assert "back again" in stage.ask().text
