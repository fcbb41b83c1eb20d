"""The table of policy versions: every file IT ever applied, in full."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from lander.db import UtcDateTime


class PolicyVersion(SQLModel, table=True):
    """One applied policy file; the highest number is in force."""

    number: int | None = Field(default=None, primary_key=True)
    text: str
    applied_at: datetime = Field(sa_type=UtcDateTime)
    applied_by: str
