"""Two nodes: two engines of their own on one database, on each database engine in turn."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from lander.db import make_engine


@dataclass(frozen=True)
class Nodes:
    """One node and the other."""

    one: Engine
    other: Engine


@pytest.fixture
def nodes(database_url: str) -> Iterator[Nodes]:
    nodes = Nodes(make_engine(database_url), make_engine(database_url))
    yield nodes
    nodes.one.dispose()
    nodes.other.dispose()
