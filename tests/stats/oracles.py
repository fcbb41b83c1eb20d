"""The same quantities found in other ways, to hold `stats` against.

`Exact`: rational arithmetic, where both parameters are whole numbers: densities and distribution functions are
polynomials, their integrals fractions. `Sinc`: extended precision on an even grid, for posteriors of any size but similar
width; distribution functions by sinc integration. `p_above_by_quantiles`: scipy.stats over the quantiles of one rate, for
widths that differ.
"""

import json
import math
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from pathlib import Path

import numpy as np
import scipy.stats
from scipy import integrate, special

REFERENCE = Path(__file__).parent.parent / "reference"


def load_reference(name):
    return json.loads((REFERENCE / name).read_text())


Polynomial = list[Fraction]  # coefficients, constant first


def times(p: Polynomial, q: Polynomial) -> Polynomial:
    product = [Fraction(0)] * (len(p) + len(q) - 1)
    for i, x in enumerate(p):
        for j, y in enumerate(q):
            product[i + j] += x * y
    return product


def running(p: Polynomial) -> Polynomial:
    return [Fraction(0), *(c / (k + 1) for k, c in enumerate(p))]


def total(p: Polynomial) -> Fraction:
    return sum(running(p), Fraction(0))


def minus_from_one(p: Polynomial) -> Polynomial:
    return [1 - p[0], *(-c for c in p[1:])]


def scaled(p: Polynomial, k: Fraction) -> Polynomial:
    """p(k x)"""
    return [c * k**i for i, c in enumerate(p)]


@dataclass
class Exact:
    """Posteriors Beta(a, b) with whole a, b."""

    parameters: list[tuple[int, int]]

    def density(self, i: int) -> Polynomial:
        a, b = self.parameters[i]
        shape = [Fraction(0)] * (a - 1) + [Fraction((-1) ** k * math.comb(b - 1, k)) for k in range(b)]
        return [c / total(shape) for c in shape]

    def below(self, i: int) -> Polynomial:
        return running(self.density(i))

    def others_below(self, i: int) -> Polynomial:
        return reduce(times, (self.below(j) for j in range(len(self.parameters)) if j != i))

    def p_best(self, i: int) -> Fraction:
        return total(times(self.density(i), self.others_below(i)))

    def expected_loss(self, i: int) -> Fraction:
        return total(times(self.below(i), minus_from_one(self.others_below(i))))

    def p_ratio_above(self, variant: int, control: int, k: Fraction) -> Fraction:
        if k >= 1:
            return total(times(self.density(variant), scaled(self.below(control), 1 / k)))
        return 1 - total(times(self.density(control), scaled(self.below(variant), k)))


class Sinc:
    """Posteriors Beta(a, b) on an even grid of log-odds, 1/10 of the narrowest standard deviation apart."""

    def __init__(self, parameters: list[tuple[float, float]]):
        middle = [math.log(a / b) for a, b in parameters]
        width = [math.sqrt(1 / a + 1 / b) for a, b in parameters]
        low = min(m - 12 * w for m, w in zip(middle, width, strict=True))
        high = max(m + 12 * w for m, w in zip(middle, width, strict=True))
        step = np.longdouble(min(width) / 10)
        count = int((high - low) / step) + 1
        assert count < 5000, "widths too different for an even grid"
        z = np.longdouble(low) + step * np.arange(count)
        self.step = step
        self.rate = 1 / (1 + np.exp(-z))
        self.density = np.array([self._density(a, b, z, step) for a, b in parameters])
        steps = np.arange(1 - count, count)
        kernel = 0.5 + special.sici(np.pi * steps)[0] / np.pi
        self.kernel = kernel[np.subtract.outer(np.arange(count), np.arange(count)) + count - 1]
        self.below = np.array([step * (self.kernel @ f) for f in self.density])
        self.above = np.array([step * (self.kernel.T @ f) for f in self.density])

    @staticmethod
    def _density(a, b, z, step):
        a, b = np.longdouble(a), np.longdouble(b)
        log_height = a * z - (a + b) * np.log1p(np.exp(z))
        height = np.exp(log_height - log_height.max())
        return height / (step * height.sum())

    def others_below(self, i):
        return np.prod(np.delete(self.below, i, axis=0), axis=0)

    def p_best(self, i):
        return float(self.step * (self.density[i] * self.others_below(i)).sum())

    def expected_loss(self, i):
        inside = self.below[i] * (1 - self.others_below(i))
        return float(self.step * (inside * self.rate * (1 - self.rate)).sum())

    def p_beats(self, i, control):
        return float(self.step * (self.density[i] * self.below[control]).sum())


def p_above_by_quantiles(variant, control, k):
    """P(variant > k · control), averaged over the quantiles of the narrower posterior."""
    v, c = scipy.stats.beta(*variant), scipy.stats.beta(*control)
    variant_is_narrower = v.std() / v.mean() < c.std() / c.mean()

    def chance(q: float) -> float:
        return c.cdf(v.ppf(q) / k) if variant_is_narrower else v.sf(k * c.ppf(q))

    value, error = integrate.quad(chance, 0, 1, limit=400, epsabs=1e-10, epsrel=0)
    assert error < 1e-9, error
    return value
