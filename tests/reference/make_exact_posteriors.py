"""Makes exact_posteriors.json: what `stats.compare` should find, computed to fifty digits with mpmath.

    python tests/reference/make_exact_posteriors.py ["name of a case" ...]

It shares no method with `stats`: the likelihood is written as it stands in a textbook, every integral is 20-point
Gauss-Legendre on panels of two widths of whatever is narrower, and the level of the exchangeable prior is summed over an
even grid of a third of its width, or of 0.2. Quantiles are found by Newton's method; it starts from what `stats` says,
which decides how soon they are found and not where. A case takes from a second (data alone) to some minutes, less with
gmpy2; a case that is named is computed again.
"""

import json
import sys
from itertools import pairwise
from pathlib import Path

from mpmath import mp, mpf

import stats

mp.dps = 50
FILE = Path(__file__).with_name("exact_posteriors.json")
ORDER, DEPTH = 20, 45

ALONE, BILLION = None, 10**9
CASES = [
    ("no visitors", [(0, 0), (0, 0)], [ALONE, 0.07]),
    ("an ordinary pair", [(1000, 52), (1000, 71)], [ALONE, 0.001, 0.07, 0.35]),
    ("a pair of a million", [(10**6, 50_000), (10**6, 50_400)], [ALONE, 0.07]),
    ("a pair of a billion", [(BILLION, 5 * 10**7), (BILLION, 50_012_000)], [ALONE, 0.07]),
    ("a clear winner", [(20_000, 1000), (20_000, 1300)], [ALONE, 0.07]),
    ("a million and a hundred", [(10**6, 50_000), (100, 9)], [ALONE, 0.07]),
    ("nobody of a billion, twice", [(BILLION, 0), (BILLION, 0)], [ALONE, 0.07]),
    ("all of a billion, but for three", [(BILLION, BILLION), (BILLION, BILLION - 3)], [ALONE, 0.07]),
    ("nobody and everybody", [(BILLION, 0), (BILLION, BILLION)], [ALONE, 0.35]),
    ("one against a billion", [(1, 1), (BILLION, 10**7)], [ALONE, 0.07]),
    ("a near tie of billions", [(BILLION, 5 * 10**7), (BILLION, 50_000_700), (BILLION, 49_999_500)], [ALONE, 0.07]),
    ("nothing, a billion and twenty", [(0, 0), (BILLION, 5 * 10**8), (20, 3)], [ALONE, 0.07]),
    ("millions that a small tau holds together", [(10**6, 50_000), (10**6, 60_000)], [0.001]),
    ("hardly any conversions", [(30, 0), (50, 1)], [ALONE, 0.07, 0.35, 2.0]),
    ("small and far apart", [(10, 3), (12, 12)], [ALONE, 2.0]),
    ("nothing beside a little", [(0, 0), (1300, 55)], [ALONE, 0.35]),
    ("hundreds and three that nobody converted in", [(802, 0), (3, 0)], [1.0]),
    ("five variants", [(5000, 250), (5000, 262), (4800, 231), (5100, 300), (5000, 247)], [ALONE, 0.07]),
    ("twenty variants", [(2000, 100)] * 12 + [(2000, 110)] * 7 + [(2000, 131)], [ALONE, 0.07]),
]
LIFTS = [-0.1, 0.0, 0.02]
ABOUT = {
    "source": "computed by tests/reference/make_exact_posteriors.py with mpmath, 50 digits",
    "semantics": "counts are (visitors, conversions), the first is control; tau of the exchangeable prior, or null for "
    "Beta(0.5, 0.5) alone; lifts are of the last variant, quantiles at 2.5, 50 and 97.5 %",
}


def legendre_rule():
    """Nodes and weights on [-1, 1], and the matrix that integrates from -1 to each node."""
    nodes = []
    for k in range(ORDER):
        x = mp.cos(mp.pi * (k + mpf(3) / 4) / (ORDER + mpf(1) / 2))
        for _ in range(8):
            p, slope = legendre(x, ORDER)
            x -= p / slope
        nodes.append(x)
    nodes.sort()
    weights = [2 / ((1 - x * x) * legendre(x, ORDER)[1] ** 2) for x in nodes]
    running = []
    for x in nodes:
        row = []
        for node, weight in zip(nodes, weights, strict=True):
            total = (1 + x) / 2
            for n in range(1, ORDER):
                total += legendre(node, n)[0] * (legendre(x, n + 1)[0] - legendre(x, n - 1)[0]) / 2
            row.append(weight * total)
        running.append(row)
    return nodes, weights, running


def legendre(x, degree):
    before, p = mpf(1), x
    if degree == 0:
        return before, mpf(0)
    for n in range(1, degree):
        before, p = p, ((2 * n + 1) * x * p - n * before) / (n + 1)
    return p, degree * (x * p - before) / (x * x - 1)


NODES, WEIGHTS, RUNNING = legendre_rule()


class Curve:
    """The density over log-odds of one variant: Beta alone, or given the level m."""

    def __init__(self, n, conversions, tau=None, m=None):
        self.tau, self.m = tau, m
        half = mpf(1) / 2 if tau is None else 0
        self.a, self.n = conversions + half, n + 2 * half
        self.peak = self.find_peak()
        self.width = 1 / mp.sqrt(self.bend(self.peak))
        self.top = self.log(self.peak)
        self.edges = self.find_edges()
        self.log_area = mp.log(
            sum(sum(w * mp.exp(self.log(z) - self.top) for z, w in panel) for panel in self.panels())
        )

    def log(self, z):
        log = self.a * z - self.n * mp.log1p(mp.exp(z))
        return log if self.tau is None else log - (z - self.m) ** 2 / (2 * self.tau**2)

    def slope(self, z):
        slope = self.a - self.n / (1 + mp.exp(-z))
        return slope if self.tau is None else slope - (z - self.m) / self.tau**2

    def bend(self, z):
        bend = self.n / (1 + mp.exp(-z)) / (1 + mp.exp(z))
        return bend if self.tau is None else bend + 1 / self.tau**2

    def find_peak(self):
        low, high = mpf(-400), mpf(400)
        while high - low > mpf("1e-3"):
            middle = (low + high) / 2
            low, high = (middle, high) if self.slope(middle) > 0 else (low, middle)
        z = (low + high) / 2
        for _ in range(200):
            step = self.slope(z) / self.bend(z)
            z += max(min(step, mpf(1)), mpf(-1))
            if abs(step) < mpf("1e-30"):
                break
        return z

    def find_edges(self):
        step = 2 * min(self.width, mpf("0.5"))
        edges = [self.peak]
        for side in (-1, 1):
            z, stride = self.peak, step
            while self.log(z) > self.top - DEPTH:
                z += side * stride
                edges.append(z)
                stride = min(stride * mpf("1.1"), mpf(2))
        return sorted(edges)

    def panels(self):
        return [scale(left, right) for left, right in pairwise(self.edges)]

    def density(self, z):
        return mp.exp(self.log(z) - self.top - self.log_area)


def scale(left, right):
    half, middle = (right - left) / 2, (left + right) / 2
    return [(middle + half * x, half * w) for x, w in zip(NODES, WEIGHTS, strict=True)]


def cut(edges, low, high):
    """Panels between the edges inside, wide gaps cut further for the logistic function."""
    inside = sorted({low, high, *(edge for edge in edges if low < edge < high)})
    fine = [inside[0]]
    for edge in inside[1:]:
        if edge - fine[-1] < mpf("1e-40"):
            continue
        pieces = int(mp.ceil((edge - fine[-1]) / 2))
        start = fine[-1]
        fine += [start + (edge - start) * (k + 1) / pieces for k in range(pieces)]
    return list(pairwise(fine))


def cumulate(panels, values):
    """The running integral at the nodes: `values` and the result are lists of panels of node values."""
    total, below = mpf(0), []
    for (left, right), row in zip(panels, values, strict=True):
        half = (right - left) / 2
        if any(row):
            below.append([total + half * mp.fdot(weights, row) for weights in RUNNING])
            total += half * mp.fdot(WEIGHTS, row)
        else:
            below.append([total] * ORDER)
    return below


def densities(curve, points, grows=None):
    """At points, nothing outside the curve's edges; `grows` multiplies it."""
    return [
        curve.density(z) * (1 if grows is None else grows[k]) if curve.edges[0] < z < curve.edges[-1] else mpf(0)
        for k, z in enumerate(points)
    ]


def standings(groups):
    """P(best) and E[max of all, this one being it] of one variant of each group of (curve, how many of it)."""
    curves = [curve for curve, _ in groups]
    panels = cut(
        [edge for curve in curves for edge in curve.edges],
        min(curve.edges[0] for curve in curves),
        max(curve.edges[-1] for curve in curves),
    )
    nodes = [[z for z, _ in scale(*panel)] for panel in panels]
    f = [[densities(curve, row) for row in nodes] for curve in curves]
    below = [cumulate(panels, rows) for rows in f]
    best, highest = [], []
    for i in range(len(groups)):
        p, top = mpf(0), mpf(0)
        for k, panel in enumerate(panels):
            for j, (z, w) in enumerate(scale(*panel)):
                if not f[i][k][j]:
                    continue
                term = w * f[i][k][j]
                for g, (_, count) in enumerate(groups):
                    term *= below[g][k][j] ** (count - (g == i))
                p += term
                top += term / (1 + mp.exp(-z))
        best.append(p)
        highest.append(top)
    return best, highest


def mean_rate(curve):
    return sum(sum(w * curve.density(z) / (1 + mp.exp(-z)) for z, w in panel) for panel in curve.panels())


def p_above(variant, control, log_ratio):
    """P(log(variant / control) > log_ratio) and the density there, over the rate that is divided."""
    outer, inner = (variant, control) if log_ratio >= 0 else (control, variant)
    shift = abs(log_ratio)

    def moved(z):
        """The inner log-odds where the inner rate is exp(-shift) times that at z, and its slope."""
        log_rate = -mp.log1p(mp.exp(-z)) - shift
        rest = -mp.expm1(log_rate)
        return log_rate - mp.log(rest), 1 / (1 + mp.exp(z)) / rest

    def back(z):
        log_rate = -mp.log1p(mp.exp(-z)) + shift
        return log_rate - mp.log(-mp.expm1(log_rate)) if log_rate < 0 else None

    edges = [*outer.edges, *(b for b in map(back, inner.edges) if b is not None)]
    first = back(inner.edges[0])
    tail, there_density = mpf(0), mpf(0)
    if first is not None and first < outer.edges[-1]:
        low = min(first, outer.edges[0])
        ceiling = back(mpf(60))
        if ceiling is not None:
            edges += [ceiling + k for k in range(-6, 7)]
        panels = cut(edges, low, outer.edges[-1])
        nodes = [[z for z, _ in scale(*panel)] for panel in panels]
        there = [[moved(z) for z in row] for row in nodes]
        inside = [densities(inner, [z for z, _ in row], [g for _, g in row]) for row in there]
        below = cumulate(panels, inside)
        for panel, row, under, inner_row in zip(panels, nodes, below, inside, strict=True):
            half, weight = (panel[1] - panel[0]) / 2, densities(outer, row)
            tail += half * mp.fdot(WEIGHTS, [x * y for x, y in zip(weight, under, strict=True)])
            per_log = [x * y * (1 + mp.exp(z)) for x, y, z in zip(weight, inner_row, row, strict=True)]
            there_density += half * mp.fdot(WEIGHTS, per_log)
    return (tail if log_ratio >= 0 else 1 - tail), there_density


class Posterior:
    """Independent curves with weights: one set of them alone, or one for each level."""

    def __init__(self, counts, tau):
        self.counts = counts
        self.kinds = sorted(set(counts))
        if tau is None:
            self.levels = [(mpf(1), {kind: Curve(*kind) for kind in self.kinds})]
        else:
            self.levels = self.find_levels(mpf(str(tau)))

    def find_levels(self, tau):
        known = {}

        def look(m):
            if m not in known:
                curves = {kind: Curve(*kind, tau=tau, m=m) for kind in self.kinds}
                logs = [self.counts.count(kind) * (curves[kind].top + curves[kind].log_area) for kind in self.kinds]
                known[m] = sum(logs) + m / 2 - mp.log1p(mp.exp(m)), curves
            return known[m][0]

        peak, width = self.find_level(tau)
        top = look(peak)

        # Given m, a lift has a probability that turns over within 1 somewhere, even where m is not known to within 50.
        step = min(width * mpf("0.35"), mpf("0.2"))
        heights = {}
        for side in (1, -1):
            k = 0
            while look(peak + k * step) > top - 34:
                heights[k] = mp.exp(look(peak + k * step) - top)
                k += side
        whole = sum(heights.values())
        half = 2 * sum(height for k, height in heights.items() if k % 2 == 0)
        assert abs(whole - half) < mpf("1e-6") * whole, "an error that falls with the square is not small enough"
        return [(height / whole, known[peak + k * step][1]) for k, height in heights.items()]

    def find_level(self, tau):
        """About the likeliest level and its width, by Laplace's approximation; a start, no result."""

        def slope(m):
            found = mpf(1) / 2 - 1 / (1 + mp.exp(-m))
            for kind in self.kinds:
                found += self.counts.count(kind) * (Peak(*kind, tau, m).z - m) / tau**2
            return found

        low, high = mpf(-60), mpf(60)
        while high - low > mpf("1e-6"):
            middle = (low + high) / 2
            low, high = (middle, high) if slope(middle) > 0 else (low, middle)
        step = mpf("1e-4")
        return low, 1 / mp.sqrt((slope(low - step) - slope(low + step)) / (2 * step))

    def standings(self):
        best, highest, means = ([mpf(0)] * len(self.kinds) for _ in range(3))
        for weight, curves in self.levels:
            p, top = standings([(curves[kind], self.counts.count(kind)) for kind in self.kinds])
            for i, kind in enumerate(self.kinds):
                best[i] += weight * p[i]
                highest[i] += weight * top[i]
                means[i] += weight * mean_rate(curves[kind])
        most = sum(self.counts.count(kind) * highest[i] for i, kind in enumerate(self.kinds))
        return best, [most - mean for mean in means], means

    def p_above(self, variant, control, log_ratio):
        """The probability, and the density."""
        found = [(w, *p_above(curves[variant], curves[control], log_ratio)) for w, curves in self.levels]
        return sum(w * p for w, p, _ in found), sum(w * f for w, _, f in found)

    def quantile(self, variant, control, above, start):
        """The log ratio with this probability above it, by Newton's method."""
        x, width = start, self.width(variant, control)
        for _ in range(30):
            p, density = self.p_above(variant, control, x)
            step = (p - above) / density
            x += step
            if abs(step) < mpf("1e-6") * width:  # what is left is about the square of this
                return x
        raise ArithmeticError("no quantile")

    def width(self, variant, control):
        """About how wide the log ratio is."""
        _, curves = max(self.levels, key=lambda level: level[0])
        two = [curves[kind] for kind in (variant, control)]
        return mp.sqrt(sum((curve.width / (1 + mp.exp(curve.peak))) ** 2 for curve in two))


class Peak:
    """Only where a curve has its peak, which a search for the level asks for often."""

    def __init__(self, n, conversions, tau, m):
        curve = Curve.__new__(Curve)
        curve.tau, curve.m, curve.a, curve.n = tau, m, mpf(conversions), mpf(n)
        self.z = curve.find_peak()


def compute(counts, tau):
    posterior = Posterior(counts, tau)
    best, losses, means = posterior.standings()
    at = {kind: i for i, kind in enumerate(posterior.kinds)}
    control, variant = counts[0], counts[-1]
    result = {
        "p_best": [float(best[at[kind]]) for kind in counts],
        "expected_loss": [float(losses[at[kind]]) for kind in counts],
        "mean_rate": [float(means[at[kind]]) for kind in counts],
        "p_last_lift_above": {
            str(r): float(posterior.p_above(variant, control, mp.log1p(mpf(str(r))))[0]) for r in LIFTS
        },
    }
    samples = [stats.BinarySample(*each) for each in counts]
    prior = stats.Beta(0.5, 0.5) if tau is None else stats.Exchangeable(tau)
    lift = stats.compare(samples, prior=prior).variants[-1].lift
    quantiles = [
        posterior.quantile(variant, control, mpf(above), mp.log1p(mpf(start)))
        for above, start in (("0.975", lift.low), ("0.5", lift.median), ("0.025", lift.high))
    ]
    return result | {"last_lift_quantiles": [float(mp.expm1(q)) for q in quantiles], "levels": len(posterior.levels)}


def main():
    kept = {(row["name"], row["tau"]): row for row in json.loads(FILE.read_text())["cases"]} if FILE.exists() else {}
    for name, counts, taus in CASES:
        for tau in taus:
            if (name, tau) in kept and name not in sys.argv[1:]:
                continue
            kept[name, tau] = {"name": name, "tau": tau, "counts": counts, **compute(counts, tau)}
            print(name, tau, kept[name, tau], flush=True)
            rows = [kept[key] for key in ((n, t) for n, _, ts in CASES for t in ts) if key in kept]
            FILE.write_text(json.dumps({**ABOUT, "row_count": len(rows), "cases": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
