"""Pictures that are uploaded into image regions: checked and kept as assets, each under a path among a version's files."""

import posixpath
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote

from sqlmodel import Session

from lander.artifact import extension
from lander.errors import InvalidInput
from lander.pages.assets import prepare_file, store_files
from lander.pages.models import Version
from lander.pages.region_values import PICTURES, Values, Wrong, WrongValues
from lander.policy.policy import UploadLimits

_FOLDER: Final = "uploads"

Pictures = Mapping[str, tuple[str, bytes]]
"""Region name → file name and content of a picture that is to stand there."""
Added = Mapping[str, tuple[str, str]]
"""Region name → path among the version's files, and asset."""


def store_pictures(
    session: Session, pictures: Pictures, limits: UploadLimits, *, taken: Mapping[str, str], now: datetime
) -> Added:
    """Keep pictures; `taken` are the files that are there. Raises `WrongValues` with every one that is none."""
    added: dict[str, tuple[str, str]] = {}
    wrong = []
    for region, (filename, content) in pictures.items():
        name = posixpath.basename(filename.replace("\\", "/")).strip() or "picture"
        try:
            if extension(name) not in PICTURES:
                raise InvalidInput(f"“{name}” is no picture.", fix="Choose a JPEG, PNG, WebP, AVIF, GIF or SVG file.")
            prepared = prepare_file(name, content, limits)
        except InvalidInput as error:
            wrong.append(Wrong(region, "src", error.message, error.fix))
            continue
        asset = store_files(session, [prepared], now=now).names[name]
        added[region] = (_free_path(name, asset, {**taken, **dict(added.values())}), asset)
    if wrong:
        raise WrongValues(wrong)
    return added


def choose_pictures(typed: Values, added: Added, base: Version) -> Values:
    """What was typed, with each uploaded picture standing in its region, as its address is written on that page."""
    folder = posixpath.dirname(base.path) or "."
    chosen = {
        region: {**typed.get(region, {}), "src": quote(posixpath.relpath(path, folder))}
        for region, (path, _) in added.items()
    }
    return {**typed, **chosen}


def _free_path(name: str, asset: str, taken: Mapping[str, str]) -> str:
    """Where the file goes: `uploads/<name>`, with a number where another file has that name."""
    stem, dot, ext = name.rpartition(".")
    path, number = f"{_FOLDER}/{name}", 1
    while taken.get(path, asset) != asset:
        number += 1
        path = f"{_FOLDER}/{stem}-{number}{dot}{ext}"
    return path
