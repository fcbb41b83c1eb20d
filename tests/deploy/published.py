"""Two published pages under test on a served installation, and what their visitors do there."""

import html
import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from sqlmodel import Session

from lander import migrations
from lander.config import Settings, load_settings
from lander.db import make_engine, reading, transaction
from lander.pages import deploy, importing, pages, publish, sites, testing
from lander.pages.models import Site
from lander.policy.policy import DEFAULTS
from tests.builders_content import make_zip
from tests.live import Lander
from tests.serve.stage import CHROME, SECRET

HOST = "go.localhost"
PATH = "/spring-sale"  # its goal is the form
CLICK_PATH = "/autumn-sale"  # its goal is the click on its link
ACTOR = "maya"
DEVELOPMENT = {"LANDER_ENV": "development"}
PRODUCTION = {"LANDER_ENV": "production", "LANDER_SECRET_KEYS": SECRET}
NULL_ORIGIN = {"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"}
BROCHURE = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PAGE = """<!doctype html>
<html lang="en"><head><title>Spring sale</title><link rel="icon" href="data:,"></head>
<body><h1>Spring sale {variant}</h1><a href="brochure.pdf">Brochure</a>
<form><label>E-mail <input name="email" type="email" required></label><button>Go</button></form></body></html>
"""


def install(data_dir: Path, **environ: str) -> None:
    """A data folder with two published pages, two variants of each under test, ready to be served."""
    settings = load_settings({"LANDER_DATA_DIR": str(data_dir), **environ})
    data_dir.mkdir(parents=True, exist_ok=True)
    engine = make_engine(settings.database_url)
    migrations.upgrade(engine)
    now = datetime.now(UTC)
    with transaction(engine) as session:
        site = sites.add_site(session, settings, host=HOST, core_site="www.localhost", actor=ACTOR, now=now)
        _put_under_test(session, settings, site, PATH[1:], now, goal="form")
        _put_under_test(session, settings, site, CLICK_PATH[1:], now, goal="click", selector="a")
    with reading(engine) as session:
        deploy.materialise(session, settings.published_dir)
    engine.dispose()


def _put_under_test(session: Session, settings: Settings, site: Site, slug: str, now: datetime, **goal: str) -> None:
    for key in ("a", "b"):
        importing.import_upload(
            session,
            site=site,
            slug=slug,
            variant_key=key,
            filename=f"{key}.zip",
            content=make_zip({"index.html": PAGE.format(variant=key), "brochure.pdf": BROCHURE}),
            brought={},
            policy=DEFAULTS,
            actor=ACTOR,
            now=now,
        )
    page = pages.load_page(session, site, slug)
    publish.publish(session, settings, page, actor=ACTOR, now=now)
    halves = {"a": 5_000, "b": 5_000}
    testing.start_experiment(
        session, settings, page=page, variants=halves, hypothesis="B is better.", actor=ACTOR, now=now, **goal
    )


def find_token(body: bytes) -> str:
    return _find(rb'data-lander="([^"]+)"', body)


def find_asset(body: bytes) -> str:
    return _find(rb'"(/_l/a/[^"?]+\.pdf)', body)


def find_form(body: bytes) -> str:
    return _find(rb'name="_form" value="([^"]+)"', body)


def form_body(page: bytes, email: str) -> bytes:
    fields = {"_lander": find_token(page), "_form": find_form(page), "email": email}
    return urlencode(fields).encode()


def view(lander: Lander, *, headers: dict[str, str] | None = None) -> bytes:
    """The page as a browser gets it."""
    response, body = lander.request("GET", HOST, PATH, headers={"User-Agent": CHROME, **(headers or {})})
    assert response.status == 200
    return body


def _find(pattern: bytes, body: bytes) -> str:
    found = re.search(pattern, body)
    assert found is not None, body.decode()
    return html.unescape(found[1].decode())
