"""The versions that a bulk edit makes: all of them at once, in few statements."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from lander.pages.bulk_plan import Change
from lander.pages.models import Snippet, SnippetVersion, Variant, Version
from lander.pages.snippets import add_snippet_version
from lander.pages.versions import check_source


def revise_variants(
    session: Session, changes: Sequence[Change], *, note: str, actor: str, now: datetime
) -> list[Version]:
    contents = []
    for change in changes:
        assert isinstance(change.piece.version, Version)
        contents.append((change.piece.owner_id, change.piece.version, change.edited.source))
    return add_versions(session, contents, note=note, actor=actor, now=now)


def revise_snippets(
    session: Session, changes: Sequence[Change], *, note: str, actor: str, now: datetime
) -> list[SnippetVersion]:
    return [
        add_snippet_version(
            session,
            session.get_one(Snippet, change.piece.owner_id),
            change.edited.source,
            note=note,
            actor=actor,
            now=now,
        )
        for change in changes
    ]


def add_versions(
    session: Session, contents: Sequence[tuple[int, Version, str]], *, note: str, actor: str, now: datetime
) -> list[Version]:
    """The next versions of many variants in few statements: (variant id, what it is like, its source) each."""
    owners = [owner for owner, _, _ in contents]
    newest = dict(
        session.exec(
            select(Version.variant_id, func.max(Version.number))
            .where(col(Version.variant_id).in_(owners))
            .group_by(col(Version.variant_id))
        ).all()
    )
    made = [
        Version(
            variant_id=owner,
            number=(newest[owner] or 0) + 1,
            source=check_source(source),
            path=like.path,
            files=dict(like.files),
            links=dict(like.links),
            enable_submit=like.enable_submit,
            note=note,
            created_at=now,
            created_by=actor,
        )
        for owner, like, source in contents
    ]
    session.add_all(made)
    session.flush()
    variants = {item.id: item for item in session.exec(select(Variant).where(col(Variant.id).in_(owners)))}
    for version in made:
        variants[version.variant_id].version_id = version.id
    session.flush()
    return made
