"""The settings of a process: what is read, and what is refused before anything is served."""

from pathlib import Path

import pytest

from lander.config import DEVELOPMENT_SECRET, ROWS, MailServer, check_pages_host, load_settings
from lander.errors import ConfigurationError

GOOD = "a-secret-of-more-than-32-characters-0123456789"
OTHER = "another-secret-of-more-than-32-characters-987"


def production(**more: str) -> dict[str, str]:
    hosts = {"LANDER_STUDIO_HOST": "studio.example.com", "LANDER_PREVIEW_HOST": "preview.example.com"}
    return {"LANDER_SECRET_KEYS": GOOD, **hosts, **more}


def test_production_is_the_default_and_speaks_https() -> None:
    settings = load_settings(production())
    assert not settings.is_development
    assert settings.scheme == "https"


def test_development_needs_nothing_and_speaks_http() -> None:
    settings = load_settings({"LANDER_ENV": "development"})
    assert settings.scheme == "http"
    assert settings.secret_keys == (DEVELOPMENT_SECRET,)


def test_the_newest_secret_signs() -> None:
    settings = load_settings(production(LANDER_SECRET_KEYS=f"{GOOD},{OTHER}"))
    assert settings.signing_keys == [OTHER, GOOD]


@pytest.mark.parametrize(
    "secrets",
    ["", "short", "a" * 64, DEVELOPMENT_SECRET, f"{GOOD},{GOOD}", f"{GOOD},short"],
    ids=["missing", "short", "regular", "built-in", "repeated", "second one short"],
)
def test_a_weak_secret_is_refused_outside_development(secrets: str) -> None:
    with pytest.raises(ConfigurationError, match="LANDER_SECRET_KEYS"):
        load_settings(production(LANDER_SECRET_KEYS=secrets))


def test_studio_and_preview_on_one_host_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"studio\.example\.com"):
        load_settings(production(LANDER_PREVIEW_HOST="Studio.Example.com"))


def test_plain_http_is_refused_outside_development() -> None:
    with pytest.raises(ConfigurationError, match="plain http"):
        load_settings(production(LANDER_STUDIO_HOST="http://studio.example.com"))


@pytest.mark.parametrize("host", ["studio.example.com", "PREVIEW.example.com"])
def test_pages_never_share_a_host_with_studio_or_preview(host: str) -> None:
    with pytest.raises(ConfigurationError, match="host of their own"):
        check_pages_host(load_settings(production()), host)


@pytest.mark.parametrize("host", ["", "go.example.com:8000", "go_example.com", "-go.example.com", "go.example.com/x"])
def test_what_is_no_host_name_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="not a host name"):
        check_pages_host(load_settings(production()), host)


def test_a_misspelt_setting_is_named() -> None:
    with pytest.raises(ConfigurationError, match="LANDER_SECRET_KEY is not a setting"):
        load_settings(production(LANDER_SECRET_KEY=GOOD))


def test_proxies_are_addresses_networks_or_the_peer_of_a_socket() -> None:
    settings = load_settings(production(LANDER_PROXIES="127.0.0.1, 10.1.0.0/16,unix, ::1"))
    assert settings.proxies == ("127.0.0.1/32", "10.1.0.0/16", "unix", "::1/128")


@pytest.mark.parametrize(
    ("proxies", "complaint"),
    [("nginx", "no address"), ("10.1.2.3/16", "no address"), ("0.0.0.0/0", "everybody"), ("::/0", "everybody")],
)
def test_a_proxy_that_is_none_is_named(proxies: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        load_settings(production(LANDER_PROXIES=proxies))


SENDER = "lander@example.com"


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.com", MailServer("mail.example.com", 587, SENDER)),
        ("smtp://mail.example.com:25?starttls", MailServer("mail.example.com", 25, SENDER, starttls=True)),
        (
            "smtp://lander:p%40ss%2Fword@mail.example.com?starttls",
            MailServer("mail.example.com", 587, SENDER, "lander", "p@ss/word", starttls=True),
        ),
        (
            "smtps://lander:secret@Mail.Example.com/",
            MailServer("mail.example.com", 465, SENDER, "lander", "secret", tls=True),
        ),
        ("smtp://[::1]:2525", MailServer("::1", 2525, SENDER)),
        ("smtp://127.0.0.1:2525", MailServer("127.0.0.1", 2525, SENDER)),
    ],
)
def test_a_mail_server_is_one_address(url: str, server: MailServer) -> None:
    assert load_settings(production(LANDER_SMTP_URL=url, LANDER_MAIL_FROM=SENDER)).mail == server


def test_without_a_mail_server_nothing_is_mailed() -> None:
    assert load_settings(production()).mail is None


@pytest.mark.parametrize(
    ("url", "sender", "complaint"),
    [
        ("smtp://mail.example.com", "", "LANDER_MAIL_FROM"),
        ("", SENDER, "LANDER_SMTP_URL"),
        ("smtp://u:p@mail.example.com", SENDER, "in the clear"),
        ("http://mail.example.com", SENDER, "not the address of a mail server"),
        ("mail.example.com", SENDER, "not the address of a mail server"),
        ("smtp://", SENDER, "not the address of a mail server"),
        ("smtp://mail example", SENDER, "not the address of a mail server"),
        ("smtp://mail.example.com:port", SENDER, "not the address of a mail server"),
        ("smtp://mail.example.com?tls", SENDER, "not the address of a mail server"),
        ("smtps://mail.example.com?starttls", SENDER, "not the address of a mail server"),
        ("smtp://mail.example.com/inbox", SENDER, "not the address of a mail server"),
        ("smtp://mail.example.com", "Lander", "not an e-mail address"),
        ("smtp://mail.example.com", "lander@example.com\r\nBcc: otto@example.com", "not an e-mail address"),
        ("smtp://mail.example.com", "a@b@example.com", "not an e-mail address"),
    ],
)
def test_a_mail_server_that_is_none_is_named(url: str, sender: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as refused:
        load_settings(production(LANDER_SMTP_URL=url, LANDER_MAIL_FROM=sender))
    assert "u:p" not in str(refused.value)


def test_a_password_is_in_no_log_of_the_settings() -> None:
    url = "smtps://lander:very-secret@mail.example.com"
    assert "very-secret" not in repr(load_settings(production(LANDER_SMTP_URL=url, LANDER_MAIL_FROM=SENDER)))


def test_an_unknown_environment_is_named() -> None:
    with pytest.raises(ConfigurationError, match="LANDER_ENV is 'staging'"):
        load_settings(production(LANDER_ENV="staging"))


def test_the_documentation_lists_every_setting() -> None:
    text = (Path(__file__).parents[1] / "docs" / "it" / "settings.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `LANDER_")]
    assert rows == [f"| `{row.name}` | {f'`{row.default}`' if row.default else '–'} | {row.help} |" for row in ROWS]


@pytest.mark.parametrize(
    "address",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+pysqlite:///:memory:?timeout=5",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:x?mode=memory&cache=shared&uri=true",
    ],
)
def test_a_database_that_keeps_nothing_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="LANDER_DATABASE_URL is a database in memory"):
        load_settings(production(LANDER_DATABASE_URL=address))


@pytest.mark.parametrize(
    "address", ["sqlite:////srv/memory/lander.db", "sqlite:///lander.db", "postgresql://lander@db/memory"]
)
def test_a_database_that_keeps_something_is_taken(address: str) -> None:
    assert load_settings(production(LANDER_DATABASE_URL=address)).database_url == address
