"""A sealed page's form carries what its address brought, so a lead says which click it came from."""

import html
import json
import re
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lander.campaign import CLICK_IDS, LONGEST_QUERY_BYTES, UTM, clean_query, read_campaign, read_click_ids
from lander.published import QuerySlot, ReferrerSlot, Segment
from lander.vault import Vault
from tests.serve.stage import CONTACT, FILLED, SECRET, Stage, text_of, variant

CARRIED: tuple[Segment, ...] = (
    b'<input name="_query" value="',
    QuerySlot(),
    b'"><input name="_referrer" value="',
    ReferrerSlot(),
    b'"><input name="utm_source" value="',
    QuerySlot("utm_source", "none"),
    b'">',
)
CLICK = "utm_source=google&utm_campaign=spring%20sale&gclid=AbC&x=1&utm_source=later"


def publish(stage: Stage, **changes: object) -> None:
    form = replace(CONTACT, **changes)  # type: ignore[arg-type]
    stage.publish(variants=[variant("a", *CARRIED, forms=[form])])


def carried(page: str) -> dict[str, str]:
    """What the page's own hidden fields hold, as a browser would send it."""
    return {name: html.unescape(value) for name, value in re.findall(r'<input name="(\w+)" value="([^"]*)">', page)}


def click(stage: Stage, query: str, **request: object) -> dict[str, str]:
    answer = stage.ask(f"/spring-sale?{query}", **request)  # type: ignore[arg-type]
    return carried(answer.text)


def send(stage: Stage, brought: dict[str, str], **request: object) -> dict[str, object]:
    """The lead that a form with these hidden fields becomes, its touch opened."""
    view, _ = stage.view()
    answer = stage.post_form(stage.aged(view, 30), {**FILLED, **brought}, **request)
    assert answer.status_code == 303
    lead = stage.leads()[-1]
    return {**lead, "touch": json.loads(Vault([SECRET]).open(lead["touch"], context=f"{lead['id']} touch"))}


def test_the_page_carries_its_own_query_and_the_host_that_led_to_it(stage: Stage) -> None:
    publish(stage)
    brought = click(stage, CLICK, headers={"Referer": "https://www.google.com/search?q=my+illness"})
    assert brought == {"_query": CLICK, "_referrer": "www.google.com", "utm_source": "google"}


def test_without_a_query_the_fields_are_empty_or_what_the_page_said(stage: Stage) -> None:
    publish(stage)
    assert carried(stage.ask().text) == {"_query": "", "_referrer": "", "utm_source": "none"}


def test_a_lead_knows_its_campaign_in_the_clear_and_its_click_sealed(stage: Stage) -> None:
    publish(stage)
    lead = send(stage, click(stage, CLICK, headers={"Referer": "https://www.google.com/"}))
    assert lead["campaign"] == {"utm_source": "google", "utm_campaign": "spring sale"}
    touch = lead["touch"]
    assert isinstance(touch, dict)
    assert touch["click_ids"] == {"gclid": "AbC"}, "the case is what the ad platform compares"
    assert (touch["query"], touch["referrer"]) == (CLICK, "www.google.com")
    assert touch["viewed_at_ms"] < lead["received_at_ms"]
    assert b"AbC" not in b"".join(body for kind, body in stage.rows() if kind == "lead")


def test_nobody_is_singled_out_who_asked_not_to_be(stage: Stage) -> None:
    publish(stage)
    brought = click(stage, CLICK, headers={"Referer": "https://www.google.com/"})
    lead = send(stage, brought, headers={"Sec-GPC": "1"})
    assert lead["campaign"] == {"utm_source": "google", "utm_campaign": "spring sale"}
    assert lead["touch"] == {**lead["touch"], "query": "", "referrer": "", "click_ids": {}}  # type: ignore[dict-item]


def test_a_page_from_before_sends_no_query_and_its_lead_is_kept(stage: Stage) -> None:
    stage.publish()
    lead = send(stage, {})
    assert (lead["campaign"], lead["flags"]) == ({}, [])


@pytest.mark.parametrize("name", [*UTM, *CLICK_IDS])
def test_every_parameter_that_we_know_is_read(name: str) -> None:
    query = f"a=b&{name}=CaSe-1"
    assert {**read_campaign(query), **read_click_ids(query)} == {name: "CaSe-1"}


def test_what_a_sender_made_of_the_hidden_fields_is_bounded_again(stage: Stage) -> None:
    publish(stage)
    long = "utm_source=" + "g" * 5_000
    lead = send(stage, {"_query": f"{long}\x00\r\n", "_referrer": "not a host/<b>"})
    assert lead["campaign"] == {"utm_source": "g" * 100}
    touch = lead["touch"]
    assert isinstance(touch, dict)
    assert (len(touch["query"]), touch["referrer"]) == (LONGEST_QUERY_BYTES, "")


def test_the_raw_bytes_of_an_address_become_characters_again(stage: Stage) -> None:
    publish(stage)
    response = stage.ask(f"/spring-sale?utm_source={quote('Zürich')}&city=Zürich")
    assert carried(response.text)["utm_source"] == "Zürich"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(query=st.text(max_size=60), name=st.sampled_from(["", "utm_source="]))
def test_no_query_breaks_out_of_its_attribute(stage: Stage, query: str, name: str) -> None:
    publish(stage)
    page = stage.ask(f"/spring-sale?{name}{quote(query, safe=chr(34) + '<>&=')}").text
    assert page.count("<input ") == 3
    assert set(carried(page)) == {"_query", "_referrer", "utm_source"}


@given(st.text())
def test_a_cleaned_query_is_short_one_line_and_stays_as_it_is(query: str) -> None:
    cleaned = clean_query(query)
    assert len(cleaned.encode()) <= LONGEST_QUERY_BYTES
    assert not re.search(r"[\x00-\x1f\x7f]", cleaned)
    assert clean_query(cleaned) == cleaned


def test_a_form_to_mend_still_knows_where_its_visitor_came_from(stage: Stage) -> None:
    publish(stage)
    view, _ = stage.view()
    answer = stage.post_form(stage.aged(view, 30), {**FILLED, "email": "no", "_query": 'a="<b>&gclid=AbC'})
    assert answer.status_code == 422
    assert '<input type="hidden" name="_query" value="a=&quot;&lt;b&gt;&amp;gclid=AbC">' in answer.text


def test_our_thank_you_page_says_what_the_page_wants_said(stage: Stage) -> None:
    publish(stage, thank_you="", message="Thanks, we call <b>tomorrow</b>.\nFrom nine on.\n\nYour bumpers\nteam")
    view, _ = stage.view()
    answer = stage.post_form(stage.aged(view, 30), FILLED)
    assert answer.headers["Location"] == "/_l/thanks?page=1&form=f1"
    page = stage.ask(answer.headers["Location"])
    assert (
        "<h1>Thanks, we call &lt;b&gt;tomorrow&lt;/b&gt;.</h1><p>From nine on.</p><p>Your bumpers<br>team</p>"
        in page.text
    )
    before = len(stage.rows())
    stage.ask(answer.headers["Location"])
    assert len(stage.rows()) == before, "reloading it counts nothing"


@pytest.mark.parametrize(
    "query",
    ["", "page=1", "page=2&form=f1", "page=1&form=f9", "page=x&form=f1", "page=" + "9" * 4_000, "page=%FF", "page=²"],
)
def test_a_thank_you_page_that_knows_of_no_words_has_its_own(stage: Stage, query: str) -> None:
    publish(stage, thank_you="", message="Only for f1 of page 1.")
    assert "We have received what you sent." in text_of(stage.ask(f"/_l/thanks?{query}"))


def test_another_hosts_thank_you_page_does_not_say_our_words(stage: Stage) -> None:
    publish(stage, thank_you="", message="Only here.")
    assert "Only here." not in stage.ask("/_l/thanks?page=1&form=f1", host="go.example.org").text


def test_a_form_in_steps_is_shown_whole_where_something_needs_mending(stage: Stage) -> None:
    name, email, *others = CONTACT.fields
    fields = (
        replace(name, step="You"),
        replace(email, step="You"),
        *(replace(item, step="Your <ride>") for item in others),
    )
    publish(stage, fields=fields)
    view, _ = stage.view()
    page = stage.post_form(stage.aged(view, 30), {**FILLED, "email": "no", "size": "XL"}).text
    assert re.findall(r"<legend>(.*?)</legend>", page) == ["You", "Your &lt;ride&gt;"]
    assert page.count('aria-invalid="true"') == 2
