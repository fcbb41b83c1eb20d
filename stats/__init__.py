"""The statistics of an experiment, and nothing else: numbers in, numbers out.

No clock, no random state, no database, no web; numpy and scipy.special are all it needs. Same input, same bits.
"""

from importlib import import_module
from typing import TYPE_CHECKING

import scipy.special  # noqa: F401  (loaded before anything of `stats`, the two together take 7 ms less than after)

from stats.anytime import Anytime, anytime
from stats.beta import Beta
from stats.compare import Comparison, Prior, VariantComparison, compare
from stats.decide import Action, Decision, Gates, Reason, Rule, decide
from stats.density import Density
from stats.errors import (
    ControlHasNoLift,
    ImpossibleTotals,
    InvalidAmount,
    InvalidBeta,
    InvalidControl,
    InvalidCount,
    InvalidGamma,
    InvalidGates,
    InvalidLift,
    InvalidMargin,
    InvalidPoints,
    InvalidProbability,
    InvalidTau,
    InvalidTotal,
    InvalidTraffic,
    InvalidWeights,
    NotEnoughData,
    StatsError,
    TooFewVariants,
    TooManyConversions,
)
from stats.estimate import Estimate
from stats.exchangeable import Exchangeable
from stats.histogram import Histogram, cell_of
from stats.plan import Plan, plan
from stats.premortem import Outlook, PreMortem, premortem
from stats.samples import BinarySample, CountSample, RatioSample, RevenueSample, log_units
from stats.srm import Srm, srm
from stats.top_two import top_two

# Loaded when first asked for: with all of it, `import stats` takes a quarter longer than numpy and scipy.special alone.
# A module named like one of its names cannot be here, as loading it would put the module in the place of the name.
if TYPE_CHECKING:
    from stats.counts import CountComparison, compare_counts
    from stats.gamma import Gamma
    from stats.guardrail import Guardrail, GuardrailStatus, non_inferior
    from stats.learn import LearnedPrior, learn_prior
    from stats.means import MeanVariant
    from stats.multiplicity import Adjusted, adjust, two_sided
    from stats.quantiles import Quantile, QuantileComparison, QuantileVariant, compare_quantiles, quantile_of
    from stats.ratios import RatioComparison, compare_ratios
    from stats.revenue import CrossCheck, RevenueComparison, compare_revenue
    from stats.segments import SegmentComparison, SegmentsComparison, compare_segments
    from stats.shares import ConversionsOnly, conversions_only
    from stats.waiting import Waiting, value_of_waiting
else:
    _LATER = {
        "counts": ("CountComparison", "compare_counts"),
        "gamma": ("Gamma",),
        "guardrail": ("Guardrail", "GuardrailStatus", "non_inferior"),
        "learn": ("LearnedPrior", "learn_prior"),
        "means": ("MeanVariant",),
        "multiplicity": ("Adjusted", "adjust", "two_sided"),
        "quantiles": ("Quantile", "QuantileComparison", "QuantileVariant", "compare_quantiles", "quantile_of"),
        "ratios": ("RatioComparison", "compare_ratios"),
        "revenue": ("CrossCheck", "RevenueComparison", "compare_revenue"),
        "segments": ("SegmentComparison", "SegmentsComparison", "compare_segments"),
        "shares": ("ConversionsOnly", "conversions_only"),
        "waiting": ("Waiting", "value_of_waiting"),
    }

    def __getattr__(name: str) -> object:
        for module, names in _LATER.items():
            if name in names:
                return getattr(import_module(f"stats.{module}"), name)
        raise AttributeError(f"module 'stats' has no attribute {name!r}")


__all__ = [
    "Action",
    "Adjusted",
    "Anytime",
    "Beta",
    "BinarySample",
    "Comparison",
    "ControlHasNoLift",
    "ConversionsOnly",
    "CountComparison",
    "CountSample",
    "CrossCheck",
    "Decision",
    "Density",
    "Estimate",
    "Exchangeable",
    "Gamma",
    "Gates",
    "Guardrail",
    "GuardrailStatus",
    "Histogram",
    "ImpossibleTotals",
    "InvalidAmount",
    "InvalidBeta",
    "InvalidControl",
    "InvalidCount",
    "InvalidGamma",
    "InvalidGates",
    "InvalidLift",
    "InvalidMargin",
    "InvalidPoints",
    "InvalidProbability",
    "InvalidTau",
    "InvalidTotal",
    "InvalidTraffic",
    "InvalidWeights",
    "LearnedPrior",
    "MeanVariant",
    "NotEnoughData",
    "Outlook",
    "Plan",
    "PreMortem",
    "Prior",
    "Quantile",
    "QuantileComparison",
    "QuantileVariant",
    "RatioComparison",
    "RatioSample",
    "Reason",
    "RevenueComparison",
    "RevenueSample",
    "Rule",
    "SegmentComparison",
    "SegmentsComparison",
    "Srm",
    "StatsError",
    "TooFewVariants",
    "TooManyConversions",
    "VariantComparison",
    "Waiting",
    "adjust",
    "anytime",
    "cell_of",
    "compare",
    "compare_counts",
    "compare_quantiles",
    "compare_ratios",
    "compare_revenue",
    "compare_segments",
    "conversions_only",
    "decide",
    "learn_prior",
    "log_units",
    "non_inferior",
    "plan",
    "premortem",
    "quantile_of",
    "srm",
    "top_two",
    "two_sided",
    "value_of_waiting",
]
