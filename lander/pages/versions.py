"""What stands in a variant: its versions, of which the newest is the draft.

A version never changes: editing, copying and bringing files inside all make the next one. Nothing here reaches a
visitor; `publish` does that.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, func, select

from lander.access import audit
from lander.document import Document
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages.models import Page, Variant, Version
from lander.pages.pages import add_variant, address_of, choose_free_key, load_variant

LARGEST_SOURCE: Final = 10 * 1024 * 1024
MOST_AROUND: Final = 512  # browsers nest no deeper; at 200,000 one look for a selector took three minutes
MOST_REOPENED: Final = 500_000  # 35 kB of `<p><b>…</p>` took a gigabyte


def load_draft(session: Session, variant: Variant) -> Version:
    """The newest version, which publishing takes."""
    version = session.get(Version, variant.version_id) if variant.version_id is not None else None
    if version is None:
        raise NotFound(
            f"Variant {variant.key} has no content yet.", fix="Import a page into it, or copy another variant."
        )
    return version


def list_versions(session: Session, variant: Variant) -> Sequence[Version]:
    """Every version of a variant, newest first."""
    return session.exec(
        select(Version).where(Version.variant_id == variant.id).order_by(col(Version.number).desc())
    ).all()


def find_version(session: Session, variant: Variant, number: int | None) -> Version | None:
    """The version of that number, or None, also for a number that no database can hold."""
    if number is None or not 0 < number < 2**31:
        return None
    return session.exec(select(Version).where(Version.variant_id == variant.id, Version.number == number)).first()


def add_version(
    session: Session,
    variant: Variant,
    *,
    source: str,
    path: str,
    files: Mapping[str, str],
    links: Mapping[str, str],
    enable_submit: bool,
    note: str = "",
    actor: str,
    now: datetime,
) -> Version:
    """The next version of a variant, which becomes its draft."""
    assert variant.id is not None
    newest = session.exec(select(func.max(Version.number)).where(Version.variant_id == variant.id)).one()
    version = Version(
        variant_id=variant.id,
        number=(newest or 0) + 1,
        source=check_source(source),
        path=path,
        files=dict(files),
        links=dict(links),
        enable_submit=enable_submit,
        note=note,
        created_at=now,
        created_by=actor,
    )
    session.add(version)
    session.flush()
    variant.version_id = version.id
    session.add(variant)
    session.flush()
    return version


def revise(
    session: Session,
    variant: Variant,
    like: Version,
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    note: str = "",
    actor: str,
    now: datetime,
) -> Version:
    """The next version of a variant: the content of `like`, its own or another variant's, but for what is given."""
    return add_version(
        session,
        variant,
        source=like.source if source is None else source,
        path=like.path,
        files=like.files if files is None else files,
        links=like.links,
        enable_submit=like.enable_submit,
        note=note,
        actor=actor,
        now=now,
    )


def copy_variant(
    session: Session, page: Page, *, source: str = "a", target: str | None = None, actor: str, now: datetime
) -> Variant:
    """A new variant with the content that `source` has now, under the next free letter if none is named."""
    original = load_draft(session, load_variant(session, page, source))
    variant = add_variant(session, page, choose_free_key(session, page) if target is None else target, now=now)
    revise(session, variant, original, note=f"copy of {source}", actor=actor, now=now)
    audit.record(
        session,
        now=now,
        actor=actor,
        action="variant.copy",
        subject=address_of(session, page),
        source=source,
        variant=variant.key,
    )
    return variant


def save_source(
    session: Session, page: Page, key: str, source: str, *, actor: str, now: datetime, base_version: int | None
) -> Version:
    """The edited HTML as a new version; the same HTML again is the version it was.

    `base_version` is the number of the version that the editor started from; None saves over whatever is there. Raises
    `Conflict` where somebody else saved in between.
    """
    variant = load_variant(session, page, key)
    # PostgreSQL holds a second editor here; SQLite has one writer anyway
    session.exec(select(Variant.id).where(Variant.id == variant.id).with_for_update()).one()
    session.refresh(variant)
    current = load_draft(session, variant)
    if base_version is not None and base_version != current.number:
        raise Conflict(
            f"{current.created_by} saved version {current.number} of variant {key} while you worked on {base_version}.",
            fix="Copy your text, load the page again, and put your change into the newer version.",
        )
    if check_source(source) == current.source:
        return current
    version = revise(session, variant, current, source=source, actor=actor, now=now)
    audit.record(
        session,
        now=now,
        actor=actor,
        action="page.edit",
        subject=address_of(session, page),
        variant=key,
        before=current.number,
        after=version.number,
    )
    return version


def check_source(source: str, *, called: str = "The page") -> str:
    """The HTML, if it can be stored; `called` is what a message calls it."""
    if not source.strip():
        raise InvalidInput(f"{called} is empty.", fix="Write its HTML, or restore an earlier version.")
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        size = -1
    if size < 0 or "\0" in source:
        raise InvalidInput(f"{called} holds characters that are no text.", fix="Paste it again from a text editor.")
    if size > LARGEST_SOURCE:
        raise InvalidInput(f"{called} has more than 10 MiB of HTML.", fix="Move images out of it into files.")
    document = Document(source)
    if (element := document.find_deeper(MOST_AROUND)) is not None:
        raise InvalidInput(
            f"{called} is nested too deeply: <{element.name}> in line {element.line} stands inside more than "
            f"{MOST_AROUND} other elements.",
            fix="Close the elements that are still open there.",
        )
    if (element := document.find_reopening(MOST_REOPENED)) is not None:
        raise InvalidInput(
            f"{called} leaves so many elements like <b> or <font> open that by line {element.line} browsers have opened "
            f"them {MOST_REOPENED:,} times again, in whatever follows.",
            fix="Close each of them where its text ends.",
        )
    return source
