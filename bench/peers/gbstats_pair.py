"""GrowthBook's analysis of pairs of variants, in an interpreter of its own: it needs an older numpy than Lander.

Reads a JSON list of pairs of (visitors, conversions) from standard input; prints, for each, milliseconds per analysis,
P(the second beats the first) and the interval of its lift, with a flat prior and with N(0, 0.1²) on the lift.
"""

import json
import sys
import time
from statistics import median

from gbstats.bayesian.tests import EffectBayesianABTest, EffectBayesianConfig, GaussianPrior
from gbstats.models.statistics import ProportionStatistic

REPEATS = 200
PRIORS = {"flat": GaussianPrior(), "shrunken": GaussianPrior(mean=0, variance=0.1**2, proper=True)}


def analyse(pair, prior):
    first, second = (ProportionStatistic(n=n, sum=conversions) for n, conversions in pair)
    config = EffectBayesianConfig(difference_type="relative", prior_effect=prior)
    result = EffectBayesianABTest(first, second, config).compute_result()
    return {"p_beats_control": float(result.chance_to_win), "low": result.ci[0], "high": result.ci[1]}


def timed(pair, prior):
    found, times = analyse(pair, prior), []
    for _ in range(REPEATS):
        start = time.process_time()
        analyse(pair, prior)
        times.append(time.process_time() - start)
    return {"ms": 1000 * median(times), **found}


json.dump([{name: timed(pair, prior) for name, prior in PRIORS.items()} for pair in json.load(sys.stdin)], sys.stdout)
