"""A lead reaches the company's own system while Maya looks on: real servers, real clicks, and the receiver verifies."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from standardwebhooks.webhooks import Webhook as StandardWebhook

from tests.browser.conftest import AGENT, OpenStudio, tab_to, take_time
from tests.integrations.mailbox import Mailbox, mailbox
from tests.integrations.receiver import Receiver, receiving, status
from tests.live import Lander, served
from tests.patience import wait_until
from tests.screens import look_at

pytestmark = pytest.mark.browser

HOST = "go.localhost"
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Buggies for everybody</title></head>
<body><h1>Buggies for everybody</h1>
<form><label>E-mail <input type="email" name="email" required></label> <button>Send me one</button></form>
</body>
</html>
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory, box: Mailbox) -> Iterator[Lander]:
    """A whole Lander with a page that takes leads, and a mail server beside it."""
    folder: Path = tmp_path_factory.mktemp("lander")
    mail = {"LANDER_SMTP_URL": f"smtp://127.0.0.1:{box.port}", "LANDER_MAIL_FROM": "lander@example.com"}
    with served(folder, environ=mail, install=True) as lander:
        lander.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", "Europe/Berlin")
        archive = folder / "page.zip"
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("index.html", PAGE)
        lander.ok("page", "import", "--site", HOST, "--slug", "buggies", str(archive))
        lander.ok("page", "publish", "--site", HOST, "--slug", "buggies")
        lander.wait_for(HOST, "/buggies")
        yield lander


@pytest.fixture
def crm() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def add_webhook(maya: Page, installation: Lander, crm: Receiver, path: str) -> str:
    """A webhook with real clicks; its secret as the screen shows it."""
    maya.goto(installation.url("studio.localhost", "/deliveries"))
    maya.get_by_role("link", name="Add a webhook").click()
    maya.get_by_label("Address").fill(f"http://crm.localhost:{crm.port}{path}")
    maya.get_by_role("button", name="Add it").click()
    expect(maya.get_by_role("status").first).to_contain_text("Added.")
    maya.get_by_role("button", name="Show the secret").click()
    return maya.get_by_label("The receiver checks signatures with").input_value()


def send_form(chromium: Browser, installation: Lander, email: str) -> None:
    """A visitor who clicked on an ad."""
    context = chromium.new_context(user_agent=AGENT)
    tab = context.new_page()
    tab.goto(installation.url(HOST, "/buggies?utm_campaign=spring&gclid=Cj0KCQ"))
    take_time(tab)
    tab.get_by_label("E-mail").fill(email)
    tab.get_by_role("button", name="Send me one").click()
    tab.wait_for_url("**/_l/thanks*")
    context.close()


def wait_for(crm: Receiver, count: int) -> None:
    wait_until(lambda: len(crm.received) >= count, f"{count} messages do not arrive")
    assert len(crm.received) == count


def wait_for_row(maya: Page) -> Locator:
    """The line of the lead in the log: it is written down a moment after it has arrived."""
    row = maya.get_by_role("region", name="Log of deliveries").get_by_role("row", name="New lead")

    def is_there() -> int:
        maya.reload()
        return row.count()

    wait_until(is_there, "nothing was written down")
    return row.first


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_a_visitors_lead_is_in_the_companys_system_seconds_later_and_verifies(
    installation: Lander, open_studio: OpenStudio, chromium: Browser, crm: Receiver, scripts: bool
) -> None:
    maya = open_studio(java_script_enabled=scripts)
    secret = add_webhook(maya, installation, crm, "/leads")
    maya.get_by_role("link", name="Deliveries").first.click()
    maya.get_by_role("link", name=f"http://crm.localhost:{crm.port}/leads").click()
    maya.get_by_role("button", name="Send a test").click()
    expect(maya.get_by_role("cell", name="Accepted with 200.")).to_be_visible()
    assert StandardWebhook(secret).verify(crm.received[0].body, dict(crm.received[0].headers))["type"] == "test"

    email = f"otto-{scripts}@example.com".lower()
    send_form(chromium, installation, email)
    wait_for(crm, 2)
    told = StandardWebhook(secret).verify(crm.received[1].body, dict(crm.received[1].headers))
    assert told["type"] == "lead.created"
    assert (told["data"]["page"], told["data"]["fields"]) == (f"{HOST}/buggies", {"email": email})
    maya.goto(installation.url("studio.localhost", "/deliveries?state=delivered"))
    expect(wait_for_row(maya)).to_contain_text("Accepted with 200.")
    _remove(maya, installation, crm, "/leads")


def test_what_a_receiver_did_not_take_is_seen_and_sent_again(
    installation: Lander, open_studio: OpenStudio, chromium: Browser, crm: Receiver
) -> None:
    maya = open_studio()
    crm.answers = [status(410), status(200)]
    add_webhook(maya, installation, crm, "/gone")
    send_form(chromium, installation, "ottilie@example.com")
    wait_for(crm, 1)
    maya.goto(installation.url("studio.localhost", "/deliveries?state=dead"))
    wait_for_row(maya).get_by_role("link").click()
    expect(maya.get_by_text("It answered 410: nothing more is wanted there.")).to_be_visible()
    expect(maya.get_by_text("ottilie@example.com")).to_be_visible()
    maya.get_by_role("link", name=f"http://crm.localhost:{crm.port}/gone").click()
    expect(maya.get_by_text("Off since")).to_be_visible()
    maya.get_by_role("button", name="Turn on").click()
    maya.get_by_role("button", name="Send it again").click()
    wait_for(crm, 2)
    assert json.loads(crm.received[1].body)["data"]["fields"] == {"email": "ottilie@example.com"}
    _remove(maya, installation, crm, "/gone")


def test_maya_is_mailed_with_a_link_to_the_lead_and_nothing_of_its_content(
    installation: Lander, open_studio: OpenStudio, chromium: Browser, box: Mailbox
) -> None:
    maya = open_studio()
    maya.goto(installation.url("studio.localhost", "/deliveries"))
    maya.get_by_label("E-mail address").fill("maya@example.com")
    maya.get_by_label("Leads of").select_option("buggies")
    maya.get_by_role("button", name="Mail new leads").click()
    expect(maya.get_by_role("status").first).to_contain_text("Added.")
    maya.get_by_role("button", name="Send a test to maya@example.com").click()
    expect(maya.get_by_role("cell", name="The mail server took it.")).to_be_visible()
    send_form(chromium, installation, "olga@example.com")
    wait_until(lambda: len(box.mails) >= 2, "the lead is not mailed")
    test, lead = box.mails
    assert test["Subject"] == f"Test: new leads on {HOST}"
    assert lead["Subject"] == f"New lead on {HOST}/buggies"
    assert "http://studio.localhost/leads/" in lead.get_content()
    assert "olga" not in lead.as_string()


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    installation: Lander, open_studio: OpenStudio, crm: Receiver
) -> None:
    maya = open_studio()
    crm.answers = [status(503), status(200)]

    path = "/a-rather-long-address-of-a-system-that-takes-leads/all-of-them"
    maya.goto(installation.url("studio.localhost", "/deliveries/webhooks/new"))
    look_at(maya)
    maya.get_by_label("Address").fill("https://elsewhere.example.com/leads")
    maya.get_by_role("button", name="Add it").click()
    expect(maya.get_by_role("alert")).to_contain_text("IT has not allowed webhooks to elsewhere.example.com.")
    look_at(maya)
    add_webhook(maya, installation, crm, path)
    look_at(maya)
    maya.get_by_role("button", name="Send a test").click()
    expect(maya.get_by_text("It answered 503.")).to_be_visible()
    look_at(maya)
    maya.get_by_role("link", name=f"http://crm.localhost:{crm.port}{path}").click()
    maya.get_by_role("button", name="Replace it").click()
    expect(maya.get_by_role("status").first).to_contain_text("Replaced.")
    maya.get_by_role("button", name="Turn off").click()
    expect(maya.get_by_role("status").first).to_contain_text("Turned off.")
    look_at(maya)
    maya.goto(installation.url("studio.localhost", "/deliveries"))
    look_at(maya)
    _remove(maya, installation, crm, path)


def test_it_can_be_used_by_keyboard(installation: Lander, open_studio: OpenStudio, crm: Receiver) -> None:
    maya = open_studio()
    maya.goto(installation.url("studio.localhost", "/deliveries/webhooks/new"))
    maya.get_by_label("Address").focus()
    maya.keyboard.type(f"http://crm.localhost:{crm.port}/keys")
    tab_to(maya, maya.get_by_role("checkbox", name="Page published"))
    maya.keyboard.press("Space")
    tab_to(maya, maya.get_by_role("button", name="Add it"))
    maya.keyboard.press("Enter")
    expect(maya.get_by_role("status").first).to_contain_text("Added.")
    expect(maya.get_by_role("checkbox", name="Page published")).to_be_checked()
    _remove(maya, installation, crm, "/keys")


def _remove(maya: Page, installation: Lander, crm: Receiver, path: str) -> None:
    maya.goto(installation.url("studio.localhost", "/deliveries"))
    maya.get_by_role("link", name=f"http://crm.localhost:{crm.port}{path}").click()
    maya.get_by_role("button", name="Remove this webhook").click()
    expect(maya.get_by_role("status").first).to_contain_text("Removed")
