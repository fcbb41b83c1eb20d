"""Where a lead belongs, what it is worth, and which ones a search means."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from lander.access.models import AuditEntry
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.leads import leads, stages
from lander.leads.leads import Which
from lander.leads.models import Lead, LeadEntry, Stage
from lander.leads.money import LARGEST_MINOR, parse_money, write_amount, write_money
from lander.leads.sink import store_leads
from lander.pages.models import Page, Site
from lander.vault import Vault
from tests.leads.builders import NOON, NOON_MS, VAULT, make_body


def send(engine: Engine, *bodies: bytes) -> None:
    with transaction(engine) as session:
        store_leads(session, bodies, now=NOON)


def load(session: Session, number: int) -> Lead:
    return session.get_one(Lead, f"{number:032x}")


def test_a_lead_is_listed_under_the_host_of_its_page_whichever_host_it_was_sent_to(database: Engine) -> None:
    with transaction(database) as session:
        site = Site(host="go.example.org", core_site="www.example.org", timezone="UTC", currency="EUR", created_at=NOON)
        session.add(site)
        session.flush()
        assert site.id is not None
        session.add(Page(id=7, site_id=site.id, slug="winter", created_at=NOON, created_by="Maya"))
    send(
        database,
        make_body(1, page_id=7, host="go.example.com", path=""),
        make_body(2, page_id=8),
        make_body(3, page_id=7),
    )
    with reading(database) as session:
        assert [(load(session, n).host, load(session, n).path) for n in (1, 2, 3)] == [
            ("go.example.org", "/winter"),
            ("go.example.com", "/spring-sale"),
            ("go.example.org", "/spring-sale"),
        ]


def test_flags_decide_the_folder_and_a_persons_word_outlasts_them(database: Engine) -> None:
    send(database, make_body(1, view="v"), make_body(2, flags=["bot"]))
    send(database, make_body(3, view="v", received_at_ms=NOON_MS + 1_000), make_body(4))
    with reading(database) as session:
        assert [load(session, n).spam for n in (1, 2, 3, 4)] == [False, True, True, False]
    with transaction(database) as session:
        assert stages.move_leads(session, [f"{4:032x}", f"{2:032x}"], spam=False, actor="Maya", now=NOON) == [
            f"{2:032x}"
        ]
        stages.move_leads(session, [f"{3:032x}"], spam=False, actor="Maya", now=NOON)
    send(database, *(make_body(n, network="n", received_at_ms=NOON_MS + n) for n in range(10, 20)))
    send(database, make_body(5, view="v", received_at_ms=NOON_MS - 1))  # now lead 1 repeats it
    with reading(database) as session:
        assert [load(session, n).spam for n in (1, 2, 3)] == [True, False, False]
        assert sum(lead.spam for lead in session.exec(select(Lead).where(Lead.network == "n"))) == 5


def test_a_stage_changes_once_and_says_from_where(database: Engine) -> None:
    send(database, make_body(1), make_body(2))
    ids = [f"{n:032x}" for n in (1, 2, 3)]
    with transaction(database) as session:
        assert stages.change_stage(session, ids[:1], "won", actor="Maya", now=NOON) == 1
        assert stages.change_stage(session, ids, "won", actor="Max", now=NOON) == 1
        assert stages.change_value(session, load(session, 1), 100, actor="Max", now=NOON) is True
        assert stages.change_value(session, load(session, 1), 100, actor="Max", now=NOON) is False
    with reading(database) as session:
        told = [(entry.by, entry.kind, entry.details) for entry in leads.list_entries(session, ids[0])]
        assert told == [
            ("Maya", "stage", {"before": "new", "after": "won"}),
            ("Max", "value", {"before": None, "after": 100}),
        ]
        assert {entry.subject for entry in session.exec(select(AuditEntry))} == {ids[0], ids[1]}
        assert [(item.stage, item.leads, item.value_minor) for item in leads.count_stages(session)] == [
            (Stage.NEW, 0, 0),
            (Stage.QUALIFIED, 0, 0),
            (Stage.WON, 2, 100),
            (Stage.LOST, 0, 0),
        ]


@pytest.mark.parametrize("ids", [[], ["\0"], [f"{n:032x}" for n in range(501)]])
def test_nothing_or_too_much_at_once_is_refused(database: Engine, ids: list[str]) -> None:
    with transaction(database) as session, pytest.raises(InvalidInput):
        stages.change_stage(session, ids, "won", actor="Maya", now=NOON)
    with reading(database) as session:
        assert session.exec(select(LeadEntry)).all() == []


def test_an_address_is_found_among_all_and_words_among_the_newest(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leads, "SEARCHED", 3)
    send(
        database,
        *(make_body(n, received_at_ms=NOON_MS + n * 1_000, fields={"name": f"Otto Nr{n} GRÜN"}) for n in range(1, 6)),
    )
    with reading(database) as session:
        by_address = leads.search_leads(session, VAULT, " OTTO1@example.com", limit=50)
        by_words = leads.search_leads(session, VAULT, "grün otto", limit=50)
        one = leads.search_leads(session, VAULT, "nr5 otto", limit=50)
        nobody = leads.search_leads(session, VAULT, "nobody@example.com", limit=50)
    assert ([int(lead.id, 16) for lead in by_address.leads], by_address.is_by_email) == ([1], True)
    assert ([int(lead.id, 16) for lead in by_words.leads], by_words.searched, by_words.of) == ([5, 4, 3], 3, 5)
    assert [int(lead.id, 16) for lead in one.leads] == [5]
    assert (nobody.leads, nobody.is_by_email) == ([], False)


def test_an_address_that_an_older_secret_indexed_is_found(database: Engine) -> None:
    send(database, make_body(1))
    rotated = Vault(["a-newer-secret-that-signs-from-now-on-0123", "correct-horse-battery-staple-0123456789"])
    with reading(database) as session:
        assert len(leads.search_leads(session, rotated, "otto1@example.com", limit=5).leads) == 1


def test_filters_and_choices_know_the_campaign(database: Engine) -> None:
    send(
        database,
        make_body(1, campaign={"utm_source": "a'b\"c"}),
        make_body(2, campaign={"utm_source": "google"}, variant="a"),
        make_body(3, campaign={}, simulated=True),
        make_body(4, campaign={"utm_source": "google"}, flags=["bot"]),
    )
    with reading(database) as session:
        assert leads.list_choices(session, Which(), "utm_source") == ["a'b\"c", "google"]
        assert [int(one.id, 16) for one in leads.list_leads(session, VAULT, Which(source="a'b\"c"))] == [1]
        assert leads.list_variants(session, Which(source="google")) == ["a", "b"]
        assert leads.list_page_ids(session, Which()) == [1]
        assert leads.count_by_page(session, since=NOON) == {1: 2}, "neither spam nor simulated"
        assert leads.count_by_page(session, since=NOON + timedelta(seconds=1)) == {}


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("", "EUR", None),
        ("  ", "EUR", None),
        ("0", "EUR", 0),
        ("149.5", "EUR", 14_950),
        ("149,50", "EUR", 14_950),
        ("€ 1.234,50", "EUR", 123_450),
        ("1,234.50 EUR", "EUR", 123_450),
        ("1 234", "EUR", 123_400),
        ("1\u202f234,5", "EUR", 123_450),
        ("1’234.50", "CHF", 123_450),
        ("1,234,567", "USD", 123_456_700),
        ("12,345", "EUR", 1_234_500),
        ("0.50", "EUR", 50),
        ("900", "JPY", 900),
    ],
)  # fmt: skip
def test_money_is_read_as_people_write_it(typed: str, currency: str, minor: int | None) -> None:
    assert parse_money(typed, currency) == minor


@pytest.mark.parametrize(
    "typed",
    [
        "a lot",
        "-5",
        "1e3",
        "1.2.3",
        "1,23,456",
        "1.234.5678",
        "1,234,50",
        "nan",
        "٣",
        "21474836.48",
        "9" * 400,
        "0x10",
        "1 2",
        "0.500",
        "0,001",
        "012.345",
    ],
)
def test_what_is_no_money_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        parse_money(typed, "EUR")


def test_money_has_cents_only_where_the_currency_has() -> None:
    with pytest.raises(InvalidInput, match="no cents"):
        parse_money("9.50", "JPY")
    assert (write_money(LARGEST_MINOR, "EUR"), write_amount(5, "EUR"), write_money(5, "JPY")) == (
        "21,474,836.47 EUR",
        "0.05",
        "5 JPY",
    )
