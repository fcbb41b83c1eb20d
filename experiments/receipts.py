"""Receipts: what something of a phase's visitors was worth, and from when until when. One holds for each reference, or none.

Whoever records one knows a variant and no visitor, so neither do these rows. Nothing is ever overwritten but what had held
for no time at all, so every moment can be asked for. What the amounts mean is decided in `revenue.py`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session, col

from experiments.errors import InvalidExperiment
from experiments.models import Experiment, Phase, Receipt
from experiments.plan_checks import MOST_MINOR

Amounts = Mapping[str, Sequence[tuple[int, int]]]  # by variant: (amount in minor units, how many receipts), ascending


def record(
    session: Session,
    *,
    experiment_key: str,
    phase: int,
    variant: str,
    reference: str,
    amount_minor: int | None,
    simulated: bool,
    now: datetime,
) -> None:
    """Say what something is worth from now on: what it was worth until now ends.

    Args:
        experiment_key, phase, variant: what it came from; it is nothing to us where there is no such experiment, phase
            or variant.
        reference: names it, and must lead nobody back to a person.
        amount_minor: in minor units of the site's currency; None or 0 is worth nothing, and only ends what held.
        simulated: whether a simulation sent it.

    Raises:
        InvalidExperiment: an amount below 0 or above 10^12.

    Edge cases:
        The same amount again changes nothing.
        Two amounts of one moment: the later one replaces the first, which held for no time.
        A moment before what holds began, as between two nodes' clocks: counts as the moment when that began.
    """
    if amount_minor is not None and not 0 <= amount_minor <= MOST_MINOR:
        raise InvalidExperiment(
            f"An amount of {amount_minor:,} minor units cannot be counted.", fix="Give one from 0 to 10^12."
        )
    experiment_id = _find_experiment(session, experiment_key, phase, variant)
    if experiment_id is None:
        return
    held = session.execute(
        select(Receipt).where(
            col(Receipt.experiment_id) == experiment_id,
            col(Receipt.reference) == reference,
            col(Receipt.until).is_(None),
        )
    ).scalar_one_or_none()
    if (held.amount_minor if held else None) == (amount_minor or None):
        return
    at = max(now, held.at) if held else _not_before_the_last(session, experiment_id, reference, now)
    if held is not None and held.at == at:
        session.delete(held)
        session.flush()
    elif held is not None:
        held.until = at
        session.add(held)
    if amount_minor:
        session.add(
            Receipt(
                experiment_id=experiment_id,
                reference=reference,
                at=at,
                phase=phase,
                variant=variant,
                amount_minor=amount_minor,
                simulated=simulated,
            )
        )
    session.flush()


def count_receipts(session: Session, experiment: Experiment, phase: int, *, at: datetime | None) -> Amounts:
    """How many receipts of a phase have which amount, variant by variant.

    Args:
        at: those that held at this moment; those that hold now where None.

    Returns:
        Only variants that have any. Every amount is exact; it costs the number of receipts, and one row per amount.
    """
    still = col(Receipt.until).is_(None)
    holds = still if at is None else and_(col(Receipt.at) <= at, or_(still, col(Receipt.until) > at))
    by = (col(Receipt.variant), col(Receipt.amount_minor))
    rows = session.execute(
        select(*by, func.count())
        .where(col(Receipt.experiment_id) == experiment.id, col(Receipt.phase) == phase, holds)
        .group_by(*by)
        .order_by(*by)
    )
    amounts: dict[str, list[tuple[int, int]]] = {}
    for variant, amount_minor, receipts in rows:
        amounts.setdefault(variant, []).append((int(amount_minor), int(receipts)))
    return amounts


def _find_experiment(session: Session, key: str, phase: int, variant: str) -> int | None:
    row = session.execute(
        select(col(Experiment.id), col(Phase.weights))
        .join(Phase, col(Phase.experiment_id) == col(Experiment.id))
        .where(col(Experiment.key) == key, col(Phase.number) == phase)
    ).one_or_none()
    return None if row is None or variant not in row.weights else row.id


def _not_before_the_last(session: Session, experiment_id: int, reference: str, now: datetime) -> datetime:
    """Now, or when the last one ended where that is later: of one reference, no two hold at a time."""
    last = session.execute(
        select(func.max(col(Receipt.until))).where(
            col(Receipt.experiment_id) == experiment_id, col(Receipt.reference) == reference
        )
    ).scalar_one()
    return now if last is None else max(now, last)
