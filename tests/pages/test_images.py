"""Pictures open and are not too large; SVG neither acts nor loads."""

import struct
import zlib
from pathlib import Path

import pytest

from lander.errors import InvalidInput
from lander.pages.images import check_raster, clean_svg
from tests.builders_content import make_picture

SVG = b'<?xml version="1.0"?>\n<!-- drawn by hand -->\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">\n%b\n</svg>\n'


def png_of(width: int, height: int) -> bytes:
    """A PNG whose header claims any size; its data is a single byte."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("encoding", ["utf-7", "shift_jis", "rot13", "no-such-thing"])
def test_an_svg_in_an_encoding_that_cannot_be_read_is_refused(encoding: str) -> None:
    with pytest.raises(InvalidInput, match="UTF-8"):
        clean_svg("a.svg", (SVG % b"").replace(b'"1.0"', f'"1.0" encoding="{encoding}"'.encode()))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "AVIF", "ICO"])
def test_a_picture_that_opens_is_taken(kind: str) -> None:
    ext = {"JPEG": "jpg"}.get(kind, kind.lower())
    check_raster("photo", ext, make_picture(kind, (32, 16)), most_pixels=1_000)


@pytest.mark.parametrize(
    ("side", "words"), [(8_000, "8,000 × 8,000 pixels; at most 40 million"), (60_000, "hundreds of millions of pixels")]
)
def test_a_picture_larger_than_allowed_is_refused_without_decoding_it(side: int, words: str) -> None:
    with pytest.raises(InvalidInput, match=f"'huge.png' has {words}"):
        check_raster("huge.png", "png", png_of(side, side), most_pixels=40_000_000)


@pytest.mark.parametrize("content", [make_picture("JPEG")[:200], b"\xff\xd8\xff nonsense", png_of(10, 10)])
def test_a_damaged_picture_is_refused(content: bytes) -> None:
    ext = "png" if content.startswith(b"\x89") else "jpg"
    with pytest.raises(InvalidInput, match="does not open as a picture"):
        check_raster("photo", ext, content, most_pixels=40_000_000)


@pytest.mark.parametrize(
    "inside",
    [
        b"<style>.a { fill: url(#g) } b > c {}</style><path class='a' d='M0 0'/>",
        b"<defs><linearGradient id='g'/></defs><rect style='fill: url(#g)' fill='url(#g)'/>",
        b"<use xmlns:xlink='http://www.w3.org/1999/xlink' xlink:href='#g'/>",
        b"<image href='data:image/png;base64,AAAA'/>",
        b"<text>a &amp; b &lt; c</text><title>x</title>",
    ],
)
def test_a_clean_svg_stays_byte_for_byte(inside: bytes) -> None:
    content = SVG % inside
    assert clean_svg("a.svg", content) == (content, [])


@pytest.mark.parametrize(
    ("inside", "gone", "words"),
    [
        (b"<script>alert(1)</script>", b"alert", "<script>"),
        (b"<g onclick='alert(1)'/>", b"alert", "onclick of <g>"),
        (b"<x:script xmlns:x='http://www.w3.org/2000/svg'>alert(1)</x:script>", b"alert", "<x:script>"),
        (b"<foreignObject><p>hello</p></foreignObject>", b"hello", "<foreignObject>"),
        (b"<g xmlns:h='http://www.w3.org/1999/xhtml'><h:img src='x' onerror='y'/></g>", b"onerror", "it is HTML"),
        (b"<image href='https://t.example/p.png'/>", b"t.example", "href of <image>"),
        (b"<use href='other.svg#a'/>", b"other", "href of <use>"),
        (b"<image href='data:image/svg+xml,x'/>", b"svg+xml", "href of <image>"),
        (b"<a href='javascript:alert(1)'><text>x</text></a>", b"javascript", "href of <a>"),
        (b"<animate attributeName='href' to='javascript:alert(1)'/>", b"javascript", "<animate>"),
        (b"<set attributeName='xlink:href' to='https://t.example/x'/>", b"t.example", "<set>"),
        (b"<set attributeName='onclick' to='alert(1)'/>", b"alert", "<set>"),
        (b"<animate attributeName='x' values='java\nscript:alert(1)'/>", b"alert", "values of <animate>"),
        (b"<style>@import 'https://t.example/x.css';</style>", b"t.example", "<style>"),
        (b"<style>a { fill: url(https://t.example/x) }</style>", b"t.example", "<style>"),
        (b"<style>@im<b/>port 'https://t.example/x.css';</style>", b"t.example", "<style>"),
        (b"<style>a{}<b/>@import 'https://t.example/x.css';</style>", b"t.example", "<style>"),
        (b"<style><![CDATA[@im]]><!-- -->port 'https://t.example/x.css';</style>", b"t.example", "<style>"),
        (b"<rect style='fill: u\\72l(//t.example/x)'/>", b"t.example", "style of <rect>"),
        (b"<rect filter='url(https://t.example/x#f)'/>", b"t.example", "filter of <rect>"),
        (b"<?xml-stylesheet href='https://t.example/x'?>", b"t.example", "xml-stylesheet"),
        (b"<g xml:base='https://t.example/'/>", b"t.example", "xml:base"),
    ],
)
def test_what_acts_or_loads_is_taken_out_and_said(inside: bytes, gone: bytes, words: str) -> None:
    cleaned, removed = clean_svg("a.svg", SVG % (inside + b"<path d='M1 1'/>"))
    assert gone not in cleaned
    assert b'<path d="M1 1">' in cleaned
    assert any(words in sentence and "a.svg, line" in sentence for sentence in removed)
    assert clean_svg("a.svg", cleaned) == (cleaned, [])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg><g></svg>", "not a well-formed SVG"),
        (b"<html/>", "not an SVG"),
        (b"<!DOCTYPE svg [<!ENTITY a 'aaaa'>]><svg>&a;</svg>", "declares the entity 'a' in line 1"),
        (b"<svg xmlns:h='http://www.w3.org/1999/xhtml'/>", "mixes HTML"),
        (b"<svg>" + b"<g>" * 5_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_cleaned_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        clean_svg("a.svg", content)


def test_it_reads_no_file_and_no_address_that_an_svg_names(tmp_path: Path) -> None:
    secret = tmp_path / "secret.dtd"
    secret.write_text("<!ENTITY s 'hidden'>")
    content = f'<!DOCTYPE svg SYSTEM "{secret}"><svg>&s;</svg>'.encode()
    try:
        cleaned, _ = clean_svg("a.svg", content)
    except InvalidInput:
        return
    assert b"hidden" not in cleaned
