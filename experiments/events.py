"""What can happen to a visitor of an experiment, as a value that crosses from the public path to the ledger.

An event names the exposure it belongs to: the view token carries experiment, phase, variant, visitor and segments, so a
confirmed or converted event proves its served one. Events are merged by minima and unions and may come in any order and
any number of times. No models here: the public path stays light.
"""

import json
from enum import StrEnum
from json.encoder import encode_basestring_ascii as _quoted
from typing import Final, NamedTuple


class Kind(StrEnum):
    """What happened."""

    SERVED = "served"
    CONFIRMED = "confirmed"
    CONVERSION = "conversion"
    FILTERED = "filtered"  # recorded with a reason, never counted


class Reason(StrEnum):
    """Why something was recorded and not counted."""

    BOT = "bot"
    PREFETCH = "prefetch"
    HEAD = "head"
    GPC = "gpc"
    OPT_OUT = "opt-out"
    OUTSIDE = "outside"  # the experiment's coverage leaves this visitor out
    TOKEN_EXPIRED = "token-expired"  # noqa: S105
    PHASE_CLOSED = "phase-closed"
    HONEYPOT = "honeypot"
    TOO_FAST = "too-fast"
    UNKNOWN_FORM = "unknown-form"  # no published form says what it had to hold
    QA = "qa"  # a colleague looked at a variant by a signed link


class Event(NamedTuple):  # every page view makes one: half the price of a frozen dataclass
    """One thing that happened; times are milliseconds since 1970, segments are those of the view."""

    kind: Kind
    experiment_id: int
    phase: int
    variant: str
    visitor: str  # 32 hexadecimal digits
    exposed_at_ms: int  # when the page view that the token names was served
    at_ms: int
    device: str
    browser: str
    source: str
    returning: bool
    goal: str = ""
    reason: str = ""  # of a filtered event, a `Reason`
    simulated: bool = False
    campaign: str = ""  # this and the next one of served events alone: utm_campaign and utm_term of the address
    keyword: str = ""

    def to_json(self) -> bytes:
        """One compact JSON object, the same for the same event."""
        # By hand because every page view pays for it: 0.7 µs, where json.dumps takes 4. The quoting is the library's.
        came = ""
        if self.campaign or self.keyword:
            came = f',"campaign":{_quoted(self.campaign)},"keyword":{_quoted(self.keyword)}'
        return (
            f'{{"kind":"{self.kind}","experiment_id":{self.experiment_id},"phase":{self.phase},'
            f'"variant":{_quoted(self.variant)},"visitor":{_quoted(self.visitor)},'
            f'"exposed_at_ms":{self.exposed_at_ms},"at_ms":{self.at_ms},"device":{_quoted(self.device)},'
            f'"browser":{_quoted(self.browser)},"source":{_quoted(self.source)},'
            f'"returning":{"true" if self.returning else "false"},"goal":{_quoted(self.goal)},'
            f'"reason":{_quoted(self.reason)},"simulated":{"true" if self.simulated else "false"}{came}}}'
        ).encode("ascii")

    @classmethod
    def from_json(cls, body: bytes | str) -> "Event":
        """Read what `to_json` wrote; raises `ValueError` where it is something else."""
        try:
            entry = json.loads(body)
            event = cls(**{**entry, "kind": Kind(entry["kind"])})
        except (TypeError, KeyError) as error:
            raise ValueError(f"this is not an event: {error}") from error
        if tuple(map(type, event)) != _TYPES:
            raise ValueError("this is not an event: a value has another type")
        return event


_TYPES: Final = tuple(Event.__annotations__.values())
