"""A signed QA link forces a variant on the live page: nothing is counted, no cookie set, and its lead says where it is from."""

import time
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from lander.errors import InvalidInput
from lander.serve.qa import LONGEST_S, QaLinks
from lander.serve.visitor import OPTED_OUT
from tests.serve.stage import CONTACT, FILLED, GOOGLEBOT, Stage, allocation, cookie_of, settings_for, text_of, variant

ALL_SEE_A = allocation({"a": 9_999, "b": 1})


def link(stage: Stage, key: str = "b", *, page_id: int = 1, ends_in_s: int = 600, ago_s: int = 0) -> str:
    made_at = round(time.time()) - ago_s
    return QaLinks(stage.settings.signing_keys).sign(page_id, key, now_s=made_at, ttl_s=ends_in_s + ago_s)


def test_it_shows_the_variant_and_counts_nothing(stage: Stage) -> None:
    stage.publish(allocation=ALL_SEE_A)
    answer = stage.ask(f"/spring-sale?{link(stage)}")
    assert text_of(answer) == "variant b"
    assert cookie_of(answer) == ""
    assert stage.rows() == []


def test_it_shows_a_variant_that_no_test_shows_anybody(stage: Stage) -> None:
    stage.publish()
    assert text_of(stage.ask("/spring-sale")) == "variant a"
    assert text_of(stage.ask(f"/spring-sale?{link(stage)}")) == "variant b"


def test_its_beacon_and_its_conversion_count_nothing_either(stage: Stage) -> None:
    stage.publish(allocation=ALL_SEE_A)
    view, token = stage.view(f"/spring-sale?{link(stage)}")
    assert view.qa
    assert (view.variant, view.experiment_id) == ("b", 0)
    assert stage.beacon(token).status_code == 204
    assert stage.beacon(token, "k=goal&g=click").status_code == 204
    assert stage.rows() == []


def test_its_lead_is_kept_and_says_that_it_is_one_of_ours(stage: Stage) -> None:
    stage.publish(allocation=ALL_SEE_A)
    view, _ = stage.view(f"/spring-sale?{link(stage)}")
    assert stage.post_form(stage.aged(view, 30), FILLED).status_code == 303
    assert stage.events() == []
    (lead,) = stage.leads()
    assert (lead["flags"], lead["variant"], lead["experiment_key"]) == (["qa"], "b", "")


def send(stage: Stage, query: str) -> str:
    """Where the page leads that was opened with this query, once its form is sent."""
    view, _ = stage.view(f"/spring-sale?{query}")
    answer = stage.post_form(stage.aged(view, 30), FILLED)
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_the_page_after_its_form_counts_nothing_and_sets_no_cookie_either(stage: Stage) -> None:
    stage.publish(allocation=ALL_SEE_A)
    stage.publish("/spring-sale/thanks", page_id=2, allocation=allocation({"a": 1, "b": 9_999}))
    thanks = send(stage, link(stage))
    assert thanks.startswith("/spring-sale/thanks?lander=a.")
    answer = stage.ask(thanks)
    assert (answer.status_code, text_of(answer), cookie_of(answer)) == (200, "variant a", "")
    assert stage.events() == []


def test_an_ordinary_form_leads_to_the_plain_address(stage: Stage) -> None:
    stage.publish(allocation=ALL_SEE_A)
    stage.publish("/spring-sale/thanks", page_id=2)
    assert send(stage, "utm_source=x") == "/spring-sale/thanks"


@pytest.mark.parametrize(
    ("thank_you", "carries"),
    [
        ("/thanks?from=form#top", True),
        ("https://go.example.com/thanks", True),
        ("/nowhere", False),
        ("https://www.example.com/thanks", False),
    ],
)
def test_only_a_page_of_this_host_is_told(stage: Stage, thank_you: str, *, carries: bool) -> None:
    form = replace(CONTACT, thank_you=thank_you)
    stage.publish(variants=(variant("a", forms=(form,)), variant("b", forms=(form,))))
    stage.publish("/thanks", page_id=2)
    address = urlsplit(send(stage, link(stage)))
    assert ("lander=" in address.query) is carries
    assert address._replace(query=address.query.partition("lander=")[0].rstrip("&")).geturl() == thank_you


def test_whoever_looks_with_it_stays_the_visitor_they_were(stage: Stage) -> None:
    stage.publish(allocation=ALL_SEE_A)
    cookie = cookie_of(stage.ask("/spring-sale"))
    stage.ask(f"/spring-sale?{link(stage)}", headers={"Cookie": cookie})
    stage.ask("/spring-sale", headers={"Cookie": cookie})
    assert len({event.visitor for event in stage.events()}) == 1
    assert len(stage.events()) == 2


def test_somebody_who_is_not_counted_and_a_program_may_look_too(stage: Stage) -> None:
    stage.publish(allocation=ALL_SEE_A)
    for request in ({"headers": {"Cookie": f"__Host-lp={OPTED_OUT}"}}, {"agent": GOOGLEBOT}, {"method": "HEAD"}):
        assert stage.ask(f"/spring-sale?{link(stage)}", **request).status_code == 200
    assert stage.rows() == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda stage: link(stage, page_id=2),
        lambda stage: link(stage, "z"),
        lambda stage: link(stage, ago_s=700, ends_in_s=-60),
        lambda stage: link(stage)[:-1] + "x",
        lambda stage: link(stage).replace("b.", "a.", 1),
        lambda stage: f"xlander={link(stage).partition('=')[2]}",
        lambda _: "lander=b",
        lambda _: "lander=",
        lambda _: "lander=b..",
        lambda _: "lander=%62.%C3%A9.\udcff",
        lambda _: f"lander={'x' * 5_000}",
        lambda stage: f"lander=b&{link(stage)}",
    ],
    ids=[
        *("another page", "no such variant", "expired", "changed", "of another variant", "another parameter"),
        *("unsigned", "empty", "dots", "no ASCII", "long", "a second value"),
    ],
)
def test_anything_else_is_an_ordinary_visit(stage: Stage, spoil: object) -> None:
    stage.publish(allocation=ALL_SEE_A)
    assert callable(spoil)
    query = spoil(stage)
    answer = stage.ask(f"/spring-sale?{query.encode('ascii', 'replace').decode()}")
    assert text_of(answer) == "variant a"
    assert cookie_of(answer).startswith("__Host-lp=")
    assert len(stage.events()) == 1


def test_every_node_with_the_same_secrets_takes_it_and_a_secret_that_was_added_changes_nothing(stage: Stage) -> None:
    signed = link(stage)
    with_another = settings_for(
        stage.settings.data_dir, secrets=f"{stage.settings.secret_keys[0]},another-secret-0123456789-abcdefghij-xyz"
    )
    other = Stage(with_another)
    other.publish(variants=(variant("a"), variant("b")))
    assert text_of(other.ask(f"/spring-sale?{signed}")) == "variant b"
    other.journal.close()


def test_it_works_as_long_as_it_was_made_for_and_fourteen_days_at_most(stage: Stage) -> None:
    stage.publish()
    for ends_in_s, shown in ((5, "variant b"), (-1, "variant a")):
        assert text_of(stage.ask(f"/spring-sale?{link(stage, ago_s=1_000, ends_in_s=ends_in_s)}")) == shown
    for ttl_s in (0, -5, LONGEST_S + 1):
        with pytest.raises(InvalidInput, match="between a second and 14 days"):
            link(stage, ends_in_s=ttl_s)
