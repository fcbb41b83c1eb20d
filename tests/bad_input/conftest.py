from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.world import World, furnish, opened


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return furnish(tmp_path_factory.mktemp("worlds") / "production", "production")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    """Pages, one of them under test, and three people who are signed in; production, so over https."""
    with opened(template, tmp_path / "world", "production") as world:
        yield world
