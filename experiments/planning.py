"""How many visitors and days an experiment will need, and how that will probably go: said before it starts, and fixed then.

Rate and traffic are those of the page's own experiments. Studio and command line both ask here, so they say the same.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import func, select
from sqlmodel import Session, col

import stats
from experiments import lifecycle
from experiments.errors import ExperimentConflict
from experiments.health import RULE
from experiments.lifecycle import DEFAULT_LIFT
from experiments.models import Experiment, State, Tally
from experiments.practice import hash_plan
from experiments.prior import DEFAULT_PRIOR, Prior, find_prior
from experiments.tallies import ALL, EXPOSURES
from experiments.words import planned_lift, plural, share

ASSUMED_RATE: Final = 0.05
FORMAT: Final = 1
_MIN_VISITORS: Final = 100  # fewer say next to nothing about a rate
_RECENT: Final = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Need:
    """The plan, whether its rate was measured on the page or assumed, and how it will probably go.

    `outlook` is None where nobody knows the traffic.
    """

    plan: stats.Plan
    is_assumed: bool
    visitors_per_day: float | None = None
    outlook: stats.PreMortem | None = None

    def sentence(self) -> str:
        plan = self.plan
        where = "assumed" if self.is_assumed else "measured on this page"
        days = "" if plan.days is None else f", about {plural(plan.days, 'day')} at the present traffic"
        return (
            f"To find a lift of {planned_lift(plan.lift)} on a rate of {100 * plan.rate:.1f} % ({where}) takes about "
            f"{plan.visitors_per_variant:,} visitors per variant, {plan.visitors:,} in all{days}."
        )

    def outlook_sentence(self) -> str:
        """How it will probably go; empty where nobody knows the traffic."""
        if self.outlook is None:
            return ""
        return (
            f"If the lift is really there, the chance to know within {self.outlook.horizon_days} days is "
            f"{share(self.outlook.planned.decided)}, and to decide wrongly {share(self.outlook.planned.wrong)}; if there "
            f"is none, a winner is called with {share(self.outlook.no_effect.shipped)}."
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "rate": self.plan.rate,
            "rate_assumed": self.is_assumed,
            "lift": self.plan.lift,
            "power": self.plan.power,
            "alpha": self.plan.alpha,
            "variants": self.plan.variants,
            "visitors_per_day": self.visitors_per_day,
            "visitors_per_variant": self.plan.visitors_per_variant,
            "visitors": self.plan.visitors,
            "days": self.plan.days,
            "outlook": None if self.outlook is None else asdict(self.outlook),
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
    prior: Prior = DEFAULT_PRIOR,
    now: datetime,
) -> Need:
    """What an experiment on a page takes, at the rate and the traffic that the page has shown.

    Args:
        goal: "form", or "click" with its `selector`.
        variants: control included.
        coverage_bp: share of visitors who are to take part, basis points.
        lift: the smallest relative change worth finding.
        prior: of the decision lens, which will decide it.
        now: traffic of more than four weeks before says nothing.

    Raises:
        stats.StatsError: a number outside its domain, say a lift that the rate leaves no room for.
    """
    return visitors_needed(
        find_rate(session, page_id=page_id, goal=goal, selector=selector),
        lift,
        variants=variants,
        visitors_per_day=find_traffic(session, page_id=page_id, coverage_bp=coverage_bp, now=now),
        tau=prior.tau,
    )


def visitors_needed(
    rate: float | None = None,
    lift: float = DEFAULT_LIFT,
    *,
    variants: int = 2,
    visitors_per_day: float | None = None,
    tau: float = DEFAULT_PRIOR.tau,
) -> Need:
    """Visitors that find `lift` with 80 % power at a 5 % chance of a false alarm; and, where the traffic is known, how
    such an experiment goes when it is decided by the rule of the reports.

    Args:
        rate: control's conversion rate, strictly between 0 and 1, say from `find_rate`; None assumes 5 %.
        lift: the smallest relative change worth finding.
        variants: control included.
        visitors_per_day: confirmed ones, of all variants together.
        tau: of the decision lens.

    Raises:
        stats.StatsError: a number outside its domain.

    >>> visitors_needed(0.04, visitors_per_day=3000).sentence()  # doctest: +ELLIPSIS
    'To find a lift of +10 % on a rate of 4.0 % (measured on this page) takes about 39,473 visitors per variant, ...'
    """
    plan = stats.plan(
        ASSUMED_RATE if rate is None else rate, lift, variants=variants, visitors_per_day=visitors_per_day
    )
    outlook = None if visitors_per_day is None else _foresee(plan, visitors_per_day, tau)
    return Need(plan=plan, is_assumed=rate is None, visitors_per_day=visitors_per_day, outlook=outlook)


def fix_plan(session: Session, experiment: Experiment, *, now: datetime) -> dict[str, Any]:
    """Write down, once and for good, what an experiment that has just started is to take, and seal it with its hash.

    Returns:
        The plan. It holds what was decided (goals, weights, smallest lift, value), what that rests on (rate, traffic,
        prior, rule) and what follows (visitors, days, outlook; None where nearly everybody converts, so that no such
        lift is left to find).

    Raises:
        ExperimentConflict: it has a plan already.
    """
    if experiment.plan_hash:
        raise ExperimentConflict(
            f"The plan of experiment {experiment.key} is fixed.", fix="Start a new experiment for another plan."
        )
    phase = lifecycle.current_phase(session, experiment)
    wish, prior = experiment.plan, find_prior(session, before=now)
    lift = float(wish.get("lift", DEFAULT_LIFT))
    try:
        need = plan_experiment(
            session,
            page_id=experiment.page_id,
            goal=experiment.goal,
            selector=experiment.selector,
            variants=len(phase.weights),
            coverage_bp=phase.coverage_bp,
            lift=lift,
            prior=prior,
            now=now,
        ).as_json()
    except stats.StatsError:
        need = dict.fromkeys(_NEED_KEYS)
    plan = {
        "format": FORMAT,
        "experiment": experiment.key,
        "purpose": experiment.purpose,
        "fixed_at": now.isoformat(),
        "hypothesis": experiment.hypothesis,
        "goal": experiment.goal,
        "selector": experiment.selector,
        "goals": list(experiment.goals),
        "window_s": experiment.window_s,
        "control": experiment.control,
        "weights": dict(phase.weights),
        "coverage_bp": phase.coverage_bp,
        "value_minor": wish.get("value_minor"),
        "currency": wish.get("currency", ""),
        "repeats": wish.get("repeats", ""),
        "prior": prior.as_json(),
        "rule": asdict(RULE),
        **need,
        "lift": lift,
    }
    experiment.plan, experiment.plan_hash = plan, hash_plan(plan)
    session.add(experiment)
    session.flush()
    return plan


def fix_open_plans(session: Session, *, now: datetime) -> int:
    """Fix the plan of every running experiment that was started without anybody doing so; how many there were."""
    query = select(Experiment).where(col(Experiment.plan_hash) == "", col(Experiment.state) != State.ENDED)
    found = [item for item in session.execute(query).scalars() if item.plan]
    for experiment in found:
        fix_plan(session, experiment, now=now)
    return len(found)


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
    """Confirmed visitors a day, under a coverage, from the latest phase with visitors that the page has had.

    Returns:
        The mean over the last four weeks; None where they hold no whole day, or less than a visitor a day.

    Edge cases:
        The first and the last day with visitors are left out, being cut short; days without any are too, because a
        paused experiment has such days and they say nothing of the page.
    """
    with_visitors = select(col(Tally.experiment_id)).where(col(Tally.confirmed) > 0)
    newest = (
        select(Experiment)
        .where(col(Experiment.page_id) == page_id, col(Experiment.id).in_(with_visitors))
        .order_by(col(Experiment.id).desc())
    )
    experiment = session.execute(newest.limit(1)).scalar_one_or_none()
    if experiment is None:
        return None
    of_this = col(Tally.experiment_id) == experiment.id
    number = session.execute(select(func.max(Tally.phase)).where(of_this, col(Tally.confirmed) > 0)).scalar_one()
    phase = next(item for item in lifecycle.list_phases(session, experiment) if item.number == number)
    by_day = select(func.sum(Tally.confirmed)).where(
        of_this,
        col(Tally.phase) == phase.number,
        col(Tally.goal) == EXPOSURES,
        col(Tally.dimension) == ALL,
        col(Tally.day) > (now - _RECENT).date(),
    )
    seen = by_day.group_by(col(Tally.day)).having(func.sum(Tally.served) > 0).order_by(col(Tally.day))
    whole = session.execute(seen).scalars().all()[1:-1]
    visitors = sum(whole) * coverage_bp / phase.coverage_bp
    return float(visitors / len(whole)) if whole and visitors >= len(whole) else None


_NEED_KEYS: Final = (
    "rate",
    "rate_assumed",
    "power",
    "alpha",
    "variants",
    "visitors_per_day",
    "visitors_per_variant",
    "visitors",
    "days",
    "outlook",
)


@lru_cache(maxsize=64)
def _foresee(plan: stats.Plan, visitors_per_day: float, tau: float) -> stats.PreMortem:
    return stats.premortem(plan, visitors_per_day=visitors_per_day, prior=stats.Exchangeable(tau), rule=RULE)
