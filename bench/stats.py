"""What exact statistics cost and how exact they are, beside GrowthBook's `gbstats` and beside Monte Carlo; and what
`import stats` adds to numpy and scipy.special.

Prints one JSON object per line. Times are processor time. Errors are against fifty digits
(tests/reference/exact_posteriors.json): of P(beats control), and of the ends of the lift's 95 % interval in widths of it.
gbstats is fetched by uv into an environment of its own; its flat prior is held against the data alone, its N(0, 0.1²) on
lifts against the decision lens, whose lifts have the same spread; a part of its distance is then the difference between
two priors.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)  # instead of this directory, where this file hides the package it measures

import numpy as np  # noqa: E402

import stats  # noqa: E402

REPEATS = 15
DRAWS = 100_000
LENSES = {"data alone": stats.Beta(0.5, 0.5), "decision lens": stats.Exchangeable(tau=0.07)}
PEER_PRIORS = {"data alone": "flat", "decision lens": "shrunken"}
PAIRS = ["an ordinary pair", "a pair of a million", "a pair of a billion", "hardly any conversions"]
GBSTATS = "gbstats==0.8.0"


def milliseconds(action, repeats=REPEATS):
    """Of processor time, the median: other programs on the machine disturb that least."""
    action()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return 1000 * median(times)


def sampled(samples):
    """The Monte Carlo peer: P(best), expected losses and lift intervals from draws."""
    generator = np.random.default_rng(1)
    draws = np.array([generator.beta(s.conversions + 0.5, s.n - s.conversions + 0.5, DRAWS) for s in samples])
    best = draws.max(axis=0)
    p_best = np.bincount(draws.argmax(axis=0), minlength=len(samples)) / DRAWS
    lifts = np.quantile(draws[1:] / draws[0], [0.025, 0.5, 0.975], axis=1)
    return p_best, (best - draws).mean(axis=1), lifts


def read(samples, prior):
    """All that a report asks of a comparison."""
    comparison = stats.compare(samples, prior=prior)
    for variant in comparison.variants:
        variant.rate_at(0.5)
        if variant.lift is not None:
            variant.lift_at(0.5), variant.p_lift_above(0.02), variant.p_equal(0.01)
    comparison.density()


def analyses():
    """One line for each number of variants and size."""
    for variants in (2, 3, 5, 10):
        for n in (0, 10**3, 10**6, 10**9):
            samples = [stats.BinarySample(n, n * (50 + i) // 1000) for i in range(variants)]
            line = {"what": "compare", "variants": variants, "visitors": n}
            for lens, prior in LENSES.items():
                line[f"{lens}, ms"] = round(milliseconds(lambda s=samples, p=prior: stats.compare(s, prior=p)), 2)
            if n:
                line["Monte Carlo, ms"] = round(milliseconds(lambda s=samples: sampled(s), repeats=3), 1)
            yield line


def reports():
    """Three variants and four goals, through both lenses, with everything that a report asks of them."""
    for n in (10**3, 10**6, 10**9):
        goals = [[stats.BinarySample(n, n * (20 + 10 * goal + i) // 1000) for i in range(3)] for goal in range(4)]

        def all_goals(goals=goals):
            for samples in goals:
                for prior in LENSES.values():
                    read(samples, prior)

        yield {
            "what": "3 variants, 4 goals, both lenses",
            "visitors": n,
            "ms": round(milliseconds(all_goals), 1),
            "at_most": 50,
        }


def exactness():
    """Pairs whose posterior is known to fifty digits, by both lenses and by gbstats."""
    cases = json.loads((ROOT / "tests/reference/exact_posteriors.json").read_text())["cases"]
    exact = {(case["name"], case["tau"]): case for case in cases}
    pairs = {name: exact[name, None]["counts"] for name in PAIRS}
    peers = dict(zip(PAIRS, analyse_with_gbstats(list(pairs.values())), strict=True))
    for name, counts in pairs.items():
        for lens, prior in LENSES.items():
            known = exact[name, getattr(prior, "tau", None)]
            samples = [stats.BinarySample(*each) for each in counts]
            variant = stats.compare(samples, prior=prior).variants[1]
            ours = {"p_beats_control": variant.p_beats_control, "low": variant.lift.low, "high": variant.lift.high}
            line = {"what": name, "counts": counts, "lens": lens}
            line["lander"] = {"ms": round(milliseconds(lambda s=samples, p=prior: stats.compare(s, prior=p)), 2)}
            line["lander"] |= errors(ours, known)
            peer = peers[name]
            if peer is None:
                line["gbstats"] = f"{GBSTATS} could not be fetched"
            else:
                line["gbstats"] = {
                    "ms": round(peer[PEER_PRIORS[lens]]["ms"], 2),
                    **errors(peer[PEER_PRIORS[lens]], known),
                }
            yield line


def errors(found, known):
    low, _, high = known["last_lift_quantiles"]
    return {
        "error of P": float(f"{abs(found['p_beats_control'] - known['p_last_lift_above']['0.0']):.1e}"),
        "error of the interval": float(f"{max(abs(found['low'] - low), abs(found['high'] - high)) / (high - low):.1e}"),
    }


def analyse_with_gbstats(pairs):
    command = [sys.executable, "-m", "uv", "run", "-q", "--isolated", "--no-project", "--with", GBSTATS]
    run = subprocess.run(
        [*command, "python", "-W", "ignore", str(ROOT / "bench/peers/gbstats_pair.py")],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT / "bench/peers",
    )
    return json.loads(run.stdout) if run.returncode == 0 else [None] * len(pairs)


def imports():
    """Processor time, the best of fresh interpreters that take turns, less the interpreter's own start.

    Bytecode is kept, as it is where Lander is installed.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder, "OPENBLAS_NUM_THREADS": "1"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        times = {"pass": [], "import numpy, scipy.special": [], "import stats": []}
        for _ in range(2 * REPEATS):  # the first of each writes the bytecode
            for statement, found in times.items():
                before = resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run([sys.executable, "-c", statement], check=True, cwd=ROOT, env=environment)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    nothing, base, ours = map(min, times.values())
    base, ours = base - nothing, ours - nothing
    line = {"what": "import stats", "cpu_s": round(ours, 4), "numpy_and_scipy_special_cpu_s": round(base, 4)}
    yield {**line, "ratio": round(ours / base, 3), "at_most": 1.2}


def main():
    for lines in (exactness, analyses, reports, imports):
        for line in lines():
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
