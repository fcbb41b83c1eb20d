"""What to do about a comparison.

Oracle: the rule as written down, asked of hand-made judgements one threshold at a time, and as properties of any.
"""

import dataclasses
import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stats
from stats import Action, BinarySample, Decision, Estimate, Gates, Reason, Rule, anytime, compare, decide

UNSURE = Estimate(0.0, 0.0, -0.1, 0.1)


@dataclass(frozen=True)
class Judged:
    """A variant with whatever numbers a test asks for."""

    p_best: float = 0.5
    p_beats_control: float | None = 0.5
    relative_loss: float = 0.02
    lift: Estimate | None = UNSURE
    equal: float = 0.1

    def p_equal(self, margin):
        return self.equal


@dataclass(frozen=True)
class Judgement:
    variants: tuple[Judged, ...]
    control: int = 0


CONTROL = Judged(p_beats_control=None, lift=None)
OPEN = Gates(open=True, days=7, conversions=(50, 50))


def lift(low, high):
    return Estimate(mean=(low + high) / 2, median=(low + high) / 2, low=low, high=high)


WINNER = Judged(p_best=0.96, p_beats_control=0.98, relative_loss=0.002, lift=lift(0.01, 0.2))
LOSER = Judged(p_best=0.01, p_beats_control=0.02, relative_loss=0.2, lift=lift(-0.3, -0.01))
TIED = Judged(p_best=0.5, p_beats_control=0.6, equal=0.96, lift=lift(-0.005, 0.009))
OPEN_QUESTION = Judged()


def decided(*challengers, control=0, gates=None, **more):
    variants = list(challengers)
    variants.insert(control, CONTROL)
    gates = gates or dataclasses.replace(OPEN, conversions=(50,) * len(variants))
    return decide(Judgement(tuple(variants), control), gates, **more)


def test_a_clear_winner_ships():
    assert decided(WINNER) == Decision(Action.SHIP, Reason.BETTER, variant=1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"p_beats_control": 0.9749}, Reason.UNSURE_BETTER),
        ({"lift": lift(0.0, 0.2)}, Reason.UNSURE_BETTER),
        ({"p_best": 0.9499}, Reason.UNSURE_BEST),
        ({"relative_loss": 0.0025001}, Reason.LOSS),
    ],
)
def test_each_condition_of_shipping_is_needed(change, reason):
    assert decided(dataclasses.replace(WINNER, **change)) == Decision(Action.CONTINUE, reason, variant=1)


def test_the_thresholds_of_shipping_are_reached_by_equality():
    just = Judged(p_best=0.95, p_beats_control=0.975, relative_loss=0.0025, lift=lift(1e-9, 0.2))
    assert decided(just).action is Action.SHIP


@pytest.mark.parametrize("gates", [OPEN, dataclasses.replace(OPEN, days=0, conversions=(0, 0))])
def test_a_failed_gate_holds_whatever_else_is_true(gates):
    held = decided(WINNER, gates=dataclasses.replace(gates, open=False))
    assert held == Decision(Action.HOLD, Reason.GATE)


@pytest.mark.parametrize(
    ("gates", "reason"),
    [
        (Gates(open=True, days=6, conversions=(500, 500)), Reason.DAYS),
        (Gates(open=True, days=7, conversions=(49, 50)), Reason.CONVERSIONS),
        (Gates(open=True, days=7, conversions=(24, 5000)), Reason.CONVERSIONS),
    ],
)
@pytest.mark.parametrize("challenger", [WINNER, LOSER, TIED])
def test_it_continues_while_there_is_too_little(gates, reason, challenger):
    assert decided(challenger, gates=gates) == Decision(Action.CONTINUE, reason)


def test_a_single_loser_leaves_control():
    assert decided(LOSER) == Decision(Action.KEEP, Reason.WORSE, variant=0, dropped=(1,))


def test_a_loser_among_undecided_ones_is_dropped():
    assert decided(OPEN_QUESTION, LOSER) == Decision(Action.DROP, Reason.WORSE, variant=2, dropped=(2,))


def test_a_low_probability_to_be_best_alone_drops_nobody():
    found = decided(*[dataclasses.replace(OPEN_QUESTION, p_best=0.05)] * 19)
    assert found.action is Action.CONTINUE
    assert found.dropped == ()


@pytest.mark.parametrize("change", [{"p_beats_control": 0.0251}, {"lift": lift(-0.3, 0.0)}])
def test_each_condition_of_being_worse_is_needed(change):
    assert decided(dataclasses.replace(LOSER, **change)).action is Action.CONTINUE


def test_a_harmed_guardrail_drops_even_a_winner():
    gates = dataclasses.replace(OPEN, harm=(0.0, 0.975))
    assert decided(WINNER, gates=gates) == Decision(Action.KEEP, Reason.HARM, variant=0, dropped=(1,), harmed=(1,))
    assert decided(WINNER, gates=dataclasses.replace(gates, harm=(0.0, 0.974))).action is Action.SHIP


def test_a_harmed_variant_is_dropped_beside_an_undecided_one():
    gates = Gates(open=True, days=7, conversions=(50, 50, 50), harm=(0.0, 0.99, 0.1))
    assert decided(WINNER, OPEN_QUESTION, gates=gates) == Decision(
        Action.DROP, Reason.HARM, variant=1, dropped=(1,), harmed=(1,)
    )


def test_a_winner_ships_though_others_are_out():
    assert decided(LOSER, WINNER) == Decision(Action.SHIP, Reason.BETTER, variant=2, dropped=(1,))


def test_all_out_for_different_reasons_keeps_control_and_names_the_guardrail():
    gates = Gates(open=True, days=7, conversions=(50, 50, 50), harm=(0.0, 0.99, 0.1))
    assert decided(WINNER, LOSER, gates=gates) == Decision(
        Action.KEEP, Reason.HARM, variant=0, dropped=(1, 2), harmed=(1,)
    )


def test_practically_equal_variants_are_equivalent():
    assert decided(TIED, TIED) == Decision(Action.EQUIVALENT, Reason.EQUAL, variant=0)


@pytest.mark.parametrize("change", [{"equal": 0.949}, {"lift": lift(-0.0101, 0.005)}, {"lift": lift(-0.005, 0.0101)}])
def test_each_condition_of_equivalence_is_needed(change):
    assert decided(dataclasses.replace(TIED, **change)).action is Action.CONTINUE


def test_one_undecided_variant_keeps_equal_ones_running():
    assert decided(TIED, OPEN_QUESTION).action is Action.CONTINUE


def test_equal_ones_are_equivalent_once_the_worse_are_out():
    assert decided(TIED, LOSER) == Decision(Action.EQUIVALENT, Reason.EQUAL, variant=0, dropped=(2,))


def test_a_small_sure_lift_ships_and_a_small_sure_fall_does_not_count_as_equal():
    small = {"equal": 0.99}
    assert decided(dataclasses.replace(WINNER, lift=lift(0.001, 0.009), **small)).action is Action.SHIP
    assert decided(dataclasses.replace(LOSER, lift=lift(-0.009, -0.001), **small)).action is Action.KEEP


def test_the_leader_of_what_continues_is_the_likeliest_best():
    found = decided(dataclasses.replace(OPEN_QUESTION, p_best=0.3), dataclasses.replace(OPEN_QUESTION, p_best=0.4))
    assert found == Decision(Action.CONTINUE, Reason.UNSURE_BETTER, variant=2)


def test_control_may_stand_anywhere():
    assert decided(LOSER, WINNER, control=1) == Decision(Action.SHIP, Reason.BETTER, variant=2, dropped=(0,))


@pytest.mark.parametrize(
    ("challengers", "e_values", "strong"),
    [
        ([WINNER], (1.0, 20.0), True),
        ([WINNER], (1.0, 19.99), False),
        ([WINNER, OPEN_QUESTION], (1.0, 20.0, 1.0), True),
        ([LOSER], (1.0, 20.0), True),
        ([LOSER, LOSER], (1.0, 20.0, 1.0), False),
        ([OPEN_QUESTION], (1.0, 1e9), False),
        ([TIED], (1.0, 1e9), False),
    ],
)
def test_strong_is_twenty_for_every_variant_that_is_decided_about(challengers, e_values, strong):
    assert decided(*challengers, e_values=e_values).strong is strong


def test_evidence_about_the_goal_does_not_make_a_guardrail_strong():
    gates = dataclasses.replace(OPEN, harm=(0.0, 1.0))
    assert not decided(WINNER, gates=gates, e_values=(1.0, 1e9)).strong


def test_thresholds_can_be_chosen():
    eager = Rule(min_days=1, min_conversions=10, min_conversions_each=1, p_best=0.8, p_beats_control=0.9, max_loss=0.01)
    nearly = Judged(p_best=0.8, p_beats_control=0.9, relative_loss=0.01, lift=lift(0.001, 0.3))
    assert decided(nearly, gates=Gates(open=True, days=1, conversions=(9, 1)), rule=eager).action is Action.SHIP


@pytest.mark.parametrize(
    ("leaf", "change"),
    [
        (stats.InvalidCount, {"min_days": -1}),
        (stats.InvalidCount, {"min_conversions": 2.5}),
        (stats.InvalidProbability, {"p_best": 1.0}),
        (stats.InvalidProbability, {"p_beats_control": 0.5}),
        (stats.InvalidProbability, {"p_harm": float("nan")}),
        (stats.InvalidLift, {"margin": 0}),
        (stats.InvalidLift, {"max_loss": "much"}),
        (stats.InvalidGates, {"strong_from": 0.5}),
        (stats.InvalidGates, {"strong_from": "20"}),
        (stats.InvalidGates, {"strong_from": None}),
        (stats.InvalidGates, {"strong_from": [1]}),
    ],
)
def test_a_threshold_outside_its_domain_is_refused(leaf, change):
    with pytest.raises(leaf) as caught:
        Rule(**change)
    assert caught.value.value in change.values() or math.isnan(caught.value.value)


@pytest.mark.parametrize(
    ("gates", "e_values"),
    [
        (Gates(open=True, days=7, conversions=(50,)), ()),
        (Gates(open=False, days=7, conversions=(50, 50), harm=(0.1,)), ()),
        (OPEN, (1.0, 2.0, 3.0)),
    ],
)
def test_numbers_that_are_not_one_per_variant_are_refused(gates, e_values):
    with pytest.raises(stats.InvalidGates):
        decide(Judgement((CONTROL, WINNER)), gates, e_values=e_values)


CHANCE = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.02, 0.025, 0.05, 0.95, 0.975, 0.98, 1.0]))
BOUND = st.one_of(st.floats(-1, 5), st.sampled_from([-0.3, -0.01, -0.001, 0.0, 0.001, 0.01, 0.3]))


@st.composite
def any_judged(draw):
    """Whatever numbers, also such as no posterior gives together."""
    low, median, high = sorted(draw(st.tuples(BOUND, BOUND, BOUND)))
    return Judged(
        p_best=draw(CHANCE),
        p_beats_control=draw(CHANCE),
        relative_loss=draw(st.floats(0, 0.01)),
        lift=Estimate(median, median, low, high),
        equal=draw(CHANCE),
    )


@st.composite
def any_question(draw):
    challengers = draw(st.lists(any_judged(), min_size=1, max_size=4))
    variants = len(challengers) + 1
    gates = Gates(
        open=draw(st.sampled_from([True, True, True, False])),
        days=draw(st.integers(5, 9)),
        conversions=tuple(draw(st.lists(st.integers(20, 200), min_size=variants, max_size=variants))),
        harm=tuple(draw(st.one_of(st.just([]), st.lists(CHANCE, min_size=variants, max_size=variants)))),
    )
    return Judgement((CONTROL, *challengers)), gates


def assert_coherent(comparison, gates, found):
    """No badge against the interval beside it, and none that a gate forbids."""
    for i in found.dropped:
        harmed = bool(gates.harm) and gates.harm[i] >= 0.975
        assert harmed or comparison.variants[i].lift.high < 0
        assert (i in found.harmed) <= harmed
        assert (i not in found.harmed) <= (comparison.variants[i].lift.high < 0)
    if found.action is Action.SHIP:
        assert comparison.variants[found.variant].lift.low > 0
        assert found.variant not in found.dropped
        assert not gates.harm or gates.harm[found.variant] < 0.975
    if found.action in (Action.KEEP, Action.EQUIVALENT):
        assert found.variant == comparison.control
    if found.action is Action.KEEP:
        assert len(found.dropped) == len(comparison.variants) - 1
    if found.action is Action.EQUIVALENT:
        for i, judged in enumerate(comparison.variants):
            if i != comparison.control and i not in found.dropped:
                assert -0.01 < judged.lift.low <= judged.lift.high < 0.01
    if found.action is Action.DROP:
        assert found.variant in found.dropped
        assert (found.reason is Reason.WORSE) <= (comparison.variants[found.variant].lift.high < 0)
    if found.action is Action.CONTINUE:
        assert found.dropped == ()
    enough = gates.days >= 7 and sum(gates.conversions) >= 100 and min(gates.conversions) >= 25
    if not (gates.open and enough):
        assert found.action is (Action.CONTINUE if gates.open else Action.HOLD)
    assert found.strong <= (found.action in (Action.SHIP, Action.KEEP, Action.DROP))


@given(any_question())
@settings(max_examples=500, deadline=None)
def test_no_decision_contradicts_an_interval_or_a_gate_whatever_the_numbers(question):
    comparison, gates = question
    found = decide(comparison, gates, e_values=[1e9] * len(comparison.variants))
    assert_coherent(comparison, gates, found)


@st.composite
def any_samples(draw):
    """Two to four variants, from a few conversions to the size at which everything is decided."""
    n = draw(st.sampled_from([100, 3_000, 50_000, 1_000_000, 10**9]))
    rate = draw(st.floats(0.01, 0.9))
    ratios = draw(st.lists(st.sampled_from([0.9, 0.97, 0.995, 1.0, 1.002, 1.004, 1.03, 1.1]), min_size=2, max_size=4))
    return [BinarySample(n, min(n, round(n * rate * ratio))) for ratio in ratios]


@given(any_samples(), st.sampled_from([0.5, 0.95, 0.99]))
@settings(max_examples=150, deadline=None)
def test_no_decision_about_real_counts_contradicts_its_interval_at_any_level(samples, level):
    comparison = compare(samples, level=level)
    gates = Gates(open=True, days=14, conversions=tuple(sample.conversions for sample in samples))
    e_values = [anytime(samples[0], sample, tau=0.1).e_value for sample in samples]
    assert_coherent(comparison, gates, decide(comparison, gates, e_values=e_values))
