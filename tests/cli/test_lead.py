"""`lander lead list | export`: what visitors sent, for those who may read it."""

import csv
import io
import json
from typing import Any

import pytest
from sqlmodel import select

from lander.access.models import AuditEntry
from lander.config import DEVELOPMENT_SECRET
from lander.db import reading, transaction
from lander.leads import sink
from lander.vault import Vault
from tests.cli.conftest import HOST, Terminal
from tests.leads import builders

ANOTHER = "another-secret-of-more-than-32-characters-987"
ONE_LEAD = {"leads": 1, "entries": 0, "deliveries": 0, "unopened": 0}


@pytest.fixture(autouse=True)
def sealed_with_our_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "VAULT", Vault([DEVELOPMENT_SECRET]))


def send(terminal: Terminal, number: int, **changes: Any) -> None:
    with transaction(terminal.engine) as session:
        sink.store_leads(session, [builders.make_body(number, **{"host": HOST, **changes})], now=builders.NOON)


def test_no_leads_are_said_to_be_none(terminal: Terminal) -> None:
    assert terminal.ok("lead", "list") == []
    assert terminal.read("lead", "list") == "No leads yet.\n"


def test_leads_are_listed_newest_first_with_their_fields_open(terminal: Terminal) -> None:
    send(terminal, 1)
    send(terminal, 2, received_at_ms=builders.NOON_MS + 60_000, flags=["too-fast"])
    assert [lead["fields"]["email"] for lead in terminal.ok("lead", "list")] == [
        "otto2@example.com",
        "otto1@example.com",
    ]
    first, second = terminal.read("lead", "list").splitlines()
    assert first.startswith(f"2026-11-02 12:01 UTC  {HOST}/spring-sale (b)  email: otto2@example.com, name: Otto")
    assert first.endswith("[too-fast]")
    assert second.endswith("name: Otto")


def test_the_list_can_be_short_and_of_one_site(terminal: Terminal) -> None:
    terminal.ok("site", "add", "go.example.com", "--core-site", "www.example.com")
    for number in (1, 2, 3):
        send(terminal, number)
    assert len(terminal.ok("lead", "list", "--limit", "2")) == 2
    assert len(terminal.ok("lead", "list", "--site", HOST)) == 3
    assert terminal.ok("lead", "list", "--site", "go.example.com") == []


def test_a_list_that_leaves_some_out_unasked_says_so_beside_the_answer(terminal: Terminal) -> None:
    with transaction(terminal.engine) as session:
        sink.store_leads(session, [builders.make_body(number, host=HOST) for number in range(51)], now=builders.NOON)
    for option in ((), ("--json",)):
        short = terminal.run("lead", "list", *option)
        assert short.status == 0
        assert short.err == (
            "lander: These are the newest 50 of 51 leads; --limit lists more, lander lead export all.\n"
        )
        assert terminal.run("lead", "list", "--limit", "51", *option).err == ""


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("list", "--site", "go.nowhere.com"), "go.nowhere.com"),
        (("export", "--site", "go.nowhere.com"), "go.nowhere.com"),
        (("list", "--limit", "0"), "'--limit'"),
    ],
)
def test_what_cannot_be_listed_is_refused(terminal: Terminal, arguments: tuple[str, ...], reason: str) -> None:
    assert reason in terminal.refused("lead", *arguments)


def test_the_export_is_csv_and_is_written_down(terminal: Terminal) -> None:
    send(terminal, 1, fields={"email": "otto@example.com", "name": '=HYPERLINK("x")'})
    (row,) = csv.DictReader(io.StringIO(terminal.read("lead", "export")))
    assert (row["host"], row["email"]) == (HOST, "otto@example.com")
    assert row["name"].startswith("'=")
    assert terminal.ok("lead", "export")["csv"].count("\r\n") == 2
    with reading(terminal.engine) as session:
        actions = [entry.action for entry in session.exec(select(AuditEntry))]
    assert actions.count("lead.export") == 2


def test_a_lead_of_a_lost_secret_does_not_hide_the_others(terminal: Terminal) -> None:
    send(terminal, 1)
    send(terminal, 2, sealed=Vault([ANOTHER]).seal('{"name": "Otto"}', context=f"{2:032x}"))
    terminal.set("LANDER_SECRET_KEYS", ANOTHER)
    listed = terminal.run("lead", "list", "--json")
    assert listed.status == 0
    assert {lead["fields"].get("name"): lead["flags"] for lead in json.loads(listed.out)} == {
        None: ["cannot-be-opened"],
        "Otto": [],
    }


def test_leads_of_a_lost_secret_are_counted_beside_a_list_and_an_export(terminal: Terminal) -> None:
    for number in (1, 2, 3):
        send(terminal, number)
    assert terminal.run("lead", "list").err == ""
    terminal.set("LANDER_SECRET_KEYS", ANOTHER)
    for command in (("list",), ("list", "--limit", "1"), ("list", "--json"), ("export",)):
        done = terminal.run("lead", *command)
        assert done.status == 0
        assert done.err == (
            "lander: 3 leads cannot be opened with these secrets: put the secret that sealed them back on "
            "LANDER_SECRET_KEYS.\n"
        )
    assert terminal.run("lead", "list", "--spam").err == ""


def test_erasing_fails_where_leads_may_be_theirs_and_erases_what_it_can(terminal: Terminal) -> None:
    for number in (1, 2):
        send(terminal, number)
    send(terminal, 3, sealed=Vault([ANOTHER]).seal('{"email": "otto1@example.com"}', context=f"{3:032x}"))
    terminal.set("LANDER_SECRET_KEYS", ANOTHER)
    done = terminal.run("lead", "erase", "otto1@example.com", "--json")
    assert done.status == 1
    assert json.loads(done.out) == {"leads": 1, "entries": 0, "deliveries": 0, "unopened": 2}
    assert "2 leads cannot be opened with these secrets and may be theirs." in done.err
    again = terminal.run("lead", "erase", "otto1@example.com")
    assert again.status == 1
    assert "No lead of this address is among those that can be opened." in again.out
    replayed = terminal.run("lead", "erase", "--replay")
    assert (replayed.status, replayed.out) == (1, "None of the leads that can be opened had come back.\n")
    assert "2 leads" in replayed.err
    terminal.set("LANDER_SECRET_KEYS", f"{ANOTHER},{DEVELOPMENT_SECRET}")
    assert terminal.ok("lead", "erase", "--replay") == {"leads": 1, "unopened": 0}


def test_stages_and_the_spam_folder_narrow_the_list(terminal: Terminal) -> None:
    send(terminal, 1)
    send(terminal, 2, flags=["bot"])
    assert [lead["spam"] for lead in terminal.ok("lead", "list", "--spam")] == [True]
    assert [lead["spam"] for lead in terminal.ok("lead", "list", "--no-spam")] == [False]
    assert terminal.ok("lead", "list", "--stage", "won") == []
    assert terminal.ok("lead", "export", "--no-spam")["csv"].count("\r\n") == 2


def test_an_export_for_excel_begins_with_its_mark(terminal: Terminal) -> None:
    send(terminal, 1)
    assert terminal.ok("lead", "export", "--bom")["csv"].startswith("\ufeff")
    assert not terminal.ok("lead", "export")["csv"].startswith("\ufeff")


def test_a_person_is_erased_and_stays_erased(terminal: Terminal) -> None:
    send(terminal, 1)
    send(terminal, 2)
    assert terminal.ok("lead", "erase", "otto1@example.com") == ONE_LEAD
    assert terminal.read("lead", "erase", "otto2@example.com").startswith("Erased: 1 lead.")
    send(terminal, 1)
    assert terminal.ok("lead", "list") == []
    assert terminal.ok("lead", "erase", "--replay") == {"leads": 0, "unopened": 0}
    assert terminal.read("lead", "erase", "nobody@example.com").startswith("No lead of this address is here.")


def test_a_single_lead_is_erased_and_stays_erased(terminal: Terminal) -> None:
    send(terminal, 1)
    send(terminal, 2)
    assert terminal.ok("lead", "erase", "--lead", f"{1:032x}") == ONE_LEAD
    send(terminal, 1)
    assert [lead["id"] for lead in terminal.ok("lead", "list")] == [f"{2:032x}"]
    assert "no such lead" in terminal.refused("lead", "erase", "--lead", "nonsense")


@pytest.mark.parametrize(
    "arguments",
    [(), ("otto",), ("otto@example.com", "--replay"), ("otto@example.com", "--lead", "x"), ("--lead", "x", "--replay")],
)
def test_erasing_needs_one_person_or_a_replay(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    terminal.refused("lead", "erase", *arguments)
