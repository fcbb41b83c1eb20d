"""Alive means alive; ready means there is something to show and what comes in can be kept. No database in either."""

from pathlib import Path

from tests.serve.stage import NoJournal, Stage, staged


def test_a_worker_is_alive_before_anything_is_published_on_its_site(stage: Stage) -> None:
    stage.write_catalog()
    assert stage.ask("/healthz").text == "alive\n"
    assert stage.ask("/readyz").status_code == 503


def test_a_worker_with_a_release_and_a_journal_is_ready(stage: Stage) -> None:
    stage.publish()
    assert stage.ask("/readyz").text == "ready\n"
    assert stage.rows() == []


def test_a_worker_that_can_keep_nothing_is_not_ready_and_still_shows_pages(tmp_path: Path) -> None:
    with staged(tmp_path, journal=NoJournal()) as stage:
        stage.publish()
        assert stage.ask("/readyz").status_code == 503
        assert stage.ask("/healthz").status_code == 200
        assert stage.ask().status_code == 200


def test_a_probe_that_knows_no_host_name_is_answered(stage: Stage) -> None:
    assert stage.ask("/healthz", host="10.0.0.7:8000").text == "alive\n"
    assert stage.ask("/readyz", host="10.0.0.7:8000").status_code == 503
    stage.publish()
    assert stage.ask("/readyz", host="10.0.0.7:8000").text == "ready\n"
    assert stage.ask("/spring-sale", host="10.0.0.7:8000").status_code == 421
