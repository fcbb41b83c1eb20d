"""The verdict: one sentence that says what to do, and never more than the numbers beside it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

import stats
from experiments import health, lifecycle, results
from experiments.autopsy import CONFIRMED, SERVED, split
from experiments.counts import Counted, VariantCounts
from experiments.health import RULE
from experiments.models import Purpose
from experiments.verdict import Action, Evidence, Verdict, decide
from experiments.words import lift_range
from lander.db import reading, transaction
from tests.experiments.builders import after, crowd, start, take_in

ALONE = stats.Beta(0.5, 0.5)
Numbers = tuple[int, int, int]  # served, confirmed, conversions


def weigh(
    *numbers: Numbers,
    days: int = 14,
    elapsed: float | None = None,
    ended: bool = False,
    prior: stats.Prior = ALONE,
    purpose: Purpose = Purpose.TEST,
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
        purpose=purpose,
        waiting=None if ended else waiting,
    )


def say(*numbers: Numbers, days: int = 14, ended: bool = False) -> Verdict:
    return decide(weigh(*numbers, days=days, ended=ended))


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
    return weigh(
        *numbers,
        days=draw(st.integers(0, 20)),
        ended=draw(st.booleans()),
        prior=draw(st.just(ALONE) | st.floats(0.02, 0.35).map(stats.Exchangeable)),
        purpose=draw(st.sampled_from([Purpose.TEST, Purpose.TEST, Purpose.AA])),
    )


@settings(max_examples=300, deadline=None)
@given(results_of_any_kind())
def test_no_verdict_contradicts_the_intervals_beside_it(evidence: Evidence) -> None:
    verdict = decide(evidence)
    assert evidence.purpose is Purpose.TEST or verdict.action not in {Action.SHIP, Action.DROP, Action.KEEP}
    judged = {item.key: variant for item, variant in zip(evidence.counts, evidence.comparison.variants, strict=True)}
    lifts = {key: variant.lift for key, variant in judged.items() if variant.lift is not None}
    if verdict.action is Action.SHIP:
        winner = judged[verdict.variant]
        assert lifts[verdict.variant].low > 0
        assert winner.p_best >= 0.95
        assert winner.expected_loss <= RULE.max_loss * judged["a"].rate.mean
    elif verdict.action is Action.KEEP:
        assert verdict.variant == "a"
        assert set(verdict.dropped) == set(lifts)
    elif verdict.action is Action.DROP:
        assert verdict.variant in verdict.dropped
    elif verdict.action is Action.EQUIVALENT:
        assert all(-0.01 < lift.low <= lift.high < 0.01 for key, lift in lifts.items() if key not in verdict.dropped)
    assert all(lifts[key].high < 0 for key in verdict.dropped)
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
