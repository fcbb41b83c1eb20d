"""What visitors see once they have sent a form: a page of the site, an address that IT allows, or our own thank-you page
with the page's words. It is content: visitors meet it after the next publish.
"""

from datetime import datetime
from typing import Final

from sqlmodel import Session

from lander.access import audit
from lander.errors import InvalidInput
from lander.pages.models import Page
from lander.pages.pages import address_of
from lander.policy.policy import Policy
from lander.policy.rules import check_thank_you

LONGEST_MESSAGE: Final = 1_000
_LONGEST_ADDRESS: Final = 500


def say_after_form(
    session: Session, page: Page, *, address: str, message: str, policy: Policy, actor: str, now: datetime
) -> bool:
    """Say where a form of the page leads, or without an `address` what our own page says; whether that is something new."""
    address, message = address.strip(), message.replace("\r\n", "\n").strip()
    if len(address) > _LONGEST_ADDRESS or not address.isprintable() or " " in address:
        raise InvalidInput("This is not an address.", fix="Write it like /spring-sale/thanks.")
    if findings := check_thank_you(address, policy):
        raise InvalidInput(findings[0].sentence, fix=findings[0].fix)
    if len(message) > LONGEST_MESSAGE:
        raise InvalidInput(
            f"The message has {len(message):,} characters; at most {LONGEST_MESSAGE:,} are shown.", fix="Shorten it."
        )
    before = (page.thank_you, page.thank_you_message)
    if before == (address, message):
        return False
    page.thank_you, page.thank_you_message = address, message
    session.add(page)
    session.flush()
    audit.record(
        session,
        now=now,
        actor=actor,
        action="page.after-form",
        subject=address_of(session, page),
        before=before[0] or before[1],
        after=address or message,
    )
    return True
