"""Plans and bulk edits as rows of a screen."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from sqlmodel import Session

from lander.access.gate import caller
from lander.access.permissions import Permission
from lander.console.bulk_context import (
    BulkEditScreen,
    BulkRow,
    ChangedRow,
    MatchRow,
    PieceRow,
    PlanBox,
    TestRow,
)
from lander.console.context import FindingRow, FormError
from lander.console.findings import finding_rows
from lander.console.places import Place, has_several
from lander.pages import bulk
from lander.pages.bulk_plan import BulkPlan, Change
from lander.pages.models import BulkEdit, Page, Site
from lander.policy.findings import Finding

_MOST_MATCHES = 5  # of a variant that are written out on the screen
_MOST_FINDINGS = 50
_MOST_NAMED = 20
_STATES = {"applied": "Applied to drafts", "published": "Published", "undone": "Undone"}


def plan_box(
    session: Session, site: Site, plan: BulkPlan, hidden: list[tuple[str, str]], chosen: dict[str, str]
) -> PlanBox:
    """A plan in words and rows."""
    several = has_several(session)
    places = {piece.label: Place(site, piece.page, several) for piece in plan.pieces if piece.page is not None}
    places |= {f"{item.page.slug}": Place(site, item.page, several) for item in plan.pages}
    unchanged = plan.unchanged
    return PlanBox(
        sentences=plan.sentences(),
        pieces=[_piece_row(change, places) for change in plan.changes],
        unchanged=unchanged[:_MOST_NAMED],
        unchanged_more=max(0, len(unchanged) - _MOST_NAMED),
        kept=list(plan.kept),
        waiting=[item.page.slug for item in plan.pages if item.has_waiting],
        tests=[
            TestRow(
                key=test.key,
                address=f"/experiments/{test.key}",
                page=test.slug,
                field=test_field(test.key),
                choice=chosen.get(test.key, test.proposal),
                reason=test.reason,
            )
            for test in plan.tests
        ],
        findings=_new_findings(plan.findings, places),
        findings_more=max(0, len(plan.findings) - _MOST_FINDINGS),
        hidden=hidden,
        fingerprint=plan.fingerprint,
        live=plan.live,
    )


def test_field(key: str) -> str:
    """The name of the control in which a test's choice stands."""
    return f"test-{key}"


def bulk_row(made: BulkEdit) -> BulkRow:
    state = state_of(made)
    return BulkRow(
        number=made.id or 0,
        address=f"/bulk/{made.id}",
        sentence=made.operation["sentence"],
        state=_dot(state),
        state_word=_STATES[state],
        drafts=len(made.changes),
        at=made.created_at,
        by=made.created_by,
        can_undo=state != "undone" and caller().can(Permission.PAGES_PUBLISH),
    )


def bulk_screen(
    session: Session,
    made: BulkEdit,
    *,
    token: str,
    chosen: dict[str, str] | None = None,
    errors: Sequence[FormError] = (),
    refused: Sequence[tuple[Page, tuple[Finding, ...]]] = (),
) -> BulkEditScreen:
    """One bulk edit with everything that can be done about it."""
    site = session.get_one(Site, made.site_id)
    several = has_several(session)
    pages = {page.id: page for page in bulk.list_pages_of(session, made)}
    state = state_of(made)
    may_publish = caller().can(Permission.PAGES_PUBLISH)
    proposed = {**bulk.propose(session, made), **(chosen or {})}
    return BulkEditScreen(
        number=made.id or 0,
        sentence=made.operation["sentence"],
        state=_dot(state),
        state_word=_STATES[state],
        said=bulk.say_state(made),
        site=site.host,
        index_address=_at("/bulk", site, several=several),
        address=f"/bulk/{made.id}",
        at=made.created_at,
        by=made.created_by,
        timezone=site.timezone,
        live=bulk.count_live(session, made),
        changes=[_changed_row(change, pages, site, several=several) for change in made.changes],
        left=bulk.list_left(session, made) if state != "undone" else [],
        tests=[
            TestRow(
                key=test.key,
                address=f"/experiments/{test.key}",
                page=pages[test.page_id].slug if test.page_id in pages else "",
                field=test_field(test.key),
                choice=proposed[test.key],
                reason="",
            )
            for test in bulk.list_tests(session, made)
        ],
        token=token,
        may_publish=may_publish,
        can_publish=may_publish and state == "applied",
        can_undo=may_publish and state != "undone",
        errors=list(errors),
        refusals=refusal_rows(site, refused, several=several),
    )


def state_of(made: BulkEdit) -> str:
    """applied, published or undone."""
    return "undone" if made.undone_at else "published" if made.published_at else "applied"


def refusal_rows(site: Site, refused: Iterable[tuple[Page, tuple[Finding, ...]]], *, several: bool) -> list[FindingRow]:
    """What stands in the way, page by page, each with the way to its line."""
    return [
        replace(row, where=f"{page.slug}, {row.where[:1].lower()}{row.where[1:]}" if row.where else page.slug)
        for page, findings in refused
        for row in finding_rows(findings, Place(site, page, several))
    ]


def say_wrong(error: Exception) -> list[FormError]:
    """An error as the summary on top of a form."""
    return [FormError(getattr(error, "message", str(error)), "", getattr(error, "fix", ""))]


def _piece_row(change: Change, places: dict[str, Place]) -> PieceRow:
    piece = change.piece
    place = places.get(piece.label)
    matches = change.edited.matches
    return PieceRow(
        label=piece.page.slug if piece.page is not None else piece.label,
        key=piece.key if piece.page is not None else "",
        address=place.at(f"/{piece.key}/source") if place is not None else f"/snippets/{piece.key}",
        count=len(matches),
        matches=[
            MatchRow(match.line, match.left, match.old, match.new, match.right)
            for match in islice(matches, _MOST_MATCHES)
        ],
        more=max(0, len(matches) - _MOST_MATCHES),
    )


def _new_findings(findings: Sequence[tuple[str, Finding]], places: dict[str, Place]) -> list[FindingRow]:
    rows = []
    for label, finding in findings[:_MOST_FINDINGS]:
        place = places.get(label) or places[label.partition(",")[0]]
        rows += [replace(row, where=label) for row in finding_rows([finding], place)]
    return sorted(rows, key=lambda row: row.severity != "refuse")


def _changed_row(change: dict[str, Any], pages: dict[int | None, Page], site: Site, *, several: bool) -> ChangedRow:
    page, matches = pages.get(change["page_id"]), change["matches"]
    if page is None:
        return ChangedRow(f"snippet {change['key']}", _at(f"/snippets/{change['key']}", site, several=several), matches)
    return ChangedRow(
        f"{page.slug}, variant {change['key']}", Place(site, page, several).at(f"/{change['key']}"), matches
    )


def _at(path: str, site: Site, *, several: bool) -> str:
    return f"{path}?site={site.host}" if several else path


def _dot(state: str) -> str:
    """The state's colour, which only helps."""
    return {"published": "live", "applied": "changed"}.get(state, state)
