"""Plan against practice in a saved report: what departed from the plan, and what the looks at it saw.

The sentences are not made again, nor what a look was told to do: that followed from findings that only it had.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

import stats
from lander.verification.parts import Part
from lander.verification.plan import hash_plan
from lander.verification.saved import Look, Saved

_SLOWER: Final = 0.8  # of the planned visitors a day
_OVERRUN: Final = 1.5  # of the planned days
_DAY: Final = timedelta(days=1)
_WHOLE_BP: Final = 10_000

Tree = dict[str, Any]


def recompute_departures(saved: Saved, data: stats.Comparison, *, days: int) -> list[Tree] | None:
    """Each departure's kind and both sides in short; None where there was no plan."""
    if saved.plan is None:
        return None
    found = hash_plan(saved.plan)
    if found != saved.plan_hash:
        return [_depart("plan-changed", saved.plan_hash, found)]
    plan = Part(saved.plan, "plan.plan")
    return [
        *_check_fields(saved, plan),
        *_check_goals(saved, plan),
        *_check_phases(saved, plan),
        *_check_length(saved, plan, days),
        *_check_traffic(saved, plan, days),
        *_check_rate(saved, plan, data.variants[saved.control].rate),
        *_check_looks(saved, plan),
        *_check_decision(saved),
    ]


def recompute_looks(saved: Saved) -> list[Tree]:
    """What was looked at, and what each look saw through the decision lens. One from before the plan was fixed may have
    had another prior. Which days counted then is not known, only that no more had passed.
    """
    fixed_at = None if saved.plan is None else Part(saved.plan, "plan.plan")["fixed_at"].moment()
    known: dict[tuple[stats.BinarySample, ...], list[Tree]] = {}
    return [
        {
            "experiment": saved.experiment,
            "phase": saved.phase,
            "days": min(look.days, max((look.at - saved.started_at) // _DAY, 0)),
            **({} if fixed_at is not None and look.at < fixed_at else _see(look, saved, known)),
        }
        for look in saved.looks
    ]


def _see(look: Look, saved: Saved, known: dict[tuple[stats.BinarySample, ...], list[Tree]]) -> Tree:
    samples = tuple(item.sample for item in look.counts)
    if samples not in known:
        found = stats.compare(
            samples,
            control=saved.control,
            prior=stats.Exchangeable(saved.parameters.tau),
            level=saved.parameters.level,
        )
        known[samples] = [
            {
                "p_best": item.p_best,
                "expected_loss": item.expected_loss,
                "lift": None if item.lift is None else item.lift.median,
                "lift_low": None if item.lift is None else item.lift.low,
                "lift_high": None if item.lift is None else item.lift.high,
            }
            for item in found.variants
        ]
    return {"variants": known[samples]}


def _check_fields(saved: Saved, plan: Part) -> Iterator[Tree]:
    for name, done in saved.counted.items():
        if str(plan[name].value) != str(done):
            yield _depart(name, str(plan[name].value), str(done))


def _check_goals(saved: Saved, plan: Part) -> Iterator[Tree]:
    """The further ones; both sides are words, and not made again."""
    declared = plan.find("goals")  # the first plans had none
    planned = [] if declared is None else [item.value for item in declared.parts()]
    if planned != [goal.declared for goal in saved.goals]:
        yield {"kind": "goals"}


def _check_phases(saved: Saved, plan: Part) -> Iterator[Tree]:
    latest = saved.phase_lines[-1]
    if latest.number > 1:
        yield _depart("phases", "1", str(latest.number))
    weights = {item.key: item.weight_bp for item in latest.counts}
    planned = _say_split({key: item.count() for key, item in plan["weights"].items()}, plan["coverage_bp"].count())
    done = _say_split(weights, latest.coverage_bp)
    if planned != done:
        yield _depart("split", planned, done)


def _check_length(saved: Saved, plan: Part, days: int) -> Iterator[Tree]:
    wanted, planned = _find_count(plan["visitors"]), _find_count(plan["days"])
    came = sum(item.confirmed for item in saved.counts)
    is_short = wanted is not None and came < wanted and (planned is None or days < planned)
    if wanted is not None and saved.ended_at is not None and is_short:
        until = "" if planned is None else f" or {_plural(planned, 'day')}"
        done = f"{_plural(came, 'visitor')} and {_plural(days, 'day')}"
        yield _depart("stopped-early", f"{_plural(wanted, 'visitor')}{until}", done)
    if planned is not None and days > _OVERRUN * planned:
        yield _depart("overrun", _plural(planned, "day"), _plural(days, "day"))


def _check_traffic(saved: Saved, plan: Part, days: int) -> Iterator[Tree]:
    planned = _find_number(plan["visitors_per_day"])
    if planned is None or not days:
        return
    came = sum(item.confirmed for item in saved.counts) / days
    if came < _SLOWER * planned:
        yield _depart("slower", f"{planned:.0f} a day", f"{came:.0f} a day")


def _check_rate(saved: Saved, plan: Part, rate: stats.Estimate) -> Iterator[Tree]:
    planned = _find_number(plan["rate"])
    if planned is None or not any(item.confirmed for item in saved.counts):
        return
    if not rate.low <= planned <= rate.high:
        yield _depart("rate", f"{100 * planned:.2g} %", f"{100 * rate.low:.2g}–{100 * rate.high:.2g} %")


def _check_looks(saved: Saved, plan: Part) -> Iterator[Tree]:
    until = saved.phase_lines[-1].started_at + plan["rule"]["min_days"].count() * _DAY
    early = [look for look in saved.looks if look.occasion == "opened" and look.at < until]
    if early:
        yield _depart("looked-early", "0", str(len(early)))


def _check_decision(saved: Saved) -> Iterator[Tree]:
    decided = [look for look in saved.looks if look.occasion == "decision"]
    if saved.ended_at is None or not decided:
        return
    said, control = decided[-1], saved.counts[saved.control].key
    if saved.shipped != (said.variant if said.action == "ship" else control):
        yield _depart("decision", said.action, saved.shipped)


def _depart(kind: str, planned: str, done: str) -> Tree:
    return {"kind": kind, "planned": planned, "done": done}


def _find_count(part: Part) -> int | None:
    return None if part.value is None else part.count()


def _find_number(part: Part) -> float | None:
    return None if part.value is None else part.number()


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _say_split(weights: Mapping[str, int], coverage_bp: int) -> str:
    parts = " : ".join(f"{key.upper()} {weights[key] / 100:g} %" for key in sorted(weights))
    who = "all visitors" if coverage_bp == _WHOLE_BP else f"{coverage_bp / 100:g} % of visitors"
    return f"{parts} of {who}"
