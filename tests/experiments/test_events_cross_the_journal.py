"""An event comes out of its JSON as it went in, whatever its text holds."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.events import Event, Kind, Reason

numbers = st.integers(0, 2**53)
events = st.builds(
    Event,
    kind=st.sampled_from(Kind),
    experiment_id=numbers,
    phase=numbers,
    variant=st.text(),
    visitor=st.text("0123456789abcdef", min_size=32, max_size=32),
    exposed_at_ms=numbers,
    at_ms=numbers,
    device=st.text(),
    browser=st.text(),
    source=st.text(),
    returning=st.booleans(),
    goal=st.text(),
    reason=st.one_of(st.text(), st.sampled_from(Reason).map(str)),
    simulated=st.booleans(),
    campaign=st.text(),
    keyword=st.text(),
)
CAME = {"campaign", "keyword"}


@given(events)
def test_an_event_survives_its_json(event: Event) -> None:
    assert Event.from_json(event.to_json()) == event


@given(events)
def test_its_json_is_what_any_reader_of_json_expects(event: Event) -> None:
    entry = json.loads(event.to_json())
    assert entry["kind"] == event.kind.value
    assert set(entry) == set(Event._fields) - (set() if event.campaign or event.keyword else CAME)


@given(events)
def test_an_event_without_campaign_and_keyword_is_written_as_it_was_before_there_were_any(event: Event) -> None:
    """Nothing grows for those who came without, and a journal that an older version wrote is read."""
    body = event._replace(campaign="", keyword="").to_json()
    assert json.loads(body).keys().isdisjoint(CAME)
    assert Event.from_json(body) == event._replace(campaign="", keyword="")


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"7", b'{"kind":"served"}', b'{"kind":"invented"}', b"\xff"])
def test_something_else_is_refused_as_no_event(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Event.from_json(body)


@given(events, st.sampled_from(Event._fields))
def test_an_event_without_one_of_its_values_is_none(event: Event, name: str) -> None:
    """It would stop the ledger, and with it everything behind it in its journal."""
    entry = {**json.loads(event.to_json()), name: None}
    with pytest.raises(ValueError, match=r"not an event|not a valid Kind"):
        Event.from_json(json.dumps(entry))
