"""Maya moves a site here: 300 old addresses from a CSV, the collapse told before anything changes, every one answered with
its query kept; what is missing found in the log; and screens that anybody can read and use by keyboard.
"""

import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AGENT, OpenStudio
from tests.live import Lander
from tests.patience import wait_until
from tests.screens import look_at

pytestmark = pytest.mark.browser

HOST = "go.localhost"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><h1>{title}</h1><p>Everything about {title}, for everybody who asks, in the words of those who make it.</p></body></html>
"""
SLUGS = ("red-buggies", "blue-buggies", "tyres", "spare-parts")
TO_HOME = 280
OLD = [
    *(f"/shop/category-{number}/item-{number}.html" for number in range(TO_HOME - len(SLUGS))),
    *(f"/shop/{slug}.html" for slug in SLUGS),
]
KEPT = [(f"/offers/{number}", f"https://www.localhost/offers/{number}?from=old") for number in range(300 - TO_HOME)]


@pytest.fixture(scope="module")
def installation(lander: Lander, tmp_path_factory: pytest.TempPathFactory) -> Lander:
    """Four live pages, and nothing at their old addresses."""
    lander.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", "Europe/Berlin")
    file = tmp_path_factory.mktemp("pages") / "page.html"
    for slug in SLUGS:
        file.write_text(PAGE.format(title=slug.replace("-", " ").title()))
        lander.ok("page", "import", "--site", HOST, "--slug", slug, str(file))
        lander.ok("page", "publish", "--site", HOST, "--slug", slug)
    lander.wait_for(HOST, f"/{SLUGS[-1]}")
    return lander


def make_sheet(folder: Path) -> Path:
    """As a spreadsheet in Germany saves it: semicolons, Windows-1252, absolute addresses."""
    rows = ["Alte Adresse;Neue Adresse;Status;Notiz"]
    rows += [f"http://{HOST}{path};/;;für später" for path in OLD]
    rows += [f"{path};{target};301;" for path, target in KEPT]
    file = folder / "alte-adressen.csv"
    file.write_bytes("\r\n".join(rows).encode("cp1252"))
    return file


def ask_all(lander: Lander, paths: list[str]) -> dict[str, tuple[int, str]]:
    """Status and location of each, on one connection."""
    connection = HTTPConnection("127.0.0.1", lander.port, timeout=20)
    found = {}
    for path in paths:
        connection.request("GET", path, headers={"Host": f"{HOST}:{lander.port}", "User-Agent": AGENT})
        response = connection.getresponse()
        response.read()
        found[path] = response.status, response.headers.get("Location", "")
    connection.close()
    return found


def wait_for_answer(lander: Lander, path: str, *, status: int, location: str) -> None:
    lander.wait_for(HOST, path, status=status)
    assert ask_all(lander, [path])[path] == (status, location)


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_three_hundred_old_addresses_are_moved_within_a_minute(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path, *, scripts: bool
) -> None:
    sheet = make_sheet(tmp_path)
    maya = open_studio(java_script_enabled=scripts)
    began = time.monotonic()
    maya.get_by_role("link", name="Redirects", exact=True).first.click()
    maya.get_by_role("link", name="Import", exact=False).first.click()
    maya.get_by_label("CSV file").set_input_files(sheet)
    maya.get_by_role("button", name="See what it would do").click()
    main = maya.locator("main")
    if scripts:
        expect(main).to_contain_text("300 redirects would be added.")
        assert installation.ok("redirect", "list", "--site", HOST) == []
        expect(main).to_contain_text("280 of 300 old addresses lead to the home page: visitors and search engines lose")
        maya.get_by_role("button", name="Apply 300 redirects").click()
        expect(maya.get_by_role("status")).to_contain_text("300 redirects added")
    else:
        expect(main).to_contain_text("300 redirects are there already.")
        maya.goto(installation.url("studio.localhost", "/redirects"))
    expect(main).to_contain_text("280 of 300 old addresses lead to the home page")
    query = "gclid=Cj0%2BKCQ&utm_term=a%20b"
    installation.wait_for(HOST, OLD[0], status=301)
    answered = ask_all(installation, [f"{path}?{query}" for path in [*OLD, *(path for path, _ in KEPT)]])
    assert len(answered) == 300
    assert time.monotonic() - began < 60
    expected = {f"{path}?{query}": (301, f"/?{query}") for path in OLD}
    expected |= {f"{path}?{query}": (301, f"{target}&{query}") for path, target in KEPT}
    assert answered == expected


def test_the_collapse_is_mended_with_the_pages_that_resemble_the_old_addresses(
    installation: Lander, open_studio: OpenStudio
) -> None:
    maya = open_studio()
    maya.get_by_role("link", name="Redirects", exact=True).first.click()
    collapse = maya.locator(".findings > li", has_text="old addresses lead to the home page")
    collapse.get_by_text("changes that would mend it").click()
    expect(collapse.get_by_label(f"/shop/{SLUGS[0]}.html")).to_be_checked()
    collapse.get_by_role("button", name="Lead the ticked ones there").click()
    expect(maya.get_by_role("status")).to_contain_text(f"{len(SLUGS)} redirects mended")
    rows = {row["from"]: row["to"] for row in installation.ok("redirect", "list", "--site", HOST, "--search", ".html")}
    assert [rows[f"/shop/{slug}.html"] for slug in SLUGS] == [f"/{slug}" for slug in SLUGS]


def test_an_address_asked_for_in_vain_is_redirected_from_the_log(installation: Lander, open_studio: OpenStudio) -> None:
    for _ in range(3):
        assert ask_all(installation, ["/old-shop/Red_Buggies?gclid=x"]).popitem()[1][0] == 404
    maya = open_studio()
    row = maya.locator("tr", has_text="/old-shop/Red_Buggies")

    def is_there() -> int:
        maya.goto(installation.url("studio.localhost", "/redirects/missing"))
        return row.count()

    wait_until(is_there, "it is not in the log")
    expect(row).to_contain_text("resembles /red-buggies")
    row.get_by_role("link", name="Redirect").click()
    expect(maya.get_by_label("Leads to")).to_have_value("/red-buggies")
    maya.get_by_role("button", name="Save").click()
    expect(maya.get_by_role("status")).to_contain_text("Saved.")
    wait_for_answer(installation, "/old-shop/red_buggies/?a=1", status=301, location="/red-buggies?a=1")
    maya.goto(installation.url("studio.localhost", "/redirects/missing"))
    expect(row).to_have_count(0)


def test_a_page_is_renamed_retired_and_put_back_by_clicks(installation: Lander, open_studio: OpenStudio) -> None:
    maya = open_studio()
    maya.goto(installation.url("studio.localhost", "/pages/tyres"))
    maya.get_by_role("link", name="Give it another address").click()
    maya.get_by_label("Address").fill("winter-tyres")
    maya.get_by_role("button", name="Rename").click()
    expect(maya.get_by_role("status").first).to_contain_text("Renamed.")
    installation.wait_for(HOST, "/winter-tyres")
    wait_for_answer(installation, "/tyres?gclid=x", status=301, location="/winter-tyres?gclid=x")
    maya.get_by_role("link", name="Retire the page").click()
    maya.get_by_label("That page").fill("/spare-parts")
    maya.get_by_role("button", name="Retire the page").click()
    expect(maya.get_by_role("status").first).to_contain_text("Retired.")
    installation.wait_for(HOST, "/winter-tyres", status=301)
    maya.get_by_role("button", name="Put the page back").click()
    expect(maya.get_by_role("status").first).to_contain_text("Put back.")
    installation.wait_for(HOST, "/winter-tyres")


def test_a_redirect_in_the_way_is_shown_before_a_page_takes_its_place(
    installation: Lander, open_studio: OpenStudio
) -> None:
    maya = open_studio()
    target = f"https://www.localhost/{'autumn' * 40}"
    installation.ok("redirect", "add", "--site", HOST, "--note", "print flyer 2025", "/autumn", target)
    maya.goto(installation.url("studio.localhost", "/pages/blue-buggies/rename"))
    maya.get_by_label("Address").fill("autumn")
    maya.get_by_role("button", name="Rename").click()
    asked = maya.get_by_label("Take this redirect away")
    expect(asked).not_to_be_checked()
    expect(maya.locator("main")).to_contain_text("/autumn (301, “print flyer 2025”) → https://www.localhost/autumn")
    look_at(maya)
    asked.check()
    maya.get_by_role("button", name="Rename").click()
    expect(maya.get_by_role("status").last).to_contain_text("Taken away, because the page answers there: /autumn")
    look_at(maya)
    installation.wait_for(HOST, "/autumn")
    installation.ok("page", "rename", "--site", HOST, "--slug", "autumn", "--to", "blue-buggies")
    installation.wait_for(HOST, "/blue-buggies")


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path
) -> None:
    maya = open_studio()
    paths = ["/redirects", "/redirects?search=nothing-like-it", "/redirects/edit", "/redirects/edit?path=/offers/1"]
    paths += ["/redirects/import", "/redirects/missing", "/redirects/missing?ignored=yes", "/duplicates"]
    for path in [*paths, "/pages/spare-parts/rename", "/pages/spare-parts/retire"]:
        maya.goto(installation.url("studio.localhost", path))
        look_at(maya)
    maya.goto(installation.url("studio.localhost", "/redirects/import"))
    bad = tmp_path / "bad.csv"
    bad.write_text("/a,/blue-buggies\nnonsense,/b\n/offers/1,/blue-buggies\n" + "x" * 300 + ",/y\n")
    maya.get_by_label("CSV file").set_input_files(bad)
    maya.get_by_role("button", name="See what it would do").click()
    expect(maya.locator("main")).to_contain_text("2 rows cannot be taken in.")
    look_at(maya)
    maya.goto(installation.url("studio.localhost", "/redirects/edit"))
    maya.get_by_role("button", name="Save").click()
    expect(maya.get_by_role("alert")).to_be_focused()
    look_at(maya)
