"""Who is told of new leads by e-mail: everybody on the list of a site, or of one of its pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from lander.access import audit
from lander.errors import Conflict, NotFound
from lander.integrations.email.address import check_address
from lander.integrations.models import MailRecipient
from lander.pages.models import Page, Site

MOST_OF_A_SITE: Final = 50


def add_recipient(
    session: Session, site: Site, address: str, *, page: Page | None = None, actor: str, now: datetime
) -> MailRecipient:
    """Mail this address for every new lead of the site, or of one page."""
    address = check_address(address)
    there = list_recipients(session, site)
    page_id = page.id if page is not None else None
    if any(one.address == address and one.page_id in (None, page_id) for one in there):
        raise Conflict(f"{address} is mailed for these leads already.", fix="The list shows it.")
    if len(there) >= MOST_OF_A_SITE:
        raise Conflict(f"{site.host} has {MOST_OF_A_SITE} recipients already.", fix="Use a mailing list of your own.")
    assert site.id is not None
    recipient = MailRecipient(site_id=site.id, page_id=page_id, address=address, created_at=now, created_by=actor)
    session.add(recipient)
    session.flush()
    subject = f"{site.host}/{page.slug}" if page is not None else site.host
    audit.record(session, now=now, actor=actor, action="recipient.add", subject=subject, address=address)
    return recipient


def load_recipient(session: Session, recipient_id: int) -> MailRecipient:
    """The recipient of that id; raises `NotFound`."""
    recipient = session.get(MailRecipient, recipient_id) if 0 < recipient_id < 2**31 else None
    if recipient is None:
        raise NotFound(f"There is no recipient {recipient_id}.", fix="The list of deliveries has every one.")
    return recipient


def list_recipients(session: Session, site: Site) -> Sequence[MailRecipient]:
    """Those of a site, the oldest first."""
    return session.exec(
        select(MailRecipient).where(MailRecipient.site_id == site.id).order_by(col(MailRecipient.id))
    ).all()
