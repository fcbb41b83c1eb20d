"""The ladder of errors that the service raises.

Every rung has a stable `code` for machines, an HTTP `status`, and a message for the person who reads it:
what was wrong, where, and what to do. They are raised at the cause and mapped once, at the edge.
"""


class LanderError(Exception):
    """Something the person at the other end can understand and mend."""

    code = "error"
    status = 400

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message} {self.fix}".strip()


class ConfigurationError(LanderError):
    """The process must not start with these settings."""

    code = "configuration"
    status = 500


class InvalidInput(LanderError):
    """A value breaks the rules of its field."""

    code = "invalid-input"
    status = 422


class NotFound(LanderError):
    """There is nothing of that name, or it is not for this person to see."""

    code = "not-found"
    status = 404


class Conflict(LanderError):
    """The state of things does not allow this now."""

    code = "conflict"
    status = 409


class Forbidden(LanderError):
    """This person may not do this."""

    code = "forbidden"
    status = 403


class SignInRequired(LanderError):
    """Nobody is signed in."""

    code = "sign-in-required"
    status = 401


class Unavailable(LanderError):
    """A part that the answer needs is away; trying again later may work."""

    code = "unavailable"
    status = 503
