"""Which test is meant where a page is named."""

from sqlmodel import Session

from experiments import lifecycle
from experiments.models import Experiment
from lander.errors import NotFound
from lander.pages.models import Page


def load_newest(session: Session, page: Page) -> Experiment:
    """The page's newest test, running or not; raises `NotFound` where there was none yet."""
    found = lifecycle.list_experiments(session, page_id=page.id)
    if not found:
        raise NotFound(f"There was no test on '{page.slug}' yet.", fix="Start one with: lander experiment start")
    return found[0]
