"""What a bulk edit would do: every match with its line before and after, new findings, and the tests it touches.

Looking only. `bulk.apply_bulk` carries a plan out, and refuses where its pages have changed since.
"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlmodel import Session, col, func, select

from experiments import lifecycle
from experiments.models import Experiment, State
from experiments.words import listing
from lander.config import Settings
from lander.document import Document
from lander.errors import InvalidInput
from lander.pages.bulk_findings import NewFindings
from lander.pages.bulk_scope import Piece, Scope, load_drafts, load_pieces
from lander.pages.edits import Edited, Match, Operation, apply_operation, check_operation, may_match
from lander.pages.expand import has_snippets, used_in
from lander.pages.models import Page, Site, SnippetVersion, StoredRelease, Version
from lander.pages.publish import ANNOTATE, NEW_PHASE
from lander.pages.snippets import check_snippet_source
from lander.policy.findings import Finding

MOST_MATCHES: Final = 20  # of one variant that are written out; the rest is a number
_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Change:
    """A piece and what becomes of it."""

    piece: Piece
    edited: Edited

    @property
    def shown(self) -> tuple[Match, ...]:
        return self.edited.matches[:MOST_MATCHES]

    @property
    def more(self) -> int:
        """How many matches are not written out."""
        return len(self.edited.matches) - len(self.shown)

    def as_json(self) -> dict[str, Any]:
        page = self.piece.page
        where = {"snippet": self.piece.key} if page is None else {"page": page.slug, "variant": self.piece.key}
        return {
            **where,
            "version": self.piece.version.number,
            "matches": len(self.edited.matches),
            "diff": [match.as_json() for match in self.shown],
            "more": self.more,
        }


@dataclass(frozen=True, slots=True)
class TouchedTest:
    """A test on a live page that would change, and what is proposed to do about it."""

    key: str
    slug: str
    proposal: str  # annotate or new-phase
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {"test": self.key, "page": self.slug, "proposal": self.proposal, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class TouchedPage:
    """A page whose drafts or snippets would change."""

    page: Page
    is_live: bool
    has_waiting: bool  # a variant that would change has drafts that nobody has published yet


@dataclass(frozen=True, slots=True)
class BulkPlan:
    """A bulk edit before it is carried out."""

    operation: Operation
    scope: Scope
    changes: tuple[Change, ...]
    pieces: tuple[Piece, ...]  # all that was looked at
    kept: tuple[str, ...]  # matches that stay as they are, with the reason
    pages: tuple[TouchedPage, ...]
    tests: tuple[TouchedTest, ...]
    findings: tuple[tuple[str, Finding], ...]  # what publishing would find then and does not find now, by piece
    fingerprint: str

    @property
    def unchanged(self) -> list[str]:
        """What was looked at and holds no match."""
        changed = {change.piece for change in self.changes}
        return [piece.label for piece in self.pieces if piece not in changed]

    @property
    def matches(self) -> int:
        return sum(len(change.edited.matches) for change in self.changes)

    @property
    def live(self) -> int:
        """How many of the pages visitors see."""
        return sum(page.is_live for page in self.pages)

    def sentences(self) -> list[str]:
        """The plan in words: the totals, then what to know about them."""
        if not self.changes:
            return ["Nothing matches, so nothing would change."]
        pages = [change.piece for change in self.changes if change.piece.page is not None]
        snippets = len(self.changes) - len(pages)
        slugs = {piece.page.slug for piece in pages if piece.page is not None}
        parts = [f"{_count(len(slugs), 'page')} ({_count(len(pages), 'variant')})"] if pages else []
        parts += [_count(snippets, "snippet")] if snippets else []
        said = [f"{_count(self.matches, 'match', 'matches')} on {listing(parts)} would change."]
        if len(self.pages) > len(slugs):
            said.append(f"With its snippets, {_count(len(self.pages), 'page')} in all would look different.")
        said.append(
            f"{self.live:,} of {len(self.pages):,} {'is' if self.live == 1 else 'are'} live."
            if self.live
            else "None of them is live yet."
        )
        return said

    def as_json(self) -> dict[str, Any]:
        return {
            "operation": self.operation.as_json(),
            "scope": self.scope.as_json(),
            "matches": self.matches,
            "pages": len(self.pages),
            "live": self.live,
            "changes": [change.as_json() for change in self.changes],
            "unchanged": self.unchanged,
            "kept": list(self.kept),
            "waiting": [item.page.slug for item in self.pages if item.has_waiting],
            "tests": [test.as_json() for test in self.tests],
            "findings": [{"of": label, **finding.as_json()} for label, finding in self.findings],
            "fingerprint": self.fingerprint,
        }


def plan_bulk(
    session: Session, settings: Settings, site: Site, operation: Operation, scope: Scope, *, with_findings: bool = True
) -> BulkPlan:
    """Look everywhere in scope, and change nothing. `with_findings` asks of every change what publishing would find."""
    check_operation(operation)
    pieces = load_pieces(session, site, scope)
    kept: list[str] = []
    snippets = [
        change
        for piece in pieces
        if piece.page is None and (change := _edit(piece, Document(piece.version.source), operation, kept))
    ]
    names = {change.piece.key for change in snippets}
    live = _load_live(session, site)
    drafts = {piece.owner_id: piece for piece in pieces if piece.page is not None}
    candidates = {owner: piece for owner, piece in drafts.items() if may_match(piece.version.source, operation)}
    looked_at = {**(_load_users(session, site) if names else {}), **candidates}
    new = (
        NewFindings(
            session,
            settings,
            looked_at.values(),
            snippets=[(change.piece, change.edited.source) for change in snippets],
            strips={page_id: strips for page_id, (_, strips) in live.items()},
        )
        if with_findings
        else None
    )
    changes: list[Change] = []
    users: dict[int, tuple[Piece, set[str]]] = {}  # drafts that use a snippet that changes, with the names of those
    for owner, piece in looked_at.items():
        page = Document(piece.version.source)
        if used := names.intersection(used_in(page)):
            users[owner] = (piece, used)
        change = _edit(piece, page, operation, kept) if owner in candidates else None
        if change is not None:
            changes.append(change)
        if new is not None and (change is not None or used):
            new.look_at(piece, page, page.source if change is None else change.edited.source)
    changes = [*sorted(changes, key=lambda change: change.piece.label), *snippets]
    return BulkPlan(
        operation=operation,
        scope=scope,
        changes=tuple(changes),
        pieces=tuple(pieces),
        kept=tuple(kept),
        pages=_list_pages(changes, users, live),
        tests=_list_tests(session, changes, users, live),
        findings=tuple(new.found) if new is not None else (),
        fingerprint=_fingerprint(session, site, operation, scope, changes),
    )


def list_changed_since(plan: BulkPlan, fingerprint: str) -> list[str]:
    """What another plan did not know yet: the pieces that are newer than it, by name."""
    seen = [int(number) for number in _NUMBER.findall(fingerprint.rpartition("-")[0])]
    if len(seen) != 2:
        return []
    return [piece.label for piece in plan.pieces if piece.version_id > seen[0 if piece.page is not None else 1]]


def _edit(piece: Piece, document: Document, operation: Operation, kept: list[str]) -> Change | None:
    """What becomes of a piece, if anything does; `kept` takes down what matches and stays as it is."""
    edited = apply_operation(document, operation)
    kept += [f"{piece.label}: {reason}" for reason in edited.kept]
    if not edited.matches or edited.source == document.source:
        return None
    try:
        if piece.page is None:
            check_snippet_source(edited.source)
    except InvalidInput as error:
        kept.append(f"{piece.label}: {error.message}")
        return None
    return Change(piece, edited)


def _load_users(session: Session, site: Site) -> dict[int, Piece]:
    """The drafts that may use snippets, by variant."""
    return {piece.owner_id: piece for piece in load_drafts(session, site) if has_snippets(piece.version.source)}


def _load_live(session: Session, site: Site) -> dict[int, tuple[dict[str, int], bool]]:
    """What visitors see, by page: variant key → version id, and whether something is taken out."""
    query = (
        select(Page.id, StoredRelease.versions, StoredRelease.strip_external)
        .join(StoredRelease, col(StoredRelease.id) == col(Page.release_id))
        .where(Page.site_id == site.id)
    )
    return {page_id or 0: (dict(versions), strips) for page_id, versions, strips in session.exec(query)}


_Users = Mapping[int, tuple[Piece, set[str]]]
_Live = Mapping[int, tuple[dict[str, int], bool]]


def _list_pages(changes: Sequence[Change], users: _Users, live: _Live) -> tuple[TouchedPage, ...]:
    changed = {change.piece.owner_id: change.piece for change in changes if change.piece.page is not None}
    pieces = {**{owner: piece for owner, (piece, _) in users.items()}, **changed}
    by_page: dict[int, list[Piece]] = defaultdict(list)
    for piece in pieces.values():
        assert piece.page is not None
        by_page[piece.page.id or 0].append(piece)
    touched = []
    for page_id, mine in by_page.items():
        page = mine[0].page
        assert page is not None
        versions = live[page_id][0] if page_id in live else {}
        waiting = any(
            piece.owner_id in changed and piece.key in versions and versions[piece.key] != piece.version_id
            for piece in mine
        )
        touched.append(TouchedPage(page, page_id in live, waiting))
    return tuple(sorted(touched, key=lambda item: item.page.slug))


def _list_tests(session: Session, changes: Sequence[Change], users: _Users, live: _Live) -> tuple[TouchedTest, ...]:
    """The tests on live pages of which a variant would look different, each with a proposal."""
    replaced: dict[int, dict[str, Counter[tuple[str, str]]]] = defaultdict(lambda: defaultdict(Counter))
    slugs: dict[int, str] = {}
    of_snippet = {change.piece.key: _replaced(change) for change in changes if change.piece.page is None}
    for piece, counted in [
        *((change.piece, _replaced(change)) for change in changes),
        *((piece, of_snippet[name]) for piece, names in users.values() for name in sorted(names)),
    ]:
        if piece.page is not None and piece.page.id in live:
            replaced[piece.page.id or 0][piece.key] += counted
            slugs[piece.page.id or 0] = piece.page.slug
    running = session.exec(
        select(Experiment).where(col(Experiment.page_id).in_(list(replaced)), col(Experiment.state) != State.ENDED)
    ).all()
    tests = []
    for experiment in sorted(running, key=lambda item: item.key):
        keys = list(lifecycle.current_phase(session, experiment).weights)
        if found := {key: replaced[experiment.page_id].get(key, Counter()) for key in sorted(keys)}:
            if not any(found.values()):
                continue
            is_alike = len({frozenset(item.items()) for item in found.values()}) == 1
            places = listing([f"{key.upper()} in {_count(item.total(), 'place')}" for key, item in found.items()])
            reason = "every variant changes alike" if is_alike else f"the variants change differently: {places}"
            proposal = ANNOTATE if is_alike else NEW_PHASE
            tests.append(TouchedTest(experiment.key, slugs[experiment.page_id], proposal, reason))
    return tuple(tests)


def _replaced(change: Change) -> Counter[tuple[str, str]]:
    return Counter((match.old.casefold(), match.new.casefold()) for match in change.edited.matches)


def _fingerprint(session: Session, site: Site, operation: Operation, scope: Scope, changes: Sequence[Change]) -> str:
    """What was read, so that it can be told later whether, and which, of it has changed since."""
    newest = [session.exec(select(func.max(table.id))).one() or 0 for table in (Version, SnippetVersion)]
    read = [site.id, operation.as_json(), scope.as_json(), [[c.piece.label, c.piece.version_id] for c in changes]]
    digest = hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()[:16]
    return f"{newest[0]}-{newest[1]}-{digest}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
