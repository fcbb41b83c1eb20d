"""A/A tests: a page against its exact copy, to test the splitting and counting. Nothing is learned of the page itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlmodel import Session

from experiments.allocation import WHOLE_BP
from experiments.models import Experiment, Purpose
from lander.config import Settings
from lander.errors import Conflict
from lander.pages.models import Page, StoredRelease, Version
from lander.pages.pages import add_variant, address_of, choose_free_key
from lander.pages.publish import Preflight, hold, republish
from lander.pages.release import load_versions
from lander.pages.testing import is_copy, start_experiment
from lander.pages.versions import revise

_HYPOTHESIS: Final = "The same content does the same, whoever is shown it."


def start_aa(
    session: Session,
    settings: Settings,
    *,
    page: Page,
    goal: str,
    selector: str = "",
    preflight: Preflight | None = None,
    actor: str,
    now: datetime,
) -> Experiment:
    """Start an A/A test on a live page, half each. The copy is made and published, unless a live variant is one already."""
    hold(session, page)
    if page.release_id is None:
        raise Conflict(
            f"{address_of(session, page)} is not live, so nobody could see the test.", fix="Publish the page first."
        )
    live = load_versions(session, session.get_one(StoredRelease, page.release_id))
    control = min(live)
    copy = _find_copy(live, control) or _publish_copy(
        session, settings, page, live[control], preflight=preflight, actor=actor, now=now
    )
    return start_experiment(
        session,
        settings,
        page=page,
        variants={control: WHOLE_BP // 2, copy: WHOLE_BP // 2},
        goal=goal,
        selector=selector,
        hypothesis=_HYPOTHESIS,
        purpose=Purpose.AA,
        preflight=preflight,
        actor=actor,
        now=now,
    )


def _find_copy(live: Mapping[str, Version], control: str) -> str | None:
    return next((key for key in sorted(live) if key != control and is_copy(live[key], of=live[control])), None)


def _publish_copy(
    session: Session,
    settings: Settings,
    page: Page,
    original: Version,
    *,
    preflight: Preflight | None,
    actor: str,
    now: datetime,
) -> str:
    key = choose_free_key(session, page)
    variant = add_variant(session, page, key, now=now)
    copy = revise(session, variant, original, note="exact copy for an A/A test", actor=actor, now=now)
    republish(
        session,
        settings,
        page,
        reason="A/A copy",
        versions={key: copy},
        preflight=preflight,
        actor=actor,
        now=now,
    )
    return key
