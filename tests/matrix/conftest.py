from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.world import World, furnish, opened


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("worlds")
    return {env: furnish(folder / env, env) for env in ("development", "production")}


@pytest.fixture(scope="module", params=["development", "production"])
def world(
    request: pytest.FixtureRequest, templates: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Pages, one of them under test, and three people who are signed in: over plain http, and over https."""
    env: str = request.param
    with opened(templates[env], tmp_path_factory.mktemp(env) / "world", env) as world:
        yield world
