"""Builders for tests of bulk edits and snippets: one site, several small pages, some of them live or under test."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session

from experiments.models import Experiment
from lander.config import Settings
from lander.pages import bulk, pages, publish, snippets, testing, versions
from lander.pages.bulk_plan import BulkPlan, plan_bulk
from lander.pages.bulk_scope import Scope
from lander.pages.edits import Kind, Operation
from lander.pages.models import BulkEdit, Page, Site, StoredRelease
from lander.pages.publish import Published
from lander.pages.together import publish_together
from tests.pages.publishing import MAYA, NOW, add_page, add_site, make_settings, save

__all__ = ["BUMPERS", "LATER", "MAYA", "NOW", "World", "html", "publish_together", "save"]

LATER = NOW + timedelta(hours=1)
BUMPERS = Operation(Kind.REPLACE, "bumpers", "buggies")


def html(body: str, *, title: str = "Sale") -> str:
    """A page that nothing can be said against."""
    return (
        f'<!doctype html>\n<html lang="en"><head><title>{title}</title></head>\n<body>\n{body}\n'
        '<form><label>E-mail <input name="email" type="email" required></label><button>Go</button></form>\n'
        "</body></html>\n"
    )


@dataclass
class World:
    """One site in an open session; nothing is committed."""

    session: Session
    settings: Settings
    site: Site

    @classmethod
    def of(cls, session: Session, folder: Path) -> "World":
        return cls(session, make_settings(folder), add_site(session))

    def page(self, slug: str, *, live: bool = False, **variants: str) -> Page:
        page = add_page(self.session, self.site, {key: html(body) for key, body in variants.items()}, slug=slug)
        if live:
            self.publish(page)
        return page

    def publish(self, page: Page, **options: Any) -> Published:
        return publish.publish(self.session, self.settings, page, actor=MAYA, now=NOW, **options)

    def test_on(self, page: Page) -> Experiment:
        return testing.start_experiment(
            self.session,
            self.settings,
            page=page,
            variants={"a": 5000, "b": 5000},
            goal="form",
            hypothesis="Shorter is better.",
            actor=MAYA,
            now=NOW,
        )

    def snippet(self, name: str, source: str) -> None:
        snippets.add_snippet(self.session, self.site, name, source, actor=MAYA, now=NOW)

    def edit_snippet(self, name: str, source: str) -> None:
        snippets.save_snippet(self.session, self.site, name, source, base_version=None, actor=MAYA, now=NOW)

    def plan(self, operation: Operation = BUMPERS, **scope: Any) -> BulkPlan:
        return plan_bulk(self.session, self.settings, self.site, operation, Scope(**scope))

    def apply(self, operation: Operation = BUMPERS, *, fingerprint: str | None = None, **scope: Any) -> BulkEdit:
        return bulk.apply_bulk(
            self.session,
            self.settings,
            self.site,
            operation,
            Scope(**scope),
            fingerprint=fingerprint,
            actor=MAYA,
            now=LATER,
        )

    def publish_bulk(self, made: BulkEdit, **choices: str) -> list[Published]:
        decided = {key.replace("_", "-"): choice for key, choice in choices.items()}
        return bulk.publish_bulk(self.session, self.settings, made, choices=decided, actor=MAYA, now=LATER)

    def undo(self, made: BulkEdit, *, over: bool = False) -> bulk.Undone:
        return bulk.undo_bulk(self.session, self.settings, made, over=over, actor="ana", now=LATER)

    def draft(self, page: Page, key: str = "a") -> str:
        return versions.load_draft(self.session, pages.load_variant(self.session, page, key)).source

    def live(self, page: Page, key: str = "a") -> str:
        """What visitors get."""
        assert page.release_id is not None
        return self.session.get_one(StoredRelease, page.release_id).files[f"{key}.html"]
