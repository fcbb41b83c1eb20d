"""One attempt to hand a mail to the company's mail server.

What the server refuses about this mail for good (5xx) is refused for good; what is wrong with the way to it (address,
certificate, password) is IT's to mend, so it is tried again.
"""

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from typing import Final

from lander.config import MailServer
from lander.integrations.outcome import Fate, Outcome

PATIENCE_S: Final = 10.0
NOT_SET_UP: Final = "E-mail is not set up. IT names the mail server in LANDER_SMTP_URL and LANDER_MAIL_FROM."


def send(mail: EmailMessage, server: MailServer | None, *, trust: ssl.SSLContext | None = None) -> Outcome:
    """Make one attempt; never raises for anything that the server or the network does."""
    if server is None:
        return Outcome(Fate.AGAIN, NOT_SET_UP)
    try:
        session = _open(server, trust or ssl.create_default_context())
        try:
            session.send_message(mail)
        finally:
            with suppress(smtplib.SMTPException, OSError):  # it has the mail, or it has said why not
                session.quit()
    except smtplib.SMTPRecipientsRefused as error:
        status, _ = next(iter(error.recipients.values()))
        return _judge(status, "the recipient")
    except smtplib.SMTPSenderRefused as error:
        return _judge(error.smtp_code, "the sender")
    except smtplib.SMTPDataError as error:
        return _judge(error.smtp_code, "the mail")
    except smtplib.SMTPAuthenticationError as error:
        return Outcome(Fate.AGAIN, "The mail server does not take the password in LANDER_SMTP_URL.", error.smtp_code)
    except smtplib.SMTPResponseException as error:
        return Outcome(Fate.AGAIN, f"The mail server answered {error.smtp_code}.", error.smtp_code)
    except TimeoutError:
        return Outcome(Fate.AGAIN, f"The mail server did not answer within {PATIENCE_S:.0f} seconds.")
    except ssl.SSLError as error:
        return Outcome(Fate.AGAIN, f"No safe connection to the mail server: {error.reason or 'TLS failed'}.")
    except smtplib.SMTPException as error:
        return Outcome(Fate.AGAIN, f"The mail server cannot be used: {str(error).rstrip('.')}.")
    except OSError as error:
        return Outcome(Fate.AGAIN, f"The mail server cannot be reached: {error.strerror or error}.")
    return Outcome(Fate.DELIVERED, "The mail server took it.", 250)


def _open(server: MailServer, trust: ssl.SSLContext) -> smtplib.SMTP:
    name = server.sender.rpartition("@")[2]  # asking the system for this machine's name may take long
    session: smtplib.SMTP
    if server.tls:
        session = smtplib.SMTP_SSL(server.host, server.port, name, timeout=PATIENCE_S, context=trust)
    else:
        session = smtplib.SMTP(server.host, server.port, name, timeout=PATIENCE_S)
    try:
        if server.starttls:
            session.starttls(context=trust)
        if server.user:
            session.login(server.user, server.password)
    except BaseException:
        session.close()
        raise
    return session


def _judge(status: int, what: str) -> Outcome:
    if 500 <= status < 600:
        return Outcome(Fate.REFUSED, f"The mail server refuses {what} ({status}).", status)
    return Outcome(Fate.AGAIN, f"The mail server does not take {what} now ({status}).", status)
