"""Reading JSON whose author is not known: each value with the place it stands at, so that a refusal can name it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lander.errors import InvalidInput


class Unreadable(InvalidInput):
    """The file holds no report that can be recomputed."""

    code = "unreadable-report"
    exit_status = 2


@dataclass(frozen=True, slots=True)
class Part:
    """A value and its path, say `variants[0].confirmed`. Every method raises `Unreadable` where it is something else."""

    value: Any
    path: str = ""

    def __getitem__(self, key: str) -> "Part":
        if not isinstance(self.value, dict):
            raise self.refuse("an object")
        path = f"{self.path}.{key}" if self.path else key
        if key not in self.value:
            raise Unreadable(
                f"'{path}' is missing.",
                fix="Export the report again: a version of Lander that is older may not write it.",
            )
        return Part(self.value[key], path)

    def find(self, key: str) -> "Part | None":
        """None where an older version of Lander did not write it."""
        return self[key] if isinstance(self.value, dict) and key in self.value else None

    def parts(self) -> list["Part"]:
        if not isinstance(self.value, list):
            raise self.refuse("a list")
        return [Part(item, f"{self.path}[{position}]") for position, item in enumerate(self.value)]

    def items(self) -> Iterator[tuple[str, "Part"]]:
        if not isinstance(self.value, dict):
            raise self.refuse("an object")
        for key in self.value:
            yield key, self[key]

    def count(self) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int) or self.value < 0:
            raise self.refuse("a whole number of 0 or more")
        return self.value

    def number(self) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.refuse("a number")
        return float(self.value)

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.refuse("true or false")
        return self.value

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.refuse("text")
        return self.value

    def moment(self) -> datetime:
        try:
            found = datetime.fromisoformat(self.text())
        except ValueError:
            raise self.refuse("a moment such as 2026-11-02T09:00:00+00:00") from None
        if found.tzinfo is None:
            raise self.refuse("a moment with its zone")
        return found

    def refuse(self, wanted: str) -> Unreadable:
        shown = repr(self.value)
        return Unreadable(
            f"'{self.path or 'the file'}' must be {wanted}, and is {shown if len(shown) <= 60 else shown[:57] + '…'}.",
            fix="Was the file changed since it was exported? Export the report again.",
        )
