"""What somebody uploads is unpacked within limits, or refused with a reason."""

import io
import stat
import struct
import time
import tracemalloc
import zipfile
import zlib

import pytest

from lander.errors import InvalidInput
from lander.pages.archive import decode_html, read_upload
from lander.policy.policy import UploadLimits
from tests.builders_content import PAGE, make_picture, make_zip

LIMITS = UploadLimits()
MIB = 1024 * 1024


def unpack(files: dict[str, bytes | str], limits: UploadLimits = LIMITS) -> dict[str, bytes]:
    return read_upload("page.zip", make_zip(files), limits).files


def zip_with(name: str, content: bytes = b"x", *, mode: int = 0, flags: int = 0) -> bytes:
    """A zip of index.html and one entry with that very name, mode and flags."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.html", PAGE)
        info = zipfile.ZipInfo("entry")
        info.external_attr = mode << 16
        info.filename = name
        archive.writestr(info, content)
        info.flag_bits |= flags
    return buffer.getvalue()


def test_a_zip_gives_its_files_by_path() -> None:
    picture = make_picture()
    assert unpack({"index.html": PAGE, "img/a.png": picture}) == {"index.html": PAGE.encode(), "img/a.png": picture}


@pytest.mark.parametrize("name", ["sale.html", "Sale.HTM", "C:\\pages\\sale.html"])
def test_an_html_file_is_an_upload_of_one_file(name: str) -> None:
    assert list(read_upload(name, PAGE.encode(), LIMITS).files.values()) == [PAGE.encode()]


def test_a_single_top_folder_is_unwrapped() -> None:
    assert list(unpack({"page-1.0/index.html": PAGE, "page-1.0/css/a.css": "a{}"})) == ["index.html", "css/a.css"]
    assert list(unpack({"one/index.html": PAGE, "two/a.css": "a{}"})) == ["one/index.html", "two/a.css"]


def test_what_computers_add_by_themselves_is_ignored() -> None:
    files = {"page/index.html": PAGE, "__MACOSX/page/._index.html": "x", "page/.DS_Store": "x", "page/Thumbs.db": "x"}
    upload = read_upload("page.zip", make_zip(files), LIMITS)
    assert list(upload.files) == ["index.html"]
    assert upload.left_out == ()


def test_files_that_pages_do_not_use_are_left_out_and_named() -> None:
    files = {"index.html": PAGE, "a.scss": "x", "a.php": "<?php", "README.md": "x", "a.js.map": "{}", "e.css": ""}
    upload = read_upload("page.zip", make_zip(files | {"LICENSE.txt": "MIT"}), LIMITS)
    assert list(upload.files) == ["index.html", "LICENSE.txt"]
    assert [path for path, _ in upload.left_out] == ["a.scss", "a.php", "README.md", "a.js.map", "e.css"]
    assert all(reason for _, reason in upload.left_out)


def test_names_are_read_as_the_computer_that_zipped_them_meant_them() -> None:
    flagged = make_zip({"index.html": PAGE, "übersicht.css": "a{}"})
    unflagged = flagged.replace(b"PK\x03\x04\x14\0\0\x08", b"PK\x03\x04\x14\0\0\0")
    unflagged = unflagged.replace(b"PK\x01\x02\x14\x03\x14\0\0\x08", b"PK\x01\x02\x14\x03\x14\0\0\0")
    decomposed = make_zip({"index.html": PAGE, "u\u0308bersicht.css": "a{}"})

    for content in (flagged, unflagged, decomposed):  # as Linux, older macOS, and macOS write it
        assert "übersicht.css" in read_upload("page.zip", content, LIMITS).files
    assert unflagged != flagged
    assert "css/a.css" in read_upload("page.zip", zip_with("css\\a.css", b"a{}"), LIMITS).files


@pytest.mark.parametrize("content", [b"", b"hello", b"%PDF-1.7", make_picture()])
def test_what_is_neither_html_nor_zip_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"neither an HTML file nor a zip|is empty"):
        read_upload("page.zip", content, LIMITS)


@pytest.mark.parametrize("cut", [30, -30])
def test_a_damaged_zip_is_refused(cut: int) -> None:
    with pytest.raises(InvalidInput, match="The zip is damaged"):
        read_upload("page.zip", make_zip({"index.html": PAGE})[:cut], LIMITS)


def test_a_zip_whose_content_was_changed_is_refused() -> None:
    content = make_zip({"index.html": PAGE}, compression=zipfile.ZIP_STORED).replace(b"<h1>Sale", b"<h1>Fake", 1)
    with pytest.raises(InvalidInput, match="The zip is damaged"):
        read_upload("page.zip", content, LIMITS)


@pytest.mark.parametrize(
    "name",
    ["../evil.css", "a/../../evil.css", "/etc/evil.css", "..\\evil.css", "C:\\evil.css", "\\\\host\\evil.css", ".."],
)
def test_a_path_that_leads_outside_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="leads outside the page's folder"):
        read_upload("page.zip", zip_with(name), LIMITS)


@pytest.mark.parametrize("name", ["a\0.css", "a\n.css", "a\x1b.css", "x" * 300 + ".css"])
def test_an_impossible_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="impossible name"):
        read_upload("page.zip", zip_with(name), LIMITS)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK])
def test_a_link_or_device_is_refused(kind: int) -> None:
    with pytest.raises(InvalidInput, match="is a link or a device"):
        read_upload("page.zip", zip_with("a.css", b"/etc/passwd", mode=kind | 0o777), LIMITS)


def test_an_encrypted_zip_is_refused() -> None:
    with pytest.raises(InvalidInput, match="encrypted"):
        read_upload("page.zip", zip_with("a.css", flags=0x1), LIMITS)


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_unusual_compression_is_refused(compression: int) -> None:
    with pytest.raises(InvalidInput, match="unusual way"):
        read_upload("page.zip", make_zip({"index.html": PAGE}, compression=compression), LIMITS)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("other", ["Img/A.css", "img/a.css", "IMG/a.CSS"])
def test_names_that_are_one_file_on_many_computers_are_refused(other: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("index.html", "img/a.css", other):
            archive.writestr(name, "x")
    with pytest.raises(InvalidInput, match="one file on many computers"):
        read_upload("page.zip", buffer.getvalue(), LIMITS)


@pytest.mark.parametrize("inner", ["more.zip", "more.css", "app.jar", "a.gz"])
def test_an_archive_in_the_zip_is_refused(inner: str) -> None:
    with pytest.raises(InvalidInput, match=r"archive inside the zip|more\.css"):
        unpack({"index.html": PAGE, inner: make_zip({"a.css": "a{}"})})


@pytest.mark.parametrize("content", [b"MZ\x90\0", b"\x7fELF\x02"])
def test_a_program_is_refused_whatever_it_is_called(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="is a program"):
        unpack({"index.html": PAGE, "brochure.pdf": content})


def test_ten_thousand_files_are_refused_at_once() -> None:
    content = make_zip({f"{number}.css": "" for number in range(10_000)})
    began = time.process_time()
    with pytest.raises(InvalidInput, match="more than 500 files"):
        read_upload("page.zip", content, LIMITS)
    assert time.process_time() - began < 2


def test_a_directory_of_millions_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidInput, match="more than 500 files"):
        read_upload("page.zip", b"PK\x03\x04" + b"PK\x01\x02" * 5_000_000, LIMITS)


def test_a_few_files_too_many_are_refused() -> None:
    with pytest.raises(InvalidInput, match="more than 3 files"):
        unpack({f"{number}.html": PAGE for number in range(4)}, UploadLimits(entries=3))


def test_too_many_folders_deep_is_refused() -> None:
    assert "a/" * 8 + "b.css" in unpack({"index.html": PAGE, "a/" * 8 + "b.css": "a{}"})
    with pytest.raises(InvalidInput, match="more than 8 folders deep"):
        unpack({"index.html": PAGE, "a/" * 9 + "b.css": "a{}"})


def test_a_zip_larger_than_allowed_is_refused_unopened() -> None:
    with pytest.raises(InvalidInput, match=r"has 2 MiB; at most 1 MiB are allowed"):
        read_upload("page.zip", b"x" * 2 * MIB, UploadLimits(zip_bytes=MIB))


def test_a_file_larger_than_allowed_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"'a.txt' has more than 10 MiB"):
        unpack({"index.html": PAGE, "a.txt": b"x" * 11 * MIB}, UploadLimits(ratio=10_000))
    with pytest.raises(InvalidInput, match=r"'page.html' has more than 10 MiB"):
        read_upload("page.html", b"x" * 11 * MIB, LIMITS)


def test_a_zip_that_unpacks_to_more_than_allowed_is_refused() -> None:
    files: dict[str, bytes | str] = {f"{number}.txt": bytes(range(256)) * 4096 for number in range(5)}
    with pytest.raises(InvalidInput, match="unpacks to more than 4 MiB"):
        unpack(files | {"index.html": PAGE}, UploadLimits(unpacked_bytes=4 * MIB, ratio=10_000))


def test_a_bomb_of_one_byte_repeated_is_refused_before_it_unpacks() -> None:
    content = make_zip({"index.html": PAGE, "bomb.txt": b"\0" * 9 * MIB})
    tracemalloc.start()
    with pytest.raises(InvalidInput, match="more than 100 times its size"):
        read_upload("page.zip", content, LIMITS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MIB


def overlapping_zip(count: int) -> bytes:
    """`count` entries that all unpack the same compressed bytes, each in the local headers of those behind it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = packer.compress(b"\0" * MIB) + packer.flush()
    crc, size = zlib.crc32(b"\0" * MIB), MIB
    local, directory = b"", b""
    for number in range(count):
        name = f"{number:04}.txt".encode()
        fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, crc, len(body), size, len(name), 0)
        local = b"PK\x03\x04" + fields + name + body
        central = struct.pack(
            "<HHHHHHIIIHHHHHII", 20, 20, 0, 8, 0, 0, crc, len(body), size, len(name), 0, 0, 0, 0, 0, 0
        )
        directory += b"PK\x01\x02" + central + name
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(local), 0)
    return local + directory + b"PK\x05\x06" + end


def test_entries_that_share_their_bytes_are_refused() -> None:
    with pytest.raises(InvalidInput, match="overlap"):
        read_upload("page.zip", overlapping_zip(40), LIMITS)


def test_a_zip_that_lies_about_its_sizes_is_refused() -> None:
    content = make_zip({"index.html": PAGE, "bomb.txt": b"ab" * MIB})
    lying = content.replace(struct.pack("<I", 2 * MIB), struct.pack("<I", 10))
    with pytest.raises(InvalidInput, match=r"damaged|times its size"):
        read_upload("page.zip", lying, LIMITS)


@pytest.mark.parametrize(
    ("content", "text", "encoding"),
    [
        ("<p>Grüße".encode(), "<p>Grüße", "utf-8"),
        (b"\xef\xbb\xbf<p>x", "<p>x", "utf-8"),
        ("\ufeff<p>Grüße".encode("utf-16-le"), "<p>Grüße", "utf-16le"),
        ("\ufeff<p>Grüße".encode("utf-16-be"), "<p>Grüße", "utf-16be"),
        (
            '<meta charset="iso-8859-1"><p>Grüße'.encode("latin-1"),
            '<meta charset="iso-8859-1"><p>Grüße',
            "windows-1252",
        ),
        (
            "<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>Привет".encode("cp1251"),
            "<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>Привет",
            "windows-1251",
        ),
        ("<meta charset=utf-16>Grüße".encode(), "<meta charset=utf-16>Grüße", "utf-8"),
        ("<meta charset=nonsense>Grüße".encode(), "<meta charset=nonsense>Grüße", "utf-8"),
        ("<p>Grüße".encode("cp1252"), "<p>Grüße", "windows-1252"),
    ],
)
def test_html_is_read_in_the_encoding_that_a_browser_would_use(content: bytes, text: str, encoding: str) -> None:
    assert decode_html("index.html", content) == (text, encoding)


def test_html_that_is_not_in_the_encoding_it_states_is_refused_with_its_line() -> None:
    content = b'<meta charset="utf-8">\n<p>ok\n<p>Gr\xfc\xdfe'
    with pytest.raises(InvalidInput, match=r"'index.html' says it is utf-8, but line 3 is not") as caught:
        decode_html("index.html", content)
    assert caught.value.fix == "Save it as UTF-8 and upload it again."


def test_html_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not a text file"):
        decode_html("index.html", b"<p>a\0b")


def test_an_empty_zip_is_called_empty() -> None:
    with pytest.raises(InvalidInput, match=r"The zip is empty\."):
        read_upload("page.zip", make_zip({}), LIMITS)
