"""A notification by e-mail: what it says, what it never says, and how it is handed to the mail server."""

from typing import Any

import pytest

from lander.config import MailServer
from lander.errors import InvalidInput
from lander.integrations.email.address import check_address
from lander.integrations.email.message import make_mail
from lander.integrations.email.transport import NOT_SET_UP, send
from lander.integrations.outcome import Fate, Outcome
from tests.integrations.conftest import NOW
from tests.integrations.mailbox import Mailbox, mailbox
from tests.integrations.receiver import Certificates

LEAD = {
    "page": "go.example.com/spring-sale",
    "variant": "B",
    "received": "2026-11-22 01:20 (Europe/Berlin)",
    "link": "https://studio.example.com/leads/abc",
    "deliveries": "https://studio.example.com/deliveries",
}
SENDER = "lander@example.com"


def mail(data: Any = None, to: str = "maya@example.com") -> Any:
    return make_mail("lead-1-mail-1", data or LEAD, to=to, sender=SENDER, at=NOW)


def server(box: Mailbox, **options: Any) -> MailServer:
    return MailServer("localhost", box.port, SENDER, **options)


def test_it_names_the_page_and_leads_to_the_lead() -> None:
    with mailbox() as box:
        assert send(mail(), server(box)) == Outcome(Fate.DELIVERED, "The mail server took it.", 250)
    (got,) = box.mails
    assert box.envelopes == [(SENDER, "maya@example.com")]
    assert (got["Subject"], got["From"], got["To"]) == (
        "New lead on go.example.com/spring-sale",
        f"Lander <{SENDER}>",
        "maya@example.com",
    )
    assert got["Message-ID"] == "<lead-1-mail-1@example.com>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_content_type() == "text/plain"
    assert "https://studio.example.com/leads/abc" in got.get_content()


def test_a_test_is_told_apart_from_a_lead() -> None:
    found = mail({"page": "go.example.com", "actor": "Maya Müller", "deliveries": LEAD["deliveries"]})
    assert found["Subject"] == "Test: new leads on go.example.com"
    assert "the test that Maya Müller asked for" in found.get_content()


@pytest.mark.parametrize("where", ["page", "to"])
def test_nothing_can_add_a_header(where: str) -> None:
    evil = "x@example.com\r\nBcc: otto@example.com"
    with pytest.raises(ValueError, match=r"linefeed|newline|line feed|CR or LF|carriage"):
        mail({**LEAD, "page": evil}) if where == "page" else mail(to=evil)


@pytest.mark.parametrize(
    "address",
    [
        "maya@example.com\r\nBcc: otto@example.com",
        "maya@example.com, otto@example.com",
        "Maya <maya@example.com>",
        "maya",
        "maya@",
        "@example.com",
        "",
        "m\0aya@example.com",
        "мая@example.com",
        "maya@exa mple.com",
        "maya@localhost",
        "a" * 65 + "@example.com",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="not an e-mail address"):
        check_address(address)


def test_one_address_has_one_spelling() -> None:
    assert check_address("  Maya@Example.COM ") == "maya@example.com"


def test_a_password_is_sent_after_starttls_only(certificates: Certificates) -> None:
    trust = certificates_for_localhost(certificates)
    with mailbox(starttls=trust.server()) as box:
        outcome = send(mail(), server(box, user="u", password="p", starttls=True), trust=trust.trust())
    assert outcome.fate is Fate.DELIVERED
    verbs = [command.split()[0].upper() for command in box.commands]
    assert verbs.index("STARTTLS") < verbs.index("AUTH") < verbs.index("MAIL")


def test_tls_from_the_first_byte(certificates: Certificates) -> None:
    trust = certificates_for_localhost(certificates)
    with mailbox(tls=trust.server()) as box:
        outcome = send(mail(), server(box, user="u", password="p", tls=True), trust=trust.trust())
    assert outcome.fate is Fate.DELIVERED
    assert len(box.mails) == 1


def test_a_server_that_cannot_encrypt_is_told_no_password() -> None:
    with mailbox() as box:
        outcome = send(mail(), server(box, user="u", password="p", starttls=True))
    assert outcome.fate is Fate.AGAIN
    assert not any(command.startswith("AUTH") for command in box.commands)
    assert box.mails == []


def test_a_certificate_that_nobody_signed_is_not_believed(certificates: Certificates) -> None:
    with mailbox(tls=certificates.server()) as box:
        outcome = send(mail(), server(box, tls=True))
    assert outcome.fate is Fate.AGAIN
    assert outcome.words.startswith("No safe connection to the mail server")


@pytest.mark.parametrize(
    ("verb", "reply", "fate", "words"),
    [
        ("RCPT", "550 no such user", Fate.REFUSED, "refuses the recipient (550)"),
        ("RCPT", "450 try later", Fate.AGAIN, "does not take the recipient now (450)"),
        ("MAIL", "553 not you", Fate.REFUSED, "refuses the sender (553)"),
        ("CONTENT", "554 looks like spam", Fate.REFUSED, "refuses the mail (554)"),
        ("CONTENT", "452 disk full", Fate.AGAIN, "does not take the mail now (452)"),
        ("DATA", "451 later", Fate.AGAIN, "does not take the mail now (451)"),
    ],
)
def test_what_the_server_refuses_for_good_is_refused_for_good(verb: str, reply: str, fate: Fate, words: str) -> None:
    with mailbox() as box:
        box.replies[verb] = reply
        outcome = send(mail(), server(box))
    assert (outcome.fate, outcome.status) == (fate, int(reply[:3]))
    assert words in outcome.words


def test_a_wrong_password_is_its_to_mend_and_tried_again(certificates: Certificates) -> None:
    trust = certificates_for_localhost(certificates)
    with mailbox(starttls=trust.server()) as box:
        box.replies["AUTH"] = "535 no"
        outcome = send(mail(), server(box, user="u", password="p", starttls=True), trust=trust.trust())
    assert (outcome.fate, outcome.status) == (Fate.AGAIN, 535)
    assert "LANDER_SMTP_URL" in outcome.words


def test_a_mail_that_was_taken_is_delivered_though_the_goodbye_fails() -> None:
    with mailbox() as box:
        box.replies["QUIT"] = "500 what"
        assert send(mail(), server(box)).fate is Fate.DELIVERED
    assert len(box.mails) == 1


def test_a_server_that_is_down_or_not_set_up_is_said_to_be() -> None:
    with mailbox() as box:
        gone = server(box)
    outcome = send(mail(), gone)
    assert outcome.fate is Fate.AGAIN
    assert "cannot be reached" in outcome.words
    assert send(mail(), None) == Outcome(Fate.AGAIN, NOT_SET_UP)


def certificates_for_localhost(certificates: Certificates) -> Certificates:
    folder = certificates.authority.parent / "localhost"
    folder.mkdir(exist_ok=True)
    return Certificates.make(folder, "localhost")
