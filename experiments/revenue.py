"""Revenue per visitor of a phase: every variant's receipts over its confirmed visitors, judged by `stats.compare_revenue`.

Each receipt is taken for one paying visitor, as nobody knows who was behind it. No verdict rests on money.
"""

from functools import lru_cache

import stats
from experiments.counts import Everybody
from experiments.lenses import INNER_LEVEL, LEVEL, Range
from experiments.outcomes import RevenueReport, RevenueVariant
from experiments.receipts import Amounts


def judge_revenue(totals: Everybody, amounts: Amounts, *, control: int, currency: str) -> RevenueReport | None:
    """Which variant's visitors bring most money, as far as it is known by now.

    Args:
        totals: the counts of each variant, in the order of the report.
        amounts: by variant key, how many receipts have which amount in minor units; a key that is not counted is ignored.
        control: position of the variant the others are compared with.
        currency: of the amounts, as the plan named it; empty where it named none.

    Returns:
        None where no receipt says anything, or where a variant has more receipts than confirmed visitors: then they are
        not one per visitor, and no share of paying visitors could be right.

    Edge cases:
        Only one variant was paid for: the amounts of the others are believed to be like those of all, and their share of
        paying visitors to be what none of so many says. Where control is one of them, the *mean* of a lift is None.
        A variant without visitors: the same, with the prior's share.
        Amounts up to 10^12 are exact, and so are their sums; the winsorised mean knows them to three digits.

    >>> from experiments.counts import VariantCounts
    >>> totals = [VariantCounts("a", 5_000, confirmed=1000), VariantCounts("b", 5_000, confirmed=1000)]
    >>> report = judge_revenue(totals, {"a": [(4_900, 8)], "b": [(4_900, 9), (9_900, 5)]}, control=0, currency="EUR")
    >>> [(item.receipts, item.total_minor, round(item.per_visitor.median)) for item in report.variants]
    [(8, 39200, 43), (14, 93600, 97)]
    """
    paid = tuple(tuple(amounts.get(item.key, ())) for item in totals)
    receipts = [sum(number for _, number in pairs) for pairs in paid]
    if not any(receipts) or any(number > item.confirmed for number, item in zip(receipts, totals, strict=True)):
        return None
    samples = tuple(
        stats.RevenueSample.counted(item.confirmed, pairs) for item, pairs in zip(totals, paid, strict=True)
    )
    variants, cap_minor, disagrees = _compare(tuple(item.key for item in totals), samples, control)
    return RevenueReport(currency=currency, variants=variants, amounts=paid, cap_minor=cap_minor, disagrees=disagrees)


@lru_cache(maxsize=64)
def _compare(
    keys: tuple[str, ...], samples: tuple[stats.RevenueSample, ...], control: int
) -> tuple[tuple[RevenueVariant, ...], int | None, bool]:
    """A comparison takes some 25 ms, and money comes in seldom: most reports find it done."""
    found = stats.compare_revenue(samples, control=control, level=LEVEL)
    variants = tuple(
        RevenueVariant(
            key=key,
            receipts=item.sample.paying,
            total_minor=item.sample.total,
            per_visitor=Range.of(item.mean, item.mean_at(INNER_LEVEL)),
            lift=None if item.lift is None else Range.of(item.lift, item.lift_at(INNER_LEVEL)),
            p_best=item.p_best,
            p_beats_control=item.p_beats_control,
            loss_minor=item.expected_loss,
            check=None if check is None else check.lift,
            agrees=None if check is None else check.agrees,
        )
        for key, item, check in zip(keys, found.variants, found.checks, strict=True)
    )
    return variants, found.cap, found.disagrees
