"""Previews for people outside: who may see which draft, until when, and taking that back.

A link is a row; its address is signed elsewhere (`lander.preview`) and good for nothing without the row.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, select

from lander.access import audit
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages.models import Page, ShareLink
from lander.pages.pages import address_of, load_variant
from lander.pages.versions import load_draft
from lander.text_slots import LONGEST

LONGEST_SHARE: Final = timedelta(days=14)
LONGEST_NOTE: Final = 120
_MOST_VALUES: Final = 20
_LONGEST_PARAMETER: Final = 64


def share(
    session: Session,
    page: Page,
    key: str,
    *,
    values: Mapping[str, str],
    note: str,
    lasts: timedelta,
    actor: str,
    now: datetime,
) -> ShareLink:
    """Let whoever has the link see the draft of a variant, with these values of dynamic text, for so long."""
    load_draft(session, load_variant(session, page, key))  # or there is nothing to show
    if not timedelta(0) < lasts <= LONGEST_SHARE:
        raise InvalidInput("A link lasts 14 days at most.", fix="Choose a number of days from 1 to 14.")
    note = " ".join(note.split())
    if not note or len(note) > LONGEST_NOTE or not note.isprintable():
        raise InvalidInput(
            "It is not said whom the link is for.",
            fix=f"Write a name or an agency, in up to {LONGEST_NOTE} letters: the list is told apart by it.",
        )
    assert page.id is not None
    link = ShareLink(
        id=secrets.token_hex(12),  # hex: typed at a terminal, where a leading dash would be an option
        page_id=page.id,
        variant=key,
        values=_check_values(values),
        note=note,
        created_at=now,
        created_by=actor,
        expires_at=now + lasts,
    )
    session.add(link)
    session.flush()
    subject = address_of(session, page)
    audit.record(
        session,
        now=now,
        actor=actor,
        action="share.add",
        subject=subject,
        variant=key,
        whom=note,
        until=link.expires_at.isoformat(),
    )
    return link


def revoke_share(session: Session, link: ShareLink, *, actor: str, now: datetime) -> ShareLink:
    """Take a link back: from now on it shows nothing."""
    if link.revoked_at is not None:
        raise Conflict(f"The link for {link.note} was taken back already.", fix="It shows nothing any more.")
    link.revoked_at = now
    session.add(link)
    session.flush()
    subject = address_of(session, session.get_one(Page, link.page_id))
    audit.record(
        session, now=now, actor=actor, action="share.revoke", subject=subject, variant=link.variant, whom=link.note
    )
    return link


def load_share(session: Session, page: Page, share_id: str) -> ShareLink:
    """A link to a page's drafts."""
    link = session.get(ShareLink, share_id)
    if link is None or link.page_id != page.id:
        raise NotFound("There is no such link to this page.", fix="See the list of its links.")
    return link


def list_shares(session: Session, page: Page, *, now: datetime) -> Sequence[ShareLink]:
    """The links to a page's drafts that still show something, newest first."""
    query = select(ShareLink).where(
        ShareLink.page_id == page.id, col(ShareLink.revoked_at).is_(None), col(ShareLink.expires_at) > now
    )
    return session.exec(query.order_by(col(ShareLink.created_at).desc(), col(ShareLink.id))).all()


def _check_values(values: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value.strip() for name, value in values.items() if value.strip()}
    for name, value in kept.items():
        if len(value) > LONGEST or len(name) > _LONGEST_PARAMETER or not (name + value).isprintable():
            raise InvalidInput(
                f"The value of {name[:_LONGEST_PARAMETER]} cannot be shown.", fix=f"Write up to {LONGEST} letters."
            )
    if len(kept) > _MOST_VALUES:
        raise InvalidInput(f"These are {len(kept)} values.", fix=f"A link takes {_MOST_VALUES}.")
    return kept
