"""Where the next visitors would teach most about which variant is best: advice, it moves nobody.

Top-two Thompson sampling in closed form, from the exact probabilities to be best and without a draw.
"""

import math

from stats.decide import Judgement
from stats.domain import find_finite
from stats.errors import InvalidWeights


def top_two(comparison: Judgement, *, floor: float) -> tuple[float, ...]:
    """The share of visitors each variant should get.

    Args:
        comparison: from `compare`.
        floor: the least share of any variant, from 0 to 1 / (number of variants), where all shares are equal.

    Returns:
        Shares in the order of the variants, summing to 1: floor + (1 - K floor) w_i, where
        w_i = p_i/2 · (1 + Σ p_j / (1 - p_j)), j ≠ i. Half of the visitors see the likely best, half its likely rival.

    Raises:
        InvalidWeights: the floor is outside its domain.

    Edge cases:
        One variant is surely best: it gets half; the others, of which none is a likelier rival, get equal parts.

    Source: Russo, Simple Bayesian Algorithms for Best-Arm Identification, Operations Research 68, 2020, with beta = 1/2.

    >>> from stats import BinarySample, compare
    >>> found = compare([BinarySample(1000, 50), BinarySample(1000, 70), BinarySample(1000, 71)])
    >>> [round(share, 3) for share in top_two(found, floor=0.05)]
    [0.057, 0.471, 0.472]
    """
    variants = len(comparison.variants)
    least = find_finite(floor)
    if least is None or not 0 <= least <= 1 / variants:
        raise InvalidWeights(f"the floor of {variants} variants must lie between 0 and 1/{variants}", floor)
    p_best = [judged.p_best for judged in comparison.variants]
    total = math.fsum(p_best)
    shares = [0.5 * p / total for p in p_best]
    for j, p in enumerate(p_best):
        rivals = [other if i != j else 0.0 for i, other in enumerate(p_best)]
        if not any(rivals):
            rivals = [float(i != j) for i in range(variants)]
        others = math.fsum(rivals)  # 1 - p, without its loss of digits where p is nearly 1
        shares = [share + 0.5 * p / total * rival / others for share, rival in zip(shares, rivals, strict=True)]
    return tuple(least + (1 - variants * least) * share for share in shares)
