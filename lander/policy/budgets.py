"""How much a page makes a visitor load: weight, requests and scripts against the limits that IT set.

Pure. What is loaded, and how heavy it is, is handed in; the finding names the three largest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lander.policy.findings import Finding
from lander.policy.policy import Budgets

KB: Final = 1_000
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One request that showing a page makes."""

    name: str  # as a person knows it
    size_bytes: int  # compressed; 0 where it comes from another host and nobody knows
    is_script: bool = False


def check_budgets(parts: Sequence[Part], budgets: Budgets, *, inline_script_bytes: int = 0) -> Iterator[Finding]:
    """What is over its limit. A page that is exactly at a limit keeps to it."""
    if budgets.weight is None:
        return
    weight = sum(part.size_bytes for part in parts)
    if weight > budgets.page_kb * KB:
        yield Finding(
            budgets.weight,
            "budgets.page_kb",
            f"The page weighs {_kb(weight)}; your budget is {budgets.page_kb:,} kB. "
            f"The largest: {_list_largest(parts)}.",
            "Make the largest images smaller, or leave out what nobody misses.",
        )
    if len(parts) > budgets.requests:
        yield Finding(
            budgets.weight,
            "budgets.requests",
            f"The page makes {len(parts)} requests; your budget is {budgets.requests}. "
            f"The largest: {_list_largest(parts)}.",
            "Leave out files that the page can do without, and put small scripts or styles into one.",
        )
    scripts = [part for part in parts if part.is_script]
    if inline_script_bytes:
        scripts.append(Part("the scripts in the page", inline_script_bytes))
    if sum(part.size_bytes for part in scripts) > budgets.script_kb * KB:
        yield Finding(
            budgets.weight,
            "budgets.script_kb",
            f"The page's scripts weigh {_kb(sum(part.size_bytes for part in scripts))}; your budget is "
            f"{budgets.script_kb:,} kB. The largest: {_list_largest(scripts)}.",
            "Take out the scripts that the page can do without.",
            element="<script>",
        )


def _list_largest(parts: Sequence[Part]) -> str:
    largest = sorted(parts, key=lambda part: -part.size_bytes)[:_NAMED]
    return ", ".join(f"{part.name} ({_kb(part.size_bytes)})" for part in largest)


def _kb(size_bytes: int) -> str:
    """
    >>> _kb(500_001), _kb(1_500)
    ('500.1 kB', '1.5 kB')
    """
    return f"{-(-size_bytes // 100) / 10:,.1f} kB"
