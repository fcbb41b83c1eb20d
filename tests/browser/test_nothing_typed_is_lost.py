"""What Maya typed or chose stays in its form when the session has ended, an upload is refused, or the line breaks."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenStudio, edit_in_place, preview_of
from tests.live import PASSWORDS, Lander

pytestmark = pytest.mark.browser

HOST = "go.localhost"
SOURCE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Bumpers</title></head>
<body><h1 data-edit="text" data-name="Headline">Bumpers for everybody</h1></body>
</html>
"""


@pytest.fixture(scope="module")
def installation(lander: Lander, tmp_path_factory: pytest.TempPathFactory) -> Lander:
    """A page that is not live."""
    file = tmp_path_factory.mktemp("page") / "index.html"
    file.write_text(SOURCE, encoding="utf-8")
    lander.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", "UTC")
    lander.ok("page", "import", "--site", HOST, "--slug", "bumpers", str(file))
    return lander


@pytest.fixture
def maya(open_studio: OpenStudio, sign_ins: dict[str, Any]) -> Page:
    """Signed in by a session of her own, which she ends here."""
    sign_ins.clear()
    return open_studio()


def sign_out_elsewhere(tab: Page, installation: Lander) -> None:
    other = tab.context.new_page()
    other.goto(installation.url("studio.localhost"))
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    other.close()


def sign_in_again(tab: Page) -> None:
    """By the link in the form, in the tab that it opens."""
    alert = tab.get_by_role("alert")
    expect(alert).to_be_focused()
    expect(alert).to_contain_text("You are signed out")
    expect(alert).to_contain_text("What you typed was not sent and is still here.")
    with tab.context.expect_page() as opened:
        alert.get_by_role("link", name="Sign in in a new tab").click()
    other = opened.value
    other.get_by_label("Name").fill("maya")
    other.get_by_label("Password").fill(PASSWORDS["maya"])
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("button", name="Sign out")).to_be_visible()
    other.close()


def test_a_source_is_saved_after_signing_in_again_in_another_tab(installation: Lander, maya: Page) -> None:
    maya.goto(installation.url("studio.localhost", "/pages/bumpers/a/source"))
    typed = SOURCE.replace("everybody", "nobody")
    maya.locator("[data-source] textarea").fill(typed)
    sign_out_elsewhere(maya, installation)
    maya.get_by_role("button", name="Save").first.click()
    sign_in_again(maya)
    expect(maya.locator("[data-source] textarea")).to_have_value(typed)
    maya.get_by_role("button", name="Save").first.click()
    expect(maya.get_by_role("status").first).to_contain_text("Saved as a new draft.")
    expect(maya.frame_locator("#preview").locator("h1")).to_have_text("Bumpers for nobody")


def test_a_headline_is_saved_after_signing_in_again_in_another_tab(installation: Lander, maya: Page) -> None:
    maya.goto(installation.url("studio.localhost", "/pages/bumpers/a/edit"))
    edit_in_place(preview_of(maya).locator("h1"))
    maya.keyboard.press("Control+a")
    maya.keyboard.type("Buggies")
    expect(maya.get_by_label("Headline")).to_have_value("Buggies")
    sign_out_elsewhere(maya, installation)
    maya.get_by_role("button", name="Save as a new draft").click()
    sign_in_again(maya)
    maya.get_by_role("button", name="Save as a new draft").click()
    expect(maya.get_by_role("status").first).to_contain_text("Saved as a new draft.")
    expect(maya.frame_locator("#preview").locator("h1")).to_have_text("Buggies")


def test_a_text_stays_while_lander_does_not_answer(installation: Lander, maya: Page) -> None:
    maya.goto(installation.url("studio.localhost", "/pages/bumpers/a/source"))
    maya.locator("[data-source] textarea").fill("still here")
    maya.route("**/search", lambda route: route.fulfill(status=404, body="<title>Gone</title>"))
    maya.get_by_role("button", name="Save").first.click()
    expect(maya.get_by_role("alert")).to_contain_text("Lander does not answer")
    expect(maya.locator("[data-source] textarea")).to_have_value("still here")


def choose_a_page(tab: Page, installation: Lander, file: Path) -> None:
    tab.goto(installation.url("studio.localhost", "/pages/new"))
    tab.get_by_label("Address").fill("large")
    tab.get_by_label("File").set_input_files(file)


def test_an_upload_that_is_refused_says_why(installation: Lander, maya: Page, tmp_path: Path) -> None:
    """By the studio's own page of that refusal, which another form provokes without 201 MiB."""
    file = tmp_path / "page.zip"
    file.write_bytes(b"PK")
    choose_a_page(maya, installation, file)

    def send_too_much(route: Route) -> None:
        headers = {name: value for name, value in route.request.all_headers().items() if name in ("cookie", "origin")}
        answer, page = installation.request(
            "POST", "studio.localhost", "/pages/large/withdraw", body=b"x" * 300_000, headers=headers
        )
        assert answer.status == 413
        route.fulfill(status=answer.status, headers={"Content-Type": "text/html; charset=utf-8"}, body=page)

    maya.route("**/pages/new", send_too_much)
    maya.get_by_role("button", name="Upload").click()
    alert = maya.get_by_role("alert")
    expect(alert).to_be_focused()
    expect(alert).to_contain_text("That is too large")
    expect(alert).to_contain_text("Make it smaller, or ask IT for a higher limit. What you chose is still here.")
    expect(alert).not_to_contain_text("Back to the start")
    expect(maya.get_by_label("Address")).to_have_value("large")
    expect(maya.get_by_role("button", name="Upload")).to_be_enabled()
    expect(maya.get_by_role("progressbar")).to_be_hidden()


def test_an_upload_that_a_proxy_refuses_says_why(installation: Lander, maya: Page, tmp_path: Path) -> None:
    file = tmp_path / "page.zip"
    file.write_bytes(b"PK")
    choose_a_page(maya, installation, file)
    maya.route(
        "**/pages/new",
        lambda route: route.fulfill(status=413, body="<title>413 Request Entity Too Large</title><h1>nginx</h1>"),
    )
    maya.get_by_role("button", name="Upload").click()
    expect(maya.get_by_role("alert")).to_contain_text("413 Request Entity Too Large")


def test_an_upload_whose_connection_breaks_says_so_and_can_be_sent_again(
    installation: Lander, maya: Page, tmp_path: Path
) -> None:
    file = tmp_path / "index.html"
    file.write_text(SOURCE, encoding="utf-8")
    choose_a_page(maya, installation, file)
    maya.route("**/pages/new", lambda route: route.abort("connectionreset"), times=1)
    maya.get_by_role("button", name="Upload").click()
    expect(maya.get_by_role("alert")).to_contain_text("The connection broke off")
    maya.get_by_role("button", name="Upload").click()
    expect(maya.get_by_role("status").first).to_contain_text("Imported.")
