"""What a lead is worth, told to the test that it came from: as a receipt of its variant that names neither lead nor person.

A lost lead, or one in the spam folder, is worth nothing, and its value again when that changes. An erased lead's receipts stay as
they are: an amount of a variant, under a name that nothing leads back from.
"""

import hashlib
from datetime import datetime

from sqlmodel import Session

from experiments import receipts
from lander.leads.models import Lead, Stage


def tell_worth(session: Session, lead: Lead, *, now: datetime) -> None:
    """Have the test of this lead count what it is worth from now on; a lead of no test is nothing to any."""
    if lead.experiment_key:
        receipts.record(
            session,
            experiment_key=lead.experiment_key,
            phase=lead.phase,
            variant=lead.variant,
            reference=name_receipt(lead.id),
            amount_minor=None if lead.spam or lead.stage == Stage.LOST else lead.value_minor,
            simulated=lead.simulated,
            now=now,
        )


def name_receipt(lead_id: str) -> str:
    """A hash without a key, so that a new secret still finds it: who guesses an id of 128 bits?

    >>> name_receipt("6f1e")[:12]
    '1e8412609138'
    """
    return hashlib.sha256(f"receipt {lead_id}".encode()).hexdigest()
