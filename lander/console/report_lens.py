"""The three ways to look at the same visitors; which numbers each of them shows, and what it says of itself."""

from enum import StrEnum
from typing import Final

from experiments.lenses import Belief
from experiments.outcomes import GoalVariant
from experiments.report import VariantReport


class Lens(StrEnum):
    """How the numbers are seen; the first one unless the address says otherwise."""

    DECISION = "decision"  # variants shrunken toward each other: calibrated, and what the verdict goes by
    DATA = "data"  # these visitors and nothing else
    ANYTIME = "anytime"  # evidence that holds at every look


TITLES: Final = {
    Lens.DECISION: "For deciding",
    Lens.DATA: "The data alone",
    Lens.ANYTIME: "At any time",
}
EXPLAINED: Final = {
    Lens.DECISION: "Most changes move little, so large early lifts are drawn in until the data carry them. "
    "The verdict goes by these numbers: over many tests the lifts they claim are those that come true.",
    Lens.DATA: "These visitors and nothing else. Early lifts look larger here than they turn out, and looking every day "
    "finds winners that are none: read this to check the numbers, not to decide.",
    Lens.ANYTIME: "Evidence that holds however often somebody looks, whatever was believed before. It is slower: "
    "20 to 1 is strong, and its range holds the lift at all looks together with 95 % probability.",
}


def see(variant: VariantReport | GoalVariant, lens: Lens) -> Belief:
    """What is believed of a variant. Evidence at any time goes without belief, so its rates are those of the data."""
    return variant.decision if lens is Lens.DECISION else variant.data
