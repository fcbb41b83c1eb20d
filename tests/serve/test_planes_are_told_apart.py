"""One process, three planes: Host alone says which, and pages never share a host with another plane."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

import app
from lander.catalog import SiteEntry, write_catalog
from lander.errors import ConfigurationError
from tests.serve.stage import HOST, Stage, settings_for

ROOT = Path(__file__).parents[2]


def plane(name: str) -> app.Plane:
    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [name.encode()]

    return answer


@pytest.fixture
def built(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Client:
    stage.publish()
    monkeypatch.setattr(app, "_build_studio", lambda _: plane("studio"))
    monkeypatch.setattr(app, "_build_preview", lambda _: plane("preview"))
    return Client(app.build(stage.settings))


@pytest.mark.parametrize(
    ("host", "status", "said"),
    [
        (HOST, 200, "variant a"),
        ("studio.localhost", 200, "studio"),
        ("Studio.localhost:8000", 200, "studio"),
        ("preview.localhost:8000", 200, "preview"),
        ("elsewhere.example", 421, "No pages"),
    ],
)
def test_each_host_has_its_plane(built: Client, host: str, status: int, said: str) -> None:
    answer = built.get("/spring-sale", base_url=f"https://{host}")
    assert answer.status_code == status
    assert said in answer.text


def test_a_plane_is_built_once_and_only_when_it_is_asked_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.publish()
    made: list[str] = []

    def make(_: object) -> app.Plane:
        made.append("studio")
        return plane("studio")

    monkeypatch.setattr(app, "_build_studio", make)
    client = Client(app.build(stage.settings))
    client.get("/spring-sale", base_url=f"https://{HOST}")
    assert made == []
    for _ in range(3):
        client.get("/", base_url="https://studio.localhost")
    assert made == ["studio"]


@pytest.mark.parametrize("host", ["studio.localhost", "preview.localhost"])
def test_pages_on_the_host_of_another_plane_are_refused_at_the_start(tmp_path: Path, host: str) -> None:
    settings = settings_for(tmp_path)
    write_catalog(settings.published_dir, [SiteEntry(host, "www.example.com", "UTC")], {})
    with pytest.raises(ConfigurationError, match="a host of their own"):
        app.build(settings)


def test_a_worker_that_serves_pages_loads_nothing_heavy(tmp_path: Path) -> None:
    script = """
import sys, app
app.app
heavy = {"sqlalchemy", "sqlmodel", "flask", "jinja2", "numpy", "scipy", "pydantic", "PIL", "selectolax"}
heavy |= {"structlog", "prometheus_client"}
print(sorted(heavy & set(sys.modules)))
"""
    environ = {**os.environ, "LANDER_ENV": "development", "LANDER_DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "[]\n"


def test_importing_the_module_reads_no_settings(tmp_path: Path) -> None:
    environ = {**os.environ, "LANDER_ENV": "production", "LANDER_SECRET_KEYS": "", "LANDER_DATA_DIR": str(tmp_path)}
    start = [sys.executable, "-c"]
    for script, status in (("import app", 0), ("import app; app.app", 1), ("import app; app.other", 1)):
        done = subprocess.run([*start, script], env=environ, cwd=ROOT, capture_output=True, timeout=60, check=False)
        assert done.returncode == status
