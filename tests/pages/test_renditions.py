"""Drawing images smaller: which widths, what is left alone, what looks as before."""

import io
import random
from typing import Any

import pytest
from PIL import Image

from lander.pages.renditions import Drawing, draw, draw_all, measure


def noise(width: int, height: int, mode: str = "RGB", kind: str = "JPEG", **options: Any) -> bytes:
    output = io.BytesIO()
    if kind == "JPEG":
        options = {"quality": 92, **options}
    Image.effect_noise((width, height), 60).convert(mode).save(output, kind, **options)
    return output.getvalue()


def _drawn(content: bytes, kind: str) -> list[Drawing]:
    measured = draw(content)
    assert measured is not None
    return [drawing for drawing in measured.drawings if drawing.format == kind]


def _widths(content: bytes, kind: str = "webp") -> list[int]:
    return [drawing.width for drawing in _drawn(content, kind)]


@pytest.mark.parametrize("kind", ["avif", "webp"])
def test_it_draws_every_width_below_its_own_and_its_own(kind: str) -> None:
    drawings = _drawn(noise(1500, 600), kind)
    assert [(item.width, item.height) for item in drawings] == [
        (320, 128),
        (640, 256),
        (960, 384),
        (1280, 512),
        (1500, 600),
    ]
    sizes = [len(item.content) for item in drawings]
    assert sizes == sorted(sizes)
    for item in drawings:
        with Image.open(io.BytesIO(item.content)) as image:
            assert (image.format, image.size) == (kind.upper(), (item.width, item.height))


def test_avif_saves_bytes_where_webp_is_at_its_widest_or_is_not_kept() -> None:
    content = noise(900, 600)
    avif, webp = _drawn(content, "avif"), _drawn(content, "webp")
    assert len(avif[-1].content) < len(webp[-1].content) < len(content)
    plain = io.BytesIO()
    Image.new("RGB", (900, 600), "red").save(plain, "PNG", compress_level=0)
    assert _widths(plain.getvalue(), "avif") == []
    assert _widths(plain.getvalue(), "webp") == [900]


def test_a_very_wide_one_is_drawn_up_to_2560() -> None:
    assert _widths(noise(3000, 100), "avif") == _widths(noise(3000, 100)) == [320, 640, 960, 1280, 1920, 2560]


def test_a_small_one_is_drawn_in_its_own_width_where_that_saves() -> None:
    assert _widths(noise(300, 300, quality=95)) == [300]
    assert _widths(noise(20, 20)) == []


def test_what_would_be_larger_than_the_original_is_not_kept() -> None:
    for kind in ("avif", "webp"):
        assert _widths(noise(600, 400, kind="JPEG", quality=5), kind) == []


def test_webp_is_not_drawn_in_its_own_width_again() -> None:
    content = noise(900, 600, kind="WEBP", quality=95)
    assert _widths(content) == [320, 640]
    assert _widths(content, "avif")[-1] == 900


def test_it_is_measured_the_way_up_that_it_is_seen() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    content = noise(900, 600, exif=exif)
    assert measure(content) == (600, 900)
    drawings = _drawn(content, "webp")
    assert [(item.width, item.height) for item in drawings] == [(320, 480), (600, 900)]
    with Image.open(io.BytesIO(drawings[0].content)) as image:
        assert image.getexif().get(0x0112, 1) == 1  # it is turned, and no browser turns it again


def test_a_tall_one_is_drawn_as_far_as_its_height_can_be_said() -> None:
    assert _widths(noise(500, 17_000, "L")) == [320]
    assert _widths(noise(500, 17_000, "L"), "avif") == []  # a browser that takes AVIF would get no more than 320 pixels


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(noise(600, 400, "CMYK"), id="CMYK"),
        pytest.param(noise(600, 400, "I;16", "PNG"), id="16 bits"),
        pytest.param(noise(600, 400, "P", "GIF"), id="GIF"),
        pytest.param(
            noise(600, 400, "RGB", "WEBP", save_all=True, append_images=[Image.new("RGB", (600, 400), "red")]),
            id="moving",
        ),
    ],
)
def test_what_might_look_different_is_only_measured(content: bytes) -> None:
    measured = draw(content)
    assert measured is not None
    assert (measured.width, measured.height, measured.drawings) == (600, 400, ())


def test_too_many_pixels_are_only_measured() -> None:
    output = io.BytesIO()
    Image.new("1", (8_000, 5_001)).save(output, "PNG")
    measured = draw(output.getvalue())
    assert measured is not None
    assert (measured.width, measured.height, measured.drawings) == (8_000, 5_001, ())


def test_a_bomb_is_not_opened() -> None:
    output = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(output, "PNG")
    assert len(output.getvalue()) < 100_000
    assert draw_all({"bomb.png": output.getvalue()}) == {"bomb.png": None}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_damaged_file_gives_nothing_and_does_no_harm(kind: str) -> None:
    whole = noise(300, 200, "P" if kind == "GIF" else "RGB", kind)
    dice = random.Random(kind)
    assert draw(whole[:20]) is None
    for _ in range(40):
        damaged = bytearray(whole[: dice.randrange(20, len(whole))])
        for _ in range(3):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        measured = draw(bytes(damaged))
        assert measured is None or measured.width > 0


def test_a_file_that_is_cut_off_is_measured_and_not_drawn() -> None:
    measured = draw(noise(900, 600)[:5000])
    assert measured is not None
    assert (measured.width, measured.height, measured.drawings) == (900, 600, ())
    assert draw(b"\x89PNG\r\n\x1a\n pretend") is None


@pytest.mark.parametrize("kind", ["avif", "webp"])
def test_a_palette_keeps_what_shines_through(kind: str) -> None:
    image = Image.effect_noise((700, 400), 60).convert("P")
    image.putpixel((0, 0), 3)
    image.paste(3, (0, 0, 350, 400))
    output = io.BytesIO()
    image.save(output, "PNG", transparency=3)
    with Image.open(io.BytesIO(_drawn(output.getvalue(), kind)[0].content)) as small:
        assert small.mode == "RGBA"
        assert small.getpixel((10, 10))[3] == 0  # type: ignore[index]
        assert small.getpixel((small.width - 10, 10))[3] == 255  # type: ignore[index]


@pytest.mark.parametrize("kind", ["avif", "webp"])
def test_colours_keep_their_profile(kind: str) -> None:
    profile = b"\0" * 12 + b"mntrRGB XYZ " + b"\0" * 104
    with Image.open(io.BytesIO(_drawn(noise(600, 400, icc_profile=profile), kind)[0].content)) as small:
        assert small.info["icc_profile"] == profile
