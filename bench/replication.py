"""Whether lifts come back: real headline tests split in half, what a lens claims of the first half against the second.

Peer: the flat lens (each variant's own Beta posterior) beside the decision lens, on the same halves. A slope of 1 says
that a claimed lift comes back whole, 0.5 that half of it was luck. Tests with a broken split (SRM p < 0.001) are left
out, as the archive's own notes ask. Seeded. Prints one JSON object per line.

Source of the tests: the Upworthy Research Archive (see the file's own `source`), CC BY 4.0.
"""

import json
import math
import os
import sys
from multiprocessing import Pool
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)  # instead of this directory, whose stats.py hides the package

import numpy as np  # noqa: E402

import stats  # noqa: E402

SEED = 20_261_122
MOST = int(os.environ.get("TESTS", "100000"))
ASKED = [0.9, 1.1]

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


def main() -> None:
    halves = read_halves()
    learned = stats.learn_prior([first for first, _ in halves])
    realised = np.array([lift for _, second in halves for lift in come_back(second)])
    lenses = {"data only": None, "decision, default tau": 0.07, "decision, learned tau": learned.prior.tau}
    with Pool() as pool:
        for lens, tau in lenses.items():
            answers = pool.map(claim, [(first, tau) for first, _ in halves], chunksize=50)
            claimed = np.array([lift for lifts in answers for lift in lifts])
            slope = float(claimed @ realised / (claimed @ claimed))
            # the error of the slope, tests taken whole: lifts of one test share its control
            owners = np.repeat(np.arange(len(answers)), [len(lifts) for lifts in answers])
            parts = np.bincount(owners, weights=claimed * (realised - slope * claimed))
            line = {
                "bench": "replication",
                "lens": lens,
                "tau": tau,
                "tests": len(halves),
                "lifts": len(claimed),
                "slope": round(slope, 3),
                "standard_error": round(float(np.sqrt(parts @ parts) / (claimed @ claimed)), 3),
                "asked": ASKED if lens == "decision, learned tau" else None,
                "load_average": round(os.getloadavg()[0], 1),
            }
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
