"""Ivan applies a file; it is in force from then on, kept in full, and on the record."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from lander.access.models import AuditEntry
from lander.errors import ConfigurationError
from lander.policy import store
from lander.policy.models import PolicyVersion
from lander.policy.parse import InvalidPolicy
from lander.policy.policy import DEFAULTS

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
FILE = '[isolation.allow]\nscript = ["cdn.example.com"]\n'


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    with Session(database) as session:
        yield session


def test_without_a_file_the_defaults_are_in_force(session: Session) -> None:
    assert store.load_policy(session) == DEFAULTS


def test_an_applied_file_is_in_force_and_on_record(session: Session) -> None:
    version = store.apply_policy(session, FILE, actor="ivan", now=NOW)
    policy = store.load_policy(session)
    assert policy.version == version.number == 1
    assert policy.isolation.allow.script == ("https://cdn.example.com",)
    entry = session.exec(select(AuditEntry)).one()
    assert (entry.actor, entry.action, entry.details) == ("ivan", "policy.apply", {"before": 0, "after": 1})


def test_the_newest_file_wins_and_older_ones_are_kept(session: Session) -> None:
    store.apply_policy(session, FILE, actor="ivan", now=NOW)
    store.apply_policy(session, "", actor="ivan", now=NOW)
    assert store.load_policy(session).isolation == DEFAULTS.isolation
    assert [version.text for version in store.list_versions(session)] == ["", FILE]


def test_applying_the_file_in_force_changes_nothing(session: Session) -> None:
    first = store.apply_policy(session, FILE, actor="ivan", now=NOW)
    assert store.apply_policy(session, FILE, actor="ivan", now=NOW) is first
    assert len(session.exec(select(AuditEntry)).all()) == 1


def test_a_file_with_a_mistake_is_not_applied(session: Session) -> None:
    with pytest.raises(InvalidPolicy):
        store.apply_policy(session, '[isolation.allow]\nscript = ["*"]\n', actor="ivan", now=NOW)
    assert session.exec(select(PolicyVersion).order_by(col(PolicyVersion.number))).all() == []
    assert session.exec(select(AuditEntry)).all() == []


def test_a_process_reads_the_file_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(FILE)
    assert store.read_file(tmp_path / "policy.toml") == FILE


def test_a_process_whose_rules_cannot_be_read_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LANDER_POLICY"):
        store.read_file(tmp_path / "missing.toml")
    (tmp_path / "policy.toml").write_text("[nonsense]")
    with pytest.raises(InvalidPolicy):
        store.read_file(tmp_path / "policy.toml")
