"""What each role may do. One table, read by the studio and the API; nothing else decides it.

Marketing owns pages, tests, redirects, leads and what visitors see. Analysts read everything about tests and may run
them; leads stay closed to them. IT owns the rules: it reads everything but leads' fields, may take a page away and erase
a person, but neither writes nor publishes marketing's content.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from lander.access.models import Role
from lander.errors import Forbidden


class Permission(StrEnum):
    """What a route needs. PUBLIC is declared like any other, so that no route is open by accident."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"
    PAGES_READ = "pages.read"
    PAGES_EDIT = "pages.edit"
    PAGES_PUBLISH = "pages.publish"
    PAGES_WITHDRAW = "pages.withdraw"
    REDIRECTS_READ = "redirects.read"
    REDIRECTS_EDIT = "redirects.edit"
    LEADS_READ = "leads.read"
    LEADS_EDIT = "leads.edit"
    LEADS_ERASE = "leads.erase"
    DELIVERIES_READ = "deliveries.read"
    DELIVERIES_EDIT = "deliveries.edit"
    EXPERIMENTS_READ = "experiments.read"
    EXPERIMENTS_RUN = "experiments.run"
    POLICY_READ = "policy.read"
    AUDIT_READ = "audit.read"


_READING: Final = frozenset(
    {
        Permission.SIGNED_IN,
        Permission.PAGES_READ,
        Permission.REDIRECTS_READ,
        Permission.EXPERIMENTS_READ,
        Permission.POLICY_READ,
    }
)

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.MARKETER: _READING
    | {
        Permission.PAGES_EDIT,
        Permission.PAGES_PUBLISH,
        Permission.PAGES_WITHDRAW,
        Permission.REDIRECTS_EDIT,
        Permission.LEADS_READ,
        Permission.LEADS_EDIT,
        Permission.LEADS_ERASE,
        Permission.DELIVERIES_READ,
        Permission.DELIVERIES_EDIT,
        Permission.EXPERIMENTS_RUN,
    },
    Role.ANALYST: _READING | {Permission.EXPERIMENTS_RUN, Permission.AUDIT_READ},
    Role.IT: _READING
    | {Permission.PAGES_WITHDRAW, Permission.LEADS_ERASE, Permission.DELIVERIES_READ, Permission.AUDIT_READ},
}

_IN_WORDS: Final[Mapping[Permission, str]] = {
    Permission.PAGES_READ: "see pages",
    Permission.PAGES_EDIT: "change pages",
    Permission.PAGES_PUBLISH: "publish pages",
    Permission.PAGES_WITHDRAW: "take pages away",
    Permission.REDIRECTS_READ: "see redirects",
    Permission.REDIRECTS_EDIT: "change redirects",
    Permission.LEADS_READ: "see leads",
    Permission.LEADS_EDIT: "change leads",
    Permission.LEADS_ERASE: "erase somebody's leads",
    Permission.DELIVERIES_READ: "see deliveries",
    Permission.DELIVERIES_EDIT: "change where leads are sent",
    Permission.EXPERIMENTS_READ: "see experiments",
    Permission.EXPERIMENTS_RUN: "run experiments",
    Permission.POLICY_READ: "read the policy",
    Permission.AUDIT_READ: "read the audit trail",
}


def can(role: Role, permission: Permission) -> bool:
    """Whether somebody of this role may do it."""
    return permission is Permission.PUBLIC or permission in PERMISSIONS[role]


def require(role: Role, permission: Permission) -> None:
    """Raises `Forbidden`, saying what is not allowed and to whom it is."""
    if can(role, permission):
        return
    allowed = " or ".join(_role_in_words(other) for other in Role if can(other, permission))
    raise Forbidden(
        f"Signed in as {_role_in_words(role)}, you may not {_IN_WORDS.get(permission, permission.value)}.",
        fix=f"Ask somebody who is {allowed}.",
    )


def _role_in_words(role: Role) -> str:
    return {Role.MARKETER: "a marketer", Role.ANALYST: "an analyst", Role.IT: "in IT"}[role]
