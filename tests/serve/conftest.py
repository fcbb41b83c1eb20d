from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve.stage import Stage, staged


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A pages plane in production, nothing published yet."""
    with staged(tmp_path) as stage:
        yield stage
