"""Whether the plan in a saved report is the one that was sealed, and the report was judged by it.

Goals, window, phases and split have departures of their own, in `practice`.
"""

import hashlib
import json
from dataclasses import fields
from typing import Any, Final

import stats
from lander.verification.parts import Part
from lander.verification.saved import Saved

_FIXED: Final = (("min_lift", "lift"), ("value_minor", "value_minor"), ("currency", "currency"))
_NAMED: Final = ("experiment", "purpose", "hypothesis")

Tree = dict[str, Any]


def find_fixed(saved: Saved) -> Tree:
    """The parameters that the plan fixed; without one, the prior is one that nobody learned."""
    plan = saved.plan or {}
    fixed: Tree = {name: plan[key] for name, key in _FIXED if key in plan}
    prior = plan.get("prior")
    if isinstance(prior, dict):
        fixed |= {"prior": prior, "tau": prior.get("tau", saved.parameters.tau)}
    else:
        fixed["prior"] = {"tau": saved.parameters.tau, "source": "default", "low": None, "high": None, "experiments": 0}
    if is_intact(saved):
        known = {field.name for field in fields(stats.Rule)}  # another version may have fixed the plan
        fixed["rule"] = {name: item.value for name, item in Part(plan, "plan.plan")["rule"].items() if name in known}
    return fixed


def find_named(saved: Saved) -> Tree:
    """What is judged and why, as the plan says it."""
    plan = saved.plan or {}
    return {name: plan[name] for name in _NAMED if name in plan} if is_intact(saved) else {}


def is_intact(saved: Saved) -> bool:
    """Whether there is a plan, and it is the one whose hash was taken."""
    return saved.plan is not None and hash_plan(saved.plan) == saved.plan_hash


def hash_plan(plan: Tree) -> str:
    """SHA-256 of the canonical JSON: sorted keys, no spaces, ASCII."""
    canonical = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
