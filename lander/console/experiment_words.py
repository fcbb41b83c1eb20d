"""What several screens say of an experiment in the same words."""

from experiments.models import Annotation
from lander.console.experiment_context import NoteRow


def note_row(note: Annotation) -> NoteRow:
    """A note for a screen."""
    return NoteRow(at=note.at, by=note.by, text=note.text, phase=note.phase)


def goal_in_words(goal: str, selector: str) -> str:
    """What is counted as a conversion."""
    return f"a click on {selector}" if goal == "click" else "a form sent"
