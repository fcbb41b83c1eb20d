"""Going back in the history of a variant. A version never changes and none goes away: what it held becomes the next one.

Nothing here reaches a visitor; publishing the restored draft does.
"""

from datetime import datetime

from sqlmodel import Session

from lander.access import audit
from lander.errors import Conflict, NotFound
from lander.pages.models import Page, Variant, Version
from lander.pages.pages import address_of, list_variants, load_variant
from lander.pages.versions import find_version, load_draft, revise


def load_version(session: Session, variant: Variant, number: int) -> Version:
    """The version of that number."""
    version = find_version(session, variant, number)
    if version is None:
        raise NotFound(
            f"Variant {variant.key} has no version {number}.",
            fix=f"Its versions are numbered from 1 to {load_draft(session, variant).number}.",
        )
    return version


def restore_version(session: Session, page: Page, key: str, number: int, *, actor: str, now: datetime) -> Version:
    """An earlier version's content as the next draft; the draft itself is what it was."""
    variant = load_variant(session, page, key)
    wanted, draft = load_version(session, variant, number), load_draft(session, variant)
    if wanted.id == draft.id:
        return draft
    restored = revise(session, variant, wanted, note=f"version {number} restored", actor=actor, now=now)
    _record(session, page, "page.restore", {key: [draft.number, restored.number]}, source=number, actor=actor, now=now)
    return restored


def undo_save(session: Session, page: Page, key: str, number: int, *, actor: str, now: datetime) -> list[str]:
    """Take back what one save did, in every variant of the page that it changed; the keys of those.

    Raises `Conflict` where somebody saved since: their work is not undone with it.
    """
    undone = load_version(session, load_variant(session, page, key), number)
    drafts = [(variant, load_draft(session, variant)) for variant in list_variants(session, page)]
    mine = next(draft for variant, draft in drafts if variant.key == key)
    if mine.number == 1:
        raise Conflict(f"Variant {key} has one version, and none before it.", fix="Upload or edit it instead.")
    if mine.id != undone.id:
        raise Conflict(
            f"{mine.created_by} saved version {mine.number} of variant {key} since, so version {number} is not undone.",
            fix="Compare them in the history, and restore the one you want.",
        )
    together = [(variant, draft) for variant, draft in drafts if _is_same_save(draft, undone) and draft.number > 1]
    numbers = {}
    for variant, draft in together:
        before = load_version(session, variant, draft.number - 1)
        version = revise(session, variant, before, note=f"version {draft.number} undone", actor=actor, now=now)
        numbers[variant.key] = [draft.number, version.number]
    _record(session, page, "page.undo", numbers, actor=actor, now=now)
    return list(numbers)


def _is_same_save(draft: Version, undone: Version) -> bool:
    """Everything that one request saved has its moment and its name."""
    return (draft.created_at, draft.created_by) == (undone.created_at, undone.created_by)


def _record(
    session: Session, page: Page, action: str, numbers: dict[str, list[int]], *, actor: str, now: datetime, **more: int
) -> None:
    subject = address_of(session, page)
    before, after = ({key: pair[side] for key, pair in numbers.items()} for side in (0, 1))
    audit.record(session, now=now, actor=actor, action=action, subject=subject, before=before, after=after, **more)
