"""What a notification says: where a lead came in and where to read it. Nothing that the visitor typed leaves by mail,
because nobody could erase it there.
"""

from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

_LEAD = """\
Somebody filled in the form on {page}.

Received:  {received}
Variant:   {variant}

Read it in the studio:
{link}

What was written stays there, so that it can be erased there.
Who gets these mails: {deliveries}
"""
_TEST = """\
This is the test that {actor} asked for: mails about new leads on {page} reach you.

Who gets these mails: {deliveries}
"""


def make_mail(delivery_id: str, data: Mapping[str, Any], *, to: str, sender: str, at: datetime) -> EmailMessage:
    """The mail of one delivery; the same one sent again keeps its Message-ID."""
    mail = EmailMessage(policy=SMTP)
    is_test = "actor" in data
    mail["Subject"] = f"{'Test: new leads' if is_test else 'New lead'} on {data['page']}"
    mail["From"] = f"Lander <{sender}>"
    mail["To"] = to
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{delivery_id}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content((_TEST if is_test else _LEAD).format(**data), cte="quoted-printable")
    return mail
