"""Whether the plan in a saved report is the one that was sealed, and the report was judged by it."""

import hashlib
import json
from typing import Any

from lander.verification.saved import Saved

Tree = dict[str, Any]


def recompute_plan(saved: Saved) -> Tree:
    """The seal, and the parameters that the plan fixed. Departures are words, and not made again."""
    if saved.plan is None:
        return {"plan": None}
    prior = saved.plan.get("prior")
    fixed = {name: saved.plan[key] for name, key in _FIXED if key in saved.plan}
    if isinstance(prior, dict) and "tau" in prior:
        fixed["tau"] = prior["tau"]
    return {"plan": {"is_intact": _hash(saved.plan) == saved.plan_hash}, "parameters": fixed}


_FIXED = (("min_lift", "lift"), ("value_minor", "value_minor"), ("currency", "currency"))


def _hash(plan: Tree) -> str:
    """SHA-256 of the canonical JSON: sorted keys, no spaces, ASCII."""
    canonical = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
