"""From a tagged click to the lead's timeline and the company's own system: real servers, real clicks."""

import zipfile
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from standardwebhooks.webhooks import Webhook as StandardWebhook

from tests.browser.conftest import AGENT, OpenStudio, listen, take_time
from tests.integrations.receiver import Receiver, receiving
from tests.live import Lander, served
from tests.patience import PATIENCE_MS, wait_until
from tests.screens import look_at

pytestmark = pytest.mark.browser

HOST = "go.localhost"
CLICK = "?utm_source=google&utm_campaign=x&gclid=AbC"
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Buggies for everybody</title><style>fieldset{display:grid}</style></head>
<body><h1>Buggies for everybody</h1>
<form data-steps>
<fieldset data-step="Your ride"><label>Seats <input name="seats" required></label>
<label>Wishes <textarea name="wishes"></textarea></label></fieldset>
<fieldset data-step="You"><label>E-mail <input type="email" name="email" required></label>
<label><input type="checkbox" name="consent" value="yes" required> I agree that you write to me</label></fieldset>
<input type="hidden" name="utm_source" value="nobody">
<button>Send me one</button></form>
</body>
</html>
"""


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lander]:
    """A whole Lander with a page whose form has two steps."""
    folder: Path = tmp_path_factory.mktemp("lander")
    with served(folder, install=True) as lander:
        lander.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", "Europe/Berlin")
        archive = folder / "page.zip"
        with zipfile.ZipFile(archive, "w") as made:
            made.writestr("index.html", PAGE)
        lander.ok("page", "import", "--site", HOST, "--slug", "buggies", str(archive))
        lander.ok("page", "publish", "--site", HOST, "--slug", "buggies")
        lander.wait_for(HOST, "/buggies")
        yield lander


@pytest.fixture
def visitor(chromium: Browser) -> Iterator[Callable[..., Page]]:
    contexts: list[BrowserContext] = []

    def come(**options: object) -> Page:
        context = chromium.new_context(user_agent=AGENT, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context.new_page()

    yield come
    for context in contexts:
        context.close()


def fill_in(tab: Page, email: str) -> None:
    """Both steps, as a person does who takes their time."""
    take_time(tab)
    tab.get_by_label("Seats").fill("4")
    if tab.get_by_role("button", name="Next").count():
        tab.get_by_role("button", name="Next").click()
    tab.get_by_label("E-mail").fill(email)
    tab.get_by_label("I agree").check()
    tab.get_by_role("button", name="Send me one").click()
    tab.wait_for_url("**/_l/thanks*")


def open_lead(maya: Page, installation: Lander, email: str) -> None:
    """From the list, once it is home; more than five a minute from one network are in the spam folder."""
    link = maya.get_by_role("link", name=email)
    folders = cycle(("/leads", "/leads?folder=spam"))

    def is_there() -> int:
        maya.goto(installation.url("studio.localhost", next(folders)))
        return link.count()

    wait_until(is_there, f"no lead of {email}")
    link.click()
    maya.wait_for_url("**/leads/*")  # whole, with its script


def test_a_tagged_click_becomes_a_lead_with_its_timeline_and_the_company_is_told(
    installation: Lander, open_studio: OpenStudio, visitor: Callable[..., Page]
) -> None:
    maya = open_studio()
    with receiving() as crm:
        maya.goto(installation.url("studio.localhost", "/deliveries"))
        maya.get_by_role("link", name="Add a webhook").click()
        maya.get_by_label("Address").fill(f"http://crm.localhost:{crm.port}/leads")
        maya.get_by_role("button", name="Add it").click()
        maya.get_by_role("button", name="Show the secret").click()
        secret = maya.get_by_label("The receiver checks signatures with").input_value()
        tab = visitor()
        said = listen(tab)
        tab.goto(installation.url(HOST, f"/buggies{CLICK}"))
        fill_in(tab, "otto@example.com")
        assert said == []
        told = StandardWebhook(secret).verify(*wait_for(crm))
        assert (told["type"], told["data"]["campaign"]) == (
            "lead.created",
            {"utm_source": "google", "utm_campaign": "x"},
        )
        open_lead(maya, installation, "otto@example.com")
        timeline = maya.get_by_role("region", name="Timeline")
        for sentence in (
            "Clicked an ad: google / x",
            f"Landed on {HOST}/buggies{CLICK}",
            "Saw variant A",
            "Sent the form",
            "Agreed to text",
        ):
            expect(timeline).to_contain_text(sentence)
        expect(timeline.get_by_role("link", name="Told: webhook to crm.localhost")).to_be_visible()

        def has_arrived() -> bool:
            maya.reload()
            return "Arrived" in timeline.inner_text()

        wait_until(has_arrived, "the delivery is not in the timeline")
        expect(maya.get_by_role("region", name="What was sent")).to_contain_text("google")
        expect(maya.get_by_role("region", name="Where it came from")).to_contain_text("AbC")
        maya.get_by_label("Stage").select_option("won")
        maya.get_by_label("Value in EUR").fill("1,490")
        maya.get_by_role("button", name="Save").click()
        expect(maya.get_by_role("status").first).to_contain_text("This lead is “Won” now.")
        expect(timeline).to_contain_text("New → Won by maya")
        maya.goto(installation.url("studio.localhost", "/deliveries"))
        maya.get_by_role("link", name=f"http://crm.localhost:{crm.port}/leads").click()
        maya.get_by_role("button", name="Remove this webhook").click()


def wait_for(crm: Receiver) -> tuple[bytes, dict[str, str]]:
    wait_until(lambda: crm.received, "nothing arrives")
    (message,) = crm.received
    return message.body, dict(message.headers)


def test_one_step_at_a_time_is_shown_checked_announced_and_kept(
    installation: Lander, visitor: Callable[..., Page]
) -> None:
    tab = visitor()
    said = listen(tab)
    tab.goto(installation.url(HOST, "/buggies"))
    status = tab.get_by_role("status")
    seats, email = tab.get_by_label("Seats"), tab.get_by_label("E-mail")
    expect(status).to_have_text("Your ride (1/2)")
    expect(email).to_be_hidden()
    expect(tab.get_by_role("button", name="Send me one")).to_be_hidden()
    tab.get_by_role("button", name="Next").click()
    expect(seats).to_be_visible()
    assert seats.evaluate("field => field === document.activeElement"), "the browser says what is missing"
    seats.fill("4")
    seats.press("Enter")
    expect(status).to_have_text("You (2/2)")
    expect(seats).to_be_hidden()
    assert tab.evaluate("document.activeElement.getAttribute('data-step')") == "You"
    email.fill("otto@example.com")
    tab.get_by_role("button", name="Back").click()
    expect(seats).to_have_value("4")
    seats.fill("")
    tab.get_by_role("button", name="Next").click()
    expect(status).to_have_text("Your ride (1/2)")
    seats.fill("2")
    tab.get_by_label("Wishes").fill("first line")
    tab.get_by_label("Wishes").press("Enter")
    expect(status).to_have_text("Your ride (1/2)")
    tab.get_by_role("button", name="Next").press("Enter")
    expect(email).to_have_value("otto@example.com")
    expect(tab.get_by_role("button", name="Next")).to_be_hidden()
    assert said == []


def test_a_refused_form_shows_all_its_steps(installation: Lander, visitor: Callable[..., Page]) -> None:
    tab = visitor()
    tab.goto(installation.url(HOST, f"/buggies{CLICK}"))
    take_time(tab)
    tab.get_by_label("Seats").fill("4")
    tab.get_by_role("button", name="Next").click()
    tab.get_by_label("E-mail").fill("otto@example")
    tab.get_by_label("I agree").check()
    tab.evaluate("document.querySelector('form').noValidate = true")
    tab.get_by_role("button", name="Send me one").click()
    expect(tab.get_by_role("alert")).to_contain_text("Nothing has been sent yet.")
    expect(tab.get_by_role("group", name="Your ride")).to_be_visible()
    tab.get_by_label("E-mail").fill("mended@example.com")
    tab.get_by_role("button", name="Send").click()
    tab.wait_for_url("**/_l/thanks*")


def test_everything_works_without_javascript(
    installation: Lander, open_studio: OpenStudio, visitor: Callable[..., Page]
) -> None:
    tab = visitor(java_script_enabled=False)
    tab.goto(installation.url(HOST, f"/buggies{CLICK}"))
    expect(tab.get_by_label("E-mail")).to_be_visible()
    fill_in(tab, "plain@example.com")
    maya = open_studio(java_script_enabled=False)
    maya.goto(installation.url("studio.localhost", "/pages/buggies/after-form"))
    maya.get_by_label("Message").fill("Thanks. We call tomorrow.")
    maya.get_by_role("button", name="Save").click()
    expect(maya.get_by_role("status").first).to_be_visible()
    open_lead(maya, installation, "plain@example.com")
    expect(maya.get_by_role("region", name="Timeline")).to_contain_text("Clicked an ad: google / x")
    maya.get_by_role("navigation", name="Studio").get_by_role("link", name="Leads").click()
    maya.get_by_label("Campaign").select_option("x")
    maya.get_by_label("Search", exact=True).fill("plain@example.com")
    maya.get_by_role("button", name="Show").click()
    expect(maya.get_by_text("1 lead of exactly this address.")).to_be_visible()
    maya.get_by_label("Choose plain@example.com").check()
    maya.get_by_role("button", name="Move", exact=True).click()
    expect(maya.get_by_role("status").first).to_contain_text("1 lead moved to “Qualified”.")
    expect(maya.get_by_role("row", name="plain@example.com")).to_contain_text("Qualified")
    with maya.expect_download() as waiting:
        maya.get_by_role("button", name="Export as CSV").click()
    assert "plain@example.com" in Path(waiting.value.path()).read_text(encoding="utf-8")


def test_it_can_be_used_by_keyboard(
    installation: Lander, open_studio: OpenStudio, visitor: Callable[..., Page]
) -> None:
    tab = visitor()
    tab.goto(installation.url(HOST, f"/buggies{CLICK}"))
    take_time(tab)
    tab.keyboard.press("Tab")
    tab.keyboard.type("4")
    for key in ("Tab", "Tab", "Enter", "Tab"):  # wishes, next, the step that opens has the focus, its first field
        tab.keyboard.press(key)
    tab.keyboard.type("keys@example.com")
    for key in ("Tab", "Space", "Enter"):
        tab.keyboard.press(key)
    tab.wait_for_url("**/_l/thanks*")
    maya = open_studio()
    open_lead(maya, installation, "keys@example.com")
    maya.keyboard.press("g")
    maya.keyboard.press("l")
    maya.wait_for_url("**/leads")
    if not maya.get_by_label("Choose keys@example.com").count():  # the sixth within a minute
        maya.goto(installation.url("studio.localhost", "/leads?folder=spam"))
    maya.get_by_label("Choose all of them").focus()
    maya.keyboard.press("Space")
    expect(maya.get_by_label("Choose keys@example.com")).to_be_checked()
    maya.get_by_label("Choose keys@example.com").focus()
    maya.keyboard.press("Space")
    expect(maya.get_by_label("Choose keys@example.com")).not_to_be_checked()


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    installation: Lander, open_studio: OpenStudio, visitor: Callable[..., Page]
) -> None:
    name = "a-rather-long-name-of-somebody"
    email = f"{name}@a-rather-long-host-name.example.com"
    for address in (email, "hasty@example.com"):
        tab = visitor(java_script_enabled=False)
        tab.goto(installation.url(HOST, f"/buggies{CLICK}{'l' * 300}"))
        if address == email:
            take_time(tab)
        tab.get_by_label("Seats").fill("4")
        tab.get_by_label("Wishes").fill("Blue, with a roof, " * 12)
        tab.get_by_label("E-mail").fill(address)
        tab.get_by_label("I agree").check()
        tab.get_by_role("button", name="Send me one").click()
        tab.wait_for_url("**/_l/thanks*")
    maya = open_studio()

    open_lead(maya, installation, name)
    maya.get_by_label("Value in EUR").fill("99")
    maya.get_by_label("Stage").select_option("qualified")
    maya.get_by_role("button", name="Save").click()
    expect(maya.get_by_role("status").first).to_contain_text("This lead is “Qualified” now.")
    look_at(maya)
    maya.get_by_label("Value in EUR").fill("much")
    maya.get_by_role("button", name="Save").click()
    expect(maya.get_by_role("alert")).to_be_visible()
    look_at(maya)
    maya.get_by_role("link", name="Erase this person").click()
    maya.wait_for_url("**/erase*")
    look_at(maya)
    for path in (
        "/leads",
        "/leads?source=google&q=blue",
        "/leads?q=nobody%40example.com",
        "/leads?folder=spam",
        "/pages/buggies/after-form",
    ):
        maya.goto(installation.url("studio.localhost", path))
        look_at(maya)
        maya.set_viewport_size({"width": 375, "height": 700})
        assert maya.evaluate("document.documentElement.scrollWidth") == 375, path
