"""When something breaks behind a page, its visitor sees control, nobody is counted, and we hear of it."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from experiments.journal import Durability, Record
from lander.serve.token import TokenSigner
from tests.serve.stage import FILLED, NoJournal, Stage, allocation, settings_for, staged


class BrokenJournal(NoJournal):
    """A defect of ours, not a full disk."""

    def append(self, records: Sequence[Record], durability: Durability = Durability.BATCHED) -> None:
        raise RuntimeError("a defect")


def test_a_defect_behind_a_page_shows_control_uncounted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with staged(tmp_path, journal=BrokenJournal()) as stage, caplog.at_level(logging.ERROR):
        stage.publish(allocation=allocation({"a": 1, "b": 9_999}))
        answer = stage.ask("/spring-sale?email=otto@example.com")
        assert answer.status_code == 200
        assert "variant a" in answer.text
        assert "Set-Cookie" not in answer.headers
        assert stage.front.counts.rescued == {"RuntimeError": 1}
        assert "a defect" in caplog.text
        assert "otto" not in caplog.text


def test_a_rescued_pages_form_still_works(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    with staged(tmp_path, journal=BrokenJournal()) as broken:
        broken.publish(allocation=allocation())
        view, token = broken.view()
        assert (view.variant, view.experiment_id) == ("a", 0)
    with staged(tmp_path) as mended:
        assert TokenSigner(settings.signing_keys).read(token) == view
        assert mended.post_form(mended.aged(view, 30), FILLED).status_code == 303
        assert mended.leads()[0]["page_id"] == 1


def test_a_defect_behind_a_form_is_never_an_acknowledgement(tmp_path: Path) -> None:
    with staged(tmp_path, journal=BrokenJournal()) as stage:
        stage.publish()
        view, _ = stage.view()
        answer = stage.post_form(stage.aged(view, 30), FILLED)
        assert answer.status_code == 503
        assert "try again" in answer.text


def test_a_defect_that_hits_the_rescue_too_is_said_in_plain_words(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.publish()

    def fail(*_: object) -> None:
        raise RuntimeError("worse")

    monkeypatch.setattr("lander.serve.front.fill", fail)
    answer = stage.ask()
    assert answer.status_code == 503
    assert "Please try again in a minute." in answer.text
