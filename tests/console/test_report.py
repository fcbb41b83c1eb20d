"""The report on screen, top to bottom."""

import re
import sys
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from experiments.models import Experiment, FilteredTally, Tally
from lander.console import report_words
from lander.db import transaction
from tests.console.conftest import NOW, Browser, count_visitors, text_of
from tests.console.visitors import come

AT = "/experiments/spring-sale-1/report"


def test_the_verdict_comes_first_and_the_numbers_deserve_their_digits(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))

    screen = text_of(ana.get(AT))

    assert screen.index("B is very likely better than A") < screen.index("Confirmed visitors")
    assert "a control 4,832 4,832 100 % of served 242" in screen
    assert screen.index("95 % range") < screen.index("middle")


def test_each_lens_has_its_address_and_decision_is_the_first(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))

    decision, data, anytime = (text_of(ana.get(AT + query)) for query in ("", "?lens=data", "?lens=anytime"))

    assert "4.4–5.7 % middle 5.0 %" in data
    assert "+14 to +58 % middle +34 %" in data
    assert "These visitors and nothing else" in data
    assert "middle +34 %" not in decision  # the decision lens draws a large lift in
    assert "The verdict goes by these numbers" in decision
    assert re.search(r"as counted \+34 % [\d.,]+ to 1 strong", anytime)
    assert "Expected loss leads per 1,000" not in anytime
    assert decision == text_of(ana.get(f"{AT}?lens=decision"))
    page = ana.get(f"{AT}?lens=data").text
    assert f'<a href="{AT}#numbers">For deciding</a>' in page
    assert f'<a href="{AT}?lens=data#numbers" aria-current="true">The data alone</a>' in page
    assert "/plots/lifts.json?lens=data" in page


def test_the_verdict_and_the_table_below_it_never_disagree(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    count_visitors(engine, experiment, a=(4000, 200), b=(4000, 225))
    screen = text_of(ana.get(AT))
    low, high = re.search(r"the lift of B over A lies between (\S+) % and (\S+) %", screen).groups()
    assert f"{low} to {high} % middle" in screen


def test_what_else_is_said_against_control(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    screen = text_of(ana.get(AT))
    assert "Beats control probability Lift of 10 % or more probability Within 1 % of control probability" in screen
    assert "Leads after launch more a month, 95 % range" in screen
    assert "visitors in 30 days" in screen


def test_segments_add_up_and_their_lifts_are_drawn_toward_the_whole(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    yesterday = (NOW - timedelta(days=1)).date()
    come(engine, experiment, on=yesterday, device="phone", a=(900, 40), b=(900, 44))
    come(engine, experiment, on=yesterday, device="desktop", a=(300, 20), b=(300, 60))

    page = ana.get(AT)
    screen = text_of(page)

    device = screen[screen.index("Device a leads of visitors") :]
    assert re.search(r"phone 40 of 900 44 of 900 \S+ to \S+ % p [\d.]+ desktop 20 of 300 60 of 300", device)
    assert "The lift of B differs between the levels by more than chance explains." in device
    assert "B differs from control in desktop, beyond what looking at so many levels explains." in device
    desktop = float(re.search(r"60 of 300 \S+ to \+(\d+) %", device)[1])
    assert desktop < 300  # alone its range reaches to +390 %
    assert f"{report_words.day(yesterday)} 60 of 1,200 104 of 1,200" in screen  # the day holds all of them
    assert "Lift in each segment" in screen


def test_the_split_is_checked_at_both_steps(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    assert "At served nobody yet; at confirmed nobody yet" in text_of(ana.get(AT))
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    assert "Split check At served fine (p 0.71); at confirmed fine (p 0.71)" in text_of(ana.get(AT))


def test_a_broken_split_repeats_its_numbers_beside_the_plan(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    count_visitors(engine, experiment, a=(5000, 242), b=(4300, 322))
    assert "at confirmed wrong: 5,000 : 4,300 (p under 0.001)" in text_of(ana.get(AT))


def test_what_is_in_no_rate_stands_on_lines_of_its_own(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    assert "Kept apart" not in text_of(ana.get(AT))
    with transaction(engine) as session:
        for day, tally in enumerate(session.exec(select(Tally).where(Tally.variant == "b", Tally.goal == "form"))):
            tally.unconfirmed_conversions = 3 if day == 0 else 0
            session.add(tally)

    screen = text_of(ana.get(AT))

    assert "Leads of unconfirmed visitors" in screen
    assert "and not in the rate. 0 3" in screen
    assert "Visitors who saw several variants" not in screen


def test_health_shows_only_what_is_not_fine(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    assert "Health" not in text_of(ana.get(AT))


def test_a_result_that_must_not_be_read_says_so_once_and_what_to_do(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    count_visitors(engine, experiment, a=(5000, 242), b=(4300, 322))
    screen = text_of(ana.get(AT))
    assert screen.count("which chance explains") == 1
    assert "Don't read this result" in screen
    assert "Look for a cache in front of the pages" in screen


def test_nobody_has_come_yet(ana: Browser, experiment: Experiment) -> None:
    response = ana.get(AT)
    assert response.status_code == 200
    screen = text_of(response)
    assert "Nobody has seen this test yet" in screen
    assert "a control 0 0 0 – – – –" in screen
    assert "Nothing yet: curves appear here" in screen


def test_it_says_who_was_filtered_and_why(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    with transaction(engine) as session:
        for reason, visitors in {"bot": 412, "prefetch": 31, "something-new": 2}.items():
            session.add(
                FilteredTally(
                    experiment_id=experiment.id,
                    phase=1,
                    variant="a",
                    reason=reason,
                    day=NOW.date(),
                    visitors=visitors,
                )
            )
    screen = text_of(ana.get(AT))
    assert "Bots Known crawlers" in screen
    assert screen.index("412") < screen.index("31")
    assert "Something new" in screen


def test_every_plot_is_inline_without_styles_or_scripts_and_has_a_table(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    page = ana.get(AT).text
    plots = re.findall(r'<svg[^>]*class="marks".*?</svg>', page, re.DOTALL)
    assert len(plots) == len(list_plots(page)) == page.count("<summary>The numbers</summary>")
    for plot in plots:
        assert "var(--variant-b)" in plot
        assert not re.search(r"<script|<style|style=|\son\w+=|href=", plot)


def test_every_plot_can_be_downloaded_as_data(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    names = list_plots(ana.get(AT).text)
    assert names[:2] == ["rates", "lifts"]
    for name in names:
        response = ana.get(f"{AT}/plots/{name}.json")
        written = f'attachment; filename="spring-sale-1-phase-1-{name}.vl.json"'
        assert response.headers["Content-Disposition"] == written
        assert response.json["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
        assert "#0072b2" in response.text
        assert "var(" not in response.text
    assert "it has rates, lifts" in text_of(ana.get(f"{AT}/plots/world.json"))


def list_plots(page: str) -> list[str]:
    return re.findall(r"/report/plots/(\w+)\.json", page)


def test_a_day_that_has_passed_has_its_address(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    day = (NOW - timedelta(days=5)).astimezone(ZoneInfo("Europe/Berlin")).date()
    come(engine, experiment, on=day - timedelta(days=1), a=(40, 4), b=(40, 6))
    come(engine, experiment, on=day + timedelta(days=1), a=(60, 3), b=(60, 2))

    now, then = text_of(ana.get(AT)), text_of(ana.get(f"{AT}?as_of={day}"))

    assert "a control 100 100 100 % of served 7" in now
    assert "This is how it stood" not in now
    assert "a control 40 40 100 % of served 4" in then
    assert f"This is how it stood at the end of {day.day} {day:%b %Y} (Europe/Berlin)" in then
    assert f'<a href="{AT}">Back to now</a>' in ana.get(f"{AT}?as_of={day}").text
    assert f"/plots/rates.json?as_of={day}" in ana.get(f"{AT}?as_of={day}").text


def test_a_day_that_is_not_over_is_now_and_one_before_the_start_is_nowhere(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    for day in (f"{NOW:%Y-%m-%d}", "9999-12-31"):
        screen = text_of(ana.get(f"{AT}?as_of={day}"))
        assert "a control 4,832" in screen
        assert "This day is not over yet" in screen
    assert "had not started" in text_of(ana.get(f"{AT}?as_of=0001-01-01"))
    assert ana.get(f"{AT}?as_of=0001-01-01").status_code == 404


@pytest.mark.parametrize(
    "query", ["as_of=yesterday", "as_of=2026-13-01", "phase=x", "lens=rose", "by=moon", "phase=1&phase=2"]
)
def test_an_address_that_makes_no_sense_is_said(ana: Browser, experiment: Experiment, query: str) -> None:
    assert ana.get(f"{AT}?{query}").status_code == 422
    assert ana.get(f"{AT}/plots/rates.json?{query}").status_code == 422


def test_each_phase_has_its_address(ana: Browser, maya: Browser, engine: Engine, experiment: Experiment) -> None:
    from experiments import lifecycle

    with transaction(engine) as session:
        lifecycle.new_phase(session, session.get_one(Experiment, experiment.id), now=NOW - timedelta(days=1))
    count_visitors(engine, experiment, a=(100, 5), b=(100, 5))

    older, newest = ana.get(f"{AT}?phase=1"), ana.get(AT)
    assert "This is phase 1 of 2, not how the test went on. To phase 2" in text_of(older)
    assert "Cut short 10 of 100 conversions." in text_of(older)
    assert "#decide" in newest.text
    assert "#decide" not in older.text  # what is decided follows from the newest
    assert "Nobody has seen phase 2 of this test yet" in text_of(newest)
    assert "No colleague has looked at phase 2 yet." in text_of(newest)
    assert f"{AT}?phase=1" in newest.text
    assert ana.get(f"{AT}?phase=7").status_code == 404
    assert ana.get(f"{AT}?phase=x").status_code == 422


def test_a_hypothesis_is_text_and_never_markup(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    with transaction(engine) as session:
        found = session.get_one(Experiment, experiment.id)
        found.hypothesis = "<img src=x onerror=alert(1)>"
        session.add(found)
    for address in (AT, "/experiments/spring-sale-1", "/experiments", "/"):
        assert "<img src=x" not in ana.get(address).text


def test_lists_draw_no_plot(
    ana: Browser, engine: Engine, experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The renderer takes 93 MiB: only who opens a report pays for it."""
    count_visitors(engine, experiment, a=(4832, 242), b=(4795, 322))
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    for address in ("/", "/experiments", "/experiments/spring-sale-1", "/pages", "/pages/spring-sale"):
        assert ana.get(address).status_code == 200


def test_campaigns_and_keywords_are_segments_on_request(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    yesterday = (NOW - timedelta(days=1)).date()
    come(engine, experiment, on=yesterday, campaign="spring", keyword="buggy", a=(500, 20), b=(500, 24))
    come(engine, experiment, on=yesterday, campaign="<b>sale</b>", a=(300, 20), b=(300, 60))
    come(engine, experiment, on=yesterday, a=(200, 10), b=(200, 12))

    plain, by_campaign, by_keyword = (ana.get(AT + query) for query in ("", "?by=campaign", "?by=keyword"))

    assert "Campaign a leads of visitors" not in text_of(plain)
    assert f'<a href="{AT}?by=campaign#segments">With campaigns</a>' in plain.text
    table = text_of(by_campaign)[text_of(by_campaign).index("Campaign a leads of visitors") :]
    assert re.search(
        r"spring 20 of 500 24 of 500 .* <b>sale</b> 20 of 300 60 of 300 .* \(none\) 10 of 200 12 of 200", table
    )
    assert "B differs from control in <b>sale</b>, beyond what looking at so many levels explains." in table
    assert "<b>sale</b>" not in by_campaign.text
    assert "(none) had no utm_campaign" in table
    assert "Campaign: spring" in text_of(by_campaign)  # among the numbers of the forest
    assert re.search(r"Keyword a leads of visitors .* buggy 20 of 500 .* \(none\) 30 of 500", text_of(by_keyword))
    assert "(none) had no utm_term" in text_of(by_keyword)


def test_a_grouping_goes_along_with_lens_day_and_phase(ana: Browser, engine: Engine, experiment: Experiment) -> None:
    yesterday = (NOW - timedelta(days=1)).astimezone(ZoneInfo("Europe/Berlin")).date()
    come(engine, experiment, on=yesterday - timedelta(days=1), campaign="spring", a=(40, 4), b=(40, 6))
    come(engine, experiment, on=yesterday + timedelta(days=1), campaign="summer", a=(40, 4), b=(40, 6))
    query = f"lens=data&amp;phase=1&amp;as_of={yesterday}&amp;by=campaign"

    page = ana.get(f"{AT}?{query.replace('&amp;', '&')}").text

    assert f'<a href="{AT}?{query}#segments" aria-current="true">With campaigns</a>' in page
    assert f'<a href="{AT}?phase=1&amp;as_of={yesterday}&amp;by=campaign#numbers">For deciding</a>' in page
    assert f"/plots/segments.json?{query}" in page
    assert "/api/v1/experiments/spring-sale-1/report?phase=1&amp;by=campaign" in page
    for field in ('name="lens" value="data"', 'name="phase" value="1"', 'name="by" value="campaign"'):
        assert f'<input type="hidden" {field}>' in page
    assert "spring" in page
    assert "summer" not in page
    spec = ana.get(f"{AT}/plots/segments.json?{query.replace('&amp;', '&')}").text
    assert "Campaign: spring" in spec


def test_evidence_over_time_is_drawn_at_powers_of_ten_with_its_lines(
    ana: Browser, engine: Engine, experiment: Experiment
) -> None:
    first = (NOW - timedelta(days=4)).date()
    for day, b in enumerate((12, 20, 64)):
        come(engine, experiment, on=first + timedelta(days=day), a=(200, 10), b=(200, b))

    page = ana.get(f"{AT}?lens=anytime")
    spec = ana.get(f"{AT}/plots/evidence.json?lens=anytime").json

    layers = spec["layer"]
    lines = [{"evidence": 1.0, "word": "none"}, {"evidence": 20.0, "word": "strong"}]
    assert [layer["data"]["values"] for layer in layers].count(lines) == 1
    drawn = next(layer for layer in layers if layer.get("encoding", {}).get("color"))
    assert drawn["encoding"]["y"]["scale"] == {"type": "log", "domain": [0.1, 100.0]}
    assert {value["variant"] for value in drawn["data"]["values"]} == {"B"}
    evidence = [value["evidence"] for value in drawn["data"]["values"]]
    assert len(evidence) == 3
    assert evidence[0] < 1 < evidence[1] < 20 < evidence[2] < 100
    told = text_of(page)[text_of(page).index("Evidence, day by day Day B Who looked") :]
    last = first + timedelta(days=2)
    assert re.search(rf"{last.day} {last:%b} {evidence[2]:,.0f} to 1, strong –", told)
    assert "evidence" not in list_plots(ana.get(AT).text)  # that lens has probabilities instead
