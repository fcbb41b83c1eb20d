"""Bulk edits: one change on many variants and snippets, applied, published and undone together.

Applying makes versions, all at once, and is written down as one bulk edit, so that it can be taken back as one. What
somebody has edited since is named and left alone unless it is asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from experiments.lifecycle import current_phase
from experiments.models import Experiment, State
from lander.access import audit
from lander.config import Settings
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages.bulk_plan import Change, list_changed_since, plan_bulk
from lander.pages.bulk_scope import Scope
from lander.pages.bulk_versions import add_versions, revise_snippets, revise_variants
from lander.pages.edits import Operation
from lander.pages.models import BulkEdit, Page, Site, Snippet, SnippetVersion, StoredRelease, Variant, Version
from lander.pages.publish import NEW_PHASE, Preflight, Published
from lander.pages.snippets import add_snippet_version
from lander.pages.together import Content, Tell, keep_quiet, publish_together

_VARIANT: Final = "variant"
_SNIPPET: Final = "snippet"
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Undone:
    """What taking a bulk edit back came to."""

    restored: tuple[str, ...]
    left: tuple[str, ...]  # edited since, so left alone, each with who did it
    published: tuple[Published, ...]
    phases: Mapping[str, int]  # by key, the tests that count anew because of it, each with its new phase

    def as_json(self) -> dict[str, Any]:
        return {
            "restored": list(self.restored),
            "left": list(self.left),
            "published": [item.address for item in self.published],
            "phases": dict(self.phases),
        }

    def sentences(self) -> list[str]:
        """What it left behind besides what was asked for, for people."""
        return [
            *(f"The test {key} counts anew from here, in phase {number}." for key, number in self.phases.items()),
            *(f"Left alone, because it was edited since: {label}." for label in self.left),
        ]


def apply_bulk(
    session: Session,
    settings: Settings,
    site: Site,
    operation: Operation,
    scope: Scope,
    *,
    fingerprint: str | None = None,
    actor: str,
    now: datetime,
) -> BulkEdit:
    """Make the change in every draft that matches. Raises `Conflict`, with names, where a plan is out of date.

    Without a `fingerprint` it takes things as they are.
    """
    plan = plan_bulk(session, settings, site, operation, scope, with_findings=False)
    if fingerprint is not None and fingerprint.rpartition("-")[2] != plan.fingerprint.rpartition("-")[2]:
        changed = list_changed_since(plan, fingerprint)
        what = f"{_name(changed)} changed" if changed else "What it would touch changed"
        raise Conflict(f"{what} since this was planned, and nothing was applied.", fix="Look at the plan again.")
    if not plan.changes:
        raise InvalidInput("Nothing matches, so nothing changes.", fix="Look for something else, or somewhere else.")
    assert site.id is not None
    bulk = BulkEdit(site_id=site.id, created_at=now, created_by=actor)
    bulk.operation = {
        "operation": operation.as_json(),
        "scope": scope.as_json(),
        "sentence": operation.sentence(),
        "proposals": {test.key: test.proposal for test in plan.tests},
    }
    session.add(bulk)
    session.flush()
    note = f"bulk edit {bulk.id}: {operation.sentence()}"
    pages = [change for change in plan.changes if change.piece.page is not None]
    snippets = [change for change in plan.changes if change.piece.page is None]
    made = revise_variants(session, pages, note=note, actor=actor, now=now)
    made_of_snippets = revise_snippets(session, snippets, note=note, actor=actor, now=now)
    bulk.changes = [
        *(_note_change(change, after) for change, after in zip(pages, made, strict=True)),
        *(_note_change(change, after) for change, after in zip(snippets, made_of_snippets, strict=True)),
    ]
    session.add(bulk)
    _record(session, site, bulk, "bulk.apply", actor=actor, now=now, matches=plan.matches)
    session.flush()
    return bulk


def publish_bulk(
    session: Session,
    settings: Settings,
    bulk: BulkEdit,
    *,
    choices: Mapping[str, str],
    actor: str,
    now: datetime,
    preflight: Preflight | None = None,
    tell: Tell = keep_quiet,
) -> list[Published]:
    """Put what it changed before visitors, on all pages that are live, or on none (`RefusedTogether`, `Undecided`)."""
    if bulk.undone_at is not None:
        raise Conflict(f"The bulk edit {bulk.id} was undone.", fix="Make it again, then publish that.")
    published = _publish(
        session,
        settings,
        bulk,
        [(change, change["after"]) for change in bulk.changes],
        choices=choices,
        reason="bulk edit",
        actor=actor,
        now=now,
        preflight=preflight,
        tell=tell,
    )
    bulk.published_at = now
    bulk.operation = {**bulk.operation, "during_test": dict(choices)}
    session.add(bulk)
    _record(session, session.get_one(Site, bulk.site_id), bulk, "bulk.publish", actor=actor, now=now)
    session.flush()
    return published


def undo_bulk(
    session: Session,
    settings: Settings,
    bulk: BulkEdit,
    *,
    over: bool = False,
    choices: Mapping[str, str] | None = None,
    actor: str,
    now: datetime,
    preflight: Preflight | None = None,
    tell: Tell = keep_quiet,
) -> Undone:
    """Put back what stood there before, as new versions, and publish it where the bulk edit was published.

    What somebody has edited since is left alone and named; with `over` it goes back too, and their edit stays in the
    history. A running test is told what it was told when the change was published, unless `choices` say otherwise.
    """
    if bulk.undone_at is not None:
        raise Conflict(f"The bulk edit {bulk.id} was undone already.", fix="There is nothing left to take back.")
    newest = _load_newest(session, bulk)
    left = [change for change in bulk.changes if newest[change["kind"], change["owner"]][0] != change["after"]]
    back = bulk.changes if over else [change for change in bulk.changes if change not in left]
    if not back:
        raise Conflict(
            f"All that the bulk edit {bulk.id} changed was edited since.",
            fix="Put it back all the same (their edits stay in the history), or edit the pages one by one.",
        )
    restored = _restore(session, bulk, back, actor=actor, now=now)
    published: list[Published] = []
    before = _number_phases(session, bulk)
    if bulk.published_at is not None:
        decided = {**propose(session, bulk), **(choices or {})}
        published = _publish(
            session,
            settings,
            bulk,
            restored,
            choices=decided,
            reason="bulk undo",
            actor=actor,
            now=now,
            preflight=preflight,
            tell=tell,
        )
    bulk.undone_at, bulk.undone_by = now, actor
    session.add(bulk)
    site = session.get_one(Site, bulk.site_id)
    _record(session, site, bulk, "bulk.undo", actor=actor, now=now, restored=len(back), left=len(left) * (not over))
    session.flush()
    return Undone(
        restored=tuple(_label(change) for change in back),
        left=() if over else tuple(f"{_label(item)} ({newest[item['kind'], item['owner']][1]})" for item in left),
        published=tuple(published),
        phases=dict(_number_phases(session, bulk).items() - before.items()),
    )


def load_bulk(session: Session, number: int) -> BulkEdit:
    """The bulk edit of that number."""
    bulk = session.get(BulkEdit, number) if 0 < number < 2**31 else None
    if bulk is None:
        raise NotFound(f"There is no bulk edit {number}.", fix="The list of bulk edits has every one.")
    return bulk


def list_bulk(session: Session, site: Site) -> Sequence[BulkEdit]:
    """Every bulk edit of a site, newest first."""
    return session.exec(select(BulkEdit).where(BulkEdit.site_id == site.id).order_by(col(BulkEdit.id).desc())).all()


def say_state(bulk: BulkEdit) -> str:
    """What became of it, as a sentence that names the effect."""
    pages = len({change["page_id"] for change in bulk.changes if change["kind"] == _VARIANT})
    which = f"{pages:,} {'page' if pages == 1 else 'pages'}" if pages else "The snippets"
    if bulk.undone_at is not None:
        return "Undone. What stood there before stands there again."
    operation = bulk.operation["operation"]
    says = f"'{operation['value']}' now" if operation["kind"] == "replace" and operation["value"] else "it now"
    if bulk.published_at is not None:
        return f"Published. {which} {'says' if pages == 1 else 'say'} {says}." if pages else "Published."
    return f"Applied to the drafts of {which.lower()}. Visitors see nothing of it before it is published."


def list_left(session: Session, bulk: BulkEdit) -> list[str]:
    """What undoing would leave alone, because somebody edited it since, with who did."""
    newest = _load_newest(session, bulk)
    rows = ((change, newest[change["kind"], change["owner"]]) for change in bulk.changes)
    return [f"{_label(change)} ({by})" for change, (number, by) in rows if number != change["after"]]


def list_tests(session: Session, bulk: BulkEdit) -> list[Experiment]:
    """The tests that have not ended on live pages that it touches."""
    page_ids = [page.id for page, _ in _load_live(session, bulk)]
    query = select(Experiment).where(col(Experiment.page_id).in_(page_ids), col(Experiment.state) != State.ENDED)
    return sorted(session.exec(query).all(), key=lambda item: item.key)


def propose(session: Session, bulk: BulkEdit) -> dict[str, str]:
    """What each running test is told by default: what was proposed or chosen before; else its count starts anew."""
    told = {**bulk.operation.get("proposals", {}), **bulk.operation.get("during_test", {})}
    return {test.key: told.get(test.key, NEW_PHASE) for test in list_tests(session, bulk)}


def list_pages_of(session: Session, bulk: BulkEdit) -> Sequence[Page]:
    """The pages of whose variants it changed a draft, by slug."""
    page_ids = {change["page_id"] for change in bulk.changes if change["kind"] == _VARIANT}
    return session.exec(select(Page).where(col(Page.id).in_(page_ids)).order_by(col(Page.slug))).all()


def count_live(session: Session, bulk: BulkEdit) -> int:
    """On how many live pages publishing it would change something."""
    return len(_load_live(session, bulk))


def _number_phases(session: Session, bulk: BulkEdit) -> dict[str, int]:
    """The phase that each of its tests is in."""
    return {test.key: current_phase(session, test).number for test in list_tests(session, bulk)}


def _note_change(change: Change, after: Version | SnippetVersion) -> dict[str, Any]:
    piece = change.piece
    page = piece.page
    return {
        "kind": _SNIPPET if page is None else _VARIANT,
        "page_id": page.id if page is not None else None,
        "slug": page.slug if page is not None else "",
        "key": piece.key,
        "owner": piece.owner_id,
        "before": piece.version_id,
        "after": after.id,
        "matches": len(change.edited.matches),
    }


def _label(change: Mapping[str, Any]) -> str:
    return f"snippet {change['key']}" if change["kind"] == _SNIPPET else f"{change['slug']}, variant {change['key']}"


def _load_newest(session: Session, bulk: BulkEdit) -> dict[tuple[str, int], tuple[int, str]]:
    """The draft of each thing that it changed, and who saved it."""
    owners: dict[str, list[int]] = {_VARIANT: [], _SNIPPET: []}
    for change in bulk.changes:
        owners[change["kind"]].append(change["owner"])
    variants = session.exec(
        select(Variant.id, Version.id, Version.created_by)
        .join(Version, col(Version.id) == col(Variant.version_id))
        .where(col(Variant.id).in_(owners[_VARIANT]))
    ).all()
    snippets = session.exec(
        select(Snippet.id, SnippetVersion.id, SnippetVersion.created_by)
        .join(SnippetVersion, col(SnippetVersion.id) == col(Snippet.version_id))
        .where(col(Snippet.id).in_(owners[_SNIPPET]))
    ).all()
    return {
        (kind, owner or 0): (number or 0, by)
        for kind, rows in ((_VARIANT, variants), (_SNIPPET, snippets))
        for owner, number, by in rows
    }


def _restore(
    session: Session, bulk: BulkEdit, changes: Sequence[dict[str, Any]], *, actor: str, now: datetime
) -> list[tuple[dict[str, Any], int]]:
    """What stood there before, as new versions; each change with the id of its new version."""
    note = f"before bulk edit {bulk.id}"
    variants = [change for change in changes if change["kind"] == _VARIANT]
    before = [change["before"] for change in variants]
    known = {item.id: item for item in session.exec(select(Version).where(col(Version.id).in_(before)))}
    contents = [(item["owner"], known[item["before"]], known[item["before"]].source) for item in variants]
    made = add_versions(session, contents, note=note, actor=actor, now=now)
    restored = [(change, version.id or 0) for change, version in zip(variants, made, strict=True)]
    for change in changes:
        if change["kind"] == _SNIPPET:
            snippet, old = session.get_one(Snippet, change["owner"]), session.get_one(SnippetVersion, change["before"])
            version = add_snippet_version(session, snippet, old.source, note=note, actor=actor, now=now)
            restored.append((change, version.id or 0))
    return restored


def _publish(
    session: Session,
    settings: Settings,
    bulk: BulkEdit,
    wanted: Sequence[tuple[dict[str, Any], int]],
    *,
    choices: Mapping[str, str],
    reason: str,
    actor: str,
    now: datetime,
    preflight: Preflight | None,
    tell: Tell,
) -> list[Published]:
    """Put these versions before visitors; what is live in a newer version already stays, drafts of others too."""
    live = {page.id: release for page, release in _load_live(session, bulk)}
    snippets = {change["key"]: number for change, number in wanted if change["kind"] == _SNIPPET}
    versions: dict[int, dict[str, int]] = {}
    for change, number in wanted:
        release = live.get(change["page_id"])
        if release is not None and release.versions.get(change["key"], number) < number:
            versions.setdefault(change["page_id"], {})[change["key"]] = number
    contents = []
    for page, release in _load_live(session, bulk):
        newer = {name: number for name, number in snippets.items() if release.snippets.get(name, number) < number}
        if newer or page.id in versions:
            contents.append(Content(page, versions.get(page.id or 0, {}), newer))
    sentence = bulk.operation["sentence"]
    return publish_together(
        session,
        settings,
        contents,
        choices=choices,
        reason=reason,
        note=f"Bulk edit {bulk.id}: {sentence}" if reason == "bulk edit" else f"Bulk edit {bulk.id} undone: {sentence}",
        actor=actor,
        now=now,
        preflight=preflight,
        tell=tell,
    )


def _load_live(session: Session, bulk: BulkEdit) -> list[tuple[Page, StoredRelease]]:
    """The live pages that it touches, by slug, with what visitors see there."""
    page_ids = {change["page_id"] for change in bulk.changes if change["kind"] == _VARIANT}
    names = {change["key"] for change in bulk.changes if change["kind"] == _SNIPPET}
    query = (
        select(Page, StoredRelease)
        .join(StoredRelease, col(StoredRelease.id) == col(Page.release_id))
        .where(Page.site_id == bulk.site_id)
        .order_by(col(Page.slug))
    )
    if not names:
        query = query.where(col(Page.id).in_(page_ids))
    return [(page, live) for page, live in session.exec(query) if page.id in page_ids or names & live.snippets.keys()]


def _record(
    session: Session, site: Site, bulk: BulkEdit, action: str, *, actor: str, now: datetime, **details: Any
) -> None:
    audit.record(
        session,
        now=now,
        actor=actor,
        action=action,
        subject=f"{site.host}, bulk edit {bulk.id}",
        operation=bulk.operation["sentence"],
        changes=len(bulk.changes),
        **details,
    )


def _name(labels: Sequence[str]) -> str:
    """The first of them by name, the rest as a number."""
    named = "; ".join(labels[:_MOST_NAMED])
    return f"{named} and {len(labels) - _MOST_NAMED:,} more" if len(labels) > _MOST_NAMED else named
