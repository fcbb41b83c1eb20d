"""Pages hosts: adding one, finding one."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlmodel import Session, col, select

from lander.access import audit
from lander.config import Settings, check_pages_host
from lander.errors import ConfigurationError, Conflict, InvalidInput, NotFound
from lander.pages.models import Site

_HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def add_site(
    session: Session,
    settings: Settings,
    *,
    host: str,
    core_site: str,
    timezone: str = "UTC",
    currency: str = "EUR",
    actor: str,
    now: datetime,
) -> Site:
    """Let pages be published on a host of their own, beside the core site that they must never reach."""
    try:
        host = check_pages_host(settings, host.strip())
    except ConfigurationError as error:
        raise InvalidInput(error.message, fix=error.fix) from None
    core_site = core_site.strip().lower()
    if not _HOST.fullmatch(core_site):
        raise InvalidInput(
            f"The core site '{core_site}' is not a host name.",
            fix="Write it like www.example.com, without scheme and port.",
        )
    if core_site == host:
        raise InvalidInput(
            f"Pages and the core site cannot both be '{host}'.",
            fix="Give the pages a host of their own, like go.example.com: that is what keeps the core site out of reach.",
        )
    _check_timezone(timezone)
    if not _CURRENCY.fullmatch(currency):
        raise InvalidInput(f"'{currency}' is not a currency.", fix="Write its three letters, like EUR.")
    if find_site(session, host) is not None:
        raise Conflict(f"There is already a site '{host}'.", fix="Use it, or choose another host.")
    site = Site(host=host, core_site=core_site, timezone=timezone, currency=currency, created_at=now)
    session.add(site)
    session.flush()
    audit.record(
        session,
        now=now,
        actor=actor,
        action="site.add",
        subject=host,
        core_site=core_site,
        timezone=timezone,
        currency=currency,
    )
    return site


def load_site(session: Session, host: str) -> Site:
    """The site of a pages host."""
    site = find_site(session, host.strip().lower())
    if site is None:
        known = ", ".join(site.host for site in list_sites(session))
        raise NotFound(
            f"There is no site '{host}'.",
            fix=f"The sites are {known}." if known else "Add it first: lander site add go.example.com --core-site …",
        )
    return site


def find_site(session: Session, host: str) -> Site | None:
    """The site of a pages host in lower case, or None."""
    return session.exec(select(Site).where(Site.host == host)).first()


def list_sites(session: Session) -> Sequence[Site]:
    """Every site, by host."""
    return session.exec(select(Site).order_by(col(Site.host))).all()


def _check_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidInput(
            f"'{name}' is not a time zone.", fix="Write its IANA name, like Europe/Berlin; reports count its days."
        ) from None
