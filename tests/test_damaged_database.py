"""A damaged file of SQLite is no defect of ours: studio and previews say that the database does not answer."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine

from lander.config import Settings
from lander.db import make_engine
from lander.factory import create_studio
from lander.preview import create_preview, sign_preview
from tests.pages.publishing import make_settings

ORIGIN = "http://studio.localhost"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture(params=["damaged", "lost"])
def engine(request: pytest.FixtureRequest, settings: Settings) -> Engine:
    if request.param == "damaged":
        (settings.data_dir / "lander.db").write_bytes(bytes(range(1, 256)) * 100)
    return make_engine(settings.database_url)


def test_the_studio_answers_503(settings: Settings, engine: Engine) -> None:
    studio = create_studio(settings, engine).test_client(use_cookies=False)
    home = studio.get("/", base_url=ORIGIN, headers={"Cookie": "studio=mayas"})
    sign_in = studio.post("/sign-in", base_url=ORIGIN, headers={"Origin": ORIGIN}, data={"name": "m", "password": "p"})
    report = studio.get("/api/v1/experiments", base_url=ORIGIN, headers={"Cookie": "studio=mayas"})
    ready = studio.get("/readyz", base_url=ORIGIN)
    assert [answer.status_code for answer in (home, sign_in, report, ready)] == [503] * 4
    assert "The database does not answer." in home.text


def test_the_preview_answers_503(settings: Settings, engine: Engine) -> None:
    preview: Flask = create_preview(settings, engine)
    for path in (sign_preview(settings, 1, "a"), "/_l/a/0123456789abcdef.css"):
        answer = preview.test_client().get(path, base_url="http://preview.localhost")
        assert answer.status_code == 503
        assert "The database does not answer." in answer.text
