"""Every screen that a link leads to, as each of the three people meets it: answered, quiet, readable, and no dead end."""

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import AGENT, OpenStudio, take_time
from tests.live import ROOT, Lander, lander_at
from tests.screens import LOOKS, list_faults

HOST = "go.localhost"
SITE = ("--site", HOST)
PAGE = (*SITE, "--slug", "buggies")
# one of many alike: numbers, ids, variants, the small pages below a page
_ONE_OF_MANY = re.compile(
    r"(?<=/)(\d[\d-]*|[0-9a-f]{16,}|lead-[0-9a-f-]+|[ab]|buggies/(imprint|privacy|thanks))(?=/|$)"
)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Lander]:
    """Something of everything: a page under test, a lead, a redirect, a snippet, a webhook, a schedule, a share link."""
    folder = tmp_path_factory.mktemp("company")
    footer = folder / "footer.html"
    footer.write_text("<p>All rights reserved.</p>", encoding="utf-8")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with lander_at(folder / "data") as lander:
        lander.ok("site", "add", HOST, "--core-site", "www.example.com", "--timezone", "Europe/Berlin")
        for key in ("a", "b"):
            source = ROOT / "examples" / "trail-buggies" / key
            lander.ok("page", "import", shutil.make_archive(str(folder / key), "zip", source), *PAGE, "--variant", key)
        for slug in ("buggies", "buggies/privacy", "buggies/imprint", "buggies/thanks"):
            lander.ok("page", "publish", *SITE, "--slug", slug)
        lander.ok(
            *("experiment", "start", *PAGE, "--variants", "a,b", "--goal", "form"),
            "--hypothesis",
            "The loan convinces.",
        )
        lander.ok("redirect", "add", *SITE, "/old", "/buggies")
        lander.ok("snippet", "add", *SITE, "footer", str(footer))
        lander.ok("share", "add", *PAGE, "--variant", "b", "--for", "The agency")
        lander.ok("webhook", "add", *SITE, "http://crm.localhost:9/leads")
        lander.ok(
            "schedule", "add", *PAGE, "--at", f"{tomorrow:%Y-%m-%d} 12:00", "--during-test", "annotate", "publish"
        )
        lander.wait_until_live(HOST, "buggies")
        send_a_lead(lander, chromium)
        lander.wait_for_lead("otto@example.com")
        lander.wait_for_report(HOST, "buggies", confirmed=1)
        yield lander


def send_a_lead(lander: Lander, chromium: Browser) -> None:
    """As a visitor does, who came by an advertisement."""
    visitor = chromium.new_context(user_agent=AGENT)
    tab = visitor.new_page()
    tab.goto(lander.url(HOST, "/buggies?utm_source=google&utm_campaign=spring"))
    tab.get_by_label("Your name").first.fill("Otto")
    tab.get_by_label("E-mail").first.fill("otto@example.com")
    tab.get_by_label("Postal code").first.fill("12345")
    take_time(tab)
    tab.locator("form button").first.click()
    tab.wait_for_url("**/thanks")
    visitor.close()


def list_links(tab: Page) -> list[str]:
    """Where the links of this screen lead within the studio; those that hand out files left out."""
    links = tab.locator("a[href]:not([download])").evaluate_all("links => links.map(link => link.href)")
    found = [urlsplit(link) for link in links if urlsplit(link).netloc == urlsplit(tab.url).netloc]
    addresses = [f"{link.path}?{link.query}" if link.query else link.path for link in found]
    return [address for address in addresses if not re.search(r"^/api/|/export|\.(csv|json|svg)\b", address)]


@pytest.mark.parametrize("name", ["maya", "ana", "ivan"])
def test_whatever_a_link_leads_to_is_a_screen_that_everybody_can_use(
    installation: Lander, open_studio: OpenStudio, name: str
) -> None:
    tab = open_studio(name)
    waiting, seen = ["/"], {"/"}
    faults: list[str] = []
    while waiting:
        address = waiting.pop(0)
        answer = tab.goto(installation.url("studio.localhost", address))
        assert answer is not None
        assert answer.status == 200, f"{address} answers {answer.status}"
        faults += [f"{address}: {fault}" for fault in list_faults(tab, looks=LOOKS[:2])]
        for link in list_links(tab):
            kind = _ONE_OF_MANY.sub("*", link.partition("?")[0])
            if kind not in seen:
                seen.add(kind)
                waiting.append(link)
    assert not faults, "\n".join(faults)
    print(f"{name}: {len(seen)} screens: {', '.join(sorted(seen))}")
    assert len(seen) >= 15
