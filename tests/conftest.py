"""What every test may share: one real Chromium and one PostgreSQL for the whole run, and that CI skips nothing."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, expect, sync_playwright

from tests.databases import (  # noqa: F401  (fixtures)
    database,
    database_url,
    empty_database_url,
    engines,
    lasting_database,
    postgresql,
    sqlite_template,
)
from tests.patience import PATIENCE_MS

# the same examples in every run: what fails in one place fails in all
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

_FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Started when the first test asks for it."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("needs Chromium on the path (Debian's package chromium)")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield browser
        browser.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="run load and faults for as long as is promised")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """CI has everything that a test may need, so a test skipped there is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("CI must skip nothing: what is missing is named above.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def receivers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that checks signatures when the tests began: messages are dated then, and good for five minutes."""
    monkeypatch.setattr("standardwebhooks.webhooks.datetime", _Began)


class _Began(datetime):
    _at: ClassVar = datetime.now(UTC)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Any:
        return cls._at
