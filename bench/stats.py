"""What exact statistics cost: milliseconds per comparison, and what `import stats` adds to numpy and scipy.special.

Prints one JSON object per line. Peer: P(best), expected losses and lift intervals from 100,000 seeded Beta
draws per variant, which is what most tools do and which is off by about 1e-3.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)  # instead of this directory, where this file hides the package it measures

import numpy as np  # noqa: E402

import stats  # noqa: E402

REPEATS = 15
DRAWS = 100_000


def milliseconds(action, repeats=REPEATS):
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return 1000 * median(times)


def sampled(samples):
    """The Monte Carlo peer: P(best), expected losses and lift intervals from draws."""
    generator = np.random.default_rng(1)
    draws = np.array([generator.beta(s.conversions + 0.5, s.n - s.conversions + 0.5, DRAWS) for s in samples])
    best = draws.max(axis=0)
    p_best = np.bincount(draws.argmax(axis=0), minlength=len(samples)) / DRAWS
    lifts = np.quantile(draws[1:] / draws[0], [0.025, 0.5, 0.975], axis=1)
    return p_best, (best - draws).mean(axis=1), lifts


def import_seconds(statement):
    """Best of several fresh interpreters, less the interpreter's own start."""
    return min(_run(statement) for _ in range(REPEATS)) - min(_run("pass") for _ in range(REPEATS))


def _run(statement):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True, cwd=ROOT)
    return time.perf_counter() - start


def main():
    for variants in (2, 3, 5, 10):
        for n in (10**3, 10**6, 10**9):
            samples = [stats.BinarySample(n, n * (50 + i) // 1000) for i in range(variants)]
            exact = milliseconds(lambda samples=samples: stats.compare(samples))
            peer = milliseconds(lambda samples=samples: sampled(samples), repeats=3)
            line = {"what": "compare", "variants": variants, "visitors": n, "ms": round(exact, 3)}
            print(json.dumps({**line, "monte_carlo_ms": round(peer, 1), "ratio": round(exact / peer, 4)}), flush=True)
    base, ours = import_seconds("import numpy, scipy.special"), import_seconds("import stats")
    line = {"what": "import stats", "s": round(ours, 4), "numpy_and_scipy_special_s": round(base, 4)}
    print(json.dumps({**line, "ratio": round(ours / base, 3), "at_most": 1.2}))


if __name__ == "__main__":
    main()
