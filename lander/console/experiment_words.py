"""What several screens say of an experiment in the same words."""

from experiments.goals import Goal, Role, describe
from experiments.models import Annotation
from lander.console.experiment_context import NoteRow
from lander.console.format import percent


def note_row(note: Annotation) -> NoteRow:
    """A note for a screen."""
    return NoteRow(at=note.at, by=note.by, text=note.text, phase=note.phase)


def goal_in_words(goal: str, selector: str) -> str:
    """What is counted as a conversion."""
    return f"a click on {selector}" if goal == "click" else "a form sent"


def further_in_words(goal: Goal) -> str:
    """A further goal, and what it is for.

    >>> from experiments.goals import GoalKind
    >>> further_in_words(Goal(GoalKind.TIME, threshold=30)).replace("\u00a0", " ")
    '30 seconds on the page'
    >>> complaints = Goal(GoalKind.CLICK, "a.complain", role=Role.GUARDRAIL, margin=0.05, fewer_is_better=True)
    >>> further_in_words(complaints).replace("\u00a0", " ")
    'clicks on a.complain, a guardrail: at most 5 % above control'
    """
    if goal.role is Role.GUARDRAIL:
        return f"{describe(goal)}, a guardrail: {margin_in_words(goal)}"
    return secondary_in_words(goal)


def secondary_in_words(goal: Goal) -> str:
    """What it counts, and which way is the good one where that is not plain."""
    return f"{describe(goal)} (fewer is better)" if goal.fewer_is_better else describe(goal)


def margin_in_words(goal: Goal) -> str:
    """How much worse than control a guardrail may be."""
    side = "above" if goal.fewer_is_better else "below"
    return f"at most {percent(goal.margin)} {side} control" if goal.margin else f"not {side} control"
