"""Two real landing pages come in whole, and their report says what a marketer has to know."""

import zipfile

import pytest

from lander.document import Document, Edits
from lander.pages.forms import apply_form
from tests.builders_content import SHARED_PAGES, Studio

pytestmark = [
    pytest.mark.shared,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),  # what is stored is tested on both elsewhere
]


def read_zip(name: str) -> bytes:
    path = SHARED_PAGES / f"startbootstrap-{name}.zip"
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the project")
    return path.read_bytes()


def test_the_sign_up_page_comes_in_with_its_two_forms(studio: Studio) -> None:
    content = read_zip("landing-page")
    report = studio.upload(content)
    with zipfile.ZipFile(SHARED_PAGES / "startbootstrap-landing-page.zip") as archive:
        assert studio.draft().source.encode() == archive.read("index.html")
    assert len(report.files) == 11
    assert sorted((item.load.kind, item.load.line, item.load.address) for item in report.external) == [
        ("script", 235, "https://cdn.jsdelivr.net/npm/bootstrap@5.2.3/dist/js/bootstrap.bundle.min.js"),
        ("script", 242, "https://cdn.startbootstrap.com/sb-forms-latest.js"),
        ("style", 12, "https://cdn.jsdelivr.net/npm/bootstrap-icons@1.5.0/font/bootstrap-icons.css"),
        ("style", 14, "https://fonts.googleapis.com/css?family=Lato:300,400,700,300italic,400italic,700italic"),
    ]
    assert [(form.form.key, form.form.fields[0].name, form.form.fields[0].kind) for form in report.forms] == [
        ("f1", "emailAddress", "email"),
        ("f2", "emailAddressBelow", "email"),
    ]
    said = "\n".join(report.sentences())
    assert "The submit button in line 50 is switched off (class disabled); it is switched on." in said
    assert "4 things stand in the way of publishing" in said


def test_the_app_page_comes_in_with_its_video_badges_and_modal_form(studio: Studio) -> None:
    report = studio.upload(read_zip("new-age"))
    assert {file.key.rpartition(".")[2] for file in report.files} == {"css", "ico", "js", "mp4", "png", "svg", "txt"}
    assert report.warnings == ()  # its SVGs are clean
    assert [item.kind for item in report.forms[0].form.fields] == ["name", "email", "phone", "text"]
    by_address = {item.load.address: item for item in report.external}
    assert by_address["https://source.unsplash.com/5g41N3uRPf8/1500x800"].load.via.startswith("css/styles.css")
    assert by_address["https://source.unsplash.com/u8Jn2rzYIps/900x900"].load.line == 184
    bootstrap = by_address["https://cdn.jsdelivr.net/npm/bootstrap@5.2.3/dist/js/bootstrap.bundle.min.js"]
    assert bootstrap.used_by == ("js/scripts.js uses bootstrap",)
    assert len(report.external) == 9


@pytest.mark.parametrize("name", ["landing-page", "new-age"])
def test_adopting_changes_only_what_the_report_says(studio: Studio, name: str) -> None:
    report = studio.upload(read_zip(name))
    document = Document(studio.draft().source)
    edits = Edits(document)
    for form in report.forms:
        apply_form(edits, form)
    before, after = document.source.splitlines(), edits.text().splitlines()
    changed = {number for number, (old, new) in enumerate(zip(before, after, strict=True), start=1) if old != new}
    assert changed == {change.element.line for form in report.forms for change in form.changes}
