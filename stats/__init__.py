"""The statistics of an experiment, and nothing else: numbers in, numbers out.

No clock, no random state, no database, no web; numpy and scipy.special are all it needs. Same input, same bits.
"""

from stats.anytime import Anytime, anytime
from stats.beta import Beta
from stats.compare import Comparison, Density, VariantComparison, compare
from stats.errors import (
    ControlHasNoLift,
    InvalidBeta,
    InvalidControl,
    InvalidCount,
    InvalidLift,
    InvalidPoints,
    InvalidProbability,
    InvalidTau,
    InvalidTraffic,
    InvalidWeights,
    StatsError,
    TooFewVariants,
    TooManyConversions,
)
from stats.estimate import Estimate
from stats.plan import Plan, plan
from stats.samples import BinarySample
from stats.srm import Srm, srm

__all__ = [
    "Anytime",
    "Beta",
    "BinarySample",
    "Comparison",
    "ControlHasNoLift",
    "Density",
    "Estimate",
    "InvalidBeta",
    "InvalidControl",
    "InvalidCount",
    "InvalidLift",
    "InvalidPoints",
    "InvalidProbability",
    "InvalidTau",
    "InvalidTraffic",
    "InvalidWeights",
    "Plan",
    "Srm",
    "StatsError",
    "TooFewVariants",
    "TooManyConversions",
    "VariantComparison",
    "anytime",
    "compare",
    "plan",
    "srm",
]
