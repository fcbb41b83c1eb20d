"""A studio on a database of its own, and browsers that behave like browsers: cookies, Origin, CSRF token."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlmodel import Session
from werkzeug.test import TestResponse

import lander.access.models
import lander.leads.models
import lander.policy.models  # noqa: F401
from experiments.models import Experiment, Tally
from lander.access import users
from lander.access.gate import Studio
from lander.access.passwords import hash_password
from lander.access.signin import csrf_token, start_session
from lander.access.users import find_user
from lander.config import Settings, load_settings
from lander.db import make_engine, reading, transaction
from lander.edge import sign_simulation
from lander.factory import create_studio
from lander.pages.importing import import_upload
from lander.pages.models import Page, Site
from lander.pages.publish import publish
from lander.pages.sites import add_site
from lander.pages.testing import start_experiment
from lander.policy.store import load_policy
from tests.cast import PASSWORD, ROLES
from tests.databases import ENGINES, Engines, PostgreSql

HOST = "studio.localhost:8000"
ORIGIN = f"http://{HOST}"
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="session")
def furnished(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the tables and the cast, copied for each test."""
    file = shutil.copy(sqlite_template, tmp_path_factory.mktemp("furnished") / "lander.db")
    engine = make_engine(f"sqlite:///{file}")
    furnish(engine)
    engine.dispose()
    return Path(file)


_hash_once = cache(hash_password)


def furnish(engine: Engine) -> None:
    """The cast; they have the same password, which is hashed once, because that takes a while."""
    with transaction(engine) as session, pytest.MonkeyPatch.context() as patch:
        patch.setattr(users, "hash_password", _hash_once)
        for name, role in ROLES.items():
            users.add_user(session, name=name, role=role, password=PASSWORD, actor="command line", now=NOW)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"LANDER_ENV": "development", "LANDER_DATA_DIR": str(tmp_path)})


@pytest.fixture
def engine(request: pytest.FixtureRequest, settings: Settings, engines: Engines) -> Iterator[Engine]:
    """The studio's database: SQLite, and PostgreSQL where a module asks for `on_both`."""
    with ExitStack() as ending:
        if getattr(request, "param", "sqlite") == "sqlite":
            shutil.copy(request.getfixturevalue("furnished"), settings.data_dir / "lander.db")
            yield ending.enter_context(engines.on(settings.database_url))
            return
        server: PostgreSql = request.getfixturevalue("postgresql")
        engine = ending.enter_context(engines.on(ending.enter_context(server.tables())))
        furnish(engine)
        yield engine


on_both = pytest.mark.parametrize("engine", ENGINES, indirect=True)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application, which takes longer to build than most tests take."""
    folder = tmp_path_factory.mktemp("built")
    return create_studio(load_settings({"LANDER_ENV": "development", "LANDER_DATA_DIR": str(folder)}))


@pytest.fixture
def studio(built: Flask, settings: Settings, engine: Engine) -> Iterator[Flask]:
    """The application on this test's settings and database, which are all that it holds."""
    door = built.extensions["lander"] = Studio(settings, engine)
    yield built
    door.journal.close()


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
        response = self.client.post(path, base_url=ORIGIN, data=fields, headers=kept, buffered=True)
        response.request.environ["wsgi.input"].close()  # a large body is a file that the client forgets
        return response

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


HTML = """<!doctype html>
<html lang="en">
<head><title>Spring sale</title></head>
<body>
<h1>Bumpers for everybody</h1>
<form><input type="email" name="email" required><button>Send</button></form>
<a class="call" href="#top">Call us</a>
</body>
</html>
"""


@pytest.fixture
def site(engine: Engine, settings: Settings) -> Site:
    with transaction(engine) as session:
        return add_site(
            session,
            settings,
            host="go.localhost",
            core_site="www.localhost",
            timezone="Europe/Berlin",
            actor="ivan",
            now=NOW,
        )


@pytest.fixture
def page(engine: Engine, site: Site) -> Page:
    """A draft at go.localhost/spring-sale with variants a and b."""
    return build_page(engine, site, "spring-sale", a=HTML, b=HTML.replace("Bumpers", "Buggies"))


@pytest.fixture
def live(engine: Engine, settings: Settings, page: Page) -> Page:
    """The same page, published an hour ago."""
    with transaction(engine) as session:
        found = session.get_one(Page, page.id)
        publish(session, settings, found, actor="maya", now=NOW - timedelta(hours=1))
        return found


@pytest.fixture
def experiment(engine: Engine, settings: Settings, live: Page) -> Experiment:
    """Running for ten days, with nobody counted yet."""
    with transaction(engine) as session:
        return start_experiment(
            session,
            settings,
            page=session.get_one(Page, live.id),
            variants={"a": 5000, "b": 5000},
            goal="form",
            hypothesis="Buggies bring more leads, because they sound like fun",
            actor="maya",
            now=NOW - timedelta(days=10),
        )


def build_page(engine: Engine, site: Site, slug: str, **variants: str) -> Page:
    """A page with these variants as drafts."""
    with transaction(engine) as session:
        policy = load_policy(session)
        for key, html in variants.items():
            made = import_upload(
                session,
                site=session.get_one(Site, site.id),
                slug=slug,
                variant_key=key,
                filename="index.html",
                content=html.encode(),
                brought={},
                actor="maya",
                now=NOW - timedelta(hours=2),
                policy=policy,
            )
        return made.page


def count_visitors(engine: Engine, experiment: Experiment, *, days: int = 10, **variants: tuple[int, int]) -> None:
    """Tallies as the ledger would keep them: confirmed visitors and conversions of each variant, spread over days."""
    first = (NOW - timedelta(days=days)).date()
    with transaction(engine) as session:
        for key, (visitors, conversions) in variants.items():
            for day in range(days):
                common = {
                    "experiment_id": experiment.id,
                    "phase": 1,
                    "variant": key,
                    "day": first + timedelta(days=day),
                    "dimension": "all",
                    "level": "",
                }
                share = visitors // days + (day < visitors % days)
                won = conversions // days + (day < conversions % days)
                session.add(Tally(**common, goal="", served=share, confirmed=share))
                session.add(Tally(**common, goal=experiment.goal, conversions=won))


def text_of(response: TestResponse) -> str:
    """What a reader sees: tags gone, white space and entities as on the screen."""
    without_tags = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]*>", " ", response.text, flags=re.DOTALL)
    plain = without_tags.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&").replace("&lt;", "<")
    return re.sub(r"\s+", " ", plain.replace("&gt;", ">").replace("\u00a0", " "))
