"""What to expect after a launch: a variant's lift in conversions, per 1,000 visitors and in a month of the page's traffic.

It says what the decision lens believes, in other units. It knows no season and no novelty that wears off.
"""

from dataclasses import dataclass
from typing import Any, Final

import stats
from experiments.lenses import INNER_LEVEL, LEVEL, Belief, Range

MONTH_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Forecast:
    """Conversions more than control would bring, negative where fewer.

    `per_thousand` is the difference of the rates. `per_month` is a prediction for `visitors_per_month`, everybody who comes
    and not only those who took part, so it holds too who of them will happen to convert; `money_minor` is that in money.
    None where no full day was counted, or a conversion has no value.
    """

    per_thousand: Range
    visitors_per_month: int | None
    per_month: Range | None
    money_minor: Range | None

    def as_json(self) -> dict[str, Any]:
        return {
            "per_thousand": self.per_thousand.as_json(),
            "visitors_per_month": self.visitors_per_month,
            "per_month": None if self.per_month is None else self.per_month.as_json(),
            "money_minor": None if self.money_minor is None else self.money_minor.as_json(),
        }


def foresee(
    variant: stats.VariantComparison,
    belief: Belief,
    control: Belief,
    *,
    visitors_per_day: float | None,
    value_minor: int | None = None,
) -> Forecast | None:
    """The forecast of one variant; None for control.

    Args:
        variant, belief, control: through the decision lens; control's mean rate turns the lift into conversions.
        visitors_per_day: of the whole page, after the launch; None where nobody knows.
        value_minor: what a conversion is worth.
    """
    if belief.lift is None or control.rate.mean is None:
        return None
    visitors = None if visitors_per_day is None else round(MONTH_DAYS * visitors_per_day)
    per_month = None
    if visitors:
        per_month = Range.of(variant.forecast(visitors, level=LEVEL), variant.forecast(visitors, level=INNER_LEVEL))
    return Forecast(
        per_thousand=belief.lift.times(1000 * control.rate.mean),
        visitors_per_month=visitors,
        per_month=per_month,
        money_minor=None if per_month is None or value_minor is None else per_month.times(value_minor),
    )
