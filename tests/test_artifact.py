"""Files are what their names say, are named by their content, and lie on disk whole."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import brotli
import pytest

from lander.artifact import (
    MEDIA_TYPES,
    asset_name,
    asset_path,
    check_type,
    compress,
    media_type,
    sniff,
    write_assets,
)
from lander.errors import InvalidInput
from tests.builders_content import make_picture


@dataclass
class File:
    name: str
    body: bytes
    gzip: bytes | None
    brotli: bytes | None


@pytest.mark.parametrize(
    ("content", "ext"),
    [
        (make_picture("PNG"), "png"),
        (make_picture("JPEG"), "jpg"),
        (make_picture("GIF"), "gif"),
        (make_picture("WEBP"), "webp"),
        (make_picture("AVIF"), "avif"),
        (make_picture("ICO"), "ico"),
        (b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
        (b"wOF2....", "woff2"),
        (b"wOFF....", "woff"),
        (b"OTTO....", "otf"),
        (b"\0\1\0\0....", "ttf"),
        (b"\0\0\0\x18ftypmp42", "mp4"),
        (b"\x1a\x45\xdf\xa3", "webm"),
        (b"ID3\x04", "mp3"),
        (b"\xff\xfb\x90\x64", "mp3"),
        (b"%PDF-1.7", "pdf"),
        (b"PK\x03\x04", "zip"),
        (b"MZ\x90", "exe"),
        (b"\0\0\0\x18ftypheic", None),
        (b"body { color: red }", None),
        (b"", None),
    ],
)
def test_it_knows_a_type_by_its_first_bytes(content: bytes, ext: str | None) -> None:
    assert sniff(content) == ext


@pytest.mark.parametrize("path", ["a/photo.PNG", "photo.png"])
def test_a_file_that_is_what_its_name_says_is_taken(path: str) -> None:
    assert check_type(path, make_picture("PNG")) == "png"
    assert check_type("photo.jpeg", make_picture("JPEG")) == "jpg"
    assert check_type("style.css", b"a{}") == "css"


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("photo.png", make_picture("JPEG"), "called .png but holds a .jpg file"),
        ("photo.png", b"<script>alert(1)</script>", "holds something else"),
        ("photo.svg", b"<html><body>", "holds something else"),
        ("style.css", make_picture("PNG"), "not text but a .png file"),
        ("app.js", b"PK\x03\x04", "not text but an archive"),
        ("app.js", b"MZ\x90\0", "not text but a program"),
        ("app.js", b"var a = 'x\0y'", "is not text"),
        ("setup.php", b"<?php", "type that pages do not use"),
        ("README", b"hello", "type that pages do not use"),
        (".htaccess", b"hello", "type that pages do not use"),
        ("empty.css", b"", "is empty"),
    ],
)
def test_a_file_that_is_something_else_is_refused(path: str, content: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        check_type(path, content)
    assert caught.value.fix


def test_the_name_is_the_hash_and_gives_the_media_type() -> None:
    name = asset_name(b"", "css")
    assert name == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.css"
    assert media_type(name) == "text/css; charset=utf-8"
    assert all(value.isascii() for value in MEDIA_TYPES.values())


def test_it_compresses_text_and_leaves_pictures_alone() -> None:
    text = b"body { color: red }\n" * 100
    zipped, brotlied = compress(text, "css")
    assert zipped is not None
    assert brotlied is not None
    assert gzip.decompress(zipped) == brotli.decompress(brotlied) == text
    assert compress(text, "css") == (zipped, brotlied)  # the same bytes every time
    assert compress(make_picture("PNG"), "png") == (None, None)
    assert compress(b"a", "css") == (None, None)


def test_files_are_written_whole_and_once(tmp_path: Path) -> None:
    body = b"body { color: red }\n" * 100
    file = File(asset_name(body, "css"), body, *compress(body, "css"))
    write_assets(tmp_path, [file])
    target = asset_path(tmp_path, file.name)
    written = target.stat().st_mtime_ns
    write_assets(tmp_path, [file])

    assert target == tmp_path / "assets" / file.name[:2] / file.name
    assert target.read_bytes() == body
    assert target.with_name(f"{file.name}.gz").read_bytes() == file.gzip
    assert target.with_name(f"{file.name}.br").read_bytes() == file.brotli
    assert target.stat().st_mtime_ns == written
    assert not list(target.parent.glob(".*"))
