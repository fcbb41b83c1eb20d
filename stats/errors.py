"""Why `stats` refused: one ladder, a leaf per reason.

Each leaf has a `code` that never changes and the `value` that was refused. Nothing here is raised for an unlucky
result, only for input that no statistic can be computed from.
"""

from typing import ClassVar


class StatsError(ValueError):
    """Input that has no answer. `code` is stable; `value` is what was passed, and the message repeats it."""

    code: ClassVar[str] = "stats"

    def __init__(self, message: str, value: object) -> None:
        super().__init__(message, value)
        self.message = message
        self.value = value

    def __str__(self) -> str:
        return f"{self.message}, got {self.value!r}"


class InvalidCount(StatsError):
    """A number of visitors or conversions that is no whole number from 0 to 10^12."""

    code = "invalid_count"


class InvalidTotal(StatsError):
    """A sum over visitors that is no whole number from 0 to 2^63 - 1."""

    code = "invalid_total"


class ImpossibleTotals(StatsError):
    """Sums that no visitors could have added up to, whatever each of them did. `value` is the sums."""

    code = "impossible_totals"


class InvalidAmount(StatsError):
    """What one visitor brought, or took, that is no whole number within its domain."""

    code = "invalid_amount"


class NotEnoughData(StatsError):
    """Too little was seen for this statistic to exist. `value` is what was seen."""

    code = "not_enough_data"


class TooManyConversions(StatsError):
    """More conversions than visitors. `value` is (conversions, visitors)."""

    code = "too_many_conversions"


class InvalidGamma(StatsError):
    """A Gamma distribution whose parameters lie outside their domain."""

    code = "invalid_gamma"


class InvalidBeta(StatsError):
    """A Beta distribution whose parameters lie outside [0.5, 10^13]."""

    code = "invalid_beta"


class TooFewVariants(StatsError):
    """A comparison of fewer than two variants. `value` is how many there were."""

    code = "too_few_variants"


class InvalidControl(StatsError):
    """A control that is not the position of one of the variants."""

    code = "invalid_control"


class ControlHasNoLift(StatsError):
    """The lift of control over itself was asked for. `value` is control's sample."""

    code = "control_has_no_lift"


class InvalidProbability(StatsError):
    """A level, power, alpha or rate outside its open interval."""

    code = "invalid_probability"


class InvalidLift(StatsError):
    """A lift that is no number, is nothing, asks for a rate outside (0, 1), or for more visitors than exist."""

    code = "invalid_lift"


class InvalidMargin(StatsError):
    """A margin of a guardrail outside [0, 1)."""

    code = "invalid_margin"


class InvalidPoints(StatsError):
    """A number of plot points below two."""

    code = "invalid_points"


class InvalidWeights(StatsError):
    """Weights that are negative, not finite, all zero, or not one per variant."""

    code = "invalid_weights"


class InvalidTraffic(StatsError):
    """Visitors per day that are no finite number of 1 or more."""

    code = "invalid_traffic"


class InvalidTau(StatsError):
    """A prior's standard deviation outside its domain."""

    code = "invalid_tau"


class InvalidGates(StatsError):
    """Gates, or e-values, that are not one number per variant, or an e-value to call strong below 1."""

    code = "invalid_gates"
