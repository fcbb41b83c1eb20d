"""What most tests of experiments begin with."""

import pytest
from sqlalchemy import Engine

from lander.db import transaction
from tests.experiments.builders import start


@pytest.fixture
def engine(database: Engine) -> Engine:
    """A database in which Maya has started a test, `spring-sale-1`."""
    with transaction(database) as session:
        start(session)
    return database
