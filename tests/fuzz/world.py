"""A whole Lander on a folder, the way Maya makes one: pages imported, published, under test, on this node's disk.

Everything goes through the verbs that the command line uses, and requests go through the one WSGI object, so what is
attacked is what is run. A world is built once per setting and copied; a copy costs a few milliseconds.
"""

import hashlib
import io
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import Connection, Engine, event
from sqlmodel import Session, SQLModel

import lander.access.models
import lander.integrations.models
import lander.leads.models
import lander.policy.models  # noqa: F401  (their tables)
from app import build
from experiments.goals import Goal, GoalKind
from experiments.journal import list_journals
from lander.access.models import Role, SignIn
from lander.access.signin import start_session
from lander.access.users import add_user, find_user
from lander.config import Settings, load_settings
from lander.db import make_engine, make_file, reading, transaction
from lander.pages.deploy import materialise
from lander.pages.importing import import_upload
from lander.pages.models import Page
from lander.pages.pages import list_pages, load_page
from lander.pages.publish import publish
from lander.pages.redirect_rules import Rule
from lander.pages.redirects import put_redirect
from lander.pages.sites import add_site, load_site
from lander.pages.testing import start_experiment
from lander.policy.store import load_policy
from lander.preview import LONGEST_TTL_S, sign_preview

PAGES, STUDIO, PREVIEW = "go.localhost", "studio.localhost", "preview.localhost"
OTHER_PAGES = "go.localhost.example"
SECRET = "a-secret-for-tests-only-0123456789-abcdefghij"
PASSWORD = "correct horse battery staple"
ROLES = {"maya": Role.MARKETER, "ana": Role.ANALYST, "ivan": Role.IT}
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"

INDEX = """<!doctype html>
<html lang="en"><head><title>Sale in {{city|titlecase|Vancouver}}</title>
<link rel="stylesheet" href="css/main.css"><style>h1{margin:0}</style></head>
<body><h1 style="color:red" title="{{city}}">Bumpers</h1><img src="a.png" alt="A car">
<form><input name="email" type="email" required><input name="name" maxlength="60"><input type="tel" name="phone">
<select name="size"><option>S<option>M</select><input type="hidden" name="campaign" value="x">
<textarea name="message"></textarea><label><input type="checkbox" name="consent" value="yes" required> I agree that you
write to me</label><button>Go</button></form>
<a class="call" href="terms.pdf">Terms</a><script>document.title += "!"</script></body></html>
"""
THANKS = "<!doctype html><html lang=en><head><title>Thanks</title></head><body><h1>Thank you</h1></body></html>"
FURTHER = {"scroll-2": Goal(GoalKind.SCROLL, threshold=75), "click-3": Goal(GoalKind.CLICK, selector="a.call")}
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@dataclass
class Answer:
    """What came back, as the server would send it."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> int:
        return int(self.status[:3])

    def get(self, name: str) -> str:
        """A header's value; empty where it is not there."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass
class Request:
    """One request as a server hands it over: header names as they are sent, the path in raw latin-1."""

    method: str
    host: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    address: str = "203.0.113.9"
    protocol: str = "HTTP/1.1"
    length: str | None = None  # None: the true one

    def environ(self, scheme: str) -> dict[str, Any]:
        """The WSGI environment, as gunicorn makes it."""
        found: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": self.protocol,
            "REMOTE_ADDR": self.address,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scheme,
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
        }
        if self.host:
            found["HTTP_HOST"] = self.host
        length = str(len(self.body)) if self.length is None and self.body else self.length
        if length:
            found["CONTENT_LENGTH"] = length
        for name, value in self.headers.items():
            key = name.upper().replace("-", "_")
            found[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        return found


@dataclass
class World:
    """An installation, and what is needed to knock on its doors."""

    settings: Settings
    engine: Engine
    cookies: dict[str, str]  # of the three people's sessions
    assets: list[str]
    previews: list[str]
    app: Callable[..., Iterable[bytes]]

    @property
    def scheme(self) -> str:
        return self.settings.scheme

    def origin(self, host: str) -> str:
        return f"{self.scheme}://{host}"

    @property
    def session_cookie(self) -> str:
        return "studio" if self.settings.is_development else "__Host-studio"

    def sign_in(self, name: str) -> None:
        """Give somebody a session that has just begun."""
        with transaction(self.engine) as session:
            user = find_user(session, name)
            assert user is not None
            self.cookies[name] = start_session(session, user, network="203.0.113.0/24", now=datetime.now(UTC))

    def ask(self, request: Request) -> Answer:
        """Send it; raises where the application breaks the rules of WSGI or lets an exception out."""
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., None]:
            started.append((status, headers))
            return lambda _: None

        chunks = self.app(request.environ(self.scheme), start_response)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        assert len(started) == 1, f"start_response was called {len(started)} times"
        return Answer(*started[0], body)

    def fingerprint(self) -> dict[str, str]:
        """Everything that is kept: each table, what is published, what waits in the journals. Sessions by their number.

        That somebody has read a report is remembered, and is no change that reading must not make.
        """
        found = {}
        with self.engine.connect() as connection:
            for name, table in sorted(SQLModel.metadata.tables.items()):
                rows = sorted(repr(tuple(row)) for row in connection.execute(table.select()))
                found[name] = f"{len(rows)} rows {_hash(rows) if name != SignIn.__tablename__ else ''}"
        files = sorted(file for file in self.settings.published_dir.rglob("*") if file.is_file())
        found["published"] = f"{len(files)} files {_hash([f'{file} {_hash([file.read_bytes()])}' for file in files])}"
        rows_of = [row for file in list_journals(self.settings.journal_dir) for row in file.read(100_000)]
        journals = [row for row in rows_of if row[1] != "look"]
        found["journals"] = f"{len(journals)} rows {_hash([repr(row) for row in journals])}"
        return found

    def get(self, host: str, path: str, *, query: str = "", method: str = "GET", **headers: str) -> Answer:
        """A plain look from outside."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask(Request(method, host, path, query, {"User-Agent": CHROME, **named}))

    def as_person(self, name: str) -> dict[str, str]:
        """The headers of somebody's browser in the studio, for looking and for sending."""
        return {
            "Cookie": f"{self.session_cookie}={self.cookies[name]}",
            "Origin": self.origin(STUDIO),
            "Sec-Fetch-Site": "same-origin",
            "User-Agent": CHROME,
        }


def _hash(parts: Iterable[str | bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else part.encode())
    return digest.hexdigest()[:16]


def make_zip(files: Mapping[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def settings_at(folder: Path, env: str) -> Settings:
    return load_settings({"LANDER_ENV": env, "LANDER_DATA_DIR": str(folder), "LANDER_SECRET_KEYS": SECRET})


def furnish(folder: Path, env: str) -> Path:
    """Fill the folder as IT and Maya would; it is copied for each world."""
    settings, now = settings_at(folder, env), datetime.now(UTC)
    engine = make_engine(settings.database_url)
    make_file(engine)
    SQLModel.metadata.create_all(engine)
    with transaction(engine) as session:
        for name, role in ROLES.items():
            add_user(session, name=name, role=role, password=PASSWORD, actor="command line", now=now)
        for host in (PAGES, OTHER_PAGES):
            add_site(
                session, settings, host=host, core_site="www.localhost", timezone="Europe/Berlin", actor="ivan", now=now
            )
        sale = _take_in(session, PAGES, "spring-sale", INDEX, now)
        _take_in(session, PAGES, "spring-sale", INDEX.replace("Bumpers", "Buggies"), now, key="b")
        plain = _take_in(session, PAGES, "terms/plain", INDEX.replace("Bumpers", "Plain"), now)
        _take_in(session, PAGES, "terms/plain", INDEX.replace("Bumpers", "Plainer"), now, key="b")
        elsewhere = _take_in(session, OTHER_PAGES, "elsewhere", INDEX, now)
        _take_in(session, PAGES, "draft", INDEX.replace("Bumpers", "Draft"), now)
        thanks = load_page(session, load_site(session, PAGES), "spring-sale/thanks")
        elsewhere.noindex = False  # one that a sitemap names
        for page in (thanks, sale, plain, elsewhere):
            publish(session, settings, page, actor="maya", now=now)
        for rule in (
            Rule("/old-sale", "/spring-sale", 301),
            Rule("/for-now", "/spring-sale", 302),
            Rule("/gone", "", 410),
        ):
            put_redirect(session, load_site(session, PAGES), rule, actor="maya", now=now)
        plan = {
            "variants": {"a": 5000, "b": 5000},
            "coverage_bp": 9_000,
            "goal": "form",
            "goals": list(FURTHER.values()),
            "hypothesis": "Buggies sound like fun",
        }
        start_experiment(session, settings, page=sale, actor="maya", now=now, **plan)
    with reading(engine) as session:
        materialise(session, settings.published_dir)
    engine.dispose()
    return folder


@contextmanager
def opened(template: Path, folder: Path, env: str) -> Iterator[World]:
    """A world on a copy of the template, with three sessions that have just begun."""
    shutil.copytree(template, folder)
    settings = settings_at(folder, env)
    engine = make_engine(settings.database_url)
    with reading(engine) as session:
        pages = {page.slug: page.id or 0 for page in list_pages(session)}
    used: set[Engine] = set()

    def note(connection: Connection) -> None:
        used.add(connection.engine)

    event.listen(Engine, "engine_connect", note)
    try:
        world = World(
            settings=settings,
            engine=engine,
            cookies={},
            assets=sorted(file.name for file in settings.published_dir.glob("assets/*/*")),
            previews=[
                sign_preview(settings, pages[slug], key, ttl_s=LONGEST_TTL_S)
                for slug, key in (("spring-sale", "a"), ("spring-sale", "b"), ("draft", "a"))
            ],
            app=build(settings),
        )
        for name in ROLES:
            world.sign_in(name)
        yield world
    finally:
        event.remove(Engine, "engine_connect", note)
        for each in {engine, *used}:
            each.dispose()


def _take_in(session: Session, host: str, slug: str, html: str, now: datetime, *, key: str = "a") -> Page:
    picture = io.BytesIO()
    Image.new("RGB", (4, 3), "tomato").save(picture, "PNG")
    files = {
        "index.html": html,
        "thanks.html": THANKS,
        "css/main.css": "h1{color:blue}" * 200,
        "a.png": picture.getvalue(),
        "terms.pdf": PDF,
    }
    made = import_upload(
        session,
        site=load_site(session, host),
        slug=slug,
        variant_key=key,
        filename=f"{slug}.zip",
        content=make_zip(files),
        brought={},
        actor="maya",
        now=now,
        policy=load_policy(session),
    )
    return made.page
