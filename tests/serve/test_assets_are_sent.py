"""Files of pages: from disk, precompressed where the browser takes it, in parts where it asks, cached for ever."""

import gzip
import hashlib

import brotli
import pytest

from lander.artifact import asset_path, download_name
from lander.headers import asset_headers
from tests.serve.stage import Stage

CONTENT = b"body { color: rebeccapurple }\n" * 5_000
NAME = f"{hashlib.sha256(CONTENT).hexdigest()}.css"
PATH = f"/_l/a/{NAME}"
SIZE = len(CONTENT)


@pytest.fixture(autouse=True)
def written(stage: Stage) -> None:
    path = asset_path(stage.settings.published_dir, NAME)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    path.with_name(f"{NAME}.gz").write_bytes(gzip.compress(CONTENT))
    path.with_name(f"{NAME}.br").write_bytes(brotli.compress(CONTENT))
    stage.publish()


def test_a_file_comes_whole_with_the_headers_of_assets(stage: Stage) -> None:
    answer = stage.ask(PATH)
    assert answer.data == CONTENT
    assert set(asset_headers("text/css; charset=utf-8", scheme="https")) <= set(answer.headers)
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Content-Length"] == str(SIZE)
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.000, gzip;q=0", None),
        ("identity", None),
        ("", None),
    ],
)
def test_the_smallest_form_that_the_browser_takes_is_sent(stage: Stage, accepted: str, encoding: str | None) -> None:
    answer = stage.ask(PATH, headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == encoding
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding]
    assert unpack(answer.data) == CONTENT
    assert answer.headers["Content-Length"] == str(len(answer.data))


def test_each_form_has_a_tag_of_its_own_and_is_not_sent_twice(stage: Stage) -> None:
    tags = set()
    for accepted in ("br", "gzip", ""):
        tag = stage.ask(PATH, headers={"Accept-Encoding": accepted}).headers["ETag"]
        tags.add(tag)
        for known in (tag, f'"other", W/{tag}', "*"):
            answer = stage.ask(PATH, headers={"Accept-Encoding": accepted, "If-None-Match": known})
            assert (answer.status_code, answer.data) == (304, b"")
            assert answer.headers["ETag"] == tag
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert stage.ask(PATH, headers={"Accept-Encoding": accepted, "If-None-Match": '"other"'}).status_code == 200
    assert len(tags) == 3


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=100-", 100, SIZE), ("bytes=-5", SIZE - 5, SIZE)],
)
def test_a_part_is_sent_alone(stage: Stage, asked: str, start: int, end: int) -> None:
    answer = stage.ask(PATH, headers={"Range": asked, "Accept-Encoding": "br"})
    assert (answer.status_code, answer.data) == (206, CONTENT[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/{SIZE}"
    assert answer.headers["Content-Length"] == str(end - start)
    assert "Content-Encoding" not in answer.headers


def test_a_part_beyond_the_end_ends_there(stage: Stage) -> None:
    answer = stage.ask(PATH, headers={"Range": f"bytes=5-{SIZE * 2}"})
    assert answer.data == CONTENT[5:]
    assert stage.ask(PATH, headers={"Range": f"bytes=-{SIZE * 2}"}).data == CONTENT


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=9-3", "bytes=-0"])
def test_a_part_outside_the_file_is_refused(stage: Stage, asked: str) -> None:
    answer = stage.ask(PATH, headers={"Range": asked})
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=0-1", "bytes=-", "bytes=x-y"])
def test_a_range_that_is_not_understood_gives_the_whole_file(stage: Stage, asked: str) -> None:
    assert stage.ask(PATH, headers={"Range": asked}).data == CONTENT


def test_a_part_of_another_version_gives_the_whole_file(stage: Stage) -> None:
    assert stage.ask(PATH, headers={"Range": "bytes=0-1", "If-Range": '"older"'}).status_code == 200


def test_head_tells_everything_but_the_content(stage: Stage) -> None:
    answer = stage.ask(PATH, method="HEAD", headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert int(answer.headers["Content-Length"]) < SIZE
    assert stage.ask(PATH, method="HEAD", headers={"Range": "bytes=0-9"}).status_code == 200  # of GET alone (RFC 9110)


def test_a_pdf_is_downloaded_since_no_viewer_opens_inside_the_seal(stage: Stage) -> None:
    name = f"{'a' * 64}.pdf"
    path = asset_path(stage.settings.published_dir, name)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"%PDF-1.4")
    answer = stage.ask(f"/_l/a/{name}")
    assert (answer.mimetype, answer.data) == ("application/pdf", b"%PDF-1.4")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="document.pdf"'
    assert "Content-Disposition" not in stage.ask(PATH).headers


@pytest.mark.parametrize(
    "path",
    [
        f"/_l/a/{'0' * 64}.css",
        "/_l/a/",
        "/_l/a/../../catalog.json",
        f"/_l/a/{NAME}.gz",
        f"/_l/a/{NAME.upper()}",
        f"/_l/a/../assets/{NAME[:2]}/{NAME}",
        f"/_l/a/{NAME}/",
        f"/_l/a/{NAME}\0",
    ],
)
def test_nothing_else_on_the_disk_can_be_asked_for(stage: Stage, path: str) -> None:
    assert stage.ask(path).status_code == 404


@pytest.mark.parametrize(
    ("query", "file_name"),
    [
        ("name=Our+brochure.pdf", "Our brochure.pdf"),
        ("", "document.pdf"),
        ("name=evil.html", "document.pdf"),
        ("name=a%22b.pdf", "document.pdf"),
        ("name=..%2Fx.pdf", "document.pdf"),
        ("name=a%0d%0ab.pdf", "document.pdf"),
    ],
)
def test_a_pdf_is_kept_under_the_name_of_its_link(query: str, file_name: str) -> None:
    assert download_name("0" * 64 + ".pdf", query) == file_name


def test_a_picture_is_shown_whatever_its_link_says() -> None:
    assert download_name("0" * 64 + ".png", "name=x.png") == ""
