"""The verdict: one sentence that says what to do, and never more than the numbers beside it."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

import stats
from experiments import health, lifecycle, results
from experiments.autopsy import CONFIRMED, SERVED, split
from experiments.counts import Counted, VariantCounts
from experiments.goal_judging import judge_goals
from experiments.goals import Goal, GoalKind, Role
from experiments.guardrails import list_harm
from experiments.health import RULE
from experiments.models import Purpose
from experiments.prior import DEFAULT_PRIOR
from experiments.report import Parameters
from experiments.verdict import Action, Evidence, Verdict, decide
from experiments.words import lift_range
from lander.db import reading, transaction
from tests.experiments.builders import after, crowd, start, take_in

ALONE = stats.Beta(0.5, 0.5)
PARAMETERS = Parameters(ALONE, DEFAULT_PRIOR, min_lift=0.1, value_minor=None, currency="")
PHONE = Goal(GoalKind.CLICK, selector="a.phone", role=Role.GUARDRAIL, margin=0.05, key="click-2")
Numbers = tuple[int, int, int]  # served, confirmed, conversions
Reached = tuple[Goal, Sequence[int]]  # a further goal, and how many of each variant's confirmed visitors reached it


def weigh(
    *numbers: Numbers,
    days: int = 14,
    elapsed: float | None = None,
    ended: bool = False,
    prior: stats.Prior = ALONE,
    purpose: Purpose = Purpose.TEST,
    reached: Sequence[Reached] = (),
) -> Evidence:
    counts = [
        VariantCounts(key=key, weight_bp=10_000 // len(numbers), served=n[0], confirmed=n[1], conversions=n[2])
        for key, n in zip("abcd", numbers, strict=False)
    ]
    samples = [stats.BinarySample(item.confirmed, item.conversions) for item in counts]
    comparison = stats.compare(samples, prior=prior)
    seen = sum(item.confirmed for item in counts)
    waiting = stats.value_of_waiting(comparison, visitors_per_day=seen / days) if days and seen >= days else None
    return Evidence(
        counts=counts,
        comparison=comparison,
        e_values=[stats.anytime(samples[0], sample, tau=0.1).e_value for sample in samples],
        findings=health.check(Counted(totals=counts), days=days),
        days=days,
        elapsed_days=days if elapsed is None else elapsed,
        ended=ended,
        noun="lead",
        goals=judge_goals(
            [goal for goal, _ in reached],
            {
                goal.key: [replace(item, conversions=often) for item, often in zip(counts, often_each, strict=True)]
                for goal, often_each in reached
            },
            control=0,
            parameters=PARAMETERS,
        ),
        purpose=purpose,
        waiting=None if ended else waiting,
    )


def say(*numbers: Numbers, days: int = 14, ended: bool = False, reached: Sequence[Reached] = ()) -> Verdict:
    return decide(weigh(*numbers, days=days, ended=ended, reached=reached))


def test_too_early_says_what_is_there_what_is_missing_and_how_long_that_takes() -> None:
    assert say((900, 880, 22), (910, 890, 19), days=3) == Verdict(
        Action.CONTINUE,
        "too-few-days",
        "Too early to say: 41 of 100 conversions, 3 of 7 days. At this rate: 5 more days.",
        days_left=5,
    )


def test_too_early_names_only_what_is_missing() -> None:
    enough_leads, enough_days = say((2_000, 1_900, 90), (2_000, 1_900, 95), days=6), say((900, 880, 22), (910, 890, 19))
    assert enough_leads.sentence == "Too early to say: 6 of 7 days. At this rate: 1 more day."
    assert enough_days.sentence == "Too early to say: 41 of 100 conversions. At this rate: 21 more days."
    lopsided = say((2_000, 1_900, 190), (2_000, 1_900, 20))
    assert lopsided.sentence == "Too early to say: B has 20 of 25 conversions. At this rate: 4 more days."


def test_too_few_visitors_for_any_answer_is_said_outright() -> None:
    assert "the page has too few visitors for this test" in say((90, 88, 2), (91, 89, 1)).sentence


def test_a_clear_winner_ships() -> None:
    verdict = say((10_000, 9_800, 490), (10_050, 9_850, 570))
    assert (verdict.action, verdict.variant) == (Action.SHIP, "b")
    assert verdict.sentence.startswith("B is very likely better than A (99.2 %). If that is wrong, shipping B costs")
    assert verdict.sentence.endswith("leads per 1,000 visitors. There is nothing left to wait for.")


def test_a_winner_that_bears_daily_looks_is_called_strong() -> None:
    strong, barely = say((10_000, 9_800, 490), (10_050, 9_850, 640)), say((10_000, 9_800, 490), (10_050, 9_850, 570))
    assert (strong.action, strong.strong, barely.action, barely.strong) == (Action.SHIP, True, Action.SHIP, False)
    assert "The evidence is strong: it bears being looked at every day." in strong.sentence
    assert "strong" not in barely.sentence


def test_what_being_wrong_costs_is_the_loss_given_that_it_is_wrong() -> None:
    evidence = weigh((10_000, 10_000, 500), (10_000, 10_000, 565))
    winner = evidence.comparison.variants[1]
    said = re.search(r"costs about ([\d.]+) leads per 1,000", decide(evidence).sentence)
    assert said is not None
    assert float(said[1]) == pytest.approx(1000 * winner.expected_loss / (1 - winner.p_best), rel=0.05)


def test_the_best_of_several_must_also_be_the_best() -> None:
    twins = say((10_000, 10_000, 500), (10_000, 10_000, 640), (10_000, 10_000, 641))
    assert twins.action is Action.CONTINUE
    assert "to be the best of all" in twins.sentence
    clear = say((10_000, 10_000, 500), (10_000, 10_000, 640), (10_000, 10_000, 520))
    assert (clear.action, clear.variant) == (Action.SHIP, "b")
    assert "better than A and the best of all 3" in clear.sentence


def test_control_is_kept_where_every_other_variant_is_worse() -> None:
    verdict = say((10_000, 10_000, 600), (10_000, 10_000, 480))
    assert (verdict.action, verdict.variant) == (Action.KEEP, "a")
    assert verdict.sentence == (
        "Keep A: B is very likely worse (over 99.9 %). Shipping B would cost about 12 leads per 1,000 visitors. "
        "The evidence is strong: it bears being looked at every day."
    )
    both = say((10_000, 10_000, 600), (10_000, 10_000, 480), (10_000, 10_000, 500))
    assert both.sentence.startswith("Keep A: B and C are very likely worse")


def test_a_worse_variant_among_several_can_go() -> None:
    verdict = say((10_000, 10_000, 600), (10_000, 10_000, 480), (10_000, 10_000, 610))
    assert (verdict.action, verdict.variant, verdict.dropped) == (Action.DROP, "b", ("b",))
    assert verdict.sentence.startswith(
        "Drop B: it is very likely worse than A (over 99.9 %). The evidence is strong: it bears being looked at every day. "
        "Of the rest none wins clearly yet: the lift of C over A lies between"
    )


def test_equal_variants_are_told_apart_from_too_little_data() -> None:
    verdict = say((900_000, 900_000, 180_000), (900_000, 900_000, 180_100))
    assert (verdict.action, verdict.reason) == (Action.EQUIVALENT, "practically-equal")
    assert verdict.sentence.startswith("A and B do practically the same: the lift lies between −0.")
    assert verdict.sentence.endswith(
        "and less than 1 % makes no difference worth having. Keep A, or choose by what else you like."
    )


def test_without_a_winner_it_gives_the_range_and_what_it_takes() -> None:
    assert say((5_000, 4_900, 250), (5_000, 4_900, 262)).sentence == (
        "No clear winner yet: the lift of B over A lies between −11 % and +24 %, and B is better with 70 %. "
        "It takes 97.5 % to ship B, 2.5 % to drop it. "
        "If the lift stays as it is, that takes more than three months: keep A, or test a bolder change."
    )


def test_it_says_how_much_longer_a_decision_takes() -> None:
    near, far = say((10_000, 9_800, 490), (10_000, 9_800, 540)), say((10_000, 9_800, 490), (10_000, 9_800, 491))
    assert near.sentence.endswith(f"If the lift stays as it is, about {near.days_left} more days will decide it.")
    assert far.days_left is None
    assert far.sentence.endswith("not even a year would decide it: keep A, or test a bolder change.")


def test_a_failed_gate_withholds_the_verdict_however_good_the_numbers() -> None:
    verdict = say((5_000, 4_850, 200), (5_010, 4_108, 400))
    assert verdict.action is Action.HOLD
    assert verdict.variant == ""
    assert verdict.sentence.startswith(
        "Don't read this result: A got 4,850 confirmed visitors and B 4,108, which chance"
    )


def test_an_ended_test_is_told_in_the_past() -> None:
    assert say((900, 880, 22), (910, 890, 19), days=3, ended=True).sentence == (
        "It ended too early to say: 41 of 100 conversions, 3 of 7 days."
    )
    undecided = say((5_000, 4_900, 250), (5_000, 4_900, 262), ended=True).sentence
    assert undecided.startswith("No clear winner when it ended:")
    assert "Let it run" not in undecided
    assert "nothing left to wait for" not in say((9_999, 9_800, 490), (9_999, 9_850, 640), ended=True).sentence


WON, EVEN, LOST = (10_050, 9_850, 640), (10_000, 9_800, 495), (10_000, 9_800, 360)
CONTROL = (10_000, 9_800, 490)


def test_a_winner_that_harms_a_guardrail_is_not_shipped_and_the_sentence_names_both() -> None:
    verdict = say(CONTROL, WON, reached=[(PHONE, [2_000, 1_600])])
    assert (verdict.action, verdict.reason, verdict.variant) == (Action.KEEP, "guardrail-harmed", "a")
    assert (verdict.dropped, verdict.strong) == (("b",), False)
    assert re.fullmatch(
        r"Keep A: B very likely harms a guardrail, with over 5 % fewer clicks on a\.phone than A \((over )?99\.\d %\)\. "
        r"By leads alone B would be better with over 99\.9 %; the guardrail decides\.",
        verdict.sentence,
    )


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (Goal(GoalKind.FORM, role=Role.GUARDRAIL, key="form"), "with fewer leads than A"),
        (
            Goal(GoalKind.SCROLL, threshold=75, role=Role.GUARDRAIL, margin=0.1, key="scroll-2"),
            "with over 10 % fewer visitors who see 75 % of the page than A",
        ),
        (
            Goal(GoalKind.TIME, threshold=30, role=Role.GUARDRAIL, margin=0.025, key="time-2"),
            "with over 2.5 % fewer visitors who stay 30 seconds than A",
        ),
    ],
)
def test_every_kind_of_guardrail_is_said_in_its_own_words(goal: Goal, words: str) -> None:
    assert words in say(CONTROL, EVEN, reached=[(goal, [4_000, 2_900])]).sentence


def test_where_fewer_is_better_more_is_the_harm() -> None:
    complaints = replace(PHONE, selector="a.complain", fewer_is_better=True)
    assert (
        "with over 5 % more clicks on a.complain than A"
        in say(CONTROL, EVEN, reached=[(complaints, [2_000, 2_600])]).sentence
    )
    assert say(CONTROL, EVEN, reached=[(complaints, [2_000, 1_500])]).action is Action.CONTINUE


def test_the_guardrail_that_is_harmed_most_probably_is_the_one_named() -> None:
    read_on = Goal(GoalKind.SCROLL, threshold=75, role=Role.GUARDRAIL, margin=0.1, key="scroll-3")
    verdict = say(CONTROL, EVEN, reached=[(PHONE, [2_000, 1_900]), (read_on, [6_000, 4_000])])
    assert "75 % of the page" in verdict.sentence
    assert "a.phone" not in verdict.sentence


def test_among_several_each_goes_for_its_own_reason() -> None:
    verdict = say(CONTROL, LOST, EVEN, EVEN, reached=[(PHONE, [2_000, 2_000, 1_500, 2_000])])
    assert (verdict.action, verdict.variant, verdict.dropped) == (Action.DROP, "b", ("b", "c"))
    assert verdict.sentence.startswith("Drop B: it is very likely worse than A (over 99.9 %). The evidence is strong")
    assert "Drop C: it very likely harms a guardrail, with over 5 % fewer clicks on a.phone than A" in verdict.sentence
    assert "Of the rest none wins clearly yet: the lift of D over A" in verdict.sentence
    all_out = say(CONTROL, LOST, EVEN, reached=[(PHONE, [2_000, 2_000, 1_500])])
    assert all_out.action is Action.KEEP
    assert all_out.sentence.startswith(
        "Keep A: B is very likely worse (over 99.9 %), and C very likely harms a guardrail"
    )
    assert "would cost" not in all_out.sentence


def test_a_harmed_variant_that_leads_stands_in_the_way_of_the_others() -> None:
    verdict = say(CONTROL, WON, (10_000, 9_800, 600), reached=[(PHONE, [2_000, 1_500, 2_000])])
    assert (verdict.action, verdict.reason, verdict.variant) == (Action.DROP, "guardrail-harmed", "b")
    assert verdict.sentence.endswith("B may be the best but cannot be shipped: start a new phase without it.")
    assert verdict.days_left is None, "the days that B would take say nothing of C"


def test_a_winner_whose_guardrail_is_unsure_ships_and_the_sentence_says_what_is_risked() -> None:
    verdict = say(CONTROL, WON, reached=[(PHONE, [100, 99])])
    assert (verdict.action, verdict.variant) == (Action.SHIP, "b")
    assert re.search(
        r"A guardrail is not sure: B may bring over 5 % fewer clicks on a\.phone than A \(\d+ %\)\.", verdict.sentence
    )
    assert verdict.sentence.endswith("Wait if that is too much to risk.")
    assert not say(CONTROL, WON, ended=True, reached=[(PHONE, [100, 99])]).sentence.endswith("too much to risk.")
    fine = say(CONTROL, WON, reached=[(PHONE, [5_000, 5_100])])
    assert fine.sentence == say(CONTROL, WON).sentence


def test_no_verdict_rests_on_a_secondary_goal() -> None:
    secondary = replace(PHONE, role=Role.SECONDARY)
    assert say(CONTROL, WON, reached=[(secondary, [2_000, 900])]) == say(CONTROL, WON)
    assert list_harm(weigh(CONTROL, WON, reached=[(secondary, [2_000, 900])]).goals) == ()


def test_a_guardrail_of_equal_variants_that_is_harmed_calls_the_counting_off() -> None:
    verdict = decide(weigh(CONTROL, EVEN, purpose=Purpose.AA, reached=[(PHONE, [2_000, 1_500])]))
    assert (verdict.action, verdict.variant) == (Action.HOLD, "b")
    assert verdict.sentence.startswith(
        "A and B are the same content, and yet B seems to bring over 5 % fewer clicks on a.phone than A (over 99.9 %)."
    )


@st.composite
def results_of_any_kind(draw: st.DrawFn) -> Evidence:
    base = draw(st.integers(0, 60_000) | st.integers(0, 5_000_000))
    middle, spread = draw(st.floats(0.001, 0.3)), draw(st.sampled_from([0.0, 0.01, 0.1, 1.0]))
    numbers = []
    for _ in range(draw(st.integers(2, 4))):
        served = max(0, base + draw(st.integers(-200, 200)))
        confirmed = served - draw(st.integers(0, max(0, served // 50)))
        rate = middle * (1 + spread * draw(st.floats(-0.9, 2)))
        numbers.append((served, confirmed, int(confirmed * rate)))
    reached = []
    for key in draw(st.sampled_from([(), ("click-2",), ("click-2", "click-3")])):
        goal = replace(
            PHONE,
            key=key,
            margin=draw(st.sampled_from([0.0, 0.05, 0.3])),
            fewer_is_better=draw(st.booleans()),
            role=draw(st.sampled_from([Role.GUARDRAIL, Role.GUARDRAIL, Role.SECONDARY])),
        )
        reached.append((goal, [int(n[1] * draw(st.sampled_from([0.02, 0.1, 0.11, 0.4]))) for n in numbers]))
    return weigh(
        *numbers,
        days=draw(st.integers(0, 20)),
        ended=draw(st.booleans()),
        prior=draw(st.just(ALONE) | st.floats(0.02, 0.35).map(stats.Exchangeable)),
        purpose=draw(st.sampled_from([Purpose.TEST, Purpose.TEST, Purpose.AA])),
        reached=reached,
    )


def list_guardrails(evidence: Evidence) -> dict[str, list[stats.Guardrail]]:
    """Those of each variant."""
    found: dict[str, list[stats.Guardrail]] = {item.key: [] for item in evidence.counts}
    for goal in evidence.goals:
        for item in goal.variants:
            found[item.key] += [item.guardrail] if item.guardrail is not None else []
    return found


@settings(max_examples=300, deadline=None)
@given(results_of_any_kind())
def test_no_verdict_contradicts_the_intervals_beside_it(evidence: Evidence) -> None:
    verdict = decide(evidence)
    assert evidence.purpose is Purpose.TEST or verdict.action not in {Action.SHIP, Action.DROP, Action.KEEP}
    guardrails = list_guardrails(evidence)
    harmed = {key for key, asked in guardrails.items() if any(item.status == "harm" for item in asked)}
    judged = {item.key: variant for item, variant in zip(evidence.counts, evidence.comparison.variants, strict=True)}
    lifts = {key: variant.lift for key, variant in judged.items() if variant.lift is not None}
    if verdict.action is Action.SHIP:
        winner = judged[verdict.variant]
        assert lifts[verdict.variant].low > 0
        assert winner.p_best >= 0.95
        assert winner.expected_loss <= RULE.max_loss * judged["a"].rate.mean
        assert verdict.variant not in harmed
        is_fine = all(item.status == "fine" for item in guardrails[verdict.variant])
        assert ("A guardrail is not sure" in verdict.sentence) is not is_fine
        assert not ("nothing left to wait for" in verdict.sentence and not is_fine)
    elif verdict.action is Action.KEEP:
        assert verdict.variant == "a"
        assert set(verdict.dropped) == set(lifts)
    elif verdict.action is Action.DROP:
        assert verdict.variant in verdict.dropped
    elif verdict.action is Action.EQUIVALENT:
        assert all(-0.01 < lift.low <= lift.high < 0.01 for key, lift in lifts.items() if key not in verdict.dropped)
    assert all(lifts[key].high < 0 or key in harmed for key in verdict.dropped)
    worse = {key for key in verdict.dropped if lifts[key].high < 0 and judged[key].p_beats_control <= 0.025}
    assert ("very likely worse" in verdict.sentence) <= bool(worse)
    assert ("harms a guardrail" in verdict.sentence) <= bool(harmed & set(verdict.dropped) - worse)
    if verdict.action in {Action.KEEP, Action.DROP, Action.EQUIVALENT} and evidence.purpose is Purpose.TEST:
        assert harmed <= set(verdict.dropped)
        assert ("harms a guardrail" in verdict.sentence) is bool(set(verdict.dropped) - worse)
    if verdict.days_left is not None:
        assert not evidence.ended
        assert verdict.action in {Action.CONTINUE, Action.DROP}
    if verdict.action not in {Action.HOLD, Action.CONTINUE}:
        assert evidence.days >= 7
        assert sum(item.conversions for item in evidence.counts) >= 100
        assert min(item.conversions for item in evidence.counts) >= 25
        assert not split(evidence.counts, SERVED).mismatch
        assert not split(evidence.counts, CONFIRMED).mismatch
    for words, actions in _ONLY_SAID_WHEN.items():
        assert (words in verdict.sentence) <= (verdict.action in actions)
    if "lies between" in verdict.sentence and len(lifts) == 1:
        (lift,) = lifts.values()
        assert f"lies between {lift_range(lift.low, lift.high)}" in verdict.sentence
    assert verdict.sentence.endswith(".")
    assert not re.search(r"nan|inf\b|None|\{|%%|  ", verdict.sentence)


_ONLY_SAID_WHEN = {
    "very likely better": {Action.SHIP},
    "harms a guardrail": {Action.KEEP, Action.DROP, Action.EQUIVALENT},
    "the guardrail decides": {Action.KEEP},
    "A guardrail is not sure": {Action.SHIP},
    "very likely worse": {Action.KEEP, Action.DROP, Action.EQUIVALENT},
    "practically the same": {Action.EQUIVALENT},
    "evidence is strong": {Action.SHIP, Action.KEEP, Action.DROP},
    "Don't read": {Action.HOLD},
    "Too early": {Action.CONTINUE},
    "nothing left to wait for": {Action.SHIP},
}


def test_through_the_ledger_it_finds_the_broken_step_and_the_device(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
    for device in ("phone", "desktop"):
        lost = 300 if device == "phone" else 20
        take_in(database, crowd("a", served=1_500, confirmed=1_480, conversions=80, days=14, device=device))
        take_in(database, crowd("b", served=1_500, confirmed=1_500 - lost, conversions=80, days=14, device=device))
    with reading(database) as session:
        report = results.report(session, "spring-sale-1", now=after(days=15))
    assert report.verdict.action is Action.HOLD
    assert "between served and confirmed, on device phone: 89 % of B's visitors confirmed, 99 % of A's." in (
        report.verdict.sentence
    )
    assert not report.srm_served.mismatch
    assert report.srm_confirmed.mismatch


def test_a_phase_that_ended_is_judged_by_its_own_days(database: Engine) -> None:
    with transaction(database) as session:
        start(session)
    take_in(
        database, crowd("a", served=2_000, conversions=100, days=5) + crowd("b", served=2_000, conversions=110, days=5)
    )
    with transaction(database) as session:
        lifecycle.stop(
            session, lifecycle.load(session, "spring-sale-1"), reason="Done.", actor="Maya", now=after(days=5)
        )
    with reading(database) as session:
        report = results.report(session, "spring-sale-1", now=after(days=50))
    assert report.days == 5
    assert report.verdict.sentence == "It ended too early to say: 5 of 7 days."
