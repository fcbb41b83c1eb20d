"""A counted page view writes down campaign and keyword of its address, cleaned; nothing else does."""

import json
import re
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from experiments import ledger, lifecycle
from experiments.events import Event, Kind
from experiments.open_segments import count_open
from lander.campaign import clean_query, read_campaign, read_campaign_and_keyword
from lander.db import reading, transaction
from tests.experiments.builders import after, confirm, start, view
from tests.serve.stage import GOOGLEBOT, Stage, allocation

CLICK = "/spring-sale?utm_campaign=spring%20sale&utm_term=garden+bumpers&utm_campaign=later&gclid=AbC"
NEVER = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")


def named(stage: Stage) -> list[tuple[str, str, str]]:
    return [(event.kind.value, event.campaign, event.keyword) for event in stage.events()]


def test_a_page_view_that_counts_names_the_campaign_and_the_keyword_of_its_address(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    stage.ask(CLICK)
    stage.ask("/spring-sale?utm_source=newsletter")
    stage.ask("/spring-sale")
    assert named(stage) == [("served", "spring sale", "garden bumpers"), ("served", "", ""), ("served", "", "")]


def test_what_follows_a_page_view_does_not_repeat_them(stage: Stage) -> None:
    stage.publish(allocation=allocation(goal="click"))
    _, token = stage.view(CLICK)
    stage.beacon(token)
    stage.beacon(token, "k=goal&g=click")
    kinds = [kind for kind, *came in named(stage) if came == ["", ""]]
    assert kinds == ["confirmed", "conversion"]


@pytest.mark.parametrize(
    ("method", "sent"),
    [
        ("HEAD", {}),
        ("GET", {"headers": {"Sec-GPC": "1"}}),
        ("GET", {"headers": {"Sec-Purpose": "prefetch"}}),
        ("GET", {"agent": GOOGLEBOT}),
    ],
)
def test_nothing_is_written_down_of_who_is_not_counted(stage: Stage, method: str, sent: dict[str, object]) -> None:
    stage.publish(allocation=allocation())
    stage.ask(CLICK, method=method, **sent)  # type: ignore[arg-type]
    assert named(stage) == [("filtered", "", "")]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(sent=st.binary(max_size=300), is_encoded=st.booleans())
@example(sent=b'\x00\xed\xa0\x80\xf0\x9f\x8c\xb7\xff\r\n\xe2\x80\xae\\"', is_encoded=True)
@example(sent=b'\x00\xed\xa0\x80\xf0\x9f\x8c\xb7\xff\r\n\xe2\x80\xae\\"', is_encoded=False)
@example(sent=b"%00%ED%A0%80%u0000&utm_term=%", is_encoded=False)
@example(sent=b"x" * 3_000, is_encoded=False)
def test_whatever_bytes_somebody_sends_the_event_can_be_kept(stage: Stage, sent: bytes, is_encoded: bool) -> None:
    stage.publish(allocation=allocation())
    stage.journal.heard.clear()
    value = quote_from_bytes(sent, safe="") if is_encoded else sent.decode("latin-1")
    query = f"utm_campaign={value}&utm_term={value}"
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/spring-sale",
        "QUERY_STRING": query,
        "HTTP_HOST": "go.example.com",
        "HTTP_USER_AGENT": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36",
        "REMOTE_ADDR": "203.0.113.9",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "https",
    }
    statuses: list[str] = []
    list(stage.front(environ, lambda status, headers, error=None: statuses.append(status)))
    assert statuses == ["200 OK"]
    [(_, body)] = stage.journal.heard
    event = Event.from_json(body)
    assert event.kind is Kind.SERVED
    assert json.loads(body).get("campaign", "") == event.campaign
    for text in (event.campaign, event.keyword):
        assert len(text) <= 100
        assert not NEVER.search(text)


def test_what_may_be_somebodys_address_is_not_kept(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    stage.ask("/spring-sale?utm_campaign=november&utm_term=otto%40example.com")
    assert named(stage) == [("served", "november", "")]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["utm_campaign", "utm_term", "utm_termite", "UTM_TERM", "x", "", "gclid"]),
            st.sampled_from(["=", "", "=="]),
            st.text("ab@%2F=+&;#ü🌷\u202e\x00 ", max_size=8) | st.just("long" * 700),
        ),
        max_size=6,
    )
)
def test_the_short_reading_gives_what_a_lead_would_be_told(parts: list[tuple[str, str, str]]) -> None:
    query = "&".join(map("".join, parts))
    told = {name: value for name, value in read_campaign(clean_query(query)).items() if "@" not in value}
    assert read_campaign_and_keyword(query) == (told.get("utm_campaign", ""), told.get("utm_term", ""))


def test_what_passes_the_cleaning_is_kept_and_grouped_by_any_database(database: Engine) -> None:
    """Characters that JSON and the two databases write in ways of their own."""
    campaign, keyword = read_campaign_and_keyword(
        "utm_campaign=%F0%9F%8C%B7%20%22%5C%27%3C%2Ftd%3E%E2%80%99&utm_term=" + "%F0%9F%8C%B7" * 150
    )
    seen = view("1" * 32, campaign=campaign, keyword=keyword)
    with transaction(database) as session:
        start(session)
        ledger.ingest(session, [Event.from_json(event.to_json()) for event in (seen, confirm(seen))])
    with reading(database) as session:
        experiment = lifecycle.load(session, "spring-sale-1")
        [phase] = lifecycle.list_phases(session, experiment)
        found = [
            list(count_open(session, experiment, phase, dimensions=[name], at=after(days=1)))
            for name in ("campaign", "keyword")
        ]
    assert found == [[("campaign", "🌷 \"\\'</td>’")], [("keyword", "🌷" * 100)]]
