"""Whether lifts come back: real headline tests split in half, what a lens claims of the first half against the second.

Peer: the flat lens (each variant's own Beta posterior) beside the decision lens, on the same halves. A slope of 1 says
that a claimed lift comes back whole, 0.5 that half of it was luck. Tests with a broken split (SRM p < 0.001) are left
out, as the archive's own notes ask. The last line is the control: the lens on made-up tests of the same sizes that are
as it takes them to be. Seeded. Prints one JSON object per line.

Source of the tests: the Upworthy Research Archive (see the file's own `source`), CC BY 4.0.
"""

import json
import math
import os
import sys
from itertools import pairwise
from multiprocessing import Pool
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)  # instead of this directory, whose stats.py hides the package

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

import stats  # noqa: E402

SEED = 20_261_122
MOST = int(os.environ.get("TESTS", "100000"))
ASKED = [0.9, 1.1]
SIZES = [
    0,
    0.5,
    0.8,
    0.95,
    1,
]  # of the claimed lifts, smallest first: is every size of them believed as far as it holds?

Array = NDArray[np.float64]
Half = list[stats.BinarySample]


def read_halves() -> list[tuple[Half, Half]]:
    """Variants in a random order (the file sorts them by clicks), each one's visitors in two random halves."""
    generator = np.random.default_rng(SEED)
    archive = json.loads((ROOT / "tests/reference/upworthy_exploratory_counts.json").read_text())
    halves = []
    for test in archive["cases"]:
        variants = [(n, clicks) for n, clicks in test["arms"] if n >= 2]
        if len(variants) < 2 or stats.srm([n for n, _ in variants], [1] * len(variants)).mismatch:
            continue
        generator.shuffle(variants)
        first, second = [], []
        for n, clicks in variants:
            taken = int(generator.hypergeometric(clicks, n - clicks, n // 2))
            first.append(stats.BinarySample(n // 2, taken))
            second.append(stats.BinarySample(n - n // 2, clicks - taken))
        halves.append((first, second))
    return halves[:MOST]


def claim(task: tuple[Half, float | None]) -> list[float]:
    """Log lift of every variant over the first one, as the lens has it: the data alone, or the decision lens."""
    samples, tau = task
    prior = stats.Beta(0.5, 0.5) if tau is None else stats.Exchangeable(tau)
    judged = stats.compare(samples, prior=prior).variants
    return [math.log1p(variant.lift.median) for variant in judged if variant.lift is not None]


def come_back(samples: Half) -> list[float]:
    """Log lift that the second half showed."""
    rates = [(sample.conversions + 0.5) / (sample.n + 1) for sample in samples]
    return [math.log(rate / rates[0]) for rate in rates[1:]]


def imagine(halves: list[tuple[Half, Half]], tau: float) -> list[tuple[Half, Half]]:
    """The same tests with lifts as the decision lens takes them to be: log-odds normal around the rate of the test."""
    generator = np.random.default_rng(SEED)
    imagined = []
    for test in halves:
        n, clicks = (sum(getattr(sample, count) for half in test for sample in half) for count in ("n", "conversions"))
        level = math.log(clicks + 0.5) - math.log(n - clicks + 0.5)
        rates = 1 / (1 + np.exp(-level - tau * generator.standard_normal(len(test[0]))))
        first, second = (
            [
                stats.BinarySample(sample.n, int(generator.binomial(sample.n, rate)))
                for sample, rate in zip(half, rates, strict=True)
            ]
            for half in test
        )
        imagined.append((first, second))
    return imagined


def regress(claimed: Array, realised: Array, owners: Array) -> dict[str, float]:
    """Slope through zero, and its error with tests taken whole: lifts of one test share its control."""
    slope = float(claimed @ realised / (claimed @ claimed))
    parts = np.bincount(owners, weights=claimed * (realised - slope * claimed))
    return {"slope": round(slope, 3), "standard_error": round(float(np.sqrt(parts @ parts) / (claimed @ claimed)), 3)}


def main() -> None:
    halves = read_halves()
    learned = stats.learn_prior([first for first, _ in halves]).prior.tau
    runs = [
        ("data only", None, halves),
        ("decision, default tau", 0.07, halves),
        ("decision, learned tau", learned, halves),
        ("decision, learned tau, on imagined tests whose lifts are normal", learned, imagine(halves, learned)),
    ]
    with Pool() as pool:
        for lens, tau, tests in runs:
            answers = pool.map(claim, [(first, tau) for first, _ in tests], chunksize=50)
            claimed = np.array([lift for lifts in answers for lift in lifts])
            realised = np.array([lift for _, second in tests for lift in come_back(second)])
            owners = np.repeat(np.arange(len(answers)), [len(lifts) for lifts in answers])
            ends = np.quantile(np.abs(claimed), SIZES)
            by_size = []
            for low, high in pairwise(ends):
                inside = (low <= np.abs(claimed)) & (np.abs(claimed) <= high)
                found = regress(claimed[inside], realised[inside], owners[inside])
                by_size.append({"from": round(low, 3), "to": round(high, 3), **found})
            line = {
                "bench": "replication",
                "lens": lens,
                "tau": tau,
                "tests": len(tests),
                "lifts": len(claimed),
                **regress(claimed, realised, owners),
                "asked": ASKED if lens == "decision, learned tau" else None,
                "by_size": by_size,
                "load_average": round(os.getloadavg()[0], 1),
            }
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
