"""Did the visitors arrive in the proportions they were sent in? A sample ratio mismatch means that some were lost or
doubled on one side, and then no comparison of the variants can be believed.

It names no cause and knows no time: the p-value is one look at one total, the e-value holds over all looks.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from stats import finite, multinomial
from stats.domain import check_count, find_finite
from stats.errors import InvalidWeights, TooFewVariants

MISMATCH_BELOW = 0.001
MISMATCH_FROM = 1_000.0  # of the e-value
MIN_EXPECTED = 5


@dataclass(frozen=True, slots=True)
class Srm:
    """`p_value`: P(a split at least this uneven | the weights are true), None where nothing could be uneven.

    `e_value`: evidence against the weights that bears a look every day; 1 is none. `mismatch`: the split is broken.
    `leaked`: visitors on variants of weight 0. `expected`: visitors per variant.
    """

    p_value: float | None
    e_value: float
    mismatch: bool
    leaked: int
    expected: tuple[float, ...]


def srm(observed: Sequence[int], weights: Sequence[float]) -> Srm:
    """Tests the visitors per variant against the weights: Pearson's chi-square, and an e-value for daily looks.

    Args:
        observed: visitors of each variant, whole numbers.
        weights: the intended split in the same order, in any unit (50/50, basis points): finite, 0 or more, not all 0.

    Returns:
        An `Srm`. `mismatch` is p < 0.001 with at least 5 visitors expected on every variant that has weight, or
        e >= 1000. Degrees of freedom count only those variants. The e-value is that of a Dirichlet-multinomial, equal
        parts of three priors around the weights, of 100, 1,000 and 10,000 pseudo-visitors.

    Raises:
        InvalidCount, InvalidWeights, TooFewVariants.

    Edge cases:
        A visitor on a variant of weight 0 is impossible under the weights: `p_value` is 0, `e_value` the largest
        float and `mismatch` True however few there are; `leaked` tells this fault from a skewed split.
        No visitors yet, or a single variant with weight: there is no split to judge, `p_value` is None, `e_value` 1 and
        `mismatch` False. It is not an error, because every experiment starts there.
        Too few visitors for the chi-square distribution: `p_value` is given, but is no ground for a mismatch. The
        e-value is exact for any number of visitors.

    Source: Pearson, On the criterion that a given system of deviations..., 1900; Fabijan et al., Diagnosing Sample
    Ratio Mismatch in Online Controlled Experiments, KDD 2019, for the threshold's order; Lindon and Malek,
    Sequential Testing of Multinomial Hypotheses, 2020, for the e-value.

    >>> found = srm([600, 400], [50, 50])
    >>> found.p_value, round(found.e_value), found.mismatch
    (2.5396285894708634e-10, 8894334, True)
    >>> srm([0, 0], [50, 50]).p_value is None
    True
    """
    counts = [check_count("visitors", count) for count in observed]
    shares = _check_weights(weights, len(counts))
    total = sum(counts)
    expected = tuple(total * share for share in shares)
    leaked = sum(count for count, share in zip(counts, shares, strict=True) if share == 0)
    if leaked:
        return Srm(p_value=0.0, e_value=sys.float_info.max, mismatch=True, leaked=leaked, expected=expected)
    weighted = [(count, share) for count, share in zip(counts, shares, strict=True) if share > 0]
    if len(weighted) < 2 or not total:
        return Srm(p_value=None, e_value=1.0, mismatch=False, leaked=0, expected=expected)
    statistic = sum((count - total * share) ** 2 / (total * share) for count, share in weighted)
    p_value = float(special.chdtrc(len(weighted) - 1, statistic))
    e_value = finite.exp(multinomial.log_mixture([count for count, _ in weighted], [share for _, share in weighted]))
    enough = total * min(share for _, share in weighted) >= MIN_EXPECTED
    return Srm(
        p_value=p_value,
        e_value=e_value,
        mismatch=(enough and p_value < MISMATCH_BELOW) or e_value >= MISMATCH_FROM,
        leaked=0,
        expected=expected,
    )


def _check_weights(weights: Sequence[float], variants: int) -> list[float]:
    """The weights as shares of 1."""
    if variants < 2:
        raise TooFewVariants("a split needs two variants or more", variants)
    if len(weights) != variants:
        raise InvalidWeights(f"{variants} variants need as many weights", weights)
    numbers = [number for weight in weights if (number := find_finite(weight)) is not None and number >= 0]
    if len(numbers) < variants or not 0 < sum(numbers) < math.inf:
        raise InvalidWeights("weights must be finite, 0 or more, and not all 0", weights)
    return [number / sum(numbers) for number in numbers]
