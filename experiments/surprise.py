"""Whether a lift is too good to be taken as it stands: the data says more than the decision lens can follow.

Nothing is withheld for it. Large lifts happen, but a broken form in one variant happens more often.
"""

from collections.abc import Iterator, Sequence

from experiments.health import Gate, HealthFinding, Severity
from experiments.lenses import Belief
from experiments.words import lift_range, listing, name, signed_share


def check_surprise(keys: Sequence[str], data: Sequence[Belief], decision: Sequence[Belief]) -> Iterator[HealthFinding]:
    """A note where the lift that the decision lens counts on lies outside of what the data alone leaves possible (95 %).

    Args:
        keys, data, decision: each variant's key and what it is believed to be through each lens, in the same order.

    Edge cases: few visitors leave so much possible that they never surprise.

    Source: Twyman's law (any figure that looks interesting or different is usually wrong), as in Kohavi, Tang, Xu,
    Trustworthy Online Controlled Experiments, 2020, chapter 3.
    """
    found = [
        (key, alone.lift.median, drawn.lift)
        for key, alone, drawn in zip(keys, data, decision, strict=True)
        if alone.lift is not None
        and drawn.lift is not None
        and not alone.lift.low <= drawn.lift.median <= alone.lift.high
    ]
    if not found:
        return
    seen = listing([f"{name(key)} {signed_share(alone)}" for key, alone, _ in found])
    counted = listing([f"{name(key)} between {lift_range(drawn.low, drawn.high)}" for key, _, drawn in found])
    yield HealthFinding(
        Severity.NOTE,
        Gate.SURPRISE,
        f"By the data alone the lift is {seen}, far from what nearly every test brings. The figures for deciding count on "
        f"{counted}.",
        fix="A lift like this is often a fault in one variant: open each, on a phone too, and do once what is counted.",
    )
