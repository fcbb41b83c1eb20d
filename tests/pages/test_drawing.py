"""Images are drawn once, when the writer is free, and every way of publishing takes what was drawn."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lander.artifact import asset_name
from lander.config import Settings
from lander.db import make_engine, reading, transaction
from lander.errors import Conflict
from lander.pages import drawing, publish, rollback, testing
from lander.pages import release as releases
from lander.pages.assets import Prepared, store_files
from lander.pages.models import Asset, Page, Rendition, StoredRelease
from lander.pages.renditions import draw_all
from tests.pages.publishing import MAYA, NOW, add_page, add_site, make_settings, save
from tests.pages.test_renditions import noise

PHOTO = noise(700, 400)
NAME = asset_name(PHOTO, "jpg")
DRAWN = draw_all({NAME: PHOTO})
SOURCE = '<!doctype html>\n<html lang="en"><head><title>x</title></head><body><p><img src="hero.jpg" alt=""></p></body></html>'
OTHER = SOURCE.replace("<p>", "<p>Sale ")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def _store(engine: Engine, *contents: bytes) -> None:
    with transaction(engine) as session:
        store_files(session, [Prepared(f"{n}.jpg", "jpg", body) for n, body in enumerate(contents)], now=NOW)


def _rows(engine: Engine) -> list[tuple[str, int, str]]:
    with reading(engine) as session:
        rows = session.exec(select(Rendition).order_by(col(Rendition.format), col(Rendition.width))).all()
    return [(row.original, row.width, row.format) for row in rows]


def _add_undrawn(session: Session, sources: dict[str, str]) -> Page:
    """A page whose image nobody has drawn: this session is not one of `transaction`."""
    return add_page(session, add_site(session), sources, files={"hero.jpg": PHOTO})


def _draw(session: Session) -> None:
    drawing.store_drawings(session, DRAWN, now=NOW)


def _html(session: Session, page: Page) -> str:
    return session.get_one(StoredRelease, page.release_id).files["a.html"]


def test_an_upload_is_drawn_when_its_transaction_is_over(database: Engine) -> None:
    with transaction(database) as session:
        store_files(session, [Prepared("hero.jpg", "jpg", PHOTO)], now=NOW)
        assert session.exec(select(Rendition)).all() == []
    assert _rows(database) == [
        *((NAME, width, "avif") for width in (320, 640, 700)),
        (NAME, 700, "jpg"),
        *((NAME, width, "webp") for width in (320, 640, 700)),
    ]
    with reading(database) as session:
        kinds = {row.media_type for row in session.exec(select(Asset))}
    assert kinds == {"image/avif", "image/jpeg", "image/webp"}


def test_an_upload_that_failed_is_not_drawn(database: Engine) -> None:
    def bring() -> None:
        with transaction(database) as session:
            store_files(session, [Prepared("hero.jpg", "jpg", PHOTO)], now=NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bring()
    assert _rows(database) == []


def test_the_same_file_is_drawn_once(database: Engine) -> None:
    _store(database, PHOTO)
    before = _rows(database)
    _store(database, PHOTO)
    assert drawing.draw_images(database, [NAME], now=NOW) == 1  # as if somebody else had been faster
    assert _rows(database) == before


def test_others_write_while_images_are_drawn(database: Engine) -> None:
    with Session(database) as session:
        add_site(session)
        store_files(session, [Prepared("large.jpg", "jpg", noise(1500, 1500))], now=NOW)
        session.commit()
        name = session.exec(select(Asset.name)).one()
    drawer = threading.Thread(target=drawing.draw_images, args=(database, [name]), kwargs={"now": NOW})
    drawer.start()
    written = 0
    while not _rows(database):
        with transaction(database) as session:
            add_site(session, f"n{written}.example.com")
        written += 1
    drawer.join()
    assert written > 2  # one could have got in before it began, and one after it


def test_what_nobody_drew_the_work_process_finds(database: Engine) -> None:
    with Session(database) as session:
        store_files(session, [Prepared("hero.jpg", "jpg", PHOTO), Prepared("x.css", "css", b"p{}")], now=NOW)
        session.commit()
    later = NOW + timedelta(minutes=2)
    assert drawing.list_left_over(database, now=NOW) == []  # who brought it may be drawing it
    assert drawing.list_left_over(database, now=later) == [NAME]
    assert drawing.draw_images(database, [NAME], now=later) == 1
    assert drawing.list_left_over(database, now=later + timedelta(days=1)) == []  # drawings are not drawn again


def test_what_does_not_open_is_tried_once(database: Engine) -> None:
    with Session(database) as session:
        store_files(session, [Prepared("x.jpg", "jpg", b"\xff\xd8\xff no picture")], now=NOW)
        session.commit()
        name = session.exec(select(Asset.name)).one()
    assert drawing.draw_images(database, [name], now=NOW) == 1
    assert _rows(database) == [(name, 0, "jpg")]
    assert drawing.list_left_over(database, now=NOW + timedelta(days=1)) == []
    with reading(database) as session:
        assert releases.load_images(session, {name}, None) == {}


def test_whoever_is_out_of_patience_leaves_the_rest(database: Engine) -> None:
    assert drawing.draw_images(database, [NAME], now=NOW, until=0) == 0
    assert _rows(database) == []


def test_a_drawing_may_be_an_upload_of_its_own_too(database: Engine) -> None:
    _store(database, PHOTO)
    with reading(database) as session:
        small = session.get_one(Asset, next(name for name, ext in _drawn(session) if ext == "webp"))
    with transaction(database) as session:
        store_files(session, [Prepared("small.webp", "webp", small.body)], now=NOW)
    assert {row[0] for row in _rows(database)} == {NAME, small.name}


def _drawn(session: Session) -> list[tuple[str, str]]:
    return [(row.name, row.format) for row in session.exec(select(Rendition)).all()]


def test_publishing_offers_what_was_drawn(session: Session, settings: Settings) -> None:
    page = _add_undrawn(session, {"a": SOURCE})
    _draw(session)
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    html = _html(session, page)
    assert '<picture data-lander-size=""><source type="image/avif"' in html
    assert html.count(" 320w") == 2
    stored = session.get_one(StoredRelease, page.release_id)
    assert {name for name, _ in _drawn(session)} == set(stored.assets)


def test_an_image_that_waits_is_published_as_it_is(session: Session, settings: Settings) -> None:
    page = _add_undrawn(session, {"a": SOURCE})
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    html = _html(session, page)
    assert 'width="700" height="400"' in html
    assert "srcset" not in html


def test_a_running_test_keeps_its_bytes_when_images_were_drawn_meanwhile(session: Session, settings: Settings) -> None:
    page = _add_undrawn(session, {"a": SOURCE, "b": OTHER})
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    plan: dict[str, Any] = {"variants": {"a": 5000, "b": 5000}, "goal": "click", "selector": "p", "hypothesis": "b"}
    experiment = testing.start_experiment(session, settings, page=page, actor=MAYA, now=NOW, **plan)
    before = _html(session, page)
    _draw(session)
    testing.pause_experiment(session, settings, experiment, actor=MAYA, now=NOW)
    testing.resume_experiment(session, settings, experiment, actor=MAYA, now=NOW)
    assert _html(session, page) == before
    with pytest.raises(Conflict, match="would change what it compares"):
        publish.publish(session, settings, page, actor=MAYA, now=NOW)
    publish.publish(session, settings, page, during_test=publish.ANNOTATE, actor=MAYA, now=NOW)
    after = _html(session, page)
    assert "srcset" in after
    testing.pause_experiment(session, settings, experiment, actor=MAYA, now=NOW)
    testing.resume_experiment(session, settings, experiment, actor=MAYA, now=NOW)
    assert _html(session, page) == after


def test_going_back_offers_the_same_images(session: Session, settings: Settings) -> None:
    page = _add_undrawn(session, {"a": SOURCE})
    _draw(session)
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    before = _html(session, page)
    save(session, page, "a", OTHER)
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    assert _html(session, page) != before
    rollback.rollback(session, settings, page, actor=MAYA, now=NOW)
    assert _html(session, page) == before


def test_drawing_waits_for_a_database_that_is_busy(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/nothing.db")  # without tables: every query fails
    drawing.draw_or_leave(engine, [NAME], now=NOW)
