"""Maya looks at her leads and takes them along; a spreadsheet runs nothing that a visitor typed."""

import csv
import hashlib
import io
import json

import pytest
from sqlalchemy import Engine, select

from lander.access.models import AuditEntry
from lander.db import reading, transaction
from lander.leads.export import export_csv, guard
from lander.leads.leads import CANNOT_BE_OPENED, Which, list_leads
from lander.leads.sink import store_leads
from lander.vault import Vault
from tests.leads.builders import NOON, NOON_MS, VAULT, make_body


@pytest.fixture
def engine(database: Engine) -> Engine:
    with transaction(database) as session:
        store_leads(
            session,
            [
                make_body(1, received_at_ms=NOON_MS),
                make_body(2, received_at_ms=NOON_MS + 1_000, fields={"phone": "+49 30 1234", "form": "=1+1"}),
                make_body(3, received_at_ms=NOON_MS + 2_000, host="go.example.org", consented_at_ms=None, phase=0),
            ],
            now=NOON,
        )
    return database


def export(engine: Engine, host: str | None = None) -> list[dict[str, str]]:
    with transaction(engine) as session:
        text = export_csv(session, VAULT, Which(host=host), actor="Maya", now=NOON)
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_newest_lead_comes_first(engine: Engine) -> None:
    with reading(engine) as session:
        assert [int(lead.id, 16) for lead in list_leads(session, VAULT)] == [3, 2, 1]
        assert [int(lead.id, 16) for lead in list_leads(session, VAULT, limit=2)] == [3, 2]
        assert [int(lead.id, 16) for lead in list_leads(session, VAULT, Which(host="go.example.com"))] == [2, 1]
        assert list_leads(session, VAULT, Which(host="go.example.net")) == []


def test_a_lead_is_plain_json(engine: Engine) -> None:
    with reading(engine) as session:
        oldest = list_leads(session, VAULT)[-1]
    assert json.loads(json.dumps(oldest.as_json())) == {
        "id": f"{1:032x}",
        "received_at": "2026-11-02T12:00:00+00:00",
        "host": "go.example.com",
        "path": "/spring-sale",
        "form": "f1",
        "variant": "b",
        "experiment": "spring-sale-1",
        "phase": 1,
        "fields": {"email": "otto1@example.com", "name": "Otto"},
        "consent_id": hashlib.sha256(b"You may write to me.").hexdigest()[:8],
        "consent_text": "You may write to me.",
        "consented_at": "2026-11-02T12:00:00+00:00",
        "campaign": {"utm_source": "google", "utm_campaign": "spring"},
        "click_ids": {"gclid": "AbC"},
        "landing": "go.example.com/spring-sale?utm_source=google&utm_campaign=spring&gclid=AbC",
        "referrer": "www.google.com",
        "stage": "new",
        "value_minor": None,
        "spam": False,
        "flags": [],
        "simulated": False,
    }


def test_a_secret_that_is_gone_hides_the_fields_and_not_the_lead(engine: Engine) -> None:
    with reading(engine) as session:
        leads = list_leads(session, Vault(["another-secret-of-sufficient-length-42"]))
    assert [lead.fields for lead in leads] == [{}, {}, {}]
    assert {lead.flags for lead in leads} == {(CANNOT_BE_OPENED,)}


def test_an_export_has_a_column_for_every_field_of_every_form(engine: Engine) -> None:
    newest, middle, oldest = export(engine)
    assert (oldest["email"], oldest["name"], oldest["phone"]) == ("otto1@example.com", "Otto", "")
    assert (middle["phone"], middle["form"], middle["form (field)"]) == ("'+49 30 1234", "f1", "'=1+1")
    assert (newest["host"], newest["consented_at"], newest["phase"]) == ("go.example.org", "", "")
    assert len(export(engine, host="go.example.com")) == 2


def test_what_no_published_form_declared_stands_in_one_column(engine: Engine) -> None:
    before = export(engine)[0].keys()
    with transaction(engine) as session:
        many = {f"column-{number}": "x" for number in range(150)}
        unknown = [
            make_body(4, form="", fields={"email": "o@example.com", "note": "=1+1"}),
            make_body(5, form="", fields=many),
        ]
        store_leads(session, unknown, now=NOON)
    rows = {int(row["id"], 16): row for row in export(engine)}
    assert rows[4].keys() - before == {"other fields"}
    assert (rows[4]["email"], rows[4]["other fields"]) == ("", "email: o@example.com\nnote: =1+1")
    assert rows[5]["other fields"].count("\n") == 149
    assert rows[1]["other fields"] == ""


def test_an_export_is_in_the_audit_trail_without_a_word_of_the_leads(engine: Engine) -> None:
    export(engine)
    export(engine, host="go.example.org")
    with reading(engine) as session:
        entries = session.execute(select(AuditEntry)).scalars().all()
    assert [(entry.at, entry.actor, entry.action, entry.subject, entry.details) for entry in entries] == [
        (NOON, "Maya", "lead.export", "all sites", {"leads": 3}),
        (NOON, "Maya", "lead.export", "go.example.org", {"leads": 1}),
    ]


def test_an_export_of_nothing_has_its_header(engine: Engine) -> None:
    with transaction(engine) as session:
        text = export_csv(session, VAULT, Which(host="go.example.net"), actor="Maya", now=NOON)
    assert text.splitlines() == [text.strip()]
    assert text.startswith('"received_at","host"')


@pytest.mark.parametrize(
    "cell",
    [
        *(f"{start}cmd" for start in "=+-@\t\r\n＝＋－＠"),
        " =1+1",
        "\u00a0=1+1",
        "\u200b=1+1",
        "\ufeff＝1+1",
        "\x00=1+1",
        "-5",
    ],
)
def test_what_a_spreadsheet_could_run_gets_an_apostrophe(cell: str) -> None:
    assert guard(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Ada", "a=b", "otto@example.com", "7 - 5", " Ada", "'=quoted", "5"])
def test_what_a_spreadsheet_shows_as_it_is_stays_as_it_is(cell: str) -> None:
    assert guard(cell) == cell


def test_a_field_name_is_guarded_like_its_values_and_separators_stay_inside_their_cell(engine: Engine) -> None:
    with transaction(engine) as session:
        store_leads(session, [make_body(9, host="go.example.net", fields={"=evil()": 'a;=1+1,"x"\r\n=2'})], now=NOON)
        text = export_csv(session, VAULT, Which(host="go.example.net"), actor="Maya", now=NOON)
    header, row = list(csv.reader(io.StringIO(text, newline="")))
    assert header[-1] == "'=evil()"
    assert row[-1] == 'a;=1+1,"x"\r\n=2'
    assert ',"a;=1+1,""x""' in text
