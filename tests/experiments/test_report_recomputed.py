"""One report, made again from its events without any of our statistics. Oracle: a plain count over who did what, `scipy.stats`
for posteriors and false discoveries, and the definition of the decision lens written out on a grid.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.stats
from scipy import special
from sqlalchemy import Engine

from experiments import receipts, results, tallies
from experiments.events import Event
from experiments.goals import Goal, GoalKind, Role
from experiments.outcomes import GoalVariant
from experiments.report import Report
from lander.db import reading, transaction
from tests.experiments.builders import HOUR_MS, STARTED_MS, after, confirm, convert, refuse, start, take_in, view

READ = Goal(GoalKind.SCROLL, threshold=75)
STAYED = Goal(GoalKind.TIME, threshold=30)
ASKED = Goal(GoalKind.CLICK, selector='a[title="</script>\'"]')
CALLED = Goal(GoalKind.CLICK, selector="a.phone", role=Role.GUARDRAIL, margin=0.1)
COMPLAINED = Goal(GoalKind.CLICK, selector="#complain", role=Role.GUARDRAIL, fewer_is_better=True)
GOALS = (READ, CALLED, STAYED, COMPLAINED, ASKED)
KEYS = ("scroll-2", "click-3", "time-4", "click-5", "click-6")
RATES: dict[str, dict[str, float]] = {  # of each variant's visitors
    "form": {"a": 0.06, "b": 0.08, "c": 0.06},
    "scroll-2": {"a": 0.4, "b": 0.55, "c": 0.41},
    "click-3": {"a": 0.3, "b": 0.2, "c": 0.3},
    "time-4": {"a": 0.2, "b": 0.2, "c": 0.26},
    "click-5": {"a": 0.1, "b": 0.1, "c": 0.16},
    "click-6": {"a": 1.0, "b": 1.0, "c": 1.0},  # everybody
}
VARIANTS = ("a", "b", "c")
WINDOW_H = 72
TAU = 0.07


@dataclass(frozen=True)
class Somebody:
    """What one visitor did, as it is drawn: no event yet."""

    visitor: str
    variant: str
    at_ms: int
    is_confirmed: bool
    is_also_elsewhere: bool
    reached_h: Mapping[str, int]  # goal: hours after the first exposure


def draw(number: int, chance: random.Random) -> Somebody:
    variant = chance.choice(VARIANTS)
    return Somebody(
        visitor=f"{number:032x}",
        variant=variant,
        at_ms=STARTED_MS + chance.randrange(8 * 24) * HOUR_MS,
        is_confirmed=chance.random() < 0.95,
        is_also_elsewhere=chance.random() < 0.02,
        reached_h={
            goal: chance.choice([0, 1, WINDOW_H, WINDOW_H + 1]) if rates[variant] < 1 else 0
            for goal, rates in RATES.items()
            if chance.random() < rates[variant]
        },
    )


def tell(one: Somebody) -> Iterator[Event]:
    seen = view(one.visitor, variant=one.variant, at_ms=one.at_ms, campaign="spring")
    yield seen
    yield refuse(seen, "prefetch")
    if one.is_confirmed:
        yield confirm(seen)
    for goal, hours in one.reached_h.items():
        yield convert(seen, goal=goal, after_ms=hours * HOUR_MS)
    if one.is_also_elsewhere:
        other = VARIANTS[(VARIANTS.index(one.variant) + 1) % 3]
        yield confirm(view(one.visitor, variant=other, at_ms=one.at_ms + HOUR_MS))


def count(crowd: Sequence[Somebody]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Confirmed visitors of each variant, and of those who reached each goal in time; nobody who saw two variants."""
    counting = [one for one in crowd if one.is_confirmed and not one.is_also_elsewhere]
    reached = [(goal, one.variant) for one in counting for goal, hours in one.reached_h.items() if hours <= WINDOW_H]
    return Counter(one.variant for one in counting), Counter(reached)


def run(engine: Engine, goals: Sequence[Goal], keys: Mapping[str, str]) -> tuple[Report, list[Somebody]]:
    """The report of 900 visitors whose events came twice and in any order; `keys` is what a goal is called this time."""
    chance = random.Random(20)
    crowd = [draw(number, chance) for number in range(900)]
    events = [event._replace(goal=keys.get(event.goal, event.goal)) for one in crowd for event in tell(one)]
    events += chance.sample(events, 500)
    chance.shuffle(events)
    with transaction(engine) as session:
        start(session, goals=goals, weights={"a": 3_334, "b": 3_333, "c": 3_333})
    take_in(engine, events, batch=1_200)
    return read(engine), crowd


def read(engine: Engine) -> Report:
    with reading(engine) as session:
        return results.report(session, "spring-sale-1", now=after(days=30))


def list_found(report: Report) -> dict[tuple[Goal, str], GoalVariant]:
    """By goal as it was asked for, without its key, and variant."""
    return {(replace(told.goal, key=""), item.key): item for told in report.goals for item in told.variants}


def p_above(n: Counter[str], reached: Counter[tuple[str, str]], goal: str, variant: str, *, factor: float = 1) -> float:
    """P(rate of a variant > factor × rate of control), of the data alone, by the quantiles of control."""
    rates = {
        key: scipy.stats.beta(0.5 + reached[goal, key], 0.5 + n[key] - reached[goal, key]) for key in ("a", variant)
    }
    quantiles = (np.arange(20_000) + 0.5) / 20_000
    return float(rates[variant].sf(np.minimum(factor * rates["a"].ppf(quantiles), 1)).mean())


def p_below_together(conversions: Sequence[int], visitors: Sequence[int], position: int, factor: float) -> float:
    """P(rate of a variant < factor × rate of control) where log-odds are N(m, τ²) and expit(m) is Beta(0.5, 0.5)."""
    centre = special.logit(sum(conversions) / sum(visitors))
    levels, z = centre + np.linspace(-1.5, 1.5, 300), centre + np.linspace(-2, 2, 3_000)
    prior = scipy.stats.norm.pdf(z, levels[:, None], TAU)
    joint = [
        prior * np.exp(c * special.log_expit(z) + (n - c) * special.log_expit(-z) - n * _most(c, n))
        for c, n in zip(conversions, visitors, strict=True)
    ]
    given = [each / each.sum(1, keepdims=True) for each in joint]
    weights = np.exp(0.5 * special.log_expit(levels) + 0.5 * special.log_expit(-levels))
    weights *= np.prod([each.sum(1) for each in joint], axis=0)
    limits = special.logit(np.clip(factor * special.expit(z), 0, 1 - 1e-12))
    mine = given[position].cumsum(1) - given[position] / 2
    below = [(given[0][m] * np.interp(limits, z, mine[m])).sum() for m in range(len(levels))]
    return float(weights @ below / weights.sum())


def _most(conversions: int, visitors: int) -> float:
    share = conversions / visitors
    return float(special.xlogy(share, share) + special.xlogy(1 - share, 1 - share))


def test_conversions_discoveries_and_harm_come_out_again(database: Engine) -> None:
    report, crowd = run(database, GOALS, {})
    n, reached = count(crowd)
    found = list_found(report)
    assert [(item.confirmed, item.conversions) for item in report.variants] == [
        (n[key], reached["form", key]) for key in VARIANTS
    ]
    for goal, key in zip(GOALS, KEYS, strict=True):
        assert [found[goal, variant].conversions for variant in VARIANTS] == [reached[key, it] for it in VARIANTS]
    asked = [(goal, key, variant) for goal, key in zip(GOALS, KEYS, strict=True) for variant in "bc"]
    secondary = [item for item in asked if item[0].role is Role.SECONDARY]
    above = [p_above(n, reached, key, variant) for _, key, variant in secondary]
    adjusted = scipy.stats.false_discovery_control([2 * min(p, 1 - p) for p in above])
    told = [found[goal, variant] for goal, _, variant in secondary]
    assert [item.p_adjusted for item in told] == pytest.approx(list(adjusted), abs=1e-4)  # of the midpoints
    assert [item.is_discovery for item in told] == [p <= 0.05 for p in adjusted]
    assert {item.is_discovery for item in told} == {True, False}
    for goal, key, variant in asked:
        guardrail = found[goal, variant].guardrail
        if guardrail is None:
            continue
        counts = [reached[key, it] for it in VARIANTS], [n[it] for it in VARIANTS]
        below = p_below_together(*counts, VARIANTS.index(variant), 1 if goal.fewer_is_better else 1 - goal.margin)
        assert guardrail.p_harm == pytest.approx(1 - below if goal.fewer_is_better else below, abs=1e-4)


def test_the_order_in_which_goals_are_declared_changes_their_keys_alone(database: Engine) -> None:
    order = [4, 2, 0, 3, 1]
    keys = {KEYS[old]: f"{GOALS[old].kind}-{place}" for place, old in enumerate(order, start=2)}
    report, crowd = run(database, [GOALS[old] for old in order], keys)
    n, reached = count(crowd)
    found = list_found(report)
    assert [told.goal.key for told in report.goals] == [keys[KEYS[old]] for old in order]
    for goal, key in zip(GOALS, KEYS, strict=True):
        assert [found[goal, variant].conversions for variant in VARIANTS] == [reached[key, it] for it in VARIANTS]
    secondary = [(goal, key) for goal, key in zip(GOALS, KEYS, strict=True) if goal.role is Role.SECONDARY]
    above = [p_above(n, reached, key, variant) for _, key in secondary for variant in "bc"]
    adjusted = scipy.stats.false_discovery_control([2 * min(p, 1 - p) for p in above])
    told = [found[goal, variant].p_adjusted for goal, _ in secondary for variant in "bc"]
    assert told == pytest.approx(list(adjusted), abs=1e-4)  # of the midpoints


def test_a_rebuild_finds_the_tallies_of_every_goal_right(database: Engine) -> None:
    report, _ = run(database, GOALS, {})
    with transaction(database) as session:
        assert tallies.rebuild(session) == 0
    assert read(database) == report


def test_money_comes_out_again_to_the_last_minor_unit(database: Engine) -> None:
    run(database, (), {})
    chance = random.Random(7)
    held: dict[str, tuple[str, int]] = {}
    with transaction(database) as session:
        for step in range(120):  # some leads are valued again, some for nothing
            lead = str(chance.randrange(60))
            variant = VARIANTS[int(lead) % 3]
            amount = chance.choice([None, 1, 4_900, 9_900, 10**12])
            receipts.record(
                session,
                experiment_key="spring-sale-1",
                phase=1,
                variant=variant,
                reference=lead,
                amount_minor=amount,
                simulated=False,
                now=after(days=9, minutes=step),
            )
            held.pop(lead, None)
            if amount is not None:
                held[lead] = (variant, amount)
    revenue = read(database).revenue
    assert revenue is not None
    for item, amounts in zip(revenue.variants, revenue.amounts, strict=True):
        mine = sorted(amount for variant, amount in held.values() if variant == item.key)
        assert (item.receipts, item.total_minor) == (len(mine), sum(mine))
        assert [amount for amount, times in amounts for _ in range(times)] == mine
