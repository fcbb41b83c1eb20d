"""The settings of a process: one frozen object, read once from `LANDER_*`.

Every setting is one row of `ROWS` (name, default, help); the documentation is held to that list by a test.
Outside `LANDER_ENV=development` a default, short or repeated secret, equal hosts and plain http are refused here,
before anything is served.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from lander.errors import ConfigurationError

UNIX_PEER: Final = "unix"
DEVELOPMENT_SECRET: Final = "development-only-secret-never-use-this-in-production"  # noqa: S105
SHORTEST_SECRET: Final = 32
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_IN_MEMORY = re.compile(r"sqlite(\+\w+)?:(//)?/?(:memory:|file:.*memory.*)?(\?.*)?")
_SENDER = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@]+")
_SMTP_PORTS: Final = {"smtp": 587, "smtps": 465}


class Environment(StrEnum):
    """Where this process runs; only development allows plain http and a built-in secret."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as the documentation lists it."""

    name: str
    default: str
    help: str


ROWS: Final = (
    Row("LANDER_ENV", "production", "development or production; only development serves plain http"),
    Row("LANDER_DATA_DIR", "var", "folder of this node: database file, journal, published releases"),
    Row("LANDER_DATABASE_URL", "sqlite:///<data dir>/lander.db", "main database, as an SQLAlchemy address"),
    Row(
        "LANDER_SECRET_KEYS", "", "signing and encryption secrets, newest first, separated by commas; 32 characters up"
    ),
    Row("LANDER_STUDIO_HOST", "studio.localhost", "host name of the studio, without scheme and port"),
    Row("LANDER_PREVIEW_HOST", "preview.localhost", "host name of the preview plane, without scheme and port"),
    Row(
        "LANDER_PROXIES",
        "",
        "proxies that may speak for clients: addresses or networks separated by commas, `unix` for a socket's peer",
    ),
    Row("LANDER_POLICY", "", "a policy.toml that `lander serve` and `lander work` apply when they start"),
    Row(
        "LANDER_SMTP_URL",
        "",
        "mail server for notifications: smtp://user:password@mail.example.com:587?starttls or smtps://…",
    ),
    Row("LANDER_MAIL_FROM", "", "address that notifications come from, e.g. lander@example.com"),
)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where notifications are handed in. `tls` from the first byte, `starttls` before the password."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    starttls: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process knows of its surroundings."""

    env: Environment
    data_dir: Path
    database_url: str
    secret_keys: tuple[str, ...]
    studio_host: str
    preview_host: str
    policy_file: Path | None
    proxies: tuple[str, ...] = ()  # networks, and the word "unix"
    mail: MailServer | None = None

    @property
    def is_development(self) -> bool:
        return self.env is Environment.DEVELOPMENT

    @property
    def scheme(self) -> str:
        return "http" if self.is_development else "https"

    @property
    def signing_keys(self) -> list[str]:
        """Secrets as itsdangerous wants them: oldest first, the last one signs."""
        return list(reversed(self.secret_keys))

    @property
    def journal_dir(self) -> Path:
        return self.data_dir / "journal"

    @property
    def unreadable_dir(self) -> Path:
        return self.journal_dir / "unreadable"

    @property
    def workers_dir(self) -> Path:
        return self.data_dir / "workers"

    @property
    def published_dir(self) -> Path:
        return self.data_dir / "published"


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings; raises `ConfigurationError` naming the setting that is wrong."""
    source = os.environ if environ is None else environ
    values = {row.name: source.get(row.name, "").strip() or row.default for row in ROWS}
    _refuse_unknown(source)
    try:
        env = Environment(values["LANDER_ENV"])
    except ValueError:
        raise ConfigurationError(
            f"LANDER_ENV is '{values['LANDER_ENV']}'.", fix="Set it to development or production."
        ) from None
    data_dir = Path(values["LANDER_DATA_DIR"]).absolute()
    database_url = source.get("LANDER_DATABASE_URL", "").strip() or f"sqlite:///{data_dir / 'lander.db'}"
    if _IN_MEMORY.fullmatch(database_url):
        raise ConfigurationError(
            "LANDER_DATABASE_URL is a database in memory: each process would have its own, and none would keep anything.",
            fix="Name a file, like sqlite:////srv/lander/lander.db, or leave it out.",
        )
    policy = values["LANDER_POLICY"]
    studio, preview = (_read_host(name, values[name], env) for name in ("LANDER_STUDIO_HOST", "LANDER_PREVIEW_HOST"))
    if studio == preview:
        raise ConfigurationError(
            f"LANDER_STUDIO_HOST and LANDER_PREVIEW_HOST are both '{studio}'.",
            fix="Drafts must not share the studio's origin: give each its own host.",
        )
    return Settings(
        env=env,
        data_dir=data_dir,
        database_url=database_url,
        secret_keys=_read_secrets(values["LANDER_SECRET_KEYS"], env),
        studio_host=studio,
        preview_host=preview,
        policy_file=Path(policy) if policy else None,
        proxies=_read_proxies(values["LANDER_PROXIES"]),
        mail=_read_mail(values["LANDER_SMTP_URL"], values["LANDER_MAIL_FROM"]),
    )


def check_pages_host(settings: Settings, host: str) -> str:
    """The host in lower case if pages may be served there; pages never share a host with the studio or previews."""
    host = _read_host("The pages host", host, settings.env)
    if host in (settings.studio_host, settings.preview_host):
        raise ConfigurationError(
            f"'{host}' is the studio's or the preview's host.", fix="Give the pages a host of their own."
        )
    return host


def _refuse_unknown(source: Mapping[str, str]) -> None:
    known = {row.name for row in ROWS}
    for name in source:
        if name.startswith("LANDER_") and name not in known:
            raise ConfigurationError(f"{name} is not a setting.", fix=f"The settings are {', '.join(sorted(known))}.")


def _read_host(name: str, value: str, env: Environment) -> str:
    host = value.lower()
    if host.startswith("http://") and env is not Environment.DEVELOPMENT:
        raise ConfigurationError(
            f"{name} asks for plain http.",
            fix="Serve it over https and write the host name alone, or set LANDER_ENV=development.",
        )
    if not _HOST.fullmatch(host):
        raise ConfigurationError(
            f"{name} '{value}' is not a host name.", fix="Write it like go.example.com, without scheme and port."
        )
    return host


def _read_secrets(value: str, env: Environment) -> tuple[str, ...]:
    secrets = tuple(part.strip() for part in value.split(",") if part.strip())
    if env is Environment.DEVELOPMENT:
        return secrets or (DEVELOPMENT_SECRET,)
    how = 'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
    if not secrets or DEVELOPMENT_SECRET in secrets:
        raise ConfigurationError("LANDER_SECRET_KEYS is missing or the built-in development secret.", fix=how)
    for position, secret in enumerate(secrets, start=1):
        if len(secret) < SHORTEST_SECRET or len(set(secret)) < 10:
            raise ConfigurationError(
                f"LANDER_SECRET_KEYS: secret {position} is shorter than {SHORTEST_SECRET} characters or too regular.",
                fix=how,
            )
    if len(set(secrets)) < len(secrets):
        raise ConfigurationError("LANDER_SECRET_KEYS names the same secret twice.", fix=how)
    return secrets


def _read_proxies(value: str) -> tuple[str, ...]:
    return tuple(_read_proxy(part.strip()) for part in value.split(",") if part.strip())


def _read_proxy(text: str) -> str:
    if text == UNIX_PEER:
        return text
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ConfigurationError(
            f"LANDER_PROXIES: '{text}' is no address and no network.",
            fix=f"Write it like 127.0.0.1, 10.1.0.0/16 or {UNIX_PEER}.",
        ) from None
    if not network.prefixlen:
        raise ConfigurationError(
            f"LANDER_PROXIES: '{text}' lets everybody say who they are.", fix="Name the proxy's own address."
        )
    return str(network)


def _read_mail(url: str, sender: str) -> MailServer | None:
    """The mail server; None where none is set. No message ever repeats the address, which holds a password."""
    if not url and not sender:
        return None
    if not url or not sender:
        missing = "LANDER_MAIL_FROM" if url else "LANDER_SMTP_URL"
        raise ConfigurationError(f"Mail needs {missing} as well.", fix="Set it, or take the other one away.")
    if not _SENDER.fullmatch(sender) or not _HOST.fullmatch(sender.rpartition("@")[2].lower()):
        raise ConfigurationError(
            f"LANDER_MAIL_FROM '{sender}' is not an e-mail address.", fix="Write it like lander@example.com."
        )
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port or _SMTP_PORTS[parts.scheme]
        known = parts.query in ("", "starttls") and parts.path in ("", "/") and not parts.fragment
    except (ValueError, KeyError):
        known = False
    if not known or not (_HOST.fullmatch(host) or _is_address(host)) or (parts.scheme == "smtps" and parts.query):
        raise ConfigurationError(
            "LANDER_SMTP_URL is not the address of a mail server.",
            fix="Write it like smtp://user:password@mail.example.com:587?starttls or smtps://mail.example.com.",
        )
    mail = MailServer(
        host=host,
        port=port,
        sender=sender,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        tls=parts.scheme == "smtps",
        starttls=parts.query == "starttls",
    )
    if mail.user and not (mail.tls or mail.starttls):
        raise ConfigurationError(
            "LANDER_SMTP_URL would send its password in the clear.",
            fix="Add ?starttls to it, or begin it with smtps://.",
        )
    return mail


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
