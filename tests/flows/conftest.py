"""One installation that is served, for the flows that only add to it, and a terminal beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lander import migrations
from lander.db import make_engine
from tests.cli.conftest import HOST, Terminal
from tests.live import Lander, served


@pytest.fixture(scope="package")
def lander(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lander]:
    data_dir: Path = tmp_path_factory.mktemp("flows")
    engine = make_engine(f"sqlite:///{data_dir / 'lander.db'}")
    migrations.upgrade(engine)
    with served(data_dir) as running:
        yield running
    engine.dispose()


@pytest.fixture
def terminal(
    lander: Lander, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    """Types commands on that installation; its site is there."""
    monkeypatch.setenv("LANDER_ENV", "development")
    monkeypatch.setenv("LANDER_DATA_DIR", str(lander.data_dir))
    terminal = Terminal(tmp_path, monkeypatch, capsys, lander.data_dir)
    terminal.run("site", "add", HOST, "--core-site", "www.localhost", "--timezone", "Europe/Berlin")
    return terminal
