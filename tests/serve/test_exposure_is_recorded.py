"""What a page view writes down: served for people who take part, everything else with its reason."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from experiments.assign import bucket, choose
from experiments.events import Kind
from lander.edge import sign_simulation
from tests.serve.stage import GOOGLEBOT, HOST, Stage, allocation, cookie_of, staged


def reasons(stage: Stage) -> list[str]:
    return [event.reason for event in stage.events()]


def test_a_page_view_is_a_served_exposure_of_the_variant_shown(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view("/spring-sale?gclid=x", headers={"Referer": "https://www.google.com/"})
    [event] = stage.events()
    assert (event.kind, event.experiment_id, event.phase, event.variant) == (Kind.SERVED, 7, 1, view.variant)
    assert (event.device, event.browser, event.source, event.returning) == ("desktop", "chrome", "paid", False)
    assert event.exposed_at_ms == event.at_ms == view.issued_at_ms
    assert not event.simulated


def test_the_variant_is_the_one_anybody_can_compute(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    for _ in range(20):
        view, _ = stage.view()
        assert "ab"[choose(bucket("spring-sale-1:1", view.visitor), [(0, 5_000), (5_000, 10_000)]) or 0] == view.variant


@pytest.mark.parametrize("agent", [GOOGLEBOT, "", "curl/8.5.0", "AdsBot-Google (+http://www.google.com/adsbot.html)"])
def test_a_bot_gets_the_same_page_and_is_not_counted(stage: Stage, agent: str) -> None:
    stage.publish(allocation=allocation())
    answers = [stage.ask(agent=agent, address=f"203.0.113.{number}") for number in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    assert len({answer.text.partition("</title>")[0] for answer in answers}) == 1
    events = stage.events()
    assert {(event.kind, event.reason) for event in events} == {(Kind.FILTERED, "bot")}
    assert len({event.visitor for event in events}) == 1


def test_bots_of_different_networks_fall_into_both_variants(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    shown = {stage.ask(agent=GOOGLEBOT, address=f"203.0.{number}.1").text[:40] for number in range(40)}
    assert len(shown) == 2


def test_the_wish_of_global_privacy_control_is_honoured(stage: Stage) -> None:
    stage.publish(allocation=allocation({"a": 1, "b": 9_999}))
    for _ in range(5):
        answer = stage.ask(headers={"Sec-GPC": "1"})
        assert "variant a" in answer.text
        assert "Set-Cookie" not in answer.headers
    events = stage.events()
    assert {(event.kind, event.reason) for event in events} == {(Kind.FILTERED, "gpc")}
    assert len({event.visitor for event in events}) == 5  # nothing tells one visit from another


def test_who_is_outside_the_coverage_sees_control_and_is_not_in_the_experiment(stage: Stage) -> None:
    stage.publish(allocation=allocation({"a": 1, "b": 9_999}, coverage_bp=1))
    view, _ = stage.view()
    assert (view.variant, view.experiment_id) == ("a", 0)
    [event] = stage.events()
    assert (event.kind, event.reason, event.experiment_id) == (Kind.FILTERED, "outside", 7)


def test_asking_for_the_head_alone_is_no_exposure(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    stage.ask(method="HEAD")
    assert reasons(stage) == ["head"]


@pytest.mark.parametrize(
    "header",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Purpose": "preview"},
        {"X-Moz": "prefetch"},
    ],
)
def test_fetching_ahead_is_no_exposure_until_somebody_looks(stage: Stage, header: dict[str, str]) -> None:
    stage.publish(allocation=allocation())
    view, token = stage.view(headers=header)
    assert reasons(stage) == ["prefetch"]
    assert stage.beacon(token).status_code == 204
    seen = stage.events()[-1]
    assert (seen.kind, seen.visitor) == (Kind.CONFIRMED, view.visitor)


def test_a_simulated_visit_carries_its_own_time_and_is_marked(tmp_path: Path) -> None:
    with staged(tmp_path, env="development") as stage:
        stage.publish(allocation=allocation())
        then = datetime.now(UTC) - timedelta(days=9)
        header = {"Lander-Simulation": sign_simulation(then, "198.51.100.7", stage.settings)}
        view, token = stage.view(address="127.0.0.1", headers=header)
        assert view.issued_at_ms == round(then.timestamp() * 1000)
        later = {
            "Lander-Simulation": sign_simulation(then + timedelta(seconds=3), "198.51.100.7", stage.settings),
            "Origin": "null",
        }
        assert stage.beacon(token, address="127.0.0.1", headers=later).status_code == 204
        assert [event.kind for event in stage.events()] == [Kind.SERVED, Kind.CONFIRMED]
        assert all(event.simulated for event in stage.events())


def test_production_does_not_believe_in_simulations(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    then = datetime.now(UTC) - timedelta(days=9)
    header = {"Lander-Simulation": sign_simulation(then, "198.51.100.7", stage.settings)}
    stage.ask(address="127.0.0.1", headers=header)
    [event] = stage.events()
    assert not event.simulated
    assert event.at_ms > round(then.timestamp() * 1000) + 86_400_000


def test_a_page_view_is_answered_while_the_disk_is_full(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    stage.settings.journal_dir.parent.mkdir(exist_ok=True)
    stage.settings.journal_dir.write_text("in the way")
    assert stage.ask(host=HOST).status_code == 200


def test_an_experiment_that_begins_keeps_the_visitors_id(stage: Stage) -> None:
    stage.publish()
    first = stage.ask()
    stage.publish(allocation=allocation())
    stage.ask(headers={"Cookie": cookie_of(first)})
    [event] = stage.events()
    assert event.visitor in cookie_of(first)
    assert event.returning
