"""Looking at a screen of the studio: nothing that axe-core minds, nothing wider than the window; a picture on request."""

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.live import ROOT

AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"
SHOTS: Final = os.environ.get("SCREENSHOTS", "")
"""A folder to look at the screens in; none are taken without."""


def look_at(tab: Page) -> None:
    """Fails where a screen reader or a narrow window would."""
    assert list_faults(tab) == [], tab.url


def list_faults(tab: Page) -> list[str]:
    """What a screen reader or a narrow window would meet on this screen."""
    if not AXE.is_file():
        pytest.skip("needs node_modules, made by `make`")
    if SHOTS:
        number = len(list(Path(SHOTS).glob("*.png")))
        name = re.sub(r"[^\w-]+", "-", urlsplit(tab.url).path).strip("-") or "home"
        tab.screenshot(path=Path(SHOTS) / f"{number:03}-{name}.png", full_page=True)
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    found = tab.evaluate("axe.run(document, {iframes: false}).then((result) => result.violations)")
    faults = [f"{item['id']} ({item['impact']}): {node['html']}" for item in found for node in item["nodes"]]
    if tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        faults.append("it is wider than the window")
    return faults
