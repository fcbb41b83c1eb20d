"""What becomes of the demo's leads: Maya works through them as a colleague does, by the verbs that the studio calls.

Without it no report of the demo would show money, which nobody knows when a form is sent.
"""

import math
from datetime import datetime
from random import Random
from typing import Final

from sqlalchemy import Engine
from sqlmodel import col, select

from lander.db import transaction
from lander.leads import stages
from lander.leads.models import Lead, Stage

_SHARES: Final = {Stage.NEW: 0.3, Stage.QUALIFIED: 0.2, Stage.WON: 0.35, Stage.LOST: 0.15}
_MEDIAN_MINOR: Final = 39_900  # of what one that is won brings
_SPREAD: Final = 0.5  # of its logarithm
_SEED: Final = 1


def work_through_leads(engine: Engine, host: str, *, actor: str, now: datetime) -> int:
    """Put a site's simulated leads into stages, with a value where they are won; how many. Once: what somebody has begun
    with is left alone."""
    chance = Random(_SEED)  # noqa: S311 (a demo)
    with transaction(engine) as session:
        query = select(Lead).where(Lead.host == host, col(Lead.simulated), ~col(Lead.spam))
        leads = session.exec(query.order_by(col(Lead.received_at), col(Lead.id))).all()
        if any(lead.stage != Stage.NEW for lead in leads):
            return 0
        for lead in leads:
            stage = chance.choices(list(_SHARES), list(_SHARES.values()))[0]
            stages.change_stage(session, [lead.id], stage, actor=actor, now=now)
            amount = 100 * round(chance.lognormvariate(math.log(_MEDIAN_MINOR), _SPREAD) / 100)
            if stage is Stage.WON:
                stages.change_value(session, lead, amount, actor=actor, now=now)
        return len(leads)
