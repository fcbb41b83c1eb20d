"""Evidence that counts did not fall into their categories in given shares, valid at every look.

Against the shares stands a Dirichlet-multinomial: the categories drawn one by one from shares that are themselves
unknown. Its likelihood over that of the given shares is an e-value of the totals, whatever their order.

Source: Lindon and Malek, Sequential Testing of Multinomial Hypotheses, arXiv 2011.03567, 2020.
"""

import math
from collections.abc import Sequence

CONCENTRATIONS = (100.0, 1_000.0, 10_000.0)  # how near to the given shares the true ones may lie: from coarse to fine
_STIRLING_FROM = 20.0  # from here on seven terms of the series leave an error below 1e-16
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)


def log_mixture(counts: Sequence[float], shares: Sequence[float]) -> float:
    """log e under equal parts of three Dirichlet priors around `shares`, of 100, 1,000 and 10,000 pseudo-counts.

    Args:
        counts: of each category, 0 or more.
        shares: positive, summing to 1.

    >>> log_mixture([0, 0], [0.5, 0.5])
    0.0
    >>> round(log_mixture([600, 400], [0.5, 0.5]), 2)
    16.0
    """
    logs = [log_evidence(counts, shares, [c * share for share in shares]) for c in CONCENTRATIONS]
    highest = max(logs)
    return highest + math.log(math.fsum(math.exp(log - highest) for log in logs) / len(logs))


def log_evidence(counts: Sequence[float], shares: Sequence[float], prior: Sequence[float]) -> float:
    """log of P(counts | Dirichlet `prior`) / P(counts | `shares`), order of arrival aside.

    Args:
        counts: of each category, 0 or more; their sum may reach 10^12, with an error of log e below 1e-8.
        shares: positive, summing to 1.
        prior: positive pseudo-counts.

    >>> round(log_evidence([3, 1], [0.5, 0.5], [1, 1]), 4)  # 4! / (3! 1!) ways, each 1/20 against 1/16
    -0.2231
    """
    after = [count + pseudo for count, pseudo in zip(counts, prior, strict=True)]
    return _log_area(after, shares) - _log_area(prior, shares)


def _log_area(parameters: Sequence[float], shares: Sequence[float]) -> float:
    """log of the Dirichlet normaliser, less Σ a log(share), with Stirling's formula written out.

    Its two parts are of the order of the counts and nearly cancel: subtracted as they are, 1e-2 would be lost of log e
    at 1e12. Here their difference is a sum of positive terms.
    """
    total = math.fsum(parameters)
    terms = [0.5 * (len(parameters) - 1) * math.log(2 * math.pi / total) - _stirling_rest(total)]
    for parameter, share in zip(parameters, shares, strict=True):
        terms.append(divergence(parameter, total * share))
        terms.append(_stirling_rest(parameter) - 0.5 * (math.log(parameter) - math.log(total)))
    return math.fsum(terms)


def divergence(x: float, mean: float) -> float:
    """x log(x / mean) - x + mean, which is never negative."""
    if x == 0:
        return mean
    excess = x - mean
    if excess > mean:
        return x * (math.log(x) - math.log(mean)) - excess
    return mean * ((1 + excess / mean) * math.log1p(excess / mean) - excess / mean)


def _stirling_rest(x: float) -> float:
    """What Stirling's formula leaves of log Gamma."""
    if x < _STIRLING_FROM:
        return math.lgamma(x) - ((x - 0.5) * math.log(x) - x + 0.5 * math.log(2 * math.pi))
    inverse, rest = 1 / (x * x), 0.0
    for coefficient in reversed(_STIRLING):
        rest = rest * inverse + coefficient
    return rest / x
