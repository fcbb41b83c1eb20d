"""Looking at a screen of the studio: nothing that axe-core minds, nothing wider than the window; a picture on request."""

import os
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from tests.live import ROOT

Look = tuple[Literal["light", "dark"], int]
"""A color scheme, and how wide the window is."""
LOOKS: Final[Sequence[Look]] = (("light", 1440), ("dark", 390), ("light", 390), ("dark", 1440))
SHOTS: Final = os.environ.get("SCREENSHOTS", "")
"""A folder to look at the screens in; none are taken without."""
_AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"


def look_at(tab: Page) -> None:
    """Fails where a screen reader, a narrow window or a dark one would."""
    faults = list_faults(tab)
    assert not faults, "\n".join([tab.url, *faults])


def list_faults(tab: Page, *, looks: Sequence[Look] = LOOKS) -> list[str]:
    """What a screen reader would meet on this screen, on a desk and on a phone, in light and in dark.

    The screen is loaded once: its window changes, as when somebody turns a phone, and in the end is as it was.
    """
    if tab.evaluate("typeof axe") == "undefined":
        tab.evaluate(_read_axe())
    before = tab.viewport_size
    faults = []
    for scheme, width in looks:
        tab.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # a color on its way to another is neither
        tab.set_viewport_size({"width": width, "height": 900})
        _take_picture(tab, f"{scheme}-{width}")
        faults += [f"{scheme}, {width} px: {fault}" for fault in _list_faults_now(tab)]
    tab.emulate_media(color_scheme="null", reduced_motion="null")
    if before is not None:
        tab.set_viewport_size(before)
    return faults


def _list_faults_now(tab: Page) -> list[str]:
    found: list[dict[str, Any]] = tab.evaluate(
        "axe.run(document, {iframes: false}).then((result) => result.violations)"
    )
    faults = [f"{item['id']} ({item['impact']}): {node['html']}" for item in found for node in item["nodes"]]
    if tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        faults.append("it is wider than the window")
    return faults


@cache
def _read_axe() -> str:
    if not _AXE.is_file():
        pytest.skip("needs node_modules, made by `make`")
    return _AXE.read_text(encoding="utf-8")


def _take_picture(tab: Page, looks: str) -> None:
    if SHOTS:
        number = len(list(Path(SHOTS).glob("*.png")))
        name = re.sub(r"[^\w-]+", "-", urlsplit(tab.url).path).strip("-") or "home"
        tab.screenshot(path=Path(SHOTS) / f"{number:03}-{name}-{looks}.png", full_page=True)
