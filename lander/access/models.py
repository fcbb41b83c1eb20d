"""Tables of who may do what: users, their sign-ins, and the audit trail."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from lander.db import UtcDateTime


class Role(StrEnum):
    """What somebody is here for."""

    MARKETER = "marketer"
    ANALYST = "analyst"
    IT = "it"


class User(SQLModel, table=True):
    """A signed-in colleague."""

    __tablename__ = "lander_user"  # "user" is a reserved word in PostgreSQL

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    role: Role
    password_hash: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class SignIn(SQLModel, table=True):
    """One browser session: the cookie's hash, never the cookie."""

    id_sha256: str = Field(primary_key=True)
    user_id: int = Field(foreign_key="lander_user.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_seen_at: datetime = Field(sa_type=UtcDateTime)


class AuditEntry(SQLModel, table=True):
    """Who did what to which thing; written in the same commit as the change. Never holds lead fields."""

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    actor: str  # a user's name, or "command line"
    action: str  # e.g. "page.publish"
    subject: str  # e.g. "go.example.com/spring-sale"
    details: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


class SignInAttempt(SQLModel, table=True):
    """An attempt to sign in that has not succeeded: what throttling counts. Forgotten after a quarter of an hour."""

    __tablename__ = "sign_in_attempt"

    id: int | None = Field(default=None, primary_key=True)
    name_sha256: str = Field(index=True)  # what was typed may be a password in the wrong field, so only its hash
    network: str = Field(index=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
