"""Maya works through her leads; Ana gets none of them; Ivan may erase a person and see nobody."""

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from werkzeug.test import TestResponse

from lander.access.models import AuditEntry
from lander.config import Settings
from lander.db import reading, transaction
from lander.integrations.email.receivers import add_recipient
from lander.integrations.models import Delivery
from lander.leads import sink
from lander.leads.models import Lead, LeadEntry
from lander.pages.models import Page, Site
from lander.vault import Vault
from tests.console.conftest import NOW, Browser, on_both, text_of
from tests.leads import builders

NOW_MS = int(NOW.timestamp() * 1000)


@pytest.fixture(autouse=True)
def sealed_with_our_secret(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builders, "VAULT", Vault(settings.secret_keys))


def send(engine: Engine, page: Page, number: int, **changes: Any) -> str:
    """A lead of that page, so many minutes ago; its id."""
    body = builders.make_body(
        number,
        **{
            "page_id": page.id,
            "host": "go.localhost",
            "received_at_ms": NOW_MS - number * 60_000,
            "consented_at_ms": NOW_MS - number * 60_000,
            **changes,
        },
    )
    with transaction(engine) as session:
        sink.store_leads(session, [body], now=NOW)
    return f"{number:032x}"


@pytest.fixture
def lead(engine: Engine, live: Page) -> str:
    return send(engine, live, 1)


def names(answer: TestResponse) -> list[str]:
    """Who stands in the list, in its order."""
    return re.findall(r'<a href="/leads/[0-9a-f]{32}">([^<]*)</a>', answer.text)


def entries(engine: Engine) -> list[tuple[str, str, dict[str, Any]]]:
    with reading(engine) as session:
        return [
            (item.by, item.kind, item.details) for item in session.exec(select(LeadEntry).order_by(col(LeadEntry.id)))
        ]


def audited(engine: Engine) -> list[tuple[str, str, str]]:
    with reading(engine) as session:
        found = session.exec(select(AuditEntry).order_by(col(AuditEntry.id)))
        return [(item.actor, item.action, item.subject) for item in found if item.action.startswith("lead.")]


def test_without_leads_the_screen_shows_what_one_will_look_like(maya: Browser, live: Page) -> None:
    assert "No leads on go.localhost yet." in text_of(maya.get("/leads"))


def test_before_there_is_a_site_the_screen_is_there_too(maya: Browser) -> None:
    assert maya.get("/leads").status_code == 200


@on_both
def test_the_newest_lead_stands_on_top_with_where_it_came_from(maya: Browser, engine: Engine, live: Page) -> None:
    for number in (3, 1, 2):
        send(engine, live, number)
    answer = maya.get("/leads")
    assert names(answer) == [f"otto{number}@example.com" for number in (1, 2, 3)]
    assert "spring-sale b google / spring New" in text_of(answer)


@on_both
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("variant=a", [2]),
        ("source=bing", [3]),
        ("campaign=spring", [1, 2]),
        ("source=bing&campaign=spring", []),
        ("stage=won", [4]),
        ("page=spring-sale", [1, 2, 3, 4]),
        ("q=OTTO2%40example.com", [2]),
        ("q=otto4%40example.com", [4]),
        ("q=bumper+blue", [3]),
        ("q=nobody%40example.com", []),
        ("q=%25", []),
        ("folder=spam", [5]),
        ("folder=spam&q=otto5%40example.com", [5]),
    ],
)
def test_filters_stand_in_the_address_and_work_together(
    maya: Browser, engine: Engine, live: Page, query: str, found: list[int]
) -> None:
    send(engine, live, 1)
    send(engine, live, 2, variant="a")
    send(engine, live, 3, campaign={"utm_source": "bing"}, fields={"email": "otto3@example.com", "m": "A BLUE bumper"})
    fourth = send(engine, live, 4, campaign={})
    send(engine, live, 5, flags=["honeypot"])
    maya.post("/leads/change", {"lead": fourth, "to_stage": "won"})
    assert names(maya.get(f"/leads?{query}")) == [f"otto{number}@example.com" for number in found]


def test_days_are_the_sites(maya: Browser, engine: Engine, live: Page) -> None:
    send(engine, live, 1, received_at_ms=builders.NOON_MS + 11 * 3_600_000 + 1_800_000)  # 00:30 in Berlin
    assert names(maya.get("/leads?since=2026-11-03&until=2026-11-03")) == ["otto1@example.com"]
    assert names(maya.get("/leads?until=2026-11-02")) == []


@pytest.mark.parametrize(
    "query",
    ["since=soon", "until=2026-13-01", "stage=maybe", "page=nowhere", "since=9999-99-99", "since=%00", "stage=%00new"],
)
def test_a_filter_that_is_none_is_said_or_ignored(maya: Browser, lead: str, query: str) -> None:
    assert maya.get(f"/leads?{query}").status_code in (200, 422)


@pytest.mark.parametrize(
    "query",
    [
        "since=0001-01-01",
        "until=9999-12-31",
        "before=x",
        "before=2026-11-02T12:00:00~x",
        "q=%00",
        "variant=%00",
        "q=" + "x" * 4_000,
    ],
)
def test_a_filter_at_the_end_of_the_world_is_no_accident(maya: Browser, lead: str, query: str) -> None:
    assert maya.get(f"/leads?{query}").status_code == 200


def test_older_leads_are_a_page_away(maya: Browser, engine: Engine, live: Page) -> None:
    with transaction(engine) as session:
        bodies = [builders.make_body(n, page_id=live.id, host="go.localhost") for n in range(1, 61)]
        sink.store_leads(session, bodies, now=NOW)
    first = maya.get("/leads?source=google")
    older = re.search(r'href="(/leads\?[^"]*)">Older leads', first.text)
    assert older is not None
    second = maya.get(older[1].replace("&amp;", "&"))
    seen = [*names(first), *names(second)]
    assert (len(names(first)), len(seen), len(set(seen))) == (50, 60, 60)
    assert "60 leads." in text_of(second)


def test_a_search_says_how_far_it_looked(maya: Browser, lead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "1 lead with these words in the newest 1." in text_of(maya.get("/leads?q=otto"))
    assert "1 lead of exactly this address." in text_of(maya.get("/leads?q=otto1@example.com"))


@on_both
def test_an_address_that_only_the_other_folder_holds_is_pointed_to(
    maya: Browser, engine: Engine, live: Page, lead: str
) -> None:
    send(engine, live, 2, flags=["honeypot"])
    found = maya.get("/leads?q=otto2@example.com&stage=new")
    assert "1 lead of this address in the spam folder." in text_of(found)
    assert names(found) == []
    there = maya.get("/leads?folder=spam&q=otto2%40example.com")
    assert 'href="/leads?folder=spam&amp;q=otto2%40example.com"' in found.text
    assert names(there) == ["otto2@example.com"]
    back = maya.get("/leads?folder=spam&q=otto1@example.com")
    assert "1 lead of this address among the leads that are no spam." in text_of(back)
    assert 'href="/leads?q=otto1%40example.com"' in back.text
    assert "of this address" not in text_of(maya.get("/leads?q=nobody@example.com"))


@on_both
def test_the_way_from_the_click_to_the_lead_is_told(maya: Browser, engine: Engine, lead: str) -> None:
    maya.post(f"/leads/{lead}/stage", {"stage": "qualified", "value": "1,234.50"})
    maya.wait(minutes=1)
    maya.post(f"/leads/{lead}/stage", {"stage": "won", "value": "1,234.50"})
    page = text_of(maya.get(f"/leads/{lead}"))
    timeline = page.partition("Timeline")[2].partition("Where it stands")[0]
    told = [
        "Clicked an ad: google / spring",
        "Landed on go.localhost/spring-sale?utm_source=google&utm_campaign=spring&gclid=AbC",
        "Saw variant B",
        "Sent the form",
        "New → Qualified by maya",
        "Worth 1,234.50 EUR by maya",
        "Qualified → Won by maya",
        "not linked",
    ]
    at = [timeline.find(sentence) for sentence in told]
    assert -1 not in at, told[at.index(-1)]
    assert at == sorted(at)
    for shown in ("otto1@example.com", "gclid AbC", "www.google.com", "You may write to me."):
        assert shown in page


def test_what_was_told_of_a_lead_stands_in_its_timeline(
    maya: Browser, engine: Engine, site: Site, live: Page, lead: str
) -> None:
    with transaction(engine) as session:
        add_recipient(session, session.get_one(Site, site.id), "sales@example.com", actor="maya", now=NOW)
    spam = send(engine, live, 2, flags=["too-fast"])
    maya.post(f"/leads/{spam}/spam", {"move": "inbox"})
    assert "Told: e-mail to sales@example.com Waits, or is tried again" in text_of(maya.get(f"/leads/{spam}"))


def test_two_people_who_change_one_lead_both_stand_in_its_timeline(
    maya: Browser, browser: Any, engine: Engine, lead: str
) -> None:
    other = browser("maya")
    maya.post(f"/leads/{lead}/stage", {"stage": "won", "value": ""})
    other.post(f"/leads/{lead}/stage", {"stage": "lost", "value": ""})
    assert entries(engine) == [
        ("maya", "stage", {"before": "new", "after": "won"}),
        ("maya", "stage", {"before": "won", "after": "lost"}),
    ]


@on_both
def test_ticked_leads_move_together_and_are_in_the_audit_trail(maya: Browser, engine: Engine, live: Page) -> None:
    first, second, third = (send(engine, live, number) for number in (1, 2, 3))
    answer = maya.post("/leads/change", {"lead": [first, third, "gone"], "to_stage": "qualified", "source": "google"})
    assert (answer.status_code, answer.headers["Location"].partition("&")[0]) == (303, "/leads?source=google")
    page = text_of(maya.get(answer.headers["Location"]))
    assert "2 leads moved to “Qualified”." in page
    assert "All 3 New 1 Qualified 2" in page
    assert audited(engine) == [("maya", "lead.stage", "2 leads")]
    assert {by for by, _, _ in entries(engine)} == {"maya"}
    assert second not in str(entries(engine))


@pytest.mark.parametrize(
    "fields",
    [{}, {"to_stage": "won"}, {"lead": "x", "to_stage": "maybe"}, {"lead": "\0", "to_stage": "won"}, {"move": "spam"}],
)
def test_moving_nothing_or_nowhere_is_refused_with_the_list(maya: Browser, lead: str, fields: dict[str, str]) -> None:
    answer = maya.post("/leads/change", fields)
    assert answer.status_code == 422
    assert names(answer) == ["otto1@example.com"]


@pytest.mark.parametrize("value", ["a lot", "-5", "1e9", "99999999999", "1.2.3", "١٢"])
def test_what_is_no_money_is_refused_and_stays_in_its_field(
    maya: Browser, engine: Engine, lead: str, value: str
) -> None:
    answer = maya.post(f"/leads/{lead}/stage", {"stage": "won", "value": value})
    assert answer.status_code == 422
    assert f'value="{value}"' in answer.text
    assert entries(engine) == [], "neither half of the form is carried out"


@on_both
def test_a_flagged_lead_waits_in_the_spam_folder_with_its_reason(maya: Browser, engine: Engine, live: Page) -> None:
    send(engine, live, 1)
    send(engine, live, 2, flags=["honeypot"])
    inbox, spam = maya.get("/leads"), maya.get("/leads?folder=spam")
    assert (names(inbox), names(spam)) == (["otto1@example.com"], ["otto2@example.com"])
    assert "Spam folder (1)" in text_of(inbox)
    assert "filled in a field that people do not see" in text_of(spam)


@on_both
def test_what_is_not_spam_comes_back_and_is_told_of_once(maya: Browser, engine: Engine, site: Site, live: Page) -> None:
    with transaction(engine) as session:
        add_recipient(session, session.get_one(Site, site.id), "sales@example.com", actor="maya", now=NOW)
    spam = send(engine, live, 2, flags=["honeypot"])
    for move in ("inbox", "spam", "inbox"):
        maya.post("/leads/change", {"lead": spam, "move": move})
    with reading(engine) as session:
        assert [item.lead_id for item in session.exec(select(Delivery))] == [spam]
        assert session.get_one(Lead, spam).spam is False
    assert [kind for _, kind, _ in entries(engine)] == ["not-spam", "spam", "not-spam"]


def test_somebodys_word_outlasts_a_flag_that_comes_later(maya: Browser, engine: Engine, live: Page) -> None:
    second = send(engine, live, 1, view="same")
    maya.post("/leads/change", {"lead": second, "move": "spam"})
    maya.post("/leads/change", {"lead": second, "move": "inbox"})
    send(engine, live, 9, view="same")  # an earlier one of the same view comes late
    with reading(engine) as session:
        stored = session.get_one(Lead, second)
        assert (stored.flags, stored.spam) == (["repeated-token"], False)


def test_the_export_has_what_the_filters_show(maya: Browser, engine: Engine, live: Page) -> None:
    send(engine, live, 1, fields={"email": "otto1@example.com", "name": "=1+1"})
    send(engine, live, 2, campaign={"utm_source": "bing"})
    send(engine, live, 3, flags=["bot"])
    answer = maya.post("/leads/export", {"source": "google", "bom": "on"})
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == f'attachment; filename="leads-go.localhost-{NOW:%Y-%m-%d}.csv"'
    assert answer.data.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline=""))
    assert (row["email"], row["name"], row["utm_source"], row["click_ids"]) == (
        "otto1@example.com",
        "'=1+1",
        "google",
        "gclid=AbC",
    )
    assert not maya.post("/leads/export").data.startswith(b"\xef\xbb\xbf")
    assert audited(engine)[0] == ("maya", "lead.export", "go.localhost")


def test_an_export_with_a_wrong_filter_is_refused(maya: Browser, engine: Engine, lead: str) -> None:
    assert maya.post("/leads/export", {"since": "soon"}).status_code == 422
    assert audited(engine) == []


@on_both
def test_a_person_is_erased_everywhere_and_the_confirmation_says_what_went(
    maya: Browser, engine: Engine, settings: Settings, site: Site, live: Page
) -> None:
    with transaction(engine) as session:
        add_recipient(session, session.get_one(Site, site.id), "sales@example.com", actor="maya", now=NOW)
    first = send(
        engine,
        live,
        1,
        fields={"email": "otto@example.com"},
        email_index=builders.VAULT.blind_index("otto@example.com"),
    )
    send(engine, live, 2, fields={"note": "mine is Otto@Example.com."}, email_index="")
    other = send(engine, live, 3, flags=["bot"])
    maya.post("/leads/change", {"lead": first, "move": "spam"})
    maya.post("/leads/change", {"lead": first, "move": "inbox"})
    answer = maya.post("/leads/erase", {"email": " OTTO@example.com "})
    page = text_of(maya.get(answer.headers["Location"]))
    assert "Erased: 2 leads, 2 entries of their timelines and 1 message about them." in page
    with reading(engine) as session:
        assert [item.id for item in session.exec(select(Lead))] == [other]
        assert session.exec(select(LeadEntry)).all() == []
        assert session.exec(select(Delivery)).all() == []
        written = str([item.model_dump() for item in session.exec(select(AuditEntry))])
    assert "otto" not in written.lower()
    kept = (settings.data_dir / "erasures.json").read_text()
    assert "otto" not in kept
    assert json.loads(kept)["format"] == 1


def test_erasing_starts_from_the_lead_with_its_address_filled_in(maya: Browser, lead: str) -> None:
    assert f"/leads/erase?lead={lead}" in maya.get(f"/leads/{lead}").text
    assert 'value="otto1@example.com"' in maya.get(f"/leads/erase?lead={lead}").text


@on_both
def test_a_lead_without_an_address_is_erased_from_its_own_screen(
    maya: Browser, engine: Engine, live: Page, site: Site
) -> None:
    alone = send(engine, live, 1, fields={"phone": "+49 30 1234567"}, email_index="")
    other = send(engine, live, 2)
    assert f"/leads/erase?lead={alone}" in maya.get(f"/leads/{alone}").text
    shown = maya.get(f"/leads/erase?lead={alone}")
    assert "Nobody left an e-mail address in this lead" in text_of(shown)
    assert "Erase this lead alone" not in text_of(maya.get(f"/leads/erase?lead={other}"))
    answer = maya.post("/leads/erase", {"lead": alone})
    assert "Erased: 1 lead." in text_of(maya.get(answer.headers["Location"]))
    assert maya.get(f"/leads/{alone}").status_code == 404
    assert maya.post("/leads/erase", {"lead": alone}).status_code == 404
    with reading(engine) as session:
        assert [item.id for item in session.exec(select(Lead))] == [other]


def test_ivan_erases_one_lead_without_seeing_it(ivan: Browser, engine: Engine, lead: str) -> None:
    shown = text_of(ivan.get(f"/leads/erase?lead={lead}"))
    assert "Erase this lead alone" in shown
    assert "Nobody left" not in shown, "that would say what stands in it"
    assert ivan.post("/leads/erase", {"lead": lead}).status_code == 303
    with reading(engine) as session:
        assert session.exec(select(Lead)).all() == []


def test_an_erasure_that_may_have_missed_something_says_so(ivan: Browser, engine: Engine, live: Page) -> None:
    send(engine, live, 1, sealed="unreadable", email_index="")
    said = text_of(ivan.get(ivan.post("/leads/erase", {"email": "otto1@example.com"}).headers["Location"]))
    assert "No lead of this address is among those that can be opened." in said
    assert "1 lead cannot be opened with these secrets and may be theirs. Put the secret that sealed them back" in said
    with reading(engine) as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "lead.erase")).one()
    assert entry.details == {"leads": 0, "deliveries": 0, "unopened": 1}


def test_ivan_erases_without_seeing_anybody(ivan: Browser, engine: Engine, lead: str) -> None:
    assert 'href="/leads/erase"' in ivan.get("/").text
    assert "otto" not in ivan.get(f"/leads/erase?lead={lead}").text
    for path in ("/leads", f"/leads/{lead}"):
        assert ivan.get(path).status_code == 403
    assert ivan.post("/leads/export").status_code == 403
    assert ivan.post("/leads/erase", {"email": "otto1@example.com"}).status_code == 303
    with reading(engine) as session:
        assert session.exec(select(Lead)).all() == []


@pytest.mark.parametrize("email", ["", "otto", "@example.com", "a@b.example c@d.example", "x" * 300 + "@example.com"])
def test_what_is_no_address_erases_nobody(maya: Browser, engine: Engine, lead: str, email: str) -> None:
    assert maya.post("/leads/erase", {"email": email}).status_code == 422
    with reading(engine) as session:
        assert session.get(Lead, lead) is not None


def test_ana_gets_no_leads_at_all(ana: Browser, lead: str) -> None:
    assert "/leads" not in ana.get("/").text
    for path in ("/leads", f"/leads/{lead}", "/leads/erase"):
        answer = ana.get(path)
        assert answer.status_code == 403
        assert "otto" not in answer.text


@pytest.mark.parametrize("path", ["/leads/nobody", "/leads/%00", "/leads/" + "f" * 32])
def test_a_lead_that_is_not_there_is_not_found(maya: Browser, lead: str, path: str) -> None:
    assert maya.get(path).status_code == 404
    assert maya.post(f"{path}/stage", {"stage": "won", "value": ""}).status_code == 404


def test_a_lead_of_a_page_that_is_gone_and_a_lost_secret_is_still_shown(
    maya: Browser, engine: Engine, site: Site, live: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builders, "VAULT", Vault(["another-secret-of-sufficient-length-42"]))
    lost = send(engine, live, 1, page_id=999, host="go.localhost", path="")
    page = text_of(maya.get(f"/leads/{lost}"))
    assert "None of this Lander's secrets opens it." in page


def test_what_a_visitor_typed_is_text(maya: Browser, engine: Engine, live: Page) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    lead = send(
        engine, live, 1, fields={evil: evil}, campaign={"utm_source": evil}, consent_text=evil, email_index="", form=""
    )
    for path in ("/leads", f"/leads/{lead}", "/leads?q=script"):
        text = maya.get(path).text
        assert "<img src=x" not in text
        assert "<script>alert" not in text


def test_simulated_leads_say_so(maya: Browser, engine: Engine, live: Page) -> None:
    send(engine, live, 1, simulated=True)
    assert "simulated" in text_of(maya.get("/leads"))


def test_refused_forms_lead_back_to_what_they_were_about(maya: Browser, lead: str) -> None:
    for path, back in (
        (f"/leads/{lead}/stage", f"/leads/{lead}"),
        ("/leads/change", "/leads"),
        ("/leads/export", "/leads"),
    ):
        assert maya.get(path).headers["Location"] == back


def test_the_list_is_one_sites(maya: Browser, engine: Engine, settings: Settings, session: Session, lead: str) -> None:
    from lander.pages.sites import add_site

    with transaction(engine) as writing:
        add_site(
            writing,
            settings,
            host="go2.localhost",
            core_site="www.localhost",
            actor="ivan",
            now=NOW - timedelta(days=1),
        )
    assert names(maya.get("/leads?site=go2.localhost")) == []
    assert names(maya.get("/leads?site=go.localhost")) == ["otto1@example.com"]


def test_the_list_of_pages_says_how_many_leads_came_this_week(
    maya: Browser, ana: Browser, engine: Engine, live: Page
) -> None:
    send(engine, live, 1)
    send(engine, live, 2, flags=["bot"])
    send(engine, live, 3, received_at_ms=NOW_MS - 8 * 86_400_000)
    answer = maya.get("/pages")
    found = re.search(r'<a href="(/leads\?page=spring-sale&amp;since=[0-9-]+)">1</a>', answer.text)
    assert found is not None
    assert names(maya.get(found[1].replace("&amp;", "&"))) == ["otto1@example.com"]
    assert "Leads in 7 days" in text_of(answer)
    assert "Leads in 7 days" not in text_of(ana.get("/pages"))
