"""What the lift is in each segment, once chance has been taken out of the differences between segments.

A segment is a few of the visitors, so its own lift is mostly noise; it is drawn toward the lift of the whole, the more
the fewer conversions it has and the less segments differ at all. Which segments to look at is for the caller to say.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import special

from stats.compare import VariantComparison, compare
from stats.domain import check_probability, check_tau
from stats.errors import NotEnoughData
from stats.estimate import Estimate
from stats.invert import invert
from stats.multiplicity import adjust
from stats.panels import Array
from stats.samples import BinarySample
from stats.spread import Departures, Pair, Spread

MIN_TAU, MAX_TAU = 0.001, 10.0


@dataclass(frozen=True, slots=True)
class SegmentComparison:
    """One segment. `lift` and `p_beats_control` are drawn toward the whole; the rest is the segment's own.

    `p_value`: P(rates at least this far apart | they are the same), None without visitors on both sides and a
    conversion. `adjusted` is it for the number of segments, and `discovery` whether that is at most the rate asked for.
    """

    name: str
    control: BinarySample
    variant: BinarySample
    lift: Estimate
    p_beats_control: float
    p_value: float | None
    adjusted: float | None
    discovery: bool


@dataclass(frozen=True, slots=True)
class SegmentsComparison:
    """`whole`: the variant against control over all segments together, from the data alone.

    `heterogeneity`: P(lifts at least this uneven | all segments have the same), None with fewer than two informative
    segments. `spread`: the standard deviation of log lifts between segments.
    """

    whole: VariantComparison
    segments: tuple[SegmentComparison, ...]
    heterogeneity: float | None
    spread: Estimate
    level: float


def compare_segments(
    segments: Mapping[str, Pair], *, tau: float = 0.10, level: float = 0.95, rate: float = 0.05
) -> SegmentsComparison:
    """Compares a variant with control in each segment of one dimension.

    Args:
        segments: by name, control's and the variant's sample; disjoint, so that they add up to the whole.
        tau: by how much log lifts may differ between segments: the standard deviation of the half-normal prior of
            theirs, from 0.001 to 10. The default lets segments differ as much as whole experiments do.
        level: mass of the credible intervals, strictly between 0 and 1.
        rate: false discovery rate over the segments, strictly between 0 and 1.

    Returns:
        A `SegmentsComparison`, segments in the order given. Given the spread t, a segment's log lift is normal about
        (1-B) · its own + B · the whole's, B = v / (v + t²), v being its own's variance; what is shown is the mixture
        over the posterior of t. Where all segments have the same lift, every segment's estimate is the whole's.

    Raises:
        NotEnoughData: no segment at all.
        InvalidTau, InvalidProbability.
        InvalidCount: more than 10^12 visitors together.

    Edge cases:
        A segment without visitors on one side, or without a conversion on either, has the whole's lift, give or take
        the spread. One without a conversion on one side is taken at half a conversion.
        With few conversions its own lift counts for a little less than it should, as its variance is the posterior's.

    Source: Efron and Morris, Data analysis using Stein's estimator, JASA 70, 1975, for the shrinkage; the target is the
    lift of all conversions pooled, not an average of log lifts weighted by their precision, which is far off where
    conversions are few and the split uneven (by 0.58 at 9 and 1 conversions a segment, measured). Pettigrew, Gart and
    Thomas, The bias and higher cumulants of the logarithm of a binomial variate, Biometrika 73, 1986, for the half.

    >>> devices = {
    ...     "phone": (BinarySample(6000, 240), BinarySample(6000, 300)),
    ...     "desktop": (BinarySample(2000, 160), BinarySample(2000, 158)),
    ... }
    >>> result = compare_segments(devices)
    >>> round(result.whole.lift.median, 3), [round(segment.lift.median, 3) for segment in result.segments]
    (0.145, [0.188, 0.092])
    >>> round(result.heterogeneity, 3), [segment.discovery for segment in result.segments]
    (0.085, [True, False])
    """
    if not segments:
        raise NotEnoughData("there must be a segment to compare", len(segments))
    scale, level, rate = (
        check_tau(tau, MIN_TAU, MAX_TAU),
        check_probability("level", level),
        check_probability("rate", rate),
    )
    together = _together(segments.values())
    whole = _LogLift.of(together)
    informative = {name: pair for name, pair in segments.items() if _is_informative(pair)}
    departures = Departures.of(list(informative.values()), whole.mean)
    spread = Spread.of(departures, scale)
    p_values = {name: _p_value(pair) for name, pair in informative.items()}
    adjusted = dict(zip(p_values, adjust(list(p_values.values()), rate=rate).p_values, strict=True))
    share = _squared_shares(segments.values())
    found = []
    for name, pair in segments.items():
        posterior = _Mixture.of(_LogLift.of(pair) if name in informative else None, whole, spread, share)
        found.append(
            SegmentComparison(
                name=name,
                control=pair[0],
                variant=pair[1],
                lift=posterior.lift(level),
                p_beats_control=posterior.tails(0)[1],
                p_value=p_values.get(name),
                adjusted=adjusted.get(name),
                discovery=name in adjusted and adjusted[name] <= rate,
            )
        )
    return SegmentsComparison(
        whole=compare(together, level=level).variants[1],
        segments=tuple(found),
        heterogeneity=departures.p_value(),
        spread=spread.estimate(level),
        level=level,
    )


def _together(pairs: Collection[Pair]) -> Pair:
    nothing = BinarySample(n=0, conversions=0)
    return sum((control for control, _ in pairs), nothing), sum((variant for _, variant in pairs), nothing)


def _is_informative(pair: Pair) -> bool:
    control, variant = pair
    return min(control.n, variant.n) > 0 and control.conversions + variant.conversions > 0


def _squared_shares(pairs: Collection[Pair]) -> float:
    """Σ of the squared shares that segments have in the whole: of its conversions, or where there are none, evenly."""
    conversions = [control.conversions + variant.conversions for control, variant in pairs]
    total = sum(conversions)
    return sum((x / total) ** 2 for x in conversions) if total else 1 / len(conversions)


def _p_value(pair: Pair) -> float:
    """Of the test that both rates are the same, by Pearson's chi-square."""
    scored = Departures.of([pair], 0.0)
    return float(special.chdtrc(1, scored.steps[0] ** 2 / scored.variances[0]))


@dataclass(frozen=True, slots=True)
class _LogLift:
    """A log lift as its own two samples give it, taken for normal."""

    mean: float
    variance: float

    @classmethod
    def of(cls, pair: Pair) -> "_LogLift":
        (control, control_variance), (variant, variance) = map(_log_rate, pair)
        return cls(variant - control, control_variance + variance)


def _log_rate(sample: BinarySample) -> tuple[float, float]:
    """Nearly unbiased, and with the variance of its posterior under Jeffreys' prior, which is never zero."""
    x, n = sample.conversions, sample.n
    return math.log((x + 0.5) / (n + 0.5)), float(special.zeta(2, x + 0.5) - special.zeta(2, n + 1))


@dataclass(frozen=True, slots=True, eq=False)
class _Mixture:
    """A segment's log lift: normals, one for each value of the spread, and their weights."""

    means: Array
    deviations: Array
    weights: Array

    @classmethod
    def of(cls, own: _LogLift | None, whole: _LogLift, spread: Spread, share: float) -> "_Mixture":
        """`own` is None where the segment says nothing; `share` is the sum of `_squared_shares`.

        The lift of the whole lies tau² · share away from the one that segments spread about, besides its own variance.
        """
        tau2 = spread.tau**2
        drawn = np.ones_like(tau2) if own is None else own.variance / (own.variance + tau2)
        gap = np.zeros_like(tau2) if own is None else (own.mean - whole.mean) * (tau2 / (own.variance + tau2))
        variances = tau2 * drawn + drawn**2 * (whole.variance + tau2 * share)
        return cls(means=whole.mean + gap, deviations=np.sqrt(variances), weights=spread.weights)

    def lift(self, level: float) -> Estimate:
        tail = (1 - level) / 2
        return Estimate(
            mean=math.expm1(float(np.log(self.weights @ np.exp(self.means + self.deviations**2 / 2)))),
            median=math.expm1(self._quantile(0.5)),
            low=math.expm1(self._quantile(tail)),
            high=math.expm1(self._quantile(tail, upper=True)),
        )

    def tails(self, log_lift: float) -> tuple[float, float, float]:
        """P(below), P(above) and the density at a log lift."""
        z = (log_lift - self.means) / self.deviations
        density = self.weights @ (np.exp(-z * z / 2) / self.deviations) / math.sqrt(2 * math.pi)
        return float(self.weights @ special.ndtr(z)), float(self.weights @ special.ndtr(-z)), float(density)

    def _quantile(self, p: float, *, upper: bool = False) -> float:
        z = (-1 if upper else 1) * float(special.ndtri(p))
        ends = self.means + z * self.deviations
        start = float(self.weights @ ends)
        return invert(self.tails, p, upper=upper, start=start, low=float(ends.min()), high=float(ends.max()))
