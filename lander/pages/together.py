"""Publishing several pages at once: all of them go live, or none does.

What stands in the way is gathered over all pages before anything changes, so one look shows the whole work.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session, col, select

from lander.config import Settings
from lander.errors import Conflict
from lander.pages import publish
from lander.pages.models import Page, SnippetVersion, StoredRelease, Version
from lander.pages.publish import Published, Replacement
from lander.policy.findings import Finding, Refused, count_refusals

Tell = Callable[[int, int], None]
"""Is told how many steps of how many are done."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a live page is to show: versions by variant, snippet versions by name. What is not named stays as it is."""

    page: Page
    versions: Mapping[str, int]
    snippets: Mapping[str, int]


class RefusedTogether(Refused):
    """Some of the pages are not allowed, so none was published. `by_page` holds the findings of each of those."""

    def __init__(self, refused: Sequence[Replacement]) -> None:
        self.by_page: tuple[tuple[Page, tuple[Finding, ...]], ...] = tuple(
            (item.page, tuple(item.findings)) for item in refused
        )
        findings = [
            replace(finding, where=f"{page.slug}, {finding.where}" if finding.where else page.slug)
            for page, found in self.by_page
            for finding in found
        ]
        super().__init__("The change", findings)


class Undecided(Conflict):
    """Tests run on some of the pages, and it was not said what the change means to them. `tests` are their keys."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.tests = tuple(tests)
        which = f"The test {tests[0]} runs" if len(tests) == 1 else f"The tests {', '.join(tests)} run"
        super().__init__(
            f"{which} on pages that would change, so nothing was published.",
            fix=f"Choose for each: '{publish.ANNOTATE}' if every variant changes alike (the count goes on, with a note), "
            f"'{publish.NEW_PHASE}' if they now differ in another way (the count starts anew).",
        )


def keep_quiet(_done: int, _of: int) -> None:
    """Nobody asked how far it is."""


def publish_together(
    session: Session,
    settings: Settings,
    contents: Sequence[Content],
    *,
    choices: Mapping[str, str],
    reason: str,
    note: str,
    actor: str,
    now: datetime,
    preflight: publish.Preflight | None = None,
    tell: Tell = keep_quiet,
) -> list[Published]:
    """Make all of it live. `choices` says by experiment key what the change means to a running test, `note` goes with it.

    Raises `RefusedTogether` with every finding of every page that is refused, and `Undecided` where a choice is missing.
    """
    planned: list[Replacement] = []
    kept = _load_everything(session, contents)
    for content in contents:
        live = session.get_one(StoredRelease, content.page.release_id)
        versions = {**live.versions, **content.versions}
        planned.append(
            publish.plan_replacement(
                session,
                settings,
                content.page,
                {key: session.get_one(Version, number) for key, number in sorted(versions.items())},
                snippets={**live.snippets, **content.snippets},
                strip_external=live.strip_external,
                preflight=preflight,
            )
        )
        tell(len(planned), 2 * len(contents))
    del kept
    if refused := [item for item in planned if count_refusals(item.findings)]:
        raise RefusedTogether(refused)
    tests = [item.running[0].key for item in planned if item.touches_test and item.running is not None]
    if undecided := [key for key in tests if key not in choices]:
        raise Undecided(undecided)
    published = []
    for item in planned:
        during_test = choices.get(item.running[0].key) if item.running is not None else None
        published.append(
            publish.apply_replacement(
                session, item, during_test=during_test, reason=reason, note=note, actor=actor, now=now
            )
        )
        tell(len(planned) + len(published), 2 * len(contents))
    return published


def _load_everything(session: Session, contents: Sequence[Content]) -> list[object]:
    """One query for what would be hundreds: a session answers by id from what somebody holds on to."""
    live = session.exec(
        select(StoredRelease).where(col(StoredRelease.id).in_([item.page.release_id for item in contents]))
    ).all()
    versions = {number for item in live for number in item.versions.values()}
    versions |= {number for item in contents for number in item.versions.values()}
    snippets = {number for item in contents for number in item.snippets.values()}
    return [
        live,
        session.exec(select(Version).where(col(Version.id).in_(versions))).all(),
        session.exec(select(SnippetVersion).where(col(SnippetVersion.id).in_(snippets))).all(),
    ]
