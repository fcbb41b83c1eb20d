"""What the visitors of K variants say of their log-odds, without any prior, and what is added by a normal one.

The log of a binomial likelihood is read relative to its value near its maximum, and from the rarer of the two outcomes:
so no digit is lost at 1e9 visitors, nor where nobody or everybody converted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from stats.concave import climb
from stats.panels import Array
from stats.samples import BinarySample


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """Of K variants, every field of shape (K,); or of one, every field of shape (). Its functions take log-odds of
    shape (K, ...), or of any shape.
    """

    n: Array
    conversions: Array
    toward: Array  # 1 where conversions are the rarer outcome, else -1
    rarer: Array
    share: Array  # of the rarer outcome, half of one added to either so that it is never nothing
    centre: Array  # the log-odds of that share

    @classmethod
    def of(cls, samples: Sequence[BinarySample]) -> "Likelihood":
        n = np.array([float(sample.n) for sample in samples])
        conversions = np.array([float(sample.conversions) for sample in samples])
        rarer = np.minimum(conversions, n - conversions)
        return cls(
            n=n,
            conversions=conversions,
            toward=np.where(conversions <= n - conversions, 1.0, -1.0),
            rarer=rarer,
            share=(rarer + 0.5) / (n + 1),
            centre=np.log(rarer + 0.5) - np.log(n - rarer + 0.5),
        )

    def of_variants(self, which: int | NDArray[np.intp]) -> "Likelihood":
        """That of one variant, or of several of them."""
        fields = (self.n, self.conversions, self.toward, self.rarer, self.share, self.centre)
        return Likelihood(*(np.asarray(field[which]) for field in fields))

    def log(self, z: Array) -> Array:
        """Relative to its value at `centre`."""
        away = _like(self.toward, z) * z - _like(self.centre, z)
        return _like(self.rarer, z) * away - _like(self.n, z) * np.log1p(_like(self.share, z) * np.expm1(away))

    def score(self, z: Array) -> Array:
        """The first derivative of the log."""
        toward, rarer = _like(self.toward, z), _like(self.rarer, z)
        there = toward * z
        score: Array = rarer * special.expit(-there) - (_like(self.n, z) - rarer) * special.expit(there)
        return toward * score

    def information(self, z: Array) -> Array:
        """The second derivative with its sign turned."""
        information: Array = _like(self.n, z) * special.expit(z) * special.expit(-z)
        return information

    def peaks(self, level: Array, *, tau: float) -> tuple[Array, Array]:
        """Where N(level, tau²) times each likelihood has its peak, and the width of that: shape (K, *level.shape)."""
        precision = 1 / (tau * tau)
        shaped = np.empty((*self.n.shape, *level.shape))
        n, conversions = _like(self.n, shaped), _like(self.conversions, shaped)
        weight = _like(self.n * self.share * (1 - self.share), shaped)
        centre, toward = _like(self.centre, shaped), _like(self.toward, shaped)
        start = (weight * centre + precision * toward * level) / (weight + precision)
        # A level above the data pulls this much at most, and where few converted nothing but that keeps the peak up.
        pull = precision * np.maximum(toward * level - centre, 0)
        most = np.minimum(_like(self.rarer, shaped) + 0.5 + pull, (n + 1) / 2)
        start = toward * np.minimum(start, np.log(most) - np.log(n + 1 - most))
        return climb(
            lambda z: (self.score(z) - precision * (z - level), self.information(z) + precision),
            start,
            low=level - (n - conversions) / precision,  # the score lies between these two
            high=level + conversions / precision,
        )


def _like(parameter: Array, z: Array) -> Array:
    """With as many axes as `z`."""
    return parameter.reshape(parameter.shape + (1,) * (z.ndim - parameter.ndim))
