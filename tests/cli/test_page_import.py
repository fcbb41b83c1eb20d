"""`lander page import`: a file becomes a variant's draft, and a person reads what happened."""

import io
import zipfile

import pytest

from tests.cli.conftest import HOST, OTHER_HOSTS_SCRIPT, PAGE, Terminal

_ON_SALE = ("page", "import", "--site", HOST, "--slug", "spring-sale")


def pack(terminal: Terminal, name: str, files: dict[str, str]) -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    path = terminal.folder / name
    path.write_bytes(buffer.getvalue())
    return str(path)


def test_a_zip_becomes_pages_and_files(terminal: Terminal) -> None:
    linked = PAGE.format(headline="Sale").replace("</head>", '<link rel="stylesheet" href="style.css"></head>')
    file = pack(
        terminal, "sale.zip", {"index.html": linked, "thanks.html": "<p>Thanks", "style.css": "p { color: red }"}
    )
    said = terminal.ok(*_ON_SALE, file)
    assert said["address"] == f"{HOST}/spring-sale"
    assert said["variant"] == "a"
    assert said["thank_you"] == "/spring-sale/thanks"
    assert [page["slug"] for page in said["pages"]] == ["spring-sale", "spring-sale/thanks"]
    assert [file["path"] for file in said["files"]] == ["style.css"]
    assert [field["name"] for field in said["forms"][0]["fields"]] == ["email"]


def test_a_person_reads_what_became_of_the_file(terminal: Terminal) -> None:
    file = pack(terminal, "sale.zip", {"index.html": OTHER_HOSTS_SCRIPT, "thanks.html": "<p>Thanks"})
    said = terminal.read(*_ON_SALE, file).splitlines()
    assert said[0] == f"index.html is variant a of {HOST}/spring-sale now. Visitors see nothing until you publish."
    assert any("thanks.html is the page" in line for line in said)
    assert any("Line 3 loads a script from cdn.example.net" in line for line in said)
    assert said[-1] == "One thing stands in the way of publishing; all of them are named above."


def test_nothing_is_live_before_it_is_published(terminal: Terminal) -> None:
    terminal.import_page()
    assert [row["live"] for row in terminal.ok("page", "list")] == [False]


def test_a_file_is_brought_inside_in_place_of_an_address(terminal: Terminal) -> None:
    page, script = terminal.write("sale.html", OTHER_HOSTS_SCRIPT), terminal.write("x.js", "let x = 1;")
    said = terminal.ok(*_ON_SALE, "--asset", f"https://cdn.example.net/x.js={script}", page)
    assert said["external"] == []
    findings = terminal.ok("page", "publish", "--site", HOST, "--slug", "spring-sale")["findings"]
    assert [item for item in findings if item["rule"].startswith("isolation")] == []


def test_a_variant_that_is_there_is_replaced_only_knowingly(terminal: Terminal) -> None:
    terminal.import_page("spring-sale", "a")
    again = terminal.write("again.html", PAGE.format(headline="Another one"))
    assert "a" in terminal.refused(*_ON_SALE, again)
    assert terminal.ok(*_ON_SALE, "--replace", again)["pages"][0]["version"] == 2


@pytest.mark.parametrize(
    ("asset", "reason"),
    [
        ("https://cdn.example.net/x.js=nowhere.js", "names no file"),
        ("https://cdn.example.net/x.js", "names no file"),
    ],
)
def test_an_asset_without_a_file_is_refused(terminal: Terminal, asset: str, reason: str) -> None:
    file = terminal.write("sale.html", OTHER_HOSTS_SCRIPT)
    assert reason in terminal.refused(*_ON_SALE, "--asset", asset, file)
    assert terminal.ok("page", "list") == []


def test_what_is_no_page_is_refused(terminal: Terminal) -> None:
    terminal.write("sale.zip", "this is no zip")
    for name, reason in (("sale.zip", "zip"), ("nothing.html", "does not exist"), ("", "directory")):
        assert reason in terminal.refused(*_ON_SALE, str(terminal.folder / name))


@pytest.mark.parametrize(
    ("site", "slug", "reason"),
    [("go.example.com", "spring-sale", "go.example.com"), (HOST, "Spring Sale", "Spring Sale"), (HOST, "_l", "_l")],
)
def test_a_place_that_cannot_be_is_refused(terminal: Terminal, site: str, slug: str, reason: str) -> None:
    file = terminal.write("sale.html", PAGE.format(headline="Sale"))
    assert reason in terminal.refused("page", "import", "--site", site, "--slug", slug, file)
