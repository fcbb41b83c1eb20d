"""What is believed of each variant, seen through a lens: the data alone, or the decision lens that shrinks variants
toward each other. Both say the same things in the same words, so that they can be laid side by side.

It adds nothing to what `stats` says; it puts two levels of ranges together and turns losses into units people think in.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import stats
from experiments.counts import Everybody

LEVEL: Final = 0.95
INNER_LEVEL: Final = 0.5
EQUIVALENT_LIFT: Final = 0.01  # a lift below this, up or down, makes no difference that anybody would act on
_KEPT: Final = 128  # comparisons through a lens, of some 100 kB: those of a dozen reports


@dataclass(frozen=True, slots=True)
class Range:
    """A quantity with its 95 % range (`low`, `high`) and its 50 % range (`inner_low`, `inner_high`).

    `mean` is None where the expectation does not exist: the lift over a control that nobody converted in.
    """

    mean: float | None
    median: float
    low: float
    high: float
    inner_low: float
    inner_high: float

    @classmethod
    def of(cls, outer: stats.Estimate, inner: stats.Estimate) -> "Range":
        return cls(
            mean=outer.mean if math.isfinite(outer.mean) else None,
            median=outer.median,
            low=outer.low,
            high=outer.high,
            inner_low=inner.low,
            inner_high=inner.high,
        )

    def times(self, factor: float) -> "Range":
        """In another unit; the factor is above 0."""
        return Range(
            mean=None if self.mean is None else factor * self.mean,
            median=factor * self.median,
            low=factor * self.low,
            high=factor * self.high,
            inner_low=factor * self.inner_low,
            inner_high=factor * self.inner_high,
        )

    def as_json(self) -> dict[str, float | None]:
        return {
            "median": self.median,
            "low": self.low,
            "high": self.high,
            "inner_low": self.inner_low,
            "inner_high": self.inner_high,
            "mean": self.mean,
        }


@dataclass(frozen=True, slots=True)
class Loss:
    """What choosing a variant gives away on average if another one is really better.

    `absolute` is a rate, `relative` a share of control's rate; `money_minor` is per 1,000 visitors, in minor units of the
    site's currency, None where a conversion has no value.
    """

    absolute: float
    relative: float
    per_thousand: float
    money_minor: float | None

    def as_json(self) -> dict[str, float | None]:
        return {
            "absolute": self.absolute,
            "relative": self.relative,
            "per_thousand": self.per_thousand,
            "money_minor": self.money_minor,
        }


@dataclass(frozen=True, slots=True)
class Belief:
    """One variant through one lens; what compares with control is None for control.

    `p_worthwhile`: P(its lift is at least the smallest one worth having). `p_equivalent`: P(its lift lies within 1 % of
    nothing). `density`: the rate's posterior, to draw.
    """

    rate: Range
    lift: Range | None
    p_best: float
    p_beats_control: float | None
    p_worthwhile: float | None
    p_equivalent: float | None
    loss: Loss
    density: stats.Density

    def as_json(self) -> dict[str, Any]:
        return {
            "rate": self.rate.as_json(),
            "lift": None if self.lift is None else self.lift.as_json(),
            "p_best": self.p_best,
            "p_beats_control": self.p_beats_control,
            "expected_loss": self.loss.absolute,
            "p_worthwhile": self.p_worthwhile,
            "p_equivalent": self.p_equivalent,
            "loss": self.loss.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Anytime:
    """Evidence about a variant's lift that holds however often somebody looks, whatever the prior.

    `e_value`: 1 is none, 20 is strong. `low` and `high` hold at every look together with 95 %; None, like `lift`, where
    nothing can be said yet.
    """

    e_value: float
    log_e_value: float
    lift: float | None  # as observed
    low: float | None
    high: float | None

    @classmethod
    def of(cls, found: stats.Anytime) -> "Anytime":
        lift = found.lift
        bounds = (None, None, None) if lift is None else (lift.median, lift.low, lift.high)
        return cls(found.e_value, found.log_e_value, *bounds)

    def as_json(self) -> dict[str, float | None]:
        return {
            "e_value": self.e_value,
            "log_e_value": self.log_e_value,
            "lift": self.lift,
            "low": self.low,
            "high": self.high,
        }


def samples_of(counts: Everybody) -> tuple[stats.BinarySample, ...]:
    """What was observed of each variant: its confirmed visitors, and who of them converted."""
    return tuple(stats.BinarySample(n=item.confirmed, conversions=item.conversions) for item in counts)


def watch(samples: Sequence[stats.BinarySample], *, control: int, tau: float) -> tuple[Anytime | None, ...]:
    """The anytime-valid line of each variant, None for control.

    Args:
        tau: standard deviation of a variant's log rate, as the decision lens has it; a lift spreads √2 times as far.
    """
    return tuple(
        None
        if position == control
        else Anytime.of(stats.anytime(samples[control], sample, tau=tau * math.sqrt(2), level=LEVEL))
        for position, sample in enumerate(samples)
    )


def believe(
    samples: Sequence[stats.BinarySample],
    *,
    control: int,
    prior: stats.Beta | stats.Exchangeable,
    min_lift: float,
    value_minor: int | None = None,
) -> tuple[stats.Comparison, tuple[Belief, ...]]:
    """Look at every variant through the lens that `prior` is: a Beta shows the data alone, Exchangeable what to decide by.

    Args:
        samples: one per variant, two or more.
        control: position of the variant the others are compared with.
        prior: what is believed before the data.
        min_lift: the smallest lift worth having, a fraction.
        value_minor: what a conversion is worth, in minor units; None where nobody said.

    Returns:
        The comparison at 95 %, for the verdict, and one `Belief` per variant in the order of the samples.
    """
    return _believe(tuple(samples), control, prior, min_lift, value_minor)


@lru_cache(maxsize=_KEPT)
def _believe(
    samples: tuple[stats.BinarySample, ...],
    control: int,
    prior: stats.Beta | stats.Exchangeable,
    min_lift: float,
    value_minor: int | None,
) -> tuple[stats.Comparison, tuple[Belief, ...]]:
    """Several milliseconds; home, calendar and archive ask for the same reports again and again."""
    comparison = stats.compare(samples, control=control, prior=prior, level=LEVEL)
    beliefs = tuple(
        Belief(
            rate=Range.of(variant.rate, variant.rate_at(INNER_LEVEL)),
            lift=None if variant.lift is None else Range.of(variant.lift, variant.lift_at(INNER_LEVEL)),
            p_best=variant.p_best,
            p_beats_control=variant.p_beats_control,
            p_worthwhile=None if variant.lift is None else variant.p_lift_above(min_lift),
            p_equivalent=None if variant.lift is None else _p_equivalent(variant),
            loss=_weigh_loss(variant, value_minor),
            density=density,
        )
        for variant, density in zip(comparison.variants, comparison.density(), strict=True)
    )
    return comparison, beliefs


def _p_equivalent(variant: stats.VariantComparison) -> float:
    return max(0.0, variant.p_lift_above(-EQUIVALENT_LIFT) - variant.p_lift_above(EQUIVALENT_LIFT))


def _weigh_loss(variant: stats.VariantComparison, value_minor: int | None) -> Loss:
    per_thousand = 1000 * variant.expected_loss
    return Loss(
        absolute=variant.expected_loss,
        relative=variant.relative_loss,
        per_thousand=per_thousand,
        money_minor=None if value_minor is None else per_thousand * value_minor,
    )
