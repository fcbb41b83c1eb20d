"""Why a verb on an experiment refused: one ladder, shaped like the service's own so that the edge maps both alike.

Every leaf has a stable `code`, an HTTP `status`, and a message that says what was wrong and, in `fix`, how to mend it.
"""

from typing import ClassVar


class ExperimentError(Exception):
    """Something about an experiment that the person at the other end can understand and mend."""

    code: ClassVar[str] = "experiment"
    status: ClassVar[int] = 400

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


class InvalidExperiment(ExperimentError):
    """The plan of an experiment breaks a rule: weights, coverage, goal, variants, or a missing reason."""

    code = "invalid-experiment"
    status = 422


class UnknownDimension(ExperimentError):
    """Visitors cannot be grouped by this."""

    code = "unknown-dimension"


class UnknownExperiment(ExperimentError):
    """There is no experiment of that key, or no such phase of it."""

    code = "unknown-experiment"
    status = 404


class ExperimentConflict(ExperimentError):
    """The state the experiment is in does not allow this now."""

    code = "experiment-conflict"
    status = 409
