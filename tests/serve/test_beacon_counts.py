"""The beacon: a confirmed view or a goal, once for all, and only for a token of ours that still counts."""

from dataclasses import replace
from pathlib import Path

import pytest

from experiments.events import Kind
from tests.serve.stage import CHROME, GOOGLEBOT, HOST, OTHER_HOST, NoJournal, Stage, allocation, staged

DAY_S = 86_400
FURTHER = (("click-2", "click", "a.phone"), ("scroll-3", "scroll", "75"), ("time-11", "time", "30"))


def last(stage: Stage) -> tuple[str, str, str]:
    event = stage.events()[-1]
    return event.kind.value, event.goal, event.reason


def test_a_view_that_was_really_seen_is_confirmed_before_it_is_answered(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    view, token = stage.view(headers={"Referer": "https://duckduckgo.com/"})
    answer = stage.beacon(token)
    assert (answer.status_code, answer.data) == (204, b"")
    event = stage.events()[-1]
    assert (event.kind, event.visitor, event.variant) == (Kind.CONFIRMED, view.visitor, view.variant)
    assert event.exposed_at_ms == view.issued_at_ms <= event.at_ms
    assert (event.device, event.browser, event.source) == ("desktop", "chrome", "search")


def test_a_click_counts_where_the_experiment_declared_it(stage: Stage) -> None:
    stage.publish(allocation=allocation(goal="click"))
    _, token = stage.view()
    assert stage.beacon(token, "k=goal&g=click").status_code == 204
    assert last(stage) == ("conversion", "click", "")


def test_a_click_is_nothing_where_another_goal_was_declared(stage: Stage) -> None:
    stage.publish(allocation=allocation(goal="form"))
    _, token = stage.view()
    assert stage.beacon(token, "k=goal&g=click").status_code == 204
    assert last(stage) == ("served", "", "")


@pytest.mark.parametrize("key", ["click", "click-2", "scroll-3", "time-11"])
def test_every_declared_goal_counts_under_its_own_key(stage: Stage, key: str) -> None:
    stage.publish(allocation=replace(allocation(goal="click"), goals=FURTHER))
    _, token = stage.view()
    assert stage.beacon(token, f"k=goal&g={key}").status_code == 204
    assert last(stage) == ("conversion", key, "")


@pytest.mark.parametrize("key", ["click-3", "scroll-2", "scroll", "time-1", "time-99"])
def test_a_goal_that_was_not_declared_is_nothing(stage: Stage, key: str) -> None:
    stage.publish(allocation=replace(allocation(goal="click"), goals=FURTHER))
    _, token = stage.view()
    assert stage.beacon(token, f"k=goal&g={key}").status_code == 204
    assert last(stage) == ("served", "", "")


def test_a_lead_is_never_taken_from_a_beacon(stage: Stage) -> None:
    stage.publish(allocation=replace(allocation(goal="click"), goals=(("form", "form", ""),)))
    _, token = stage.view()
    for form_goal in ("k=goal&g=form", "k=goal&g=form-2"):
        assert stage.beacon(token, form_goal).status_code == 400
    assert last(stage) == ("served", "", "")


def test_without_an_experiment_there_is_nothing_to_write_down(stage: Stage) -> None:
    stage.publish()
    _, token = stage.view()
    assert stage.beacon(token).status_code == 204
    assert stage.events() == []


def test_a_token_older_than_a_day_is_recorded_and_not_counted(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view()
    assert stage.beacon(stage.aged(view, DAY_S - 60)).status_code == 204
    assert last(stage) == ("confirmed", "", "")
    assert stage.beacon(stage.aged(view, DAY_S + 60)).status_code == 204
    assert last(stage) == ("filtered", "", "token-expired")


def test_a_bots_token_is_recorded_and_not_counted(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    _, token = stage.view(agent=GOOGLEBOT)
    assert stage.beacon(token, agent=CHROME).status_code == 204
    assert last(stage) == ("filtered", "", "bot")


@pytest.mark.parametrize("after", ["another phase", "no experiment", "no page"])
def test_once_the_phase_has_closed_nothing_counts_for_it(stage: Stage, after: str) -> None:
    stage.publish(allocation=allocation(goal="click"))
    _, token = stage.view()
    if after == "no page":
        stage.withdraw()
    else:
        stage.publish(allocation=allocation(goal="click", phase=2) if after == "another phase" else None)
    assert stage.beacon(token, "k=goal&g=click").status_code == 204
    assert last(stage) == ("filtered", "click", "phase-closed")


@pytest.mark.parametrize("token", ["", "preview", "forged.forged", "AQAD.x"])
def test_a_forged_token_is_refused(stage: Stage, token: str) -> None:
    stage.publish(allocation=allocation())
    assert stage.beacon(token).status_code == 403
    assert stage.events() == []


def test_another_hosts_token_is_refused(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    _, token = stage.view()
    assert stage.beacon(token, host=OTHER_HOST).status_code == 403


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("null", 204),
        (f"https://{HOST}", 204),
        ("https://www.example.com", 403),
        (f"http://{HOST}", 403),
        (f"https://{HOST}.evil.example", 403),
        ("", 403),
    ],
)
def test_only_a_page_of_this_host_may_report(stage: Stage, origin: str, status: int) -> None:
    stage.publish(allocation=allocation())
    _, token = stage.view()
    assert stage.beacon(token, headers={"Origin": origin}).status_code == status


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "k=other",
        "k=goal",
        "k=goal&g=purchase",
        "k=view&g=click",
        "k=view&g=scroll-2",
        "k=goal&g=click-0",
        "k=goal&g=click-100",
        "k=goal&g=click-%D9%A2",
        "k=goal&g=scroll-2%0A",
        "k=goal&g=%00time-2",
        "k=goal&g=SCROLL-2",
        "k=goal&g=time-",
        "k=goal&g=click-2x&g=click-2",
    ],
)
def test_what_is_neither_a_view_nor_a_goal_is_refused(stage: Stage, kind: str) -> None:
    stage.publish(allocation=replace(allocation(goal="click"), goals=FURTHER))
    _, token = stage.view()
    answer = stage.beacon(token, kind)
    assert (answer.status_code, "a goal that a page's script can watch" in answer.text) == (400, True)
    assert last(stage) == ("served", "", "")


def test_plain_text_is_read_too_because_sendbeacon_sends_it(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    _, token = stage.view()
    assert stage.beacon(token, headers={"Content-Type": "text/plain;charset=UTF-8"}).status_code == 204


def test_a_beacon_of_more_than_four_kibibytes_is_refused(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    _, token = stage.view()
    assert stage.beacon(token, "k=view&x=" + "x" * 4_096).status_code == 413


def test_a_beacon_that_cannot_be_kept_is_not_acknowledged(tmp_path: Path) -> None:
    with staged(tmp_path, journal=NoJournal()) as stage:
        stage.publish(allocation=allocation())
        _, token = stage.view()
        answer = stage.beacon(token)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "60"


def test_no_page_elsewhere_can_read_the_answer(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    _, token = stage.view()
    answer = stage.beacon(token)
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
    assert answer.headers["Cache-Control"] == "no-store"
