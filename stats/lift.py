"""What can be asked of a variant's lift over control, whatever is measured: rates, events, money."""

import math
from typing import TypeVar

from stats.domain import check_probability, find_finite
from stats.errors import ControlHasNoLift, InvalidLift
from stats.estimate import Estimate
from stats.posterior import LiftPosterior

R = TypeVar("R")


class OverControl:
    """A variant's result: `ratio` is its posterior over control's, None for control itself."""

    __slots__ = ()

    sample: object
    ratio: LiftPosterior | None

    def lift_at(self, level: float) -> Estimate:
        """The lift with an interval of another mass, strictly between 0 and 1.

        Raises:
            ControlHasNoLift: this variant is control.
            InvalidProbability.
        """
        return self._over_control(self.ratio).lift(check_probability("level", level))

    def p_lift_above(self, r: float) -> float:
        """P(variant / control - 1 > r), for any finite r; it is 1 for -1 and less.

        Raises:
            ControlHasNoLift: this variant is control.
            InvalidLift: r is not a finite number.
        """
        ratio, lift = self._over_control(self.ratio), find_finite(r)
        if lift is None:
            raise InvalidLift("a lift must be a finite number", r)
        return ratio.p_above(math.log1p(lift)) if lift > -1 else 1.0

    def p_equal(self, margin: float) -> float:
        """P(-margin < variant / control - 1 < margin): that the difference is too small to matter.

        Args:
            margin: a lift above 0, such as 0.01 for 1 %.

        Raises:
            ControlHasNoLift: this variant is control.
            InvalidLift: the margin is not a finite number above 0.
        """
        lift = find_finite(margin)
        if lift is None or lift <= 0:
            raise InvalidLift("a margin must be a finite lift above 0", margin)
        return max(self.p_lift_above(-lift) - self.p_lift_above(lift), 0.0)

    def _over_control(self, ratio: R | None) -> R:
        if ratio is None:
            raise ControlHasNoLift("control has no lift over itself", self.sample)
        return ratio
