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

    def slope_and_bend(self, z: Array) -> tuple[Array, Array]:
        """The first derivative of the log, and the second with its sign turned: the score and the information."""
        toward = _like(self.toward, z)
        rate = special.expit(toward * z)
        expected = _like(self.n, z) * rate
        return toward * (_like(self.rarer, z) - expected), expected * (1 - rate)

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
        low, high = (
            level - (n - conversions) / precision,
            level + conversions / precision,
        )  # the slope lies between these

        def slope_and_bend(z: Array) -> tuple[Array, Array]:
            slope, bend = self.slope_and_bend(z)
            return slope - precision * (z - level), bend + precision

        return climb(slope_and_bend, start, low=low, high=high)


def _like(parameter: Array, z: Array) -> Array:
    """With as many axes as `z`."""
    return parameter.reshape(parameter.shape + (1,) * (z.ndim - parameter.ndim))
