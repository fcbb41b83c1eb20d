"""The two-month word change: Maya makes it on 200 pages, three of them under test, sees it live, and takes it back.

Real clicks in a real browser, real servers. What each step takes is printed (`-s`); with `--soak` the minute is held to.
"""

import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import expect

from lander.db import make_engine, transaction
from lander.pages import pages, publish, snippets, testing, versions
from lander.pages.sites import add_site
from tests.browser.conftest import OpenStudio, listen, tab_to
from tests.live import ROOT, Lander
from tests.patience import wait_until
from tests.screens import list_faults

pytestmark = pytest.mark.browser

HOST = "go.localhost"
PAGES, TESTED = 200, 3


@pytest.fixture(scope="module")
def installation(lander: Lander) -> Lander:
    """200 live pages of two variants that say bumpers, with a shared footer; tests run on the first three."""
    settings_of = {"LANDER_ENV": "development", "LANDER_DATA_DIR": str(lander.data_dir)}
    from lander.config import load_settings

    settings, now = load_settings(settings_of), datetime.now(UTC)
    engine = make_engine(settings.database_url)
    sources = {key: _bumpers(ROOT / "examples" / "trail-buggies" / key / "index.html") for key in ("a", "b")}
    with transaction(engine) as session:
        site = add_site(
            session, settings, host=HOST, core_site="www.localhost", timezone="Europe/Berlin", actor="ivan", now=now
        )
        snippets.add_snippet(session, site, "footer", "<p>All bumpers by mail.</p>", actor="maya", now=now)
        for number in range(PAGES):
            page = pages.add_page(session, site, f"bumpers-{number:03}", actor="maya", now=now)
            for key, source in sources.items():
                variant = pages.add_variant(session, page, key, now=now)
                versions.add_version(
                    session,
                    variant,
                    source=source.replace("<title>", f"<title>{number:03} "),
                    path="index.html",
                    files={},
                    links={},
                    enable_submit=True,
                    actor="maya",
                    now=now,
                )
            publish.publish(session, settings, page, actor="maya", now=now)
            if number < TESTED:
                testing.start_experiment(
                    session,
                    settings,
                    page=page,
                    variants={"a": 5000, "b": 5000},
                    goal="form",
                    hypothesis="Shorter is better.",
                    actor="maya",
                    now=now,
                )
    engine.dispose()
    lander.wait_for(HOST, f"/bumpers-{PAGES - 1:03}")
    return lander


def test_maya_changes_a_word_on_two_hundred_pages_and_takes_it_back(
    installation: Lander, open_studio: OpenStudio, request: pytest.FixtureRequest
) -> None:
    maya = open_studio()
    said = listen(maya)
    clock = _Clock()

    maya.get_by_role("link", name="Pages", exact=True).first.click()
    maya.get_by_role("link", name="Change a phrase everywhere").click()

    maya.get_by_label("Find", exact=True).fill("bumpers")
    maya.get_by_label("Replace with").fill("buggies")
    maya.get_by_role("button", name="Show what would change").click()
    plan = maya.locator(".plan")
    expect(plan).to_contain_text(f"on {PAGES} pages ({2 * PAGES} variants) and 1 snippet would change.")
    expect(plan).to_contain_text(f"{PAGES} of {PAGES} are live.")
    expect(plan.locator("fieldset.test-choice")).to_have_count(TESTED)
    clock.tell("plan")

    for choice in plan.get_by_label("The same in every variant").all():
        choice.check()
    maya.get_by_role("button", name="Apply and publish").click()
    expect(maya.get_by_role("status").first).to_contain_text(f"Published. {PAGES} pages say 'buggies' now.")
    clock.tell("apply and publish")
    _wait_until_says(installation, "buggies", not_says="bumpers")
    clock.tell("seen live")

    maya.get_by_role("button", name="Undo").first.click()
    expect(maya.get_by_role("status").first).to_contain_text("Undone. What stood there before stands there again.")
    clock.tell("undo")
    _wait_until_says(installation, "bumpers", not_says="buggies")
    clock.tell("seen live again")

    assert said == []
    assert installation.ok("report", "--site", HOST, "--slug", "bumpers-000")["phase"] == 1
    print(f"\n{clock.lines()}")
    if request.config.getoption("--soak"):
        assert clock.total < 60, clock.lines()


def test_it_can_be_done_without_javascript(installation: Lander, open_studio: OpenStudio) -> None:
    maya = open_studio(java_script_enabled=False)
    maya.goto(installation.url("studio.localhost", "/bulk"))
    maya.get_by_label("Find", exact=True).fill("test rides")
    maya.get_by_label("Replace with").fill("Tours")
    maya.get_by_text("Only some pages, or another kind of change").click()
    maya.get_by_label("Only these pages").fill("bumpers-010 bumpers-011")
    maya.get_by_role("button", name="Show what would change").click()
    expect(maya.locator(".plan")).to_contain_text("on 2 pages (")
    maya.get_by_role("button", name="Apply to the drafts").click()
    expect(maya.locator("main")).to_contain_text("Applied to the drafts of 2 pages.")
    maya.get_by_role("button", name="Publish").click()
    expect(maya.locator("main")).to_contain_text("Published. 2 pages say 'Tours' now.")
    maya.get_by_role("button", name="Undo").first.click()
    expect(maya.locator("main")).to_contain_text("Undone.")


def test_it_can_be_done_by_keyboard(installation: Lander, open_studio: OpenStudio) -> None:
    maya = open_studio()
    maya.goto(installation.url("studio.localhost", "/bulk?find=test+rides&value=tours&pages=bumpers-020"))
    maya.get_by_label("Replace with").focus()
    tab_to(maya, maya.get_by_role("button", name="Apply and publish"))
    maya.keyboard.press("Enter")
    expect(maya.get_by_role("status").first).to_contain_text("Published.")
    maya.get_by_role("button", name="Undo").first.press("Enter")
    expect(maya.get_by_role("status").first).to_contain_text("Undone.")


def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_window(
    installation: Lander, open_studio: OpenStudio
) -> None:
    maya = open_studio()
    for path in (
        "/bulk",
        "/bulk?find=free&value=paid&prefix=bumpers-00",
        "/bulk?find=x&value=x",
        "/bulk/1",
        "/snippets",
        "/snippets/footer",
    ):
        maya.goto(installation.url("studio.localhost", path))
        serious = [fault for fault in list_faults(maya) if "(moderate)" not in fault and "(minor)" not in fault]
        assert serious == [], path


class _Clock:
    """What each step took."""

    def __init__(self) -> None:
        self._started = self._last = time.monotonic()
        self._steps: list[tuple[str, float]] = []

    @property
    def total(self) -> float:
        return self._last - self._started

    def tell(self, step: str) -> None:
        now = time.monotonic()
        self._steps.append((step, now - self._last))
        self._last = now

    def lines(self) -> str:
        steps = ", ".join(f"{step} {took:.1f} s" for step, took in self._steps)
        return f"{PAGES} pages of two variants, {TESTED} under test: {steps}; {self.total:.1f} s in all"


def _bumpers(file: Path) -> str:
    source = file.read_text(encoding="utf-8").replace("buggies", "bumpers").replace("Buggies", "Bumpers")
    return source.replace("</body>", '<lander-snippet name="footer"></lander-snippet></body>')


def _wait_until_says(installation: Lander, word: str, *, not_says: str) -> None:
    """Until visitors of the first page and of the last read it; the footer too."""
    for number in (0, PAGES - 1):
        wait_until(partial(_says, installation, number, word, not_says=not_says), f"page {number} does not say {word}")


def _says(installation: Lander, number: int, word: str, *, not_says: str) -> bool:
    text = installation.request("GET", HOST, f"/bumpers-{number:03}")[1].decode()
    return f"All {word} by mail." in text and f"{not_says} by mail" not in text and word in _title(text)


def _title(text: str) -> str:
    return text.partition("<title>")[2].partition("</title>")[0].lower()
