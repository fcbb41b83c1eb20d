"""Which images wait to be drawn smaller, and keeping what was drawn: once for each file, whatever pages show it.

Drawing takes seconds, and SQLite has one writer: nothing here draws while a transaction is open. Who brings a file has it
drawn as soon as it is stored; what is left over then, the work process draws. Publishing only looks.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, or_, select

from lander.artifact import extension
from lander.db import afterwards, reading, transaction
from lander.pages.models import Asset, Rendition
from lander.pages.renditions import DRAWN_TYPES, Measured, draw_all
from lander.pages.storage import store_asset

_AT_ONCE: Final = 4  # images in memory
_PATIENCE_S: Final = 20.0  # how long somebody waits for it; the rest is left over
_LEFT_OVER_AFTER: Final = timedelta(minutes=1)

log = structlog.get_logger()


def draw_afterwards(session: Session, names: Iterable[str], *, now: datetime) -> None:
    """Have those of these assets that are images drawn when the session is over."""
    images = {name for name in names if extension(name) in DRAWN_TYPES}
    waiting = images.difference(_find_drawn(session, images))
    if waiting:
        engine = session.get_bind().engine
        afterwards(session, partial(draw_or_leave, engine, sorted(waiting), now=now))


def list_left_over(engine: Engine, *, now: datetime) -> Sequence[str]:
    """Images that nobody draws: who brought them had no patience, or their process ended."""
    with reading(engine) as session:
        query = (
            select(Asset.name)
            .where(or_(*(col(Asset.name).endswith(f".{ext}") for ext in sorted(DRAWN_TYPES))))
            .where(col(Asset.created_at) < now - _LEFT_OVER_AFTER)
            .where(col(Asset.name).not_in(select(Rendition.name)))  # a drawing, or measured
        )
        return session.exec(query.order_by(col(Asset.created_at)).limit(_AT_ONCE)).all()


def draw_images(engine: Engine, names: Sequence[str], *, now: datetime, until: float = float("inf")) -> int:
    """Draw these images and keep what came of it, until that monotonic time; how many were done."""
    done = 0
    for start in range(0, len(names), _AT_ONCE):
        if time.monotonic() > until:
            break
        batch = names[start : start + _AT_ONCE]
        with reading(engine) as session:
            bodies = dict(session.exec(select(Asset.name, Asset.body).where(col(Asset.name).in_(batch))).all())
        drawn = draw_all(bodies)
        with transaction(engine) as session:
            store_drawings(session, drawn, now=now)
        done += len(drawn)
    return done


def store_drawings(session: Session, drawn: dict[str, Measured | None], *, now: datetime) -> None:
    """Keep the drawings of originals. A rendition of the original itself says that it was looked at, and its size."""
    known = _find_drawn(session, drawn)
    for name, measured in drawn.items():
        if name in known:  # by somebody else meanwhile
            continue
        width, height = (measured.width, measured.height) if measured else (0, 0)
        session.add(Rendition(original=name, width=width, height=height, format=extension(name), name=name))
        for drawing in measured.drawings if measured else ():
            asset = store_asset(session, drawing.format, drawing.content, now=now)
            session.add(
                Rendition(
                    original=name,
                    width=drawing.width,
                    height=drawing.height,
                    format=drawing.format,
                    name=asset.name,
                )
            )
    session.flush()


def draw_or_leave(engine: Engine, names: Sequence[str], *, now: datetime) -> None:
    try:
        draw_images(engine, names, now=now, until=time.monotonic() + _PATIENCE_S)
    except SQLAlchemyError as error:  # the files are stored; their drawings can wait for a database that has time
        log.warning("images are left to be drawn by the work process", problem=type(error).__name__)


def _find_drawn(session: Session, names: Iterable[str]) -> set[str]:
    return set(session.exec(select(Rendition.original).where(col(Rendition.original).in_(list(names)))).all())
