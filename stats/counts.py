"""Which variant's visitors do something most often, how sure that is, and what choosing it would cost.

Events are taken for Poisson, and the result is exact, unless visitors differ more than Poisson allows: then it says so,
and the mean's own spread is used instead.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stats.domain import check_control, check_probability
from stats.gamma import WEAK, Gamma
from stats.log_curve import LogCurve
from stats.means import MeanVariant, compare_means
from stats.normal import normal_curve
from stats.samples import CountSample

OVERDISPERSED_ABOVE = 1.5


@dataclass(frozen=True, slots=True)
class CountComparison:
    """The variants in the order of the samples; means and losses are events per visitor.

    `dispersion`: variance over mean within the variants, 1 for Poisson events; None where no visitors can show it.
    `overdispersed`: it exceeds 1.5, so the posteriors are normal and not Gamma.
    """

    variants: tuple[MeanVariant[CountSample], ...]
    control: int
    prior: Gamma
    level: float
    dispersion: float | None
    overdispersed: bool


def compare_counts(
    samples: Sequence[CountSample], *, control: int = 0, prior: Gamma = WEAK, level: float = 0.95
) -> CountComparison:
    """Compares mean numbers of events per visitor.

    Args:
        samples: one per variant, two or more, in the order the result keeps.
        control: position of the variant the others are compared with.
        prior: belief about every mean before the data. The default counts as half a visitor with half an event.
        level: mass of the credible intervals, strictly between 0 and 1.

    Returns:
        A `CountComparison`. Every posterior is Gamma(events + total, visitors + n), unless the dispersion, pooled over
        the variants, exceeds 1.5. Then it is the normal with the Gamma's mean and, for large n, the sample's variance
        / n: the Gamma's variance times the variant's own dispersion (the pooled one where it has none, and never less
        than 1), cut off at zero. The same input gives the same bits.

    Raises:
        TooFewVariants, InvalidControl, InvalidProbability.

    Edge cases:
        No visitors anywhere: the posterior is the prior, every variant is best with probability 1/K.
        Control's posterior has events <= 1 (none seen, under the default prior), or is normal and nearer to zero than
        nine standard deviations: the *mean* of a lift is `inf`, as the expectation of variant/control does not exist.
        Its median and interval do.

    Source: Gelman et al., Bayesian Data Analysis, 3rd ed. 2013, section 2.6, for the posterior; the ratio of two Gammas
    is a beta prime. McCullagh and Nelder, Generalized Linear Models, 2nd ed. 1989, section 6.2, for the dispersion.

    >>> result = compare_counts([CountSample(1000, 2100, 6600), CountSample(1000, 2250, 7300)])
    >>> round(result.dispersion, 2), result.overdispersed, round(result.variants[1].p_beats_control, 4)
    (1.02, False, 0.9885)
    """
    control = check_control(control, len(samples))
    level = check_probability("level", level)
    dispersion = _pooled_dispersion(samples)
    overdispersed = dispersion is not None and dispersion > OVERDISPERSED_ABOVE
    curves = [_curve(sample, prior.updated(sample), dispersion if overdispersed else None) for sample in samples]
    return CountComparison(
        variants=compare_means(samples, curves, control=control, level=level),
        control=control,
        prior=prior,
        level=level,
        dispersion=dispersion,
        overdispersed=overdispersed,
    )


def _pooled_dispersion(samples: Sequence[CountSample]) -> float | None:
    """Each variant's dispersion, weighted by the visitors that are free to differ."""
    known = [(sample.n - 1, sample.dispersion) for sample in samples if sample.dispersion is not None]
    return math.fsum(weight * value for weight, value in known) / sum(weight for weight, _ in known) if known else None


def _curve(sample: CountSample, posterior: Gamma, pooled: float | None) -> LogCurve:
    """The Gamma's, or where there is a `pooled` dispersion to reckon with, the normal's."""
    if pooled is None:
        return posterior.curve()
    dispersion = max(pooled if sample.dispersion is None else sample.dispersion, 1)
    return normal_curve(posterior.mean, math.sqrt(dispersion * posterior.events) / posterior.visitors)
