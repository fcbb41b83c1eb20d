"""What search engines and networks are told: set once, checked as typed, put into the head, and nothing else touched."""

import json
from pathlib import Path

import pytest
from sqlmodel import Session, select

from lander.access.models import AuditEntry
from lander.artifact import asset_path
from lander.config import Settings
from lander.document import Document
from lander.pages import publish
from lander.pages.deploy import materialise
from lander.pages.meta import (
    InvalidMeta,
    Meta,
    Social,
    load_meta,
    plan_tags,
    read_meta,
    save_meta,
    store_image,
    write_json_ld,
)
from lander.pages.models import Page, Site, StoredRelease
from lander.policy.policy import DEFAULTS
from lander.published import read_release
from tests.pages.publishing import GOOD, MAYA, NOW, add_page, add_site, make_settings, text_of

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cfc0f01f00050001ff56c72f"
    "0d0000000049454e44ae426082"
)
PRODUCT = {
    "@context": "https://schema.org",
    "@type": "Product",
    "name": "Buggy </script><script>alert(1)</script> & <!--",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def site(session: Session) -> Site:
    return add_site(session)


def save(session: Session, page: Page, meta: Meta, *, noindex: bool = True) -> bool:
    return save_meta(session, page, meta, noindex=noindex, actor=MAYA, now=NOW)


def published(session: Session, settings: Settings, page: Page, key: str = "a") -> str:
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    stored = session.get_one(StoredRelease, page.release_id)
    release = read_release(stored.id, {name: text.encode() for name, text in stored.files.items()})
    return text_of(release.variants[key].segments)


def test_what_was_set_stands_in_the_head_of_every_variant(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD, "b": GOOD})
    image = store_image(session, "card.png", PNG, DEFAULTS, now=NOW)
    save(
        session,
        page,
        read_meta(
            canonical="/spring-sale",
            hreflang=[("de", "https://www.example.com/de"), ("en", "/spring-sale"), (" ", "")],
            json_ld=json.dumps(PRODUCT),
            social=Social('Buggies "now"', "A <b>buggy</b> & more", image, "A buggy"),
        ),
    )
    for key in ("a", "b"):
        head = Document(published(session, settings, page, key).partition("</head>")[0])
        canonical, *languages = head.named("link")
        assert canonical.get("href") == "http://go.example.com/spring-sale"
        assert [(item.get("hreflang"), item.get("href")) for item in languages] == [
            ("de", "https://www.example.com/de"),
            ("en", "http://go.example.com/spring-sale"),
        ]
        told = {(item.get("property") or item.get("name")): item.get("content") for item in head.named("meta")}
        assert told["og:title"] == told["twitter:title"] == 'Buggies "now"'
        assert told["og:description"] == "A <b>buggy</b> & more"
        assert told["og:image"] == f"http://go.example.com/_l/a/{image}"
        assert told["og:image:alt"] == "A buggy"
        assert told["og:url"] == "http://go.example.com/spring-sale"
        assert told["twitter:card"] == "summary_large_image"
        (data,) = [item for item in head.named("script") if item.get("type") == "application/ld+json"]
        assert json.loads(head.text(data)) == PRODUCT
    materialise(session, settings.published_dir)
    assert asset_path(settings.published_dir, image).read_bytes() == PNG


def test_json_ld_can_close_no_script_and_needs_no_hash(session: Session, settings: Settings, site: Site) -> None:
    assert "<" not in write_json_ld({"a": "</script>\u2028<!--"})
    assert "\u2028" not in write_json_ld({"a": "\u2028"})
    page = add_page(session, site, {"a": GOOD})
    before = published(session, settings, page)
    headers = dict(_headers(session, page))
    save(session, page, Meta(json_ld=PRODUCT))
    after = published(session, settings, page)
    assert before != after
    assert after.count("<script") == before.count("<script") + 1
    assert dict(_headers(session, page)) == headers


def _headers(session: Session, page: Page) -> tuple[tuple[str, str], ...]:
    stored = session.get_one(StoredRelease, page.release_id)
    return read_release(stored.id, {name: text.encode() for name, text in stored.files.items()}).variants["a"].headers


IMPORTED = (
    '<link rel="canonical" href="https://old.example.com/">\n<meta property="og:title" content="Old">\n'
    '<link rel="alternate" hreflang="fr" href="/fr">\n'
    '<script type="application/ld+json">{"@type": "Product"}</script>\n'
    '<script type="application/ld+json">{"@type": "Organization"}</script>\n'
)


def test_imported_tags_stay_byte_for_byte_where_nothing_was_set(
    session: Session, settings: Settings, site: Site
) -> None:
    page = add_page(session, site, {"a": GOOD.replace("</head>", f"{IMPORTED}</head>")})
    assert IMPORTED in published(session, settings, page)


def test_an_imported_tag_is_replaced_only_by_what_was_set_and_is_named(
    session: Session, settings: Settings, site: Site
) -> None:
    source = GOOD.replace("</head>", f"{IMPORTED}</head>")
    page = add_page(session, site, {"a": source})
    save(session, page, read_meta(canonical="/spring-sale", json_ld=json.dumps(PRODUCT)))
    after = published(session, settings, page)
    assert "old.example.com" not in after
    assert after.count("canonical") == 1
    assert '<meta property="og:title" content="Old">' in after
    assert 'hreflang="fr"' in after
    assert '{"@type": "Product"}' not in after
    assert '{"@type": "Organization"}' in after
    said = plan_tags(Document(source), load_meta(page), origin="", path="").sentences()
    assert said == [
        "Line 2: the canonical address said “https://old.example.com/”; it says what you set under Search and social.",
        'Line 5: JSON-LD said “{"@type": "Product"}”; it says what you set under Search and social.',
    ]


def test_saving_is_on_record_and_the_same_again_is_not(session: Session, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    meta = read_meta(canonical="/spring-sale", social=Social("Buggies"))
    assert save(session, page, meta, noindex=False)
    assert not save(session, page, meta, noindex=False)
    assert load_meta(page) == meta
    (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "page.meta"))
    assert entry.details["changed"] == ["canonical", "social"]
    assert entry.details["noindex"] is False
    assert page.noindex is False


def test_whatever_json_can_spell_is_kept_and_sent(session: Session, settings: Settings, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    odd = {**PRODUCT, "name": "\x00 \x1b \u2028 😀 {{city||Rome}}", "n": [1e10, 2**70, None, True, {"": ""}]}
    save(session, page, read_meta(json_ld=json.dumps(odd)))
    session.flush()
    session.refresh(page)
    assert load_meta(page).json_ld == odd
    shown = Document(published(session, settings, page))
    (data,) = [item for item in shown.named("script") if item.get("type") == "application/ld+json"]
    assert json.loads(shown.text(data)) == odd


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"canonical": "javascript:alert(1)"}, "canonical"),
        ({"canonical": "http://go.example.com/x"}, "canonical"),
        ({"canonical": "//evil.example"}, "canonical"),
        ({"canonical": "/x#part"}, "canonical"),
        ({"canonical": '/x"><script>'}, "canonical"),
        ({"canonical": "/" + "x" * 2_001}, "canonical"),
        ({"canonical": "spring sale"}, "canonical"),
        ({"hreflang": [("german", "/de")]}, "hreflang"),
        ({"hreflang": [("de", "/de"), ("de", "/de2")]}, "hreflang"),
        ({"hreflang": [("de", "")]}, "hreflang"),
        ({"hreflang": [("", "/de")]}, "hreflang"),
        ({"hreflang": [(f"de-{number:03}", "/de") for number in range(51)]}, "hreflang"),
        ({"json_ld": "{"}, "json_ld"),
        ({"json_ld": "[]"}, "json_ld"),
        ({"json_ld": '{"name": 1}'}, "json_ld"),
        ({"json_ld": '{"@context": "x", "@type": "A", "@type": "B"}'}, "json_ld"),
        ({"json_ld": '{"@context": "x", "@type": "A", "n": NaN}'}, "json_ld"),
        ({"json_ld": '{"@context": "x", "@type": "A", "n": 1e999}'}, "json_ld"),
        ({"json_ld": '{"@context": "x", "@type": "\\ud800"}'}, "json_ld"),
        ({"json_ld": "\ud800"}, "json_ld"),
        ({"json_ld": "[" * 15_000}, "json_ld"),
        ({"json_ld": " " * 20_000 + "{}"}, "json_ld"),
        ({"social": Social(title="x" * 101)}, "social_title"),
        ({"social": Social(description="x" * 301)}, "social_description"),
        ({"social": Social(title="Cars in {{city||Rome}}")}, "social_title"),
        ({"social": Social(title="a\x00b")}, "social_title"),
        ({"social": Social(image_alt="\ud800")}, "image_alt"),
    ],
)
def test_what_cannot_be_kept_is_said_beside_its_field(typed: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidMeta) as refused:
        read_meta(**typed)  # type: ignore[arg-type]
    assert [item.field for item in refused.value.mistakes] == [field]
    assert all(item.sentence and item.fix for item in refused.value.mistakes)


def test_all_mistakes_are_named_together() -> None:
    with pytest.raises(InvalidMeta) as refused:
        read_meta(canonical="x y", hreflang=[("german", "/de")], json_ld="{", social=Social(title="x" * 101))
    assert [item.field for item in refused.value.mistakes] == ["canonical", "hreflang", "json_ld", "social_title"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("card.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'), ("card.png", b"not a picture"), ("card.txt", b"x")],
)
def test_a_picture_that_no_network_shows_is_refused(session: Session, name: str, content: bytes) -> None:
    with pytest.raises(InvalidMeta):
        store_image(session, name, content, DEFAULTS, now=NOW)


def test_a_picture_that_is_not_there_is_refused(session: Session, site: Site) -> None:
    page = add_page(session, site, {"a": GOOD})
    with pytest.raises(InvalidMeta):
        save(session, page, Meta(social=Social(image=f"{'0' * 64}.png")))
    with pytest.raises(InvalidMeta):
        save(session, page, Meta(social=Social(image="../../etc/passwd")))
