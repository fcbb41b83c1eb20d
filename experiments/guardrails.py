"""What the guardrails say of each variant, and how that is put into words. Whether a harmed variant goes is not decided here."""

from collections.abc import Sequence
from dataclasses import dataclass

import stats
from experiments.goals import Goal, GoalKind, describe
from experiments.outcomes import GoalReport


@dataclass(frozen=True, slots=True)
class Harm:
    """A variant by one guardrail."""

    goal: Goal
    found: stats.Guardrail

    @property
    def is_unsure(self) -> bool:
        return self.found.status is stats.GuardrailStatus.UNSURE

    def beyond(self, control: str) -> str:
        """What would be too much.

        >>> goal = Goal(GoalKind.CLICK, selector="a.phone", margin=0.05)
        >>> Harm(goal, stats.Guardrail(0.98, 0.05, stats.GuardrailStatus.HARM)).beyond("A")
        'over 5 % fewer clicks on a.phone than A'
        """
        over = f"over {100 * self.found.margin:g} % " if self.found.margin else ""
        return f"{over}{'more' if self.goal.fewer_is_better else 'fewer'} {_name_many(self.goal)} than {control}"


def find_worst(goals: Sequence[GoalReport], position: int) -> Harm | None:
    """The guardrail that a variant harms most probably, the first declared of equal ones; None where none asks about it."""
    asked = [Harm(report.goal, found) for report in goals if (found := report.variants[position].guardrail) is not None]
    return max(asked, key=lambda harm: harm.found.p_harm, default=None)


def list_harm(goals: Sequence[GoalReport]) -> tuple[float, ...]:
    """The highest probability of harm of each variant, 0 for control; empty where there is no guardrail."""
    worst = [find_worst(goals, position) for position in range(len(goals[0].variants) if goals else 0)]
    return tuple(0.0 if harm is None else harm.found.p_harm for harm in worst) if any(worst) else ()


def _name_many(goal: Goal) -> str:
    match goal.kind:
        case GoalKind.SCROLL:
            return f"visitors who see {goal.threshold} % of the page"
        case GoalKind.TIME:
            return f"visitors who stay {goal.threshold} seconds"
        case _:
            return describe(goal)
