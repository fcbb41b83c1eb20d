"""Where the faults happen: an installation on gunicorn or granian, reached straight or through the nginx of `deploy/`."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.proxy import nginx_before
from tests.deploy.published import HOST, PATH, PRODUCTION, install
from tests.faults.traffic import Door, straight_to, through
from tests.live import Lander, free_port, served

ENVIRON = {**PRODUCTION, "LANDER_PROXIES": "127.0.0.1"}
HOSTS = {"go.example.com": HOST, "studio.example.com": "studio.localhost", "preview.example.com": "preview.localhost"}


@dataclass(frozen=True)
class Stand:
    """Where an installation stands: its folder, what serves it, and how visitors reach that."""

    name: str  # "gunicorn", "granian behind nginx"
    folder: Path
    port: int
    door: Door

    @property
    def has_nginx(self) -> bool:
        return self.name.endswith("nginx")

    @contextmanager
    def up(self, **environ: str) -> Iterator[Lander]:
        """Lander runs until the block ends; it starts when a page is shown."""
        server = self.name.partition(" ")[0]
        with served(self.folder, server=server, port=self.port, environ={**ENVIRON, **environ}) as lander:
            lander.wait_for(HOST, PATH)
            yield lander


@pytest.fixture
def seconds(request: pytest.FixtureRequest) -> float:
    """How long a fault lasts: a moment, or the minute that is promised."""
    return 60 if request.config.getoption("--soak") else 4


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation whose two pages have a running experiment each, at rest."""
    folder = tmp_path_factory.mktemp("prepared")
    install(folder, **PRODUCTION)
    return folder


@pytest.fixture
def stand(request: pytest.FixtureRequest, prepared: Path, tmp_path: Path) -> Iterator[Stand]:
    """The one that the test names, on a copy of the installation, not yet up."""
    folder = shutil.copytree(prepared, tmp_path / "data")
    name, port = request.param, free_port()
    if not name.endswith("nginx"):
        yield Stand(name, folder, port, straight_to(port))
        return
    with nginx_before(tmp_path / "nginx", f"127.0.0.1:{port}", hosts=HOSTS) as nginx:
        yield Stand(name, folder, port, through(nginx))
