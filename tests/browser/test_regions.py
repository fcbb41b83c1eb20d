"""Guided regions as Maya uses them: clicked, named, changed in place, saved, published and seen; and what a hostile page
or a colleague at the same moment can do to that.
"""

import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import AGENT, OpenStudio, edit_in_place, preview_of
from tests.builders_content import make_picture
from tests.live import SHARED_PAGES, Lander
from tests.screens import look_at

pytestmark = pytest.mark.browser

HOST = "go.localhost"
SOURCE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Bumpers</title><style>h1 { color: #123 }</style></head>
<body>
<h1>
  Bumpers for everybody
</h1>
<p>Made in {{city|titlecase|Vancouver}}, <b>strong</b>. <a href="thanks.html">Thanks</a></p>
<form><label>E-mail <input type="email" name="email" required></label> <button>Send me one</button></form>
<div class="box"><span>Odd one</span></div>
</body>
</html>
"""
REAL = {
    "startbootstrap-landing-page.zip": ("real-landing", "Generate more leads with a professional landing page!"),
    "startbootstrap-new-age.zip": ("real-new-age", "Showcase your app beautifully."),
}
# answers that tests here provoke, and what a page wants from elsewhere, which the studio itself never does


@pytest.fixture(scope="module")
def installation(lander: Lander) -> Lander:
    lander.ok("site", "add", HOST, "--core-site", "www.localhost", "--timezone", "Europe/Berlin")
    return lander


def make_page(lander: Lander, folder: Path, slug: str, source: str = SOURCE) -> None:
    archive = folder / f"{slug}.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("index.html", source)
        made.writestr("img/car.png", make_picture("PNG", (30, 20)))
        made.writestr("thanks.html", "<!doctype html><html lang=en><title>Thanks</title><h1>Thanks</h1>")
    lander.ok("page", "import", "--site", HOST, "--slug", slug, str(archive))


def go_to(tab: Page, lander: Lander, path: str) -> None:
    tab.goto(lander.url("studio.localhost", path))


def headline_of(chromium: Browser, lander: Lander, slug: str) -> str:
    context = chromium.new_context(user_agent=AGENT)
    tab = context.new_page()
    tab.goto(lander.url(HOST, f"/{slug}"))
    found = tab.inner_text("h1")
    context.close()
    return found


def mark(tab: Page, *labels: str) -> None:
    for label in labels:
        tab.get_by_role("checkbox", name=label).first.check()
    tab.get_by_role("button", name="Mark what is chosen").click()
    tab.wait_for_url("**/a/edit*", wait_until="domcontentloaded")


def test_maya_clicks_a_headline_names_it_changes_it_in_place_and_it_is_live(
    installation: Lander, open_studio: OpenStudio, chromium: Browser, tmp_path: Path
) -> None:
    make_page(installation, tmp_path, "bumpers")
    maya = open_studio()
    go_to(maya, installation, "/pages/bumpers")
    maya.get_by_role("link", name="Choose what can be edited in place").click()
    preview = preview_of(maya)
    preview.get_by_role("heading", name="Bumpers for everybody").click()
    expect(maya.locator("[name^=name-]:focus")).to_have_value("Headline")
    maya.keyboard.type("Main headline")
    preview.locator("p").click()
    maya.locator("[data-element]", has_text="Paragraph").get_by_role("combobox").select_option("rich")
    preview.get_by_text("Odd one").click()
    expect(maya.get_by_label("Name of what you clicked on")).to_be_focused()
    maya.keyboard.type("Odd one")
    maya.get_by_role("button", name="Mark what is chosen").click()
    expect(maya.get_by_role("status")).to_contain_text(
        "Main headline, Made in Vancouver, strong and Odd one can be edited"
    )
    expect(maya.get_by_role("status")).to_contain_text("This page is guided now")

    preview = preview_of(maya)
    edit_in_place(preview.get_by_role("heading"))
    maya.keyboard.press("Control+a")
    maya.keyboard.type("Buggies <for> everybody")
    expect(maya.get_by_label("Main headline")).to_have_value("Buggies <for> everybody")
    edit_in_place(preview.locator("p"))
    maya.keyboard.press("Control+End")
    maya.keyboard.press("Control+b")
    maya.keyboard.type(" Really.")
    maya.get_by_label("Odd one").fill("Even one")
    expect(preview.locator(".box span")).to_have_text("Even one")
    edit_in_place(preview.get_by_role("heading"))
    maya.keyboard.press("Control+Enter")
    expect(maya.get_by_role("button", name="Save as a new draft")).to_be_focused()
    maya.keyboard.press("Control+Enter")
    expect(maya.get_by_role("status")).to_contain_text("Saved as a new draft.")
    maya.get_by_role("button", name="Publish", exact=True).click()
    expect(maya.get_by_role("status")).to_contain_text("Published.")

    installation.wait_for(HOST, "/bumpers")
    assert headline_of(chromium, installation, "bumpers") == "Buggies <for> everybody"
    served = installation.wait_for(HOST, "/bumpers?city=new+york").decode()
    assert "Made in New York, <b>strong</b>." in served
    assert "Really." in served
    assert 'href="/bumpers/thanks"' in served, "a link inside what was edited still leads where it led"
    assert ">Even one</span></div>" in served
    for trace in ("data-channel=", "data-lander-region", "contenteditable", "/e/"):
        assert trace not in served


def test_what_is_edited_in_place_keeps_every_address_style_and_dynamic_text_around_it(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path
) -> None:
    rich = (
        '<p style="color: #321">For {{city|titlecase|Vancouver}} <img src="img/car.png" srcset="img/car.png 2x" '
        'alt="{{car||A car}}"></p><ul><li><a href="thanks.html?a=1&amp;b=2" class="x" data-x="1">Thanks</a></li></ul>'
    )
    marked = SOURCE.replace(
        '<div class="box">', f'<div data-edit="rich" data-name="Intro">{rich}</div><div class="box">'
    )
    make_page(installation, tmp_path, "kept", marked)
    maya = open_studio()
    go_to(maya, installation, "/pages/kept/a/edit")
    preview = preview_of(maya)
    preview.locator("img").evaluate("image => image.decode()")
    edit_in_place(preview.locator("li"), preview.locator("[data-name=Intro]"))
    maya.keyboard.press("End")
    maya.keyboard.type(" & all")
    expect(maya.get_by_label("Intro")).to_have_value(rich.replace("Thanks</a>", "Thanks</a> &amp; all"))

    # the other way round: what is typed into the field is shown with the pictures that the page has
    maya.get_by_label("Intro").fill(rich.replace("Thanks", "Changed"))
    expect(preview.locator("li")).to_have_text("Changed")
    preview.locator("img").evaluate("image => image.decode()")
    edit_in_place(preview.locator("li"), preview.locator("[data-name=Intro]"))
    maya.keyboard.press("End")
    maya.keyboard.type("!")
    expect(maya.get_by_label("Intro")).to_have_value(rich.replace("Thanks</a>", "Changed</a>!"))
    maya.get_by_role("button", name="Save as a new draft").click()
    expect(maya.get_by_role("status").first).to_contain_text("Saved as a new draft.")
    go_to(maya, installation, "/pages/kept/a/source")
    assert maya.get_by_label("HTML source").input_value() == marked.replace(">Thanks</a></li>", ">Changed</a>!</li>")


def test_the_same_without_javascript(
    installation: Lander, open_studio: OpenStudio, chromium: Browser, tmp_path: Path
) -> None:
    make_page(installation, tmp_path, "plain")
    maya = open_studio(java_script_enabled=False)
    go_to(maya, installation, "/pages/plain")
    maya.get_by_role("link", name="Choose what can be edited in place").click()
    mark(maya, "Heading 1", "Form")
    maya.get_by_label("Headline").fill("Buggies for everybody")
    maya.get_by_label("Form: Button 1").fill("Send me two")
    maya.get_by_role("button", name="Save as a new draft").click()
    expect(maya.get_by_role("status")).to_contain_text("Saved as a new draft.")
    maya.get_by_role("button", name="Publish", exact=True).click()
    expect(maya.get_by_role("status")).to_contain_text("Published.")
    installation.wait_for(HOST, "/plain")
    assert headline_of(chromium, installation, "plain") == "Buggies for everybody"


def test_two_people_at_once_lose_nothing(
    installation: Lander, open_studio: OpenStudio, chromium: Browser, tmp_path: Path
) -> None:
    make_page(installation, tmp_path, "together")
    first = open_studio()
    go_to(first, installation, "/pages/together/a/regions")
    mark(first, "Heading 1", "Form")
    second = open_studio()
    go_to(second, installation, "/pages/together/a/edit")

    first.get_by_label("Headline").fill("Wagons")
    first.get_by_role("button", name="Save as a new draft").click()
    expect(first.get_by_role("status")).to_contain_text("Saved as a new draft.")

    second.get_by_label("Headline").fill("Buggies")
    second.get_by_label("Form: Button 1").fill("Send me two")
    second.get_by_role("button", name="Save as a new draft").click()
    expect(second.get_by_role("alert")).to_be_focused()
    expect(second.get_by_role("alert")).to_contain_text("changed Headline too, in version 3")
    expect(second.get_by_label("Headline")).to_have_value("Buggies")
    expect(second.get_by_label("Form: Button 1")).to_have_value("Send me two")
    expect(second.locator(".theirs")).to_contain_text("Wagons")
    # what she typed is shown on the page, too, though version 3 says something else
    expect(second.frame_locator("#preview").locator("h1")).to_have_text("Buggies")

    second.get_by_role("button", name="Take theirs").click()
    expect(second.get_by_label("Headline")).to_have_value("Wagons")
    expect(second.frame_locator("#preview").locator("h1")).to_have_text("Wagons")
    second.get_by_role("button", name="Save as a new draft").click()
    expect(second.get_by_role("status")).to_contain_text("Saved as a new draft.")
    expect(second.frame_locator("#preview").locator("h1")).to_have_text("Wagons")
    expect(second.frame_locator("#preview").locator("button")).to_have_text("Send me two")


@pytest.mark.shared
@pytest.mark.parametrize("archive", REAL)
def test_a_real_page_from_its_zip_to_a_headline_changed_in_place(
    installation: Lander, open_studio: OpenStudio, chromium: Browser, archive: str
) -> None:
    if not SHARED_PAGES.is_dir():
        pytest.skip("needs the real landing pages beside the project")
    slug, headline = REAL[archive]
    maya = open_studio()
    go_to(maya, installation, "/pages/new")
    maya.get_by_label("Address").fill(slug)
    maya.get_by_label("File").set_input_files(SHARED_PAGES / archive)
    maya.get_by_role("button", name="Upload").click()
    expect(maya.get_by_role("status")).to_contain_text("Imported.")

    maya.get_by_role("link", name="Choose what can be edited in place").click()
    preview = preview_of(maya)
    preview.get_by_role("heading", name=headline).click()
    expect(maya.locator("[name^=name-]:focus")).to_have_value("Headline")
    for box in maya.get_by_role("checkbox").all():
        box.check()
    maya.get_by_role("button", name="Mark what is chosen").click()
    maya.wait_for_url("**/a/edit*", wait_until="domcontentloaded")
    preview = preview_of(maya)
    edit_in_place(preview.get_by_role("heading", name=headline))
    maya.keyboard.press("Control+a")
    maya.keyboard.type("Buggies for everybody")
    expect(maya.get_by_label("Headline")).to_have_value("Buggies for everybody")
    maya.get_by_role("button", name="Save as a new draft").click()
    expect(maya.get_by_role("status")).to_contain_text("Saved as a new draft.")
    maya.get_by_label("Take out what loads from hosts").check()
    maya.get_by_role("button", name="Publish", exact=True).click()
    expect(maya.locator("main")).to_contain_text("Published.")
    installation.wait_for(HOST, f"/{slug}")
    assert headline_of(chromium, installation, slug) == "Buggies for everybody"


def test_a_hostile_page_types_text_into_fields_and_nothing_more(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path
) -> None:
    attack = """<script>
    addEventListener('message', function (event) {
      if (!event.data || !event.data.channel) return;
      var say = function (message) { message.channel = event.data.channel; parent.postMessage(message, '*'); };
      var text = '<img src=x onerror="document.title=1">' + 'x'.repeat(30000);
      say({type: 'input', region: 0, part: 'text', value: text});
      say({type: 'input', region: 0, part: 'text', value: {text: 'object'}});
      say({type: 'input', region: 1, part: 'href', value: 'https://evil.example'});
      say({type: 'input', region: 99, part: 'text', value: 'x'});
      say({type: 'submit'}); say({type: 'save'}); say({type: 'leave'}); say({type: '__proto__'});
      say({type: 'focus', region: 1, part: 'href', here: false});
      parent.postMessage({type: 'input', region: 0, part: 'text', value: 'wrong channel', channel: 'guess'}, '*');
      parent.postMessage(null, '*'); parent.postMessage('text', '*');
      try { parent.document.title = 'taken'; } catch (error) {}
      try { top.location = 'https://evil.example/'; } catch (error) {}
    });
    </script>"""
    marked = SOURCE.replace("<h1>", '<h1 data-edit="text" data-name="Headline">').replace(
        '<a href="thanks.html"', '<a data-edit="link" data-name="Thanks" href="thanks.html"'
    )
    make_page(installation, tmp_path, "hostile", marked.replace("</body>", f"{attack}</body>"))
    maya = open_studio()
    go_to(maya, installation, "/pages/hostile/a/edit")
    title, address = maya.title(), maya.url
    maya.wait_for_function("document.querySelector('[data-part=text]').value.startsWith('<img')")
    assert len(maya.get_by_label("Headline").input_value()) == 20_000
    expect(maya.get_by_label("Thanks: Leads to")).to_have_value("thanks.html")
    assert maya.locator("main img").count() == 0
    assert maya.evaluate("document.activeElement === document.body")
    assert (maya.title(), maya.url) == (title, address)


def test_a_preview_that_was_led_away_comes_back_with_what_was_typed(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path
) -> None:
    make_page(installation, tmp_path, "away", SOURCE.replace("<h1>", '<h1 data-edit="text" data-name="Headline">'))
    maya = open_studio()
    go_to(maya, installation, "/pages/away/a/edit")
    preview = preview_of(maya)
    maya.get_by_label("Headline").fill("Buggies")
    expect(preview.locator("h1")).to_have_text("Buggies")
    maya.get_by_role("button", name="Load the preview again").click()
    expect(preview.locator("h1")).to_have_text("Buggies")
    maya.locator("#preview").evaluate("frame => { frame.src = frame.src.split('/e/')[0] + '/p/away/'; }")
    expect(preview.locator("h1")).to_have_text("Buggies")


def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    installation: Lander, open_studio: OpenStudio, tmp_path: Path
) -> None:
    make_page(installation, tmp_path, "axe")
    maya = open_studio()
    go_to(maya, installation, "/pages/axe/a/edit")
    look_at(maya)
    go_to(maya, installation, "/pages/axe/a/regions")
    look_at(maya)
    mark(maya, "Heading 1", "Paragraph", "Form")
    look_at(maya)
    maya.get_by_label("Headline").fill(" ")
    maya.get_by_role("button", name="Save as a new draft").click()
    expect(maya.get_by_role("alert")).to_contain_text("would be empty")
    look_at(maya)
