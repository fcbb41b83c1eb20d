"""The release on disk is what its document says, so that something other than Python can serve it."""

import hashlib
import json
import re
from html import escape
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from experiments.goals import Goal, GoalKind
from lander.pages import publish, testing
from lander.pages.deploy import materialise
from lander.pages.redirect_rules import Rule
from lander.pages.redirects import put_redirect
from tests.pages.publishing import FORM, MAYA, NOW, add_page, add_site, make_settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "developer" / "release.md"
SOURCE = FORM.replace(
    "Spring sale</h1>", 'Sale in {{city|titlecase|Vancouver}}</h1><a class="phone" href="tel:+1">Call</a>'
)


@pytest.fixture
def disk(session: Session, tmp_path: Path) -> Path:
    settings = make_settings(tmp_path)
    _publish_under_test(session, tmp_path)
    materialise(session, settings.published_dir)
    return settings.published_dir


def _publish_under_test(session: Session, tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    site = add_site(session)
    page = add_page(session, site, {"a": SOURCE, "b": SOURCE}, thank_you="/thanks")
    page.noindex = False
    put_redirect(session, site, Rule("/old-sale", "/spring-sale?from=old", 301), actor=MAYA, now=NOW)
    publish.publish(session, settings, page, actor=MAYA, now=NOW)
    goals = [
        Goal(GoalKind.CLICK, selector="a.phone"),
        Goal(GoalKind.SCROLL, threshold=75),
        Goal(GoalKind.TIME, threshold=30),
    ]
    halves = {"a": 5000, "b": 5000}
    testing.start_experiment(
        session, settings, page=page, variants=halves, goal="form", goals=goals, actor=MAYA, now=NOW
    )


def _documented() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    catalog, redirects, manifest = (
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.S)
    )
    return catalog, redirects, manifest


def _shape(value: object) -> object:
    """Keys and types; of a list what its first entry is made of."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return type(value).__name__


def test_the_catalog_has_the_documented_shape(disk: Path) -> None:
    assert _shape(json.loads((disk / "catalog.json").read_text())) == _shape(_documented()[0])


def test_the_redirects_have_the_documented_shape(disk: Path) -> None:
    (file,) = (disk / "redirects").iterdir()
    assert file.stem == hashlib.sha256(file.read_bytes()).hexdigest()
    assert _shape(json.loads(file.read_text())) == _shape(_documented()[1])


def test_the_manifest_has_the_documented_shape(disk: Path) -> None:
    (release,) = (disk / "releases").iterdir()
    found = json.loads((release / "manifest.json").read_text())
    documented = _documented()[2]
    del found["variants"]["b"]
    assert _shape(found) == _shape(documented)
    assert (found["format"], found["allocation"]["goals"]) == (documented["format"], documented["allocation"]["goals"])
    assert {cut[0] for cut in found["variants"]["a"]["segments"]} == {
        cut[0] for cut in documented["variants"]["a"]["segments"]
    }


def test_a_page_can_be_put_together_from_its_document_alone(disk: Path) -> None:
    routes = json.loads((disk / "catalog.json").read_text())["routes"]
    release_id = next(found for host, path, found in routes if (host, path) == ("go.example.com", "/spring-sale"))
    folder = disk / "releases" / release_id
    manifest = json.loads((folder / "manifest.json").read_text())
    html = (folder / "a.html").read_bytes()
    page = b""
    for kind, *rest in manifest["variants"]["a"]["segments"]:
        page += html[rest[0] : rest[1]] if kind == "bytes" else {"token": b"TOKEN"}.get(kind, b"TEXT")
    goals = json.dumps(manifest["allocation"]["goals"], separators=(",", ":"))
    assert f'<script data-lander="TOKEN" data-goals="{escape(goals)}">'.encode() in page
    assert b"<h1>Sale in TEXT</h1>" in page
    assert b'name="_lander" value="TOKEN"' in page


def test_the_id_is_the_documented_hash_of_the_files(disk: Path) -> None:
    (release,) = (disk / "releases").iterdir()
    digest = hashlib.sha256()
    for path in sorted(release.iterdir(), key=lambda item: item.name):
        content = path.read_bytes()
        digest.update(path.name.encode() + b"\0" + str(len(content)).encode() + b"\0" + content)
    assert digest.hexdigest() == release.name
