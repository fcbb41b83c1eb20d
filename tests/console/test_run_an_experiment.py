"""Planning, starting, pausing, resuming and ending an experiment."""

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from experiments import lifecycle
from experiments.goals import Goal, GoalKind, Role
from experiments.models import Experiment, Look, Phase, State
from lander.access.models import AuditEntry
from lander.pages.models import Page, Site, StoredRelease, Version
from lander.policy.store import apply_policy
from tests.console.conftest import HTML, Browser, build_page, count_visitors, text_of

PLAN = {
    "page": "go.localhost/spring-sale",
    "take-a": "on",
    "take-b": "on",
    "weight-a": "60",
    "weight-b": "40",
    "coverage": "50",
    "goal": "form",
    "hypothesis": "Buggies bring more leads",
}
AT = "/experiments/spring-sale-1"


def find(session: Session) -> Experiment | None:
    session.rollback()  # look again
    return session.exec(select(Experiment)).one_or_none()


def allocation(session: Session) -> str:
    session.rollback()
    page = session.exec(select(Page)).one()
    return session.get_one(StoredRelease, page.release_id).files["manifest.json"]


def test_maya_starts_one_and_visitors_are_split(maya: Browser, live: Page, session: Session) -> None:
    response = maya.post("/experiments/new", PLAN)

    assert response.headers["Location"] == f"{AT}?notice=started"
    experiment = find(session)
    assert experiment is not None
    assert experiment.state is State.RUNNING
    assert experiment.created_by == "maya"
    phase = session.exec(select(Phase)).one()
    assert (phase.weights, phase.coverage_bp) == ({"a": 6000, "b": 4000}, 5000)
    assert '"experiment_key": "spring-sale-1"' in allocation(session)


def test_ana_may_start_one_too(ana: Browser, live: Page) -> None:
    assert ana.post("/experiments/new", PLAN).status_code == 303


def test_ivan_may_not(ivan: Browser, live: Page, session: Session) -> None:
    assert ivan.post("/experiments/new", PLAN).status_code == 403
    assert find(session) is None


@pytest.mark.parametrize(
    ("change", "said", "field"),
    [
        ({"weight-a": "70"}, "The shares of A and B come to 110 per cent", "weight-a"),
        ({"weight-a": "sixty"}, "is “sixty”, not a number", "weight-a"),
        ({"weight-a": "33.333"}, "more than two decimals", "weight-a"),
        ({"weight-a": "-60"}, "is -60 per cent", "weight-a"),
        ({"weight-a": "NaN"}, "is NaN per cent", "weight-a"),
        ({"coverage": "0"}, "The coverage is 0 per cent", "coverage"),
        ({"coverage": "200"}, "The coverage is 200 per cent", "coverage"),
        ({"goal": "click"}, "nothing is named", ""),
        ({"goal": "click", "selector": "a.nowhere"}, "a.nowhere", "selector"),
        ({"goal": "click", "selector": "a["}, "a[", "selector"),
        ({"goal": "world peace"}, "world peace", ""),
        ({"hypothesis": "  "}, "The hypothesis is empty", "hypothesis"),
        ({"hypothesis": "x" * 1001}, "1,001 characters", "hypothesis"),
        ({"page": "go.localhost/other"}, "No page is chosen", ""),
        ({"lift": "0"}, "The lift is 0 per cent", "lift"),
        ({"lift": "1e9"}, "The lift is 1e9 per cent. Write a number above 0 and up to 1,000.", "lift"),
        ({"weight-a": "500"}, "The share of A is 500 per cent. Write a number above 0 and up to 100.", "weight-a"),
        ({"value": "much"}, "is not an amount of money", "value"),
        ({"value": "0"}, "needs no test", "value"),
        ({"take-z": "on", "weight-z": "10", "weight-a": "50"}, "z", ""),
    ],
)
def test_a_plan_that_breaks_a_rule_is_said_and_kept(
    maya: Browser, live: Page, session: Session, *, change: dict[str, str], said: str, field: str
) -> None:
    response = maya.post("/experiments/new", {**PLAN, **change})

    assert response.status_code in (409, 422)
    assert said in text_of(response)
    assert f'href="#{field}"' in response.text if field else True
    assert "Buggies bring more leads" in response.text or "hypothesis" in change or "page" in change
    assert find(session) is None


def test_the_plan_is_fixed_when_it_starts_and_stands_in_the_report(maya: Browser, live: Page, session: Session) -> None:
    maya.post("/experiments/new", {**PLAN, "lift": "7.5", "value": "120"})

    experiment = find(session)
    assert (experiment.plan["lift"], experiment.plan["value_minor"]) == (0.075, 12000)
    assert experiment.plan_hash
    screen = text_of(maya.get(f"{AT}/report"))
    assert "Smallest lift worth having 7.5 %" in screen
    assert "A lead is worth 120.00 EUR" in screen
    assert "Nowhere: it is run as it was planned." in screen
    assert f"SHA-256 {experiment.plan_hash[:12]}" in screen


def test_a_click_goal_needs_something_to_click_in_every_variant(maya: Browser, live: Page, session: Session) -> None:
    response = maya.post("/experiments/new", {**PLAN, "goal": "click", "selector": "a.call"})
    assert response.status_code == 303
    assert find(session).selector == "a.call"


FURTHER = {
    "goal-1-kind": "click", "goal-1-target": "a.call", "goal-1-role": "secondary", "goal-1-better": "more",
    "goal-2-kind": "scroll", "goal-2-target": "75 %", "goal-2-role": "guardrail", "goal-2-margin": "2,5",
    "goal-4-kind": "time", "goal-4-target": "30", "goal-4-role": "guardrail", "goal-4-margin": "0", "goal-4-better": "fewer",
}  # fmt: skip


def test_further_goals_are_counted_beside_the_one_that_decides(maya: Browser, live: Page, session: Session) -> None:
    assert maya.post("/experiments/new", {**PLAN, **FURTHER}).status_code == 303

    assert lifecycle.further_goals(find(session)) == (
        Goal(GoalKind.CLICK, "a.call", key="click-2"),
        Goal(GoalKind.SCROLL, threshold=75, role=Role.GUARDRAIL, margin=0.025, key="scroll-3"),
        Goal(GoalKind.TIME, threshold=30, role=Role.GUARDRAIL, fewer_is_better=True, key="time-4"),
    )
    said = [
        "clicks on a.call",
        "75 % of the page seen, a guardrail: at most 2.5 % below control",
        "30 seconds on the page, a guardrail: not above control",
    ]
    assert "Also counted " + " ".join(said) in text_of(maya.get(AT))
    assert "Also counted " + "; ".join(said) in text_of(maya.get(f"{AT}/report"))


def test_a_plan_without_further_goals_says_nothing_of_them(maya: Browser, experiment: Experiment) -> None:
    assert "Also counted" not in text_of(maya.get(AT)) + text_of(maya.get(f"{AT}/report"))


@pytest.mark.parametrize(
    ("change", "said", "field"),
    [
        ({"goal-1-target": ""}, "nothing is named", "goal-1-target"),
        ({"goal-1-kind": ""}, "Goal 1 does not say what is counted", "goal-1-kind"),
        ({"goal-1-kind": "world peace"}, "Goal 1 does not say what is counted", "goal-1-kind"),
        ({"goal-1-role": "hope"}, "Goal 1 does not say what it is for", "goal-1-role"),
        ({"goal-1-target": "a.nowhere"}, "Nothing in variant a matches 'a.nowhere'", "goal-1-target"),
        ({"goal-1-target": "a["}, "a[", "goal-1-target"),
        ({"goal-2-target": "most"}, "Goal 2 needs a whole number of per cent", "goal-2-target"),
        ({"goal-2-target": "101"}, "Nobody can scroll 101 %", "goal-2-target"),
        ({"goal-2-margin": "a bit"}, "Goal 2 may be worse by “a bit”", "goal-2-margin"),
        ({"goal-2-margin": "100"}, "no per cent from 0 to below 100", "goal-2-margin"),
        ({"goal-2-margin": "NaN"}, "no per cent from 0 to below 100", "goal-2-margin"),
        ({"goal-3-kind": "click", "goal-3-target": "a.call"}, "stands there twice", "goal-3-target"),
        ({"goal-3-kind": "form"}, "stands there twice", "goal-3-target"),
        ({"goal-4-target": "1801"}, "1801 seconds on a page cannot be counted", "goal-4-target"),
        ({"goal-4-target": "9" * 400}, "Goal 4 needs a whole number of seconds", "goal-4-target"),
    ],
)
def test_a_further_goal_that_cannot_be_counted_is_said_beside_its_row_and_kept(
    maya: Browser, live: Page, session: Session, *, change: dict[str, str], said: str, field: str
) -> None:
    response = maya.post("/experiments/new", {**PLAN, **FURTHER, **change})

    assert response.status_code == 422
    assert text_of(response).count(said) == 2  # on top, and beside the row
    assert f'<a href="#{field}">' in response.text
    assert re.search(rf'id="{field}"[^>]*aria-invalid="true" aria-describedby="{field}-error-1"', response.text)
    assert re.search(r'id="goal-2-role".*?<option value="guardrail" selected>', response.text, re.DOTALL)
    assert '<details class="further" open>' in response.text
    assert find(session) is None


def test_rows_that_stay_empty_are_folded_away_and_kept_when_the_need_is_worked_out(maya: Browser, live: Page) -> None:
    assert '<details class="further">' in maya.get("/experiments/new?page=go.localhost/spring-sale").text
    again = maya.get(maya.post("/experiments/new", {**PLAN, **FURTHER, "work": "on"}).headers["Location"])
    assert '<details class="further" open>' in again.text
    assert 'name="goal-2-target" value="75 %"' in again.text


def test_before_it_starts_one_line_says_how_many_visitors_it_needs(maya: Browser, live: Page) -> None:
    whole = text_of(maya.get("/experiments/new?page=go.localhost/spring-sale"))
    assert "To find a lift of +10 % on a rate of 5.0 % (assumed) takes about" in whole

    part = maya.get(
        "/experiments/new?page=go.localhost/spring-sale&take-a=on&take-b=on&weight-a=50&lift=20",
        **{"HX-Request": "true"},
    )
    assert part.text.startswith('<div id="need"')
    assert "lift of +20 %" in text_of(part)
    part = maya.get("/experiments/new?page=go.localhost/spring-sale&lift=0.4", **{"HX-Request": "true"})
    assert "lift of +0.4 %" in text_of(part)


@pytest.mark.parametrize("lift", ["", "a lot", "-5", "1e9", "0"])
def test_a_lift_that_is_no_number_is_said(maya: Browser, live: Page, lift: str) -> None:
    part = maya.get(f"/experiments/new?page=go.localhost/spring-sale&lift={lift}", **{"HX-Request": "true"})
    assert part.status_code == 200
    assert "smallest lift worth finding as a number" in text_of(part)


def test_a_page_with_one_variant_is_not_tested(maya: Browser, engine: Engine, site, settings) -> None:
    build_page(engine, site, "alone", a=HTML)
    maya.post("/pages/alone/publish")
    assert "Copy it, change the copy" in text_of(maya.get("/experiments/new?page=go.localhost/alone"))


def test_a_page_is_in_one_test_at_a_time(maya: Browser, experiment: Experiment, session: Session) -> None:
    assert "a page has one test at a time" in text_of(maya.get("/experiments/new?page=go.localhost/spring-sale"))
    assert maya.post("/experiments/new", PLAN).status_code == 409


def test_pausing_shows_everybody_control_and_resuming_splits_again(
    maya: Browser, experiment: Experiment, session: Session
) -> None:
    assert maya.post(f"{AT}/pause").headers["Location"] == f"{AT}?notice=paused"
    assert find(session).state is State.PAUSED
    assert '"allocation": null' in allocation(session)
    assert "Paused: everybody sees control" in text_of(maya.get(AT))

    assert maya.post(f"{AT}/resume").status_code == 303
    assert find(session).state is State.RUNNING


def test_pausing_twice_says_so(maya: Browser, experiment: Experiment) -> None:
    maya.post(f"{AT}/pause")
    response = maya.post(f"{AT}/pause")
    assert response.status_code == 409
    assert "Only a running experiment can be paused" in text_of(response)


def test_maya_ships_the_winner_with_a_reason(
    maya: Browser, engine: Engine, experiment: Experiment, session: Session
) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    assert 'value="b" required checked' in maya.get(AT).text  # what the report asks for

    response = maya.post(f"{AT}/stop", {"decision": "b", "reason": "Two weeks, and clear."})

    assert response.headers["Location"] == f"{AT}/report?notice=stopped"
    ended = find(session)
    assert (ended.state, ended.shipped, ended.reason) == (State.ENDED, "b", "Two weeks, and clear.")
    newest = session.exec(select(Version).order_by(Version.id.desc())).first()
    assert "Buggies for everybody" in newest.source
    assert "B stays. Two weeks, and clear." in text_of(maya.get(AT))
    assert session.exec(select(AuditEntry).where(AuditEntry.action == "experiment.stop")).one().actor == "maya"
    look = session.exec(select(Look)).one()
    assert (look.by, look.occasion, look.action) == ("maya", "decision", "ship")
    assert "maya decided B is very likely better than A" in text_of(maya.get(f"{AT}/report"))


def test_shipping_against_the_report_asks_for_a_reason_in_words(
    maya: Browser, experiment: Experiment, session: Session
) -> None:
    response = maya.post(f"{AT}/stop", {"decision": "b", "reason": "The board likes it."})

    assert response.status_code == 422
    screen = text_of(response)
    assert "The report does not ask for B. It says: Too early to say: nobody has seen this test yet." in screen
    assert 'href="#against"' in response.text
    assert "The board likes it." in response.text
    assert find(session).state is State.RUNNING
    assert session.exec(select(Look)).all() == []

    form = {"decision": "b", "reason": "The board likes it.", "against": "The sale ends tomorrow."}
    assert maya.post(f"{AT}/stop", form).status_code == 303
    assert find(session).reason == "The board likes it. Against the report, because: The sale ends tomorrow."


def test_a_reason_without_a_full_stop_does_not_run_on(maya: Browser, experiment: Experiment, session: Session) -> None:
    form = {"decision": "b", "reason": "The board likes it", "against": "The sale ends tomorrow"}
    assert maya.post(f"{AT}/stop", form).status_code == 303
    assert find(session).reason == "The board likes it. Against the report, because: The sale ends tomorrow"


def test_what_the_rules_refuse_is_not_shipped_and_the_test_goes_on(
    maya: Browser, experiment: Experiment, session: Session
) -> None:
    apply_policy(session, '[content]\ndescription = "refuse"\n', actor="ivan", now=datetime.now(UTC))
    session.commit()
    form = {"decision": "b", "reason": "The board likes it.", "against": "The sale ends tomorrow."}
    response = maya.post(f"{AT}/stop", form)

    assert response.status_code == 422
    screen = text_of(response)
    assert "That variant cannot become the page" in screen
    assert screen.count("The description is missing") == 1  # of both variants, and said once
    assert "or end the test with control" in screen
    assert '<a href="/pages/spring-sale">Open it</a>' in response.text
    assert 'href="#decision"' in response.text
    assert "The board likes it." in response.text
    assert find(session).state is State.RUNNING
    assert session.exec(select(Look)).all() == []
    assert maya.post(f"{AT}/stop", {"decision": "keep", "reason": "It is refused."}).status_code == 303


def test_ana_keeps_control(ana: Browser, experiment: Experiment, session: Session) -> None:
    ana.post(f"{AT}/stop", {"decision": "keep", "reason": "No difference worth having."})
    assert find(session).shipped == "a"
    assert "Decided: A stays. No difference worth having." in text_of(ana.get(f"{AT}/report"))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"reason": "Enough."}, "decision"),
        ({"decision": "b", "reason": " "}, "reason"),
        ({"decision": "z", "reason": "Enough."}, "decision"),
    ],
)
def test_ending_without_a_decision_or_a_reason_is_refused(
    maya: Browser, experiment: Experiment, session: Session, form: dict[str, str], field: str
) -> None:
    response = maya.post(f"{AT}/stop", form)
    assert response.status_code == 422
    assert f'href="#{field}"' in response.text
    assert find(session).state is State.RUNNING


def test_the_list_begins_with_the_verdict(maya: Browser, engine: Engine, experiment: Experiment) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    screen = text_of(maya.get("/experiments"))
    assert "B is very likely better than A" in screen
    assert "9,627 confirmed visitors, 10 days" in screen


def test_without_any_the_list_says_what_to_do(maya: Browser, ivan: Browser, live: Page) -> None:
    assert "Plan an experiment" in text_of(maya.get("/experiments"))
    assert "Marketing or an analyst starts the first one" in text_of(ivan.get("/experiments"))


def test_an_unknown_key_is_a_plain_404(maya: Browser, site) -> None:
    for address in (
        "/experiments/nothing-1",
        "/experiments/nothing-1/report",
        "/experiments/nothing-1/report/plots/rates.json",
    ):
        assert maya.get(address).status_code == 404
    assert maya.post("/experiments/nothing-1/pause").status_code == 404


def test_the_address_of_a_refused_form_leads_back_to_the_test(maya: Browser, experiment: Experiment) -> None:
    for act in ("pause", "resume", "stop"):
        assert maya.get(f"{AT}/{act}").headers["Location"] == AT


def test_only_pages_that_can_be_tested_are_offered(maya: Browser, engine: Engine, site: Site, live: Page) -> None:
    build_page(engine, site, "draft", a=HTML, b=HTML.replace("Bumpers", "Boats"))
    assert "go.localhost/spring-sale" in text_of(maya.get("/experiments/new"))
    assert "go.localhost/draft" not in text_of(maya.get("/experiments/new"))


def test_where_no_page_can_be_tested_it_says_what_that_takes(maya: Browser, experiment: Experiment) -> None:
    assert "No page can be tested right now" in text_of(maya.get("/experiments/new"))
