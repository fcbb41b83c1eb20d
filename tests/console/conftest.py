"""A studio on a database of its own, and browsers that behave like browsers: cookies, Origin, CSRF token."""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel
from werkzeug.test import TestResponse

import experiments.models
import lander.access.models
import lander.leads.models
import lander.pages.models
import lander.policy.models  # noqa: F401
from lander.access.signin import csrf_token, start_session
from lander.access.users import add_user, find_user
from lander.config import Settings, load_settings
from lander.db import make_engine, reading, transaction
from lander.edge import sign_simulation
from lander.factory import create_studio
from tests.cast import PASSWORD, ROLES

HOST = "studio.localhost:8000"
ORIGIN = f"http://{HOST}"
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the tables and the cast; copied for each test, because passwords take a while to hash."""
    file = tmp_path_factory.mktemp("furnished") / "lander.db"
    engine = make_engine(f"sqlite:///{file}")
    SQLModel.metadata.create_all(engine)
    with transaction(engine) as session:
        for name, role in ROLES.items():
            add_user(session, name=name, role=role, password=PASSWORD, actor="command line", now=NOW)
    engine.dispose()
    return file


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"LANDER_ENV": "development", "LANDER_DATA_DIR": str(tmp_path)})


@pytest.fixture
def engine(settings: Settings, furnished: Path) -> Iterator[Engine]:
    shutil.copy(furnished, settings.data_dir / "lander.db")
    engine = make_engine(settings.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def studio(settings: Settings, engine: Engine) -> Flask:
    return create_studio(settings, engine)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A look at what the studio left behind."""
    with reading(engine) as session:
        yield session


@dataclass
class Browser:
    """A person in front of the studio. `at` is the clock on their wall."""

    client: FlaskClient
    settings: Settings
    cookie: str = ""
    at: datetime = NOW
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, base_url=ORIGIN, headers={**self._surroundings(), **headers}, buffered=True)

    def post(
        self, path: str, data: dict[str, Any] | None = None, *, csrf: str | None = None, **headers: str
    ) -> TestResponse:
        """A form of ours: the origin and the token come with it unless a test says otherwise."""
        token = csrf if csrf is not None else csrf_token(self.cookie) if self.cookie else ""
        sent = {"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", **self._surroundings(), **headers}
        fields = {**({"_csrf": token} if token else {}), **(data or {})}
        kept = {name: value for name, value in sent.items() if value != ""}
        return self.client.post(path, base_url=ORIGIN, data=fields, headers=kept, buffered=True)

    def wait(self, **passed: float) -> None:
        self.at += timedelta(**passed)

    def _surroundings(self) -> dict[str, str]:
        cookies = {"Cookie": f"studio={self.cookie}"} if self.cookie else {}
        clock = {"Lander-Simulation": sign_simulation(self.at, "127.0.0.1", self.settings)}
        return {**clock, **cookies, **self.headers}


@pytest.fixture
def browser(studio: Flask, settings: Settings) -> Callable[[str], Browser]:
    """A browser, signed in as one of the cast; Otto gets one that is not."""

    def open_browser(name: str) -> Browser:
        person = Browser(studio.test_client(use_cookies=False), settings)
        if name in ROLES:
            engine: Engine = studio.extensions["lander"].engine
            with transaction(engine) as session:
                user = find_user(session, name)
                assert user is not None
                person.cookie = start_session(session, user, network="127.0.0.0/24", now=NOW)
        return person

    return open_browser


@pytest.fixture
def maya(browser: Callable[[str], Browser]) -> Browser:
    return browser("maya")


@pytest.fixture
def ana(browser: Callable[[str], Browser]) -> Browser:
    return browser("ana")


@pytest.fixture
def ivan(browser: Callable[[str], Browser]) -> Browser:
    return browser("ivan")


@pytest.fixture
def otto(browser: Callable[[str], Browser]) -> Browser:
    return browser("otto")


def text_of(response: TestResponse) -> str:
    """What a reader sees: tags gone, white space and entities as on the screen."""
    without_tags = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]*>", " ", response.text, flags=re.DOTALL)
    plain = without_tags.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&").replace("&lt;", "<")
    return re.sub(r"\s+", " ", plain.replace("&gt;", ">").replace("\u00a0", " "))
