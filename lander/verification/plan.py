"""Whether the plan in a saved report is the one that was sealed, and the report was judged by it."""

import hashlib
import json
from typing import Any, Final

from lander.verification.saved import Saved

_FIXED: Final = (("min_lift", "lift"), ("value_minor", "value_minor"), ("currency", "currency"))

Tree = dict[str, Any]


def find_fixed(saved: Saved) -> Tree:
    """The parameters that the plan fixed."""
    plan = saved.plan or {}
    prior = plan.get("prior")
    fixed = {name: plan[key] for name, key in _FIXED if key in plan}
    return {**fixed, "tau": prior["tau"]} if isinstance(prior, dict) and "tau" in prior else fixed


def hash_plan(plan: Tree) -> str:
    """SHA-256 of the canonical JSON: sorted keys, no spaces, ASCII."""
    canonical = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
