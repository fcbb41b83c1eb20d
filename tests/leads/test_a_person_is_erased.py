"""Who asks to be forgotten is: in every lead, whichever secret it was sealed with, and again when something comes back."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from lander import erasure
from lander.access.models import AuditEntry
from lander.config import Settings, load_settings
from lander.db import reading, transaction
from lander.erasure import FILE, Gone
from lander.errors import InvalidInput, NotFound
from lander.leads import stages
from lander.leads.models import Erasure, Lead, LeadEntry
from lander.leads.sink import store_leads
from tests.leads.builders import NOON, make_body

OLD, NEW = "correct-horse-battery-staple-0123456789", "a-newer-secret-that-signs-from-now-on-0123"
LATER = NOON + timedelta(hours=1)


def settings_of(folder: Path, secrets: str = OLD) -> Settings:
    return load_settings({"LANDER_ENV": "development", "LANDER_DATA_DIR": str(folder), "LANDER_SECRET_KEYS": secrets})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "data"
    folder.mkdir()
    return settings_of(folder)


def send(engine: Engine, *bodies: bytes) -> None:
    with transaction(engine) as session:
        store_leads(session, bodies, now=NOON)


def erase(engine: Engine, settings: Settings, email: str) -> Gone:
    with transaction(engine) as session:
        gone = erasure.erase_person(session, settings, email, actor="Ivan", now=LATER)
    erasure.write_list(engine, settings)
    return gone


def left(engine: Engine) -> list[int]:
    with reading(engine) as session:
        return sorted(int(lead_id, 16) for lead_id in session.exec(select(Lead.id)))


def test_every_lead_of_an_address_goes_and_no_other(database: Engine, settings: Settings) -> None:
    send(
        database,
        make_body(1),
        make_body(2),
        make_body(3, fields={"email": "otto1@example.com.evil.example"}, email_index=""),
    )
    assert erase(database, settings, " Otto1@Example.com ") == Gone(leads=1, entries=0, deliveries=0)
    assert left(database) == [2, 3]


def test_it_is_found_in_any_field_and_without_an_index(database: Engine, settings: Settings) -> None:
    send(database, make_body(1, fields={"note": "Mail me: OTTO@example.com!"}, email_index=""))
    assert erase(database, settings, "otto@example.com").leads == 1


def test_leads_of_an_older_secret_are_found(database: Engine, settings: Settings) -> None:
    send(database, make_body(1), make_body(2, fields={"note": "x"}))
    rotated = settings_of(settings.data_dir, f"{NEW},{OLD}")
    assert erase(database, rotated, "otto1@example.com").leads == 1
    assert erase(database, rotated, "otto2@example.com").leads == 1, "by its index alone"


def test_a_lead_that_no_secret_opens_is_found_by_its_index(database: Engine, settings: Settings) -> None:
    send(database, make_body(1, sealed="unreadable"))
    assert erase(database, settings, "otto1@example.com").leads == 1


def test_leads_that_no_secret_opens_are_counted_because_they_may_be_theirs(
    database: Engine, settings: Settings
) -> None:
    later = make_body(4, received_at_ms=int(LATER.timestamp() * 1000) + 1)
    send(database, make_body(1), make_body(2), make_body(3, sealed="unreadable"), later)
    lost = settings_of(settings.data_dir, NEW)
    assert erase(database, lost, "otto1@example.com") == Gone(leads=0, entries=0, deliveries=0, unopened=3)
    assert left(database) == [1, 2, 3, 4]
    put_back = settings_of(settings.data_dir, f"{NEW},{OLD}")
    gone = erase(database, put_back, "otto1@example.com")
    assert (gone.leads, gone.unopened, left(database)) == (1, 1, [2, 3, 4])
    assert "No lead of this address is here" not in Gone(0, 0, 0, unopened=1).sentence


def test_a_replay_counts_them_too(database: Engine, settings: Settings) -> None:
    lost = settings_of(settings.data_dir, NEW)
    erase(database, lost, "otto1@example.com")
    send(database, make_body(1), make_body(2, received_at_ms=int(LATER.timestamp() * 1000) + 1))
    again = erasure.replay(database, lost, actor="work", now=LATER, thoroughly=True)
    assert (again.leads, again.unopened) == (0, 1)
    put_back = settings_of(settings.data_dir, f"{NEW},{OLD}")
    assert erasure.replay(database, put_back, actor="work", now=LATER, thoroughly=True).leads == 1
    assert left(database) == [2]


def test_what_was_done_about_a_lead_goes_with_it(database: Engine, settings: Settings) -> None:
    send(database, make_body(1), make_body(2))
    with transaction(database) as session:
        stages.change_stage(session, [f"{1:032x}", f"{2:032x}"], "won", actor="Maya", now=NOON)
    assert erase(database, settings, "otto1@example.com") == Gone(leads=1, entries=1, deliveries=0)
    with reading(database) as session:
        assert [int(entry.lead_id, 16) for entry in session.exec(select(LeadEntry))] == [2]


def test_the_audit_trail_names_nobody(database: Engine, settings: Settings) -> None:
    send(database, make_body(1))
    erase(database, settings, "otto1@example.com")
    with reading(database) as session:
        (entry,) = session.exec(select(AuditEntry)).all()
        indexes = session.exec(select(Erasure.email_index)).all()
    assert (entry.actor, entry.action, entry.details) == ("Ivan", "lead.erase", {"leads": 1, "deliveries": 0})
    assert not any(index in str(entry.model_dump()) for index in indexes)


def test_a_journal_that_comes_home_late_brings_nobody_back(database: Engine, settings: Settings) -> None:
    erase(database, settings, "otto1@example.com")
    send(database, make_body(1), make_body(2))
    assert left(database) == [2]


def test_what_somebody_sends_after_they_were_forgotten_is_a_lead_like_any_other(
    database: Engine, settings: Settings
) -> None:
    erase(database, settings, "otto1@example.com")
    send(database, make_body(1, received_at_ms=int(LATER.timestamp() * 1000) + 1))
    assert erasure.replay(database, settings, actor="work", now=LATER, thoroughly=True).leads == 0
    assert left(database) == [1]


def test_a_restored_database_is_told_again_from_the_disk(database: Engine, settings: Settings) -> None:
    indexed, mentioned, other = (
        make_body(1),
        make_body(2, fields={"note": "otto1@example.com"}, email_index=""),
        make_body(3),
    )
    send(database, indexed, mentioned, other)
    erase(database, settings, "otto1@example.com")
    with transaction(database) as session:  # the backup of before: neither the erasure nor its effect
        for item in session.exec(select(Erasure)):
            session.delete(item)
    send(database, indexed, mentioned)
    assert left(database) == [1, 2, 3]
    assert erasure.replay(database, settings, actor="the work process", now=LATER).leads == 2
    assert left(database) == [3]
    send(database, indexed)
    assert left(database) == [3], "the database knows again"
    assert erasure.replay(database, settings, actor="the work process", now=LATER).leads == 0
    with reading(database) as session:
        last = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert last is not None
    assert (last.action, last.details["leads"]) == ("lead.erase-again", 2)


def test_another_node_learns_who_was_erased(database: Engine, settings: Settings, tmp_path: Path) -> None:
    erase(database, settings, "otto1@example.com")
    other = tmp_path / "other-node"
    other.mkdir()
    erasure.replay(database, settings_of(other), actor="work", now=LATER)
    assert json.loads((other / FILE).read_text()) == json.loads((settings.data_dir / FILE).read_text())


def test_the_file_on_disk_names_nobody_and_forgets_nothing(
    database: Engine, settings: Settings, tmp_path: Path
) -> None:
    erase(database, settings, "otto1@example.com")
    content = (settings.data_dir / FILE).read_text()
    assert "otto" not in content
    with transaction(database) as session:
        for item in session.exec(select(Erasure)):
            session.delete(item)
    erase(database, settings, "otto2@example.com")
    assert len(json.loads((settings.data_dir / FILE).read_text())["erasures"]) == 2


def test_erasing_somebody_twice_covers_what_came_in_between(database: Engine, settings: Settings) -> None:
    erase(database, settings, "otto1@example.com")
    send(database, make_body(1, received_at_ms=int(LATER.timestamp() * 1000) + 1))
    with transaction(database) as session:
        gone = erasure.erase_person(
            session, settings, "otto1@example.com", actor="Ivan", now=LATER + timedelta(minutes=1)
        )
    assert (gone.leads, left(database)) == (1, [])


def erase_one(engine: Engine, settings: Settings, number: int) -> Gone:
    with transaction(engine) as session:
        gone = erasure.erase_lead(session, f"{number:032x}", actor="Ivan", now=LATER)
    erasure.write_list(engine, settings)
    return gone


def test_a_lead_without_an_address_goes_alone_with_what_was_done_about_it(database: Engine, settings: Settings) -> None:
    send(database, *(make_body(number, fields={"name": "Otto"}, email_index="") for number in (1, 2)))
    with transaction(database) as session:
        stages.change_stage(session, [f"{1:032x}", f"{2:032x}"], "won", actor="Maya", now=NOON)
    assert erase_one(database, settings, 1) == Gone(leads=1, entries=1, deliveries=0)
    assert left(database) == [2]
    with reading(database) as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "lead.erase")).one()
    assert (entry.subject, entry.details) == ("one lead", {"leads": 1, "deliveries": 0})
    assert f"{1:032x}" not in str(entry.model_dump())


def test_neither_a_journal_nor_a_backup_brings_a_single_lead_back(database: Engine, settings: Settings) -> None:
    alone = make_body(1, fields={"name": "Otto"}, email_index="")
    send(database, alone, make_body(2))
    erase_one(database, settings, 1)
    send(database, alone)
    assert left(database) == [2]
    with transaction(database) as session:  # the backup of before: neither the erasure nor its effect
        for item in session.exec(select(Erasure)):
            session.delete(item)
    send(database, alone)
    assert left(database) == [1, 2]
    assert erasure.replay(database, settings, actor="the work process", now=LATER).leads == 1
    assert left(database) == [2]
    send(database, alone)
    assert left(database) == [2], "the database knows again"


def test_another_node_learns_which_lead_was_erased(database: Engine, settings: Settings, tmp_path: Path) -> None:
    send(database, make_body(1))
    erase_one(database, settings, 1)
    other = tmp_path / "other-node"
    other.mkdir()
    erasure.replay(database, settings_of(other), actor="work", now=LATER)
    assert json.loads((other / FILE).read_text()) == json.loads((settings.data_dir / FILE).read_text())


@pytest.mark.parametrize("lead_id", ["", "x", "\0", f"lead:{1:032x}", "f" * 32])
def test_a_lead_that_is_not_there_is_not_said_to_be_erased(database: Engine, settings: Settings, lead_id: str) -> None:
    with pytest.raises(NotFound), transaction(database) as session:
        erasure.erase_lead(session, lead_id, actor="Ivan", now=LATER)
    with reading(database) as session:
        assert session.exec(select(Erasure)).all() == []


@pytest.mark.parametrize("email", ["", "otto", "two@example.com three@example.com", "@example.com", "otto@localhost"])
def test_what_is_no_address_is_refused(database: Engine, settings: Settings, email: str) -> None:
    with pytest.raises(InvalidInput):
        erase(database, settings, email)


def test_a_file_of_another_format_stops_here_instead_of_being_overwritten(database: Engine, settings: Settings) -> None:
    (settings.data_dir / FILE).write_text('{"format": 2, "erasures": []}')
    with pytest.raises(ValueError, match="format 2"):
        erasure.replay(database, settings, actor="work", now=LATER)


def test_a_thousand_leads_are_looked_through(database: Engine, settings: Settings) -> None:
    send(database, *(make_body(n, fields={"email": f"otto{n % 3}@example.com"}, email_index="") for n in range(1_200)))
    assert erase(database, settings, "otto1@example.com").leads == 400
    assert len(left(database)) == 800
