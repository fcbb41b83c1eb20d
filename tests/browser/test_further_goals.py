"""A visitor with a real browser does everything that a test counts, and the report has it: from the start to the screen."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from sqlalchemy import Engine

from experiments.goals import Goal, GoalKind, Role
from lander.config import load_settings
from lander.db import make_engine, transaction
from lander.demo import EXAMPLES
from lander.pages import pages, sites, testing
from tests.browser.conftest import take_time
from tests.live import Lander
from tests.patience import wait_until

pytestmark = pytest.mark.browser

HOST, SLUG = "go.localhost", "trail-buggies"
GOALS = (
    Goal(GoalKind.SCROLL, threshold=75),
    Goal(GoalKind.CLICK, selector="a[href='#range']", role=Role.GUARDRAIL, margin=0.1),
    Goal(GoalKind.TIME, threshold=2),
    Goal(GoalKind.CLICK, selector="a[href='#questions']"),
)
TYPED = {"text": "Otto", "email": "otto@example.com"}


def publish_and_start(lander: Lander, folder: Path, engine: Engine) -> None:
    lander.ok("site", "add", HOST, "--core-site", "www.localhost")
    for variant in ("a", "b"):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for file in sorted((EXAMPLES / SLUG / variant).iterdir()):
                archive.write(file, file.name)
        upload = folder / f"{variant}.zip"
        upload.write_bytes(content.getvalue())
        lander.ok("page", "import", "--site", HOST, "--slug", SLUG, "--variant", variant, str(upload))
    lander.ok("page", "publish", "--site", HOST, "--slug", SLUG)
    with transaction(engine) as session:
        testing.start_experiment(
            session,
            load_settings(lander.environ),
            page=pages.load_page(session, sites.load_site(session, HOST), SLUG),
            variants={"a": 5_000, "b": 5_000},
            goal="form",
            goals=GOALS,
            actor="maya",
            now=datetime.now(UTC),
        )
    lander.wait_until_live(HOST, SLUG)


def count(lander: Lander) -> dict[str, int]:
    report: Any = lander.ok("report", "--site", HOST, "--slug", SLUG)
    reached = {goal["key"]: sum(variant["conversions"] for variant in goal["variants"]) for goal in report["goals"]}
    return {
        "confirmed": sum(variant["confirmed"] for variant in report["variants"]),
        "form": sum(variant["conversions"] for variant in report["variants"]),
        **reached,
    }


def scroll_down(tab: Page) -> bool:
    """A turn of the wheel; whether the end of the page is in sight."""
    tab.mouse.wheel(0, 600)
    return bool(tab.evaluate("scrollY + innerHeight > 0.95 * document.documentElement.scrollHeight"))


def test_what_a_visitor_does_stands_in_the_report(lander: Lander, tab: Page, tmp_path: Path) -> None:
    settings = load_settings(lander.environ)
    engine = make_engine(settings.database_url)
    try:
        publish_and_start(lander, tmp_path, engine)
    finally:
        engine.dispose()
    tab.goto(lander.url(HOST, f"/{SLUG}"))
    seen = {"confirmed": 1, "form": 0, "scroll-2": 0, "click-3": 0, "time-4": 1, "click-5": 0}
    wait_until(lambda: count(lander) == seen, "the view and the time do not come to the report")
    wait_until(lambda: scroll_down(tab), "the wheel does not lead to the end of the page")
    tab.locator("nav a[href='#range']").click()
    take_time(tab)
    for field in tab.locator("form input[required]").all():
        field.fill(TYPED[field.get_attribute("type") or "text"])
    tab.locator("form button[type=submit]").click()
    tab.wait_for_url("**/thanks**")
    everything = {"confirmed": 1, "form": 1, "scroll-2": 1, "click-3": 1, "time-4": 1, "click-5": 0}
    wait_until(lambda: count(lander) == everything, "not everything comes to the report")
