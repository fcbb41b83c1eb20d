"""Reports of browsers about a page's policy: logged once per kind, without a person in it, and bounded."""

import json
import logging

import pytest

from tests.serve.stage import Stage

REPORT = {
    "document-uri": "https://go.example.com/spring-sale?email=otto@example.com",
    "referrer": "https://www.google.com/search?q=otto",
    "effective-directive": "script-src-elem",
    "blocked-uri": "https://cdn.example.net/private/otto.js?session=1",
    "source-file": "https://go.example.com/spring-sale?email=otto@example.com",
}


def send(stage: Stage, body: bytes | str) -> int:
    answer = stage.ask("/_l/csp", method="POST", body=body, headers={"Content-Type": "application/csp-report"})
    return answer.status_code


def test_a_report_is_logged_once_without_anything_personal(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.publish()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert send(stage, json.dumps({"csp-report": REPORT})) == 204
    assert caplog.messages == ["a browser held back something on /spring-sale: script-src-elem stopped cdn.example.net"]
    assert stage.front.counts.requests["report", "204"] == 3


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", "7", "null", '{"csp-report": 7}', "[" * 16_000, '{"csp-report": {"blocked-uri": "https://[x"}}'],
)
def test_what_is_no_report_is_let_go(stage: Stage, body: str) -> None:
    stage.publish()
    assert send(stage, body) == 204


def test_a_report_cannot_write_lines_into_the_log(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.publish()
    with caplog.at_level(logging.WARNING):
        send(stage, json.dumps({"csp-report": {"effective-directive": "a\nb", "blocked-uri": "x" * 5_000 + "\x1b"}}))
    assert "\n" not in caplog.messages[0]
    assert len(caplog.messages[0]) < 500


def test_more_than_sixteen_kibibytes_are_refused(stage: Stage) -> None:
    stage.publish()
    assert send(stage, "x" * (16 * 1024 + 1)) == 413


def test_many_kinds_of_reports_do_not_fill_the_log(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.publish()
    with caplog.at_level(logging.WARNING):
        for number in range(520):
            send(stage, json.dumps({"csp-report": {"effective-directive": f"d{number}"}}))
    assert len(caplog.messages) == 500
