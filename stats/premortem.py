"""How a plan will probably go: the experiment run a few thousand times before it starts, decided by the very rule.

It stands beside the closed form of `plan`, which knows one look at the end and no rule. It looks every day, as people
do. Drawn from a seed, so the same question has the same answer to the bit.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stats.decide import Rule
from stats.domain import check_count, find_finite
from stats.errors import InvalidCount, InvalidTraffic
from stats.exchangeable import Exchangeable
from stats.forecast import Outcomes, outcomes, shrunken
from stats.panels import Array
from stats.plan import Plan

SIMULATIONS = 2_000
_MAX_DAYS = 366
_MAX_TRAFFIC = 1e9


@dataclass(frozen=True, slots=True)
class Outlook:
    """What happens if the rates are such. All but `days` are shares of the simulated experiments.

    `decided`: ended within the horizon, by shipping, keeping control or as practically equal. `wrong`: ended so that
    the truth contradicts it. `days`: until the end, on average; one that does not end counts with the whole horizon.
    """

    decided: float
    shipped: float
    kept: float
    equivalent: float
    wrong: float
    days: float


@dataclass(frozen=True, slots=True)
class PreMortem:
    """`planned`: the last variant has the planned lift, the others none. `no_effect`: all variants are alike."""

    horizon_days: int
    simulations: int
    planned: Outlook
    no_effect: Outlook


def premortem(
    plan: Plan,
    *,
    visitors_per_day: float,
    horizon_days: int = 28,
    prior: Exchangeable | None = None,
    rule: Rule | None = None,
    seed: int = 0,
) -> PreMortem:
    """Runs the planned experiment 2,000 times under the planned lift and 2,000 times without any.

    Args:
        plan: rate, lift and number of variants; its visitors are not looked at, as the rule decides when to end.
        visitors_per_day: of all variants together, shared equally; from 1 to 10^9.
        horizon_days: looks, one after each day, from 1 to 366.
        prior: of the decision lens; None for the default `Exchangeable()`.
        rule: thresholds; None for the default `Rule()`. Guardrails and health are taken to be well.
        seed: another one draws other visitors. The plan is part of what is hashed into the generator.

    Returns:
        A `PreMortem`. A share of 2,000 has a standard error of at most 0.011. Conversions are drawn exactly; their
        posterior is approximated, each variant's observed log-odds being taken for normal. From 25 conversions per
        variant on, where the rule begins, that decided as `decide` on the exact posterior did at 400 of 400 random
        looks at two to four variants; its test repeats 120.

    Raises:
        InvalidTraffic, InvalidCount.

    Edge cases:
        A dropped variant stays in the simulated experiment: it ends when all are out, one ships, or the rest is equal.
        Calling two equal variants "worse" is wrong too, so `wrong` counts a false KEEP beside a false SHIP; a planned
        lift below the rule's margin may rightly end as practically equal.

    Source: Gelman et al., Bayesian Data Analysis, 3rd ed. 2013, section 5.4, for the normal hierarchical model.

    >>> from stats import plan
    >>> found = premortem(plan(0.05, 0.20), visitors_per_day=3_000)
    >>> found.planned.decided > 0.85, found.planned.wrong < 0.01, found.no_effect.shipped < 0.1
    (True, True, True)
    """
    rule = Rule() if rule is None else rule
    traffic = find_finite(visitors_per_day)
    if traffic is None or not 1 <= traffic <= _MAX_TRAFFIC:
        raise InvalidTraffic("visitors per day must be a number from 1 to 10^9", visitors_per_day)
    if not 1 <= check_count("horizon in days", horizon_days) <= _MAX_DAYS:
        raise InvalidCount(f"the horizon must be 1 to {_MAX_DAYS} days", horizon_days)
    tau = (Exchangeable() if prior is None else prior).tau
    even = np.full(plan.variants, plan.rate)
    lifted = even.copy()
    lifted[-1] *= 1 + plan.lift
    visitors = np.floor(np.arange(1, horizon_days + 1) * traffic / plan.variants).astype(np.int64)
    digest = hashlib.sha256(repr((plan, traffic, horizon_days, tau, rule, seed)).encode()).digest()
    random = np.random.default_rng(list(digest))
    return PreMortem(
        horizon_days=horizon_days,
        simulations=SIMULATIONS,
        planned=_run(lifted, visitors, tau=tau, rule=rule, random=random),
        no_effect=_run(even, visitors, tau=tau, rule=rule, random=random),
    )


def _run(rates: Array, visitors: NDArray[np.int64], *, tau: float, rule: Rule, random: np.random.Generator) -> Outlook:
    """Control is the first of `rates`; `visitors` of one variant after each day."""
    conversions = np.zeros((SIMULATIONS, len(rates)), dtype=np.int64)
    running = np.arange(SIMULATIONS)
    days = np.full(SIMULATIONS, len(visitors))
    shipped = kept = equivalent = wrong = 0
    for day, (n, more) in enumerate(zip(visitors, np.diff(visitors, prepend=0), strict=True), start=1):
        conversions += random.binomial(more, rates, conversions.shape)
        if day < rule.min_days:
            continue
        seen = conversions[running]
        enough = (seen.sum(axis=1) >= rule.min_conversions) & (seen.min(axis=1) >= rule.min_conversions_each)
        ready = running[enough]
        found = outcomes(*shrunken(seen[enough], int(n), tau=tau), control=0, rule=rule)
        shipped += int((found.ships >= 0).sum())
        kept += int(found.keeps.sum())
        equivalent += int(found.equivalent.sum())
        wrong += int(_contradicts(found, rates, rule).sum())
        days[ready[found.ended]] = day
        running = np.setdiff1d(running, ready[found.ended])
    return Outlook(
        decided=(shipped + kept + equivalent) / SIMULATIONS,
        shipped=shipped / SIMULATIONS,
        kept=kept / SIMULATIONS,
        equivalent=equivalent / SIMULATIONS,
        wrong=wrong / SIMULATIONS,
        days=float(days.mean()),
    )


def _contradicts(found: Outcomes, rates: Array, rule: Rule) -> NDArray[np.bool_]:
    """Where the truth says otherwise: what ships is not the best, what is out not worse, what is equal not near."""
    lifts = rates / rates[0] - 1
    ships_wrongly = (found.ships >= 0) & ~((lifts > 0) & (lifts == lifts.max()))[found.ships]
    drops_wrongly = (found.keeps | found.equivalent) & (found.out & (lifts >= 0)).any(axis=1)
    far = np.abs(lifts) >= rule.margin
    return np.asarray(ships_wrongly | drops_wrongly | (found.equivalent & (far & ~found.out).any(axis=1)))
