"""Keeps files as assets: the same content is stored once, with its precompressed forms."""

from datetime import datetime

from sqlmodel import Session

from lander.artifact import asset_name, compress, media_type
from lander.pages.models import Asset
from lander.pages.stylesheets import Settled


def store_asset(session: Session, ext: str, content: bytes, *, now: datetime, css: Settled | None = None) -> Asset:
    """The asset of a file, made where it is not there yet; `css` says what a stylesheet refers to."""
    name = asset_name(content, ext)
    asset = session.get(Asset, name)
    if asset is None:
        zipped, brotlied = compress(content, ext)
        asset = Asset(
            name=name,
            media_type=media_type(name),
            size_bytes=len(content),
            body=content,
            gzip=zipped,
            brotli=brotlied,
            css_references={"external": list(css.external), "assets": list(css.assets)} if css else {},
            created_at=now,
        )
        session.add(asset)
        session.flush()
    return asset
