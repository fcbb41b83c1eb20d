"""Leads move from the journals into the database: each once, none lost, the doubtful ones flagged."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, select

from lander.db import reading, transaction
from lander.leads.leads import list_leads
from lander.leads.models import Lead
from lander.leads.sink import StoredLeads, UnreadableLead, store_leads
from tests.leads.builders import NOON, NOON_MS, VAULT, make_body

SECOND = 1_000


def store(engine: Engine, *bodies: bytes) -> StoredLeads:
    with transaction(engine) as session:
        return store_leads(session, bodies, now=NOON)


def flags(engine: Engine) -> dict[int, list[str]]:
    with reading(engine) as session:
        return {int(lead.id, 16): sorted(lead.flags) for lead in session.execute(select(Lead)).scalars()}


def test_a_lead_arrives_as_it_was_sealed_and_opens(database: Engine) -> None:
    assert store(database, make_body(7)) == StoredLeads(stored=1, known=0)
    with reading(database) as session:
        stored = session.execute(select(Lead)).scalar_one()
        assert "otto" not in str(stored.model_dump())
        (lead,) = list_leads(session, VAULT)
    assert lead.fields == {"email": "otto7@example.com", "name": "Otto"}
    assert (lead.received_at, lead.consented_at, lead.consent_text) == (NOON, NOON, "You may write to me.")
    assert (lead.experiment_key, lead.phase, lead.variant, lead.flags) == ("spring-sale-1", 1, "b", ())


def test_the_same_lead_again_stays_one_lead_and_changes_nothing(database: Engine) -> None:
    store(database, make_body(1))
    assert store(database, make_body(1, variant="a"), make_body(2), make_body(2)) == StoredLeads(stored=1, known=2)
    assert flags(database) == {1: [], 2: []}
    with reading(database) as session:
        assert {lead.variant for lead in list_leads(session, VAULT)} == {"b"}


def test_of_one_lead_sent_twice_in_a_batch_the_first_counts(database: Engine) -> None:
    store(
        database, make_body(1, received_at_ms=NOON_MS + SECOND), make_body(1), make_body(1, received_at_ms=NOON_MS + 9)
    )
    with reading(database) as session:
        assert [lead.received_at for lead in list_leads(session, VAULT)] == [NOON]


def test_another_lead_of_the_same_view_is_kept_and_flagged(database: Engine) -> None:
    store(database, make_body(1, view="v"), make_body(2, view="v", received_at_ms=NOON_MS + SECOND))
    store(database, make_body(3, view="v", received_at_ms=NOON_MS + 2 * SECOND, flags=["honeypot"]), make_body(4))
    assert flags(database) == {1: [], 2: ["repeated-token"], 3: ["honeypot", "repeated-token"], 4: []}


def test_a_lead_without_a_view_repeats_nothing(database: Engine) -> None:
    store(database, make_body(1, view=""), make_body(2, view=""))
    assert flags(database) == {1: [], 2: []}


def test_the_sixth_lead_of_a_network_within_a_minute_is_flagged(database: Engine) -> None:
    store(database, *(make_body(n, network="office", received_at_ms=NOON_MS + n * SECOND) for n in range(1, 9)))
    assert {number for number, found in flags(database).items() if found == ["rate"]} == {6, 7, 8}


def test_six_leads_in_a_minute_and_a_bit_are_fine(database: Engine) -> None:
    store(database, *(make_body(n, network="office", received_at_ms=NOON_MS + n * 12 * SECOND) for n in range(20)))
    assert set(map(tuple, flags(database).values())) == {()}


def test_many_networks_at_once_are_fine(database: Engine) -> None:
    store(database, *(make_body(n) for n in range(1_200)))
    store(database, *(make_body(2_000 + n, network="") for n in range(20)))
    assert set(map(tuple, flags(database).values())) == {()}


def test_a_journal_that_comes_late_flags_what_it_shows_to_be_hasty(database: Engine) -> None:
    store(database, make_body(6, network="office", received_at_ms=NOON_MS + 6 * SECOND))
    store(database, *(make_body(n, network="office", received_at_ms=NOON_MS + n * SECOND) for n in range(1, 6)))
    assert {number for number, found in flags(database).items() if found == ["rate"]} == {6}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (b"", "json_invalid"),
        (b"not json", "json_invalid"),
        (b"[]", "model_type"),
        (b'{"id": "1", "page_id": 1, "host": "go.example.com", "sealed": "-"}', "received_at_ms"),
        (make_body(2, host=None), "host"),
        (make_body(2, received_at_ms=10**18), "received_at_ms"),
        (make_body(2, phase=2**31), "phase"),
    ],
)
def test_what_is_no_lead_is_handed_back_and_holds_up_no_other(database: Engine, body: bytes, wrong: str) -> None:
    assert store(database, body, make_body(1)) == StoredLeads(
        stored=1, known=0, unreadable=(UnreadableLead(body, wrong),)
    )
    assert flags(database) == {1: []}


def test_a_field_that_only_a_newer_version_knows_loses_no_lead(database: Engine) -> None:
    store(database, make_body(1, invented_later={"deep": True}))
    assert flags(database) == {1: []}


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[bytes], list[list[bytes]]]:
    """Leads, and the same ones in another order, repeated, in batches."""
    bodies = [
        make_body(
            number,
            view=draw(st.sampled_from(["", "v", "w"])),
            network=draw(st.sampled_from(["", "office", "cafe"])),
            received_at_ms=NOON_MS + draw(st.integers(0, 90)) * SECOND,
            sealed="-",
        )
        for number in range(draw(st.integers(0, 12)))
    ]
    again = draw(st.permutations(bodies + bodies[:3]))
    cut = draw(st.integers(0, len(again)))
    return bodies, [again[:cut], again[cut:]]


@settings(max_examples=100, deadline=None)
@given(case=arrivals())
def test_flags_do_not_depend_on_the_order_in_which_leads_arrive(
    lasting_database: Engine, case: tuple[list[bytes], list[list[bytes]]]
) -> None:
    bodies, batches = case
    engine = lasting_database
    forget(engine)
    store(engine, *bodies)
    expected = flags(engine)
    assert expected == flag_plainly([json.loads(body) for body in bodies])
    forget(engine)
    for batch in batches:
        store(engine, *batch)
    assert flags(engine) == expected


def forget(database: Engine) -> None:
    with transaction(database) as session:
        session.execute(delete(Lead))


def flag_plainly(records: list[dict[str, Any]]) -> dict[int, list[str]]:
    """The two rules, lead by lead."""
    ordered = sorted(records, key=lambda record: (record["received_at_ms"], record["id"]))
    found: dict[int, list[str]] = {}
    for position, lead in enumerate(ordered):
        before = ordered[:position]
        mine = found.setdefault(int(lead["id"], 16), [])
        recent = [
            one
            for one in before
            if one["network"] == lead["network"] and one["received_at_ms"] > lead["received_at_ms"] - 60 * SECOND
        ]
        if lead["network"] and len(recent) >= 5:
            mine.append("rate")
        if lead["view"] and any(one["view"] == lead["view"] for one in before):
            mine.append("repeated-token")
    return found
