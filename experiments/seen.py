"""What somebody saw of a report, in short: the value that a look keeps, and that crosses the journal as JSON."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from experiments.models import Occasion


@dataclass(frozen=True, slots=True)
class SeenVariant:
    """What a look saw of a variant; probabilities and lift are those of the decision lens, lift None for control."""

    key: str
    served: int
    confirmed: int
    conversions: int
    p_best: float
    expected_loss: float
    lift: float | None
    lift_low: float | None
    lift_high: float | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A report in short, at the moment of a look."""

    experiment: str
    phase: int
    at: datetime
    by: str
    occasion: Occasion
    action: str
    variant: str
    sentence: str
    days: int
    variants: tuple[SeenVariant, ...]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat(), "occasion": self.occasion.value}

    def to_journal(self) -> bytes:
        return json.dumps(self.as_json(), allow_nan=False).encode()

    @classmethod
    def from_journal(cls, body: bytes) -> "Seen":
        """Read what `to_journal` wrote; raises `ValueError` where it is something else."""
        try:
            entry = json.loads(body)
            variants = tuple(SeenVariant(**item) for item in entry["variants"])
            return cls(
                **{
                    **entry,
                    "at": datetime.fromisoformat(entry["at"]),
                    "occasion": Occasion(entry["occasion"]),
                    "variants": variants,
                }
            )
        except (TypeError, KeyError) as error:
            raise ValueError(f"this is not a look: {error}") from error
