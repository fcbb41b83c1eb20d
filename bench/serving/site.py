"""A real published page of about 10 kB with two variants under test, in a data folder of its own."""

from datetime import UTC, datetime
from pathlib import Path

from lander import migrations
from lander.config import load_settings
from lander.db import make_engine, reading, transaction
from lander.pages import deploy, importing, pages, publish, sites, testing
from lander.policy.policy import DEFAULTS

HOST = "go.example.com"
PATH = "/spring-sale"
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
SECRET = "a-secret-for-benchmarks-only-0123456789-abcdef"
ACTOR = "bench"


def environ_for(data_dir: Path) -> dict[str, str]:
    """The settings of the installation in this folder."""
    return {"LANDER_DATA_DIR": str(data_dir), "LANDER_SECRET_KEYS": SECRET}


def install(data_dir: Path) -> None:
    """Make and publish the page, start its test, bring it to the disk."""
    settings = load_settings(environ_for(data_dir))
    engine = make_engine(settings.database_url)
    migrations.upgrade(engine)
    now = datetime.now(UTC)
    with transaction(engine) as session:
        site = sites.add_site(session, settings, host=HOST, core_site="www.example.com", actor=ACTOR, now=now)
        for key in ("a", "b"):
            importing.import_upload(
                session,
                site=site,
                slug=PATH[1:],
                variant_key=key,
                filename="index.html",
                content=_page(key).encode(),
                brought={},
                policy=DEFAULTS,
                actor=ACTOR,
                now=now,
            )
        page = pages.load_page(session, site, PATH[1:])
        publish.publish(session, settings, page, actor=ACTOR, now=now)
        halves = {"a": 5_000, "b": 5_000}
        testing.start_experiment(
            session, settings, page=page, variants=halves, goal="form", hypothesis="B is better.", actor=ACTOR, now=now
        )
    with reading(engine) as session:
        deploy.materialise(session, settings.published_dir)
    engine.dispose()


def _page(key: str) -> str:
    reasons = "\n".join(
        f"<section><h2>Reason {number}</h2><p>Light, quiet and ready in an afternoon: what families told us after their "
        f"first season with it, and why {number * 7} of them came back for another one.</p></section>"
        for number in range(1, 41)
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Spring sale {key}</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; }}</style></head>
<body><h1>Spring sale for {{city|titlecase|everybody}}</h1>
{reasons}
<form><label>E-mail <input name="email" type="email" required></label><button>Book a ride</button></form>
</body></html>
"""
