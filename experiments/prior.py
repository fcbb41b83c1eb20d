"""The prior of the decision lens: how far the variants of an experiment are believed to lie apart before any data.

It is chosen when an experiment starts, from those that had ended by then, and stays with its plan: a result must not move
because another experiment has ended meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Prior:
    """`tau`: standard deviation of a variant's log-odds; a lift has √2 times that. `low` and `high`: 95 % range of a tau
    that was learned, None for the default one. `experiments`: how many it was learned from, 0 for the default.
    """

    tau: float
    low: float | None = None
    high: float | None = None
    experiments: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "tau": self.tau,
            "source": "learned" if self.experiments else "default",
            "low": self.low,
            "high": self.high,
            "experiments": self.experiments,
        }

    @classmethod
    def of_plan(cls, plan: Mapping[str, Any]) -> "Prior":
        """The one that a plan fixed; the default where it fixed none.

        >>> Prior.of_plan({}) == DEFAULT_PRIOR
        True
        """
        fixed = plan.get("prior")
        if fixed is None:
            return DEFAULT_PRIOR
        return cls(tau=fixed["tau"], low=fixed["low"], high=fixed["high"], experiments=fixed["experiments"])


DEFAULT_PRIOR: Final = Prior(tau=0.07)
