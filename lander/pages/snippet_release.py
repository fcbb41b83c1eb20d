"""Snippets before visitors: what the rules say of one, and publishing the live pages that show an older version of it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from experiments import lifecycle
from experiments.models import Experiment, State
from lander.config import Settings
from lander.document import Document, Edits
from lander.errors import Conflict
from lander.pages.dynamic_text import place_slots
from lander.pages.expand import Block
from lander.pages.loads import Files
from lander.pages.models import Page, Site, SnippetVersion, Version
from lander.pages.publish import ANNOTATE, NEW_PHASE, Preflight, Published
from lander.pages.report import examine
from lander.pages.snippets import Use, list_behind, list_uses, load_snippet, load_snippet_draft, make_blocks
from lander.pages.together import Content, Tell, keep_quiet, publish_together
from lander.policy.findings import Finding
from lander.policy.store import load_policy


def check_snippet(session: Session, name: str, version: SnippetVersion) -> list[Finding]:
    """What the rules say of a snippet by itself, line by line; what it means to a page is asked of the page."""
    document = Document(version.source)
    blocks: Mapping[str, Block] = make_blocks(session, {name: version})
    alone = Version(
        variant_id=0,
        number=version.number,
        source=version.source,
        path="index.html",
        created_at=version.created_at,
        created_by=version.created_by,
    )
    examined = examine(alone, slug="", files=Files(blocks=blocks), policy=load_policy(session), thank_you="")
    found = [item.finding for item in examined.external if item.finding is not None]
    found += [*examined.findings, *place_slots(document, Edits(document))]
    ordered = sorted(found, key=lambda finding: finding.line or 0)
    return [replace(finding, where=f"snippet {name}") for finding in ordered]


def publish_snippet(
    session: Session,
    settings: Settings,
    site: Site,
    name: str,
    *,
    choices: Mapping[str, str],
    actor: str,
    now: datetime,
    preflight: Preflight | None = None,
    tell: Tell = keep_quiet,
) -> list[Published]:
    """Put the newest version on all live pages that use it, and nothing else of their drafts; on all, or on none."""
    version = load_snippet_draft(session, load_snippet(session, site, name))
    assert version.id is not None
    behind = list_behind(list_uses(session, site).get(name, []), version.id)
    if not behind:
        raise Conflict(
            f"Every live page shows the newest version of the snippet {name} already.", fix="There is nothing to do."
        )
    return publish_together(
        session,
        settings,
        [Content(page, {}, {name: version.id}) for page in behind],
        choices=choices,
        reason="snippet",
        note=f"The snippet {name} changed to version {version.number}.",
        actor=actor,
        now=now,
        preflight=preflight,
        tell=tell,
    )


def propose_for_snippet(session: Session, uses: Sequence[Use], pages: Sequence[Page]) -> list[tuple[Experiment, str]]:
    """The tests on these pages, and what each would be told: a note where every variant uses the snippet."""
    keys = {use.page.id: set(use.variants) for use in uses}
    ids = [page.id for page in pages]
    query = select(Experiment).where(col(Experiment.page_id).in_(ids), col(Experiment.state) != State.ENDED)
    return [
        (test, ANNOTATE if set(lifecycle.current_phase(session, test).weights) <= keys[test.page_id] else NEW_PHASE)
        for test in session.exec(query.order_by(col(Experiment.key)))
    ]
