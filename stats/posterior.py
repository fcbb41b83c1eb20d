"""What a comparison needs to know of a posterior, whatever prior it came from."""

from typing import Protocol

from stats.density import Density
from stats.estimate import Estimate
from stats.panels import Array


class RatePosterior(Protocol):
    """Of one variant's rate."""

    def estimate(self, level: float) -> Estimate:
        """Mean, median and equal-tailed interval of the rate."""

    def draw(self, points: int) -> Density:
        """From the posterior's 0.01 % to its 99.99 % quantile."""


class LiftPosterior(Protocol):
    """Of variant / control."""

    def p_above(self, log_ratio: float) -> float:
        """P(log(variant / control) > log_ratio)."""

    def lift(self, level: float) -> Estimate:
        """variant / control - 1, with the equal-tailed interval at `level`."""


class RatioPosterior(LiftPosterior, Protocol):
    """Of variant / control where both are rates."""

    def joint(self) -> tuple[Array, Array, Array]:
        """Control's rate and the variant's at the nodes of their joint posterior, and weights that sum to 1: shape (N,)."""
