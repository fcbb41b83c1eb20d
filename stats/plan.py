"""How many visitors, and days, an experiment needs to find a lift worth finding.

A closed form for a single look at the end, before any data. It says nothing about a running experiment.
"""

import math
from dataclasses import dataclass

from scipy import special

from stats.domain import MAX_COUNT, check_count, check_probability, find_finite
from stats.errors import InvalidLift, InvalidProbability, InvalidTraffic, TooFewVariants


@dataclass(frozen=True, slots=True)
class Plan:
    """What was asked, and the answer: `days` is None when no traffic was given."""

    rate: float
    lift: float
    variants: int
    power: float
    alpha: float
    visitors_per_variant: int
    visitors: int
    days: int | None


def plan(
    rate: float,
    lift: float,
    *,
    variants: int = 2,
    power: float = 0.80,
    alpha: float = 0.05,
    visitors_per_day: float | None = None,
) -> Plan:
    """Visitors for which a two-sided test of each variant against control finds `lift` with probability `power`.

    Args:
        rate: control's conversion rate, strictly between 0 and 1.
        lift: the smallest relative change worth finding, 0.10 for +10 %; negative for a fall. Not 0, and the changed
            rate must stay strictly between 0 and 1.
        variants: control included, 2 or more, all with equal weight.
        power: chance to find the lift if it is there, above `alpha` and below 1.
        alpha: chance to claim a difference where there is none, strictly between 0 and 1.
        visitors_per_day: of all variants together, 1 or more; an average need not be whole.

    Returns:
        A `Plan`, visitors and days rounded up.

    Raises:
        InvalidProbability, InvalidLift, InvalidCount, TooFewVariants, InvalidTraffic.

    Edge cases:
        With more than two variants alpha holds for each comparison with control by itself, as it does in the report,
        where shrinkage and not a smaller alpha pays for the number of variants. So `visitors_per_variant` does not
        depend on `variants`. For a Bonferroni plan pass alpha / (variants - 1).
        A power of alpha or less needs no data, and is refused.

    Source: Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, 3rd ed. 2003, section 4.2, without the
    continuity correction and with the unpooled variance, as G*Power's normal approximation:
    n = (z_{1-alpha/2} + z_{power})² (p1 (1-p1) + p2 (1-p2)) / (p2-p1)².

    >>> plan(0.05, 0.10, visitors_per_day=2000)  # doctest: +ELLIPSIS
    Plan(rate=0.05, lift=0.1, ..., visitors_per_variant=31231, visitors=62462, days=32)
    """
    rate, alpha = check_probability("rate", rate), check_probability("alpha", alpha)
    power = check_probability("power", power)
    if power <= alpha:
        raise InvalidProbability(f"power must exceed alpha, which is {alpha}", power)
    variants = check_count("variants", variants)
    if variants < 2:
        raise TooFewVariants("an experiment needs two variants or more", variants)
    lifted = _check_lift(rate, lift)
    quantiles = float(special.ndtri(power) - special.ndtri(alpha / 2))
    variance = rate * (1 - rate) + lifted * (1 - lifted)
    exact = quantiles * quantiles * variance / abs(lifted - rate) / abs(lifted - rate)
    if exact > MAX_COUNT:
        raise InvalidLift("this lift would need more than 10^12 visitors per variant", lift)
    per_variant = math.ceil(exact)
    visitors = per_variant * variants
    return Plan(
        rate=rate,
        lift=float(lift),
        variants=variants,
        power=power,
        alpha=alpha,
        visitors_per_variant=per_variant,
        visitors=visitors,
        days=_days(visitors, visitors_per_day),
    )


def _check_lift(rate: float, lift: object) -> float:
    """The rate that `lift` asks for."""
    number = find_finite(lift)
    if number is None or not 0 < rate * (1 + number) < 1:
        raise InvalidLift(f"a lift on a rate of {rate} must give a rate strictly between 0 and 1", lift)
    lifted = rate * (1 + number)
    if lifted == rate:
        raise InvalidLift("a lift of nothing needs infinitely many visitors", lift)
    return lifted


def _days(visitors: int, visitors_per_day: object) -> int | None:
    if visitors_per_day is None:
        return None
    traffic = find_finite(visitors_per_day)
    if traffic is None or traffic < 1:
        raise InvalidTraffic("visitors per day must be a number of 1 or more", visitors_per_day)
    return math.ceil(visitors / traffic)
