"""How many visitors and days an experiment will need, said in one line before it starts. No effect, and no promise.

Rate and traffic are those of the page's own experiments. Studio and command line both ask here, so they say the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import Session, col

import stats
from experiments import lifecycle
from experiments.models import Experiment, Tally
from experiments.tallies import ALL, EXPOSURES
from experiments.words import plural

ASSUMED_RATE: Final = 0.05
DEFAULT_LIFT: Final = 0.10
_MIN_VISITORS: Final = 100  # fewer say next to nothing about a rate
_RECENT: Final = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Need:
    """The plan, and whether its rate was measured on the page or assumed."""

    plan: stats.Plan
    is_assumed: bool

    def sentence(self) -> str:
        plan = self.plan
        where = "assumed" if self.is_assumed else "measured on this page"
        days = "" if plan.days is None else f", about {plural(plan.days, 'day')} at the present traffic"
        return (
            f"To find a lift of {plan.lift:+.0%} on a rate of {plan.rate:.1%} ({where}) takes about "
            f"{plan.visitors_per_variant:,} visitors per variant, {plan.visitors:,} in all{days}."
        ).replace("%", " %")

    def as_json(self) -> dict[str, Any]:
        return {
            "rate": self.plan.rate,
            "rate_assumed": self.is_assumed,
            "lift": self.plan.lift,
            "power": self.plan.power,
            "alpha": self.plan.alpha,
            "variants": self.plan.variants,
            "visitors_per_variant": self.plan.visitors_per_variant,
            "visitors": self.plan.visitors,
            "days": self.plan.days,
        }


def plan_experiment(
    session: Session,
    *,
    page_id: int,
    goal: str,
    selector: str = "",
    variants: int = 2,
    coverage_bp: int,
    lift: float = DEFAULT_LIFT,
    now: datetime,
) -> Need:
    """What an experiment on a page takes, at the rate and the traffic that the page has shown.

    Args:
        goal: "form", or "click" with its `selector`.
        variants: control included.
        coverage_bp: share of visitors who are to take part, basis points.
        lift: the smallest relative change worth finding.
        now: traffic of more than four weeks before says nothing.

    Raises:
        stats.StatsError: a number outside its domain, say a lift that the rate leaves no room for.
    """
    return visitors_needed(
        find_rate(session, page_id=page_id, goal=goal, selector=selector),
        lift,
        variants=variants,
        visitors_per_day=find_traffic(session, page_id=page_id, coverage_bp=coverage_bp, now=now),
    )


def visitors_needed(
    rate: float | None = None,
    lift: float = DEFAULT_LIFT,
    *,
    variants: int = 2,
    visitors_per_day: float | None = None,
) -> Need:
    """Visitors that find `lift` with 80 % power at a 5 % chance of a false alarm.

    Args:
        rate: control's conversion rate, strictly between 0 and 1, say from `find_rate`; None assumes 5 %.
        lift: the smallest relative change worth finding.
        variants: control included.
        visitors_per_day: confirmed ones, of all variants together.

    Raises:
        stats.StatsError: a number outside its domain.

    >>> visitors_needed(0.04, visitors_per_day=3000).sentence()  # doctest: +ELLIPSIS
    'To find a lift of +10 % on a rate of 4.0 % (measured on this page) takes about 39,473 visitors per variant, ...'
    """
    plan = stats.plan(
        ASSUMED_RATE if rate is None else rate, lift, variants=variants, visitors_per_day=visitors_per_day
    )
    return Need(plan=plan, is_assumed=rate is None)


def find_rate(session: Session, *, page_id: int, goal: str, selector: str = "") -> float | None:
    """Control's rate in the page's own experiments with that goal; None where too few were counted or converted."""
    sums = select(func.sum(Tally.confirmed), func.sum(Tally.conversions)).join(
        Experiment, col(Experiment.id) == col(Tally.experiment_id)
    )
    visitors, conversions = session.execute(
        sums.where(
            col(Experiment.page_id) == page_id,
            col(Experiment.goal) == goal,
            col(Experiment.selector) == selector,
            col(Tally.variant) == col(Experiment.control),
            col(Tally.goal).in_([EXPOSURES, goal]),
            col(Tally.dimension) == ALL,
        )
    ).one()
    if not conversions or visitors < _MIN_VISITORS or conversions == visitors:
        return None
    return float(conversions / visitors)


def find_traffic(session: Session, *, page_id: int, coverage_bp: int, now: datetime) -> float | None:
    """Confirmed visitors a day, under a coverage, from the latest phase of the page's newest experiment.

    Returns:
        The mean over the last four weeks; None where they hold no whole day, or less than a visitor a day.

    Edge cases:
        The first and the last day with visitors are left out, being cut short; days without any are too, because a
        paused experiment has such days and they say nothing of the page.
    """
    newest = next(iter(lifecycle.list_experiments(session, page_id=page_id)), None)
    if newest is None:
        return None
    phase = lifecycle.current_phase(session, newest)
    by_day = select(func.sum(Tally.confirmed)).where(
        col(Tally.experiment_id) == newest.id,
        col(Tally.phase) == phase.number,
        col(Tally.goal) == EXPOSURES,
        col(Tally.dimension) == ALL,
        col(Tally.day) > (now - _RECENT).date(),
    )
    seen = by_day.group_by(col(Tally.day)).having(func.sum(Tally.served) > 0).order_by(col(Tally.day))
    whole = session.execute(seen).scalars().all()[1:-1]
    visitors = sum(whole) * coverage_bp / phase.coverage_bp
    return float(visitors / len(whole)) if whole and visitors >= len(whole) else None
