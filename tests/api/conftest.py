"""The API is tested with the browsers and builders of the studio."""

from tests.console.conftest import (
    ana,
    browser,
    built,
    engine,
    experiment,
    furnished,
    ivan,
    live,
    maya,
    otto,
    page,
    session,
    settings,
    site,
    studio,
)

__all__ = [
    "ana",
    "browser",
    "built",
    "engine",
    "experiment",
    "furnished",
    "ivan",
    "live",
    "maya",
    "otto",
    "page",
    "session",
    "settings",
    "site",
    "studio",
]
