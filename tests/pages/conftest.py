"""What tests of content start from: a studio with one site, or one open session, on each database engine in turn."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from tests.builders_content import Studio


@pytest.fixture
def studio(database: Engine) -> Studio:
    return Studio(database)


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    with Session(database, expire_on_commit=False) as session:
        yield session
