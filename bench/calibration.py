"""Whether the report's claims come true: simulated tests, looked at every day as people do.

Two variants, 28 days, 500 visitors a variant and day, a rate of about 5 %. In the first world no lift exists (A/A), in
the second lifts spread as the decision lens expects. Every lens sees the same visitors. Prints one JSON object per line
with what is asked of the figure beside it; seeded, so the same lines come out again.
"""

import json
import math
import os
import sys
from dataclasses import asdict, dataclass
from multiprocessing import Pool
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[1])  # instead of this directory, whose stats.py hides the package

import numpy as np  # noqa: E402

import stats  # noqa: E402

EXPERIMENTS = int(os.environ.get("EXPERIMENTS", "2000"))
DAYS, VISITORS, RATE, TAU = 28, 500, 0.05, 0.07
RULE = stats.Rule()


@dataclass(frozen=True)
class Call:
    """The day a rule first said "ship b", and what it claimed then."""

    day: int
    p: float
    claimed: float


@dataclass(frozen=True)
class Ran:
    """One test: the lift that was true, what each rule called, and what the intervals held."""

    truth: float
    calls: dict[str, Call]
    covered: dict[str, bool]  # at the last look; for the anytime interval, at every look
    excluded_zero: bool  # the anytime interval, at any look


def run(task: tuple[int, float]) -> Ran:
    seed, tau = task
    generator = np.random.default_rng(seed)
    odds = math.log(RATE / (1 - RATE)) + tau * generator.standard_normal(2)
    rates = 1 / (1 + np.exp(-odds))
    seen = generator.binomial(VISITORS, rates, size=(DAYS, 2)).cumsum(axis=0)
    truth = float(rates[1] / rates[0] - 1)
    calls: dict[str, Call] = {}
    always = True
    excluded = False
    for day in range(1, DAYS + 1):
        samples = [stats.BinarySample(day * VISITORS, int(count)) for count in seen[day - 1]]
        flat = stats.compare(samples)
        decision = stats.compare(samples, prior=stats.Exchangeable(TAU))
        anytime = stats.anytime(*samples, tau=TAU * math.sqrt(2))
        gates = stats.Gates(open=True, days=day, conversions=tuple(sample.conversions for sample in samples))
        note(calls, "flat P > 0.95, every day", day, flat, called=flat.variants[1].p_best > 0.95)
        note(calls, "data only, by the rule", day, flat, called=ships(flat, gates))
        note(calls, "decision lens, by the rule", day, decision, called=ships(decision, gates))
        above = anytime.e_value >= RULE.strong_from and anytime.lift is not None and anytime.lift.low > 0
        note(calls, "anytime e >= 20", day, decision, called=above)
        if anytime.lift is not None:
            always &= anytime.lift.low <= truth <= anytime.lift.high
            excluded |= not anytime.lift.low <= 0 <= anytime.lift.high
    last = {"data only": flat.variants[1].lift, "decision lens": decision.variants[1].lift}
    covered = {name: lift.low <= truth <= lift.high for name, lift in last.items() if lift is not None}
    return Ran(truth, calls, {**covered, "anytime, at every look": always}, excluded)


def ships(comparison: stats.Comparison, gates: stats.Gates) -> bool:
    decision = stats.decide(comparison, gates, RULE)
    return decision.action is stats.Action.SHIP and decision.variant == 1


def note(calls: dict[str, Call], rule: str, day: int, comparison: stats.Comparison, *, called: bool) -> None:
    if called and rule not in calls:
        judged = comparison.variants[1]
        calls[rule] = Call(day, judged.p_beats_control, judged.lift.mean)


def say(what: str, **figures: object) -> None:
    print(json.dumps({"bench": "calibration", "what": what, "experiments": EXPERIMENTS, **figures}), flush=True)


def main() -> None:
    with Pool() as pool:
        same = pool.map(run, [(seed, 0.0) for seed in range(EXPERIMENTS)], chunksize=20)
        differing = pool.map(run, [(EXPERIMENTS + seed, TAU) for seed in range(EXPERIMENTS)], chunksize=20)
    rules = sorted({rule for ran in same + differing for rule in ran.calls})
    for rule in rules:
        # a mirrored test would call "a" as often: both ways of being wrong are twice this
        wrong = 2 * sum(rule in ran.calls for ran in same) / len(same)
        say("A/A, a winner called in 28 daily looks", rule=rule, share=round(wrong, 4))
    for rule in rules:
        called = [(ran.calls[rule], ran.truth) for ran in differing if rule in ran.calls]
        claimed, realised = sum(call.claimed for call, _ in called), sum(truth for _, truth in called)
        say(
            "lifts when called: claimed / realised",
            rule=rule,
            called=len(called),
            claimed=round(claimed / len(called), 4),
            realised=round(realised / len(called), 4),
            ratio=round(claimed / realised, 3),
            wrong_sign=round(sum(truth < 0 for _, truth in called) / len(called), 4),
            claimed_wrong_sign=round(sum(1 - call.p for call, _ in called) / len(called), 4),
            asked=[0.95, 1.05] if rule.startswith("decision") else None,
        )
    for name in ("data only", "decision lens", "anytime, at every look"):
        share = sum(ran.covered[name] for ran in differing) / len(differing)
        asked = "at least 0.95" if name.startswith("anytime") else [0.94, 0.96]
        say("a 95 % interval held the true lift", lens=name, share=round(share, 4), asked=asked)
    share = sum(ran.excluded_zero for ran in same) / len(same)
    say("A/A, the anytime interval excluded 0 at any of 28 looks", share=round(share, 4), asked="at most 0.05")
    say("rule", **asdict(RULE))


if __name__ == "__main__":
    main()
