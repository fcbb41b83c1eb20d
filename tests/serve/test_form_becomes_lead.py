"""A form that is filled in becomes a lead, sealed, with its conversion, before the thank-you page is named."""

import json
from dataclasses import replace

import pytest

from lander.published import Form, FormField
from lander.vault import Vault
from tests.serve.stage import CONTACT, FILLED, GOOGLEBOT, HOST, OTHER_HOST, SECRET, Stage, allocation, variant

DAY_S = 86_400


def opened(lead: dict[str, str]) -> dict[str, str]:
    values: dict[str, str] = json.loads(Vault([SECRET]).open(lead["sealed"], context=lead["id"]))
    return values


def test_a_filled_in_form_is_kept_and_leads_to_the_thank_you_page(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view()
    answer = stage.post_form(stage.aged(view, 30), FILLED)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/spring-sale/thanks")
    [lead] = stage.leads()
    assert opened(lead) == FILLED
    assert (lead["page_id"], lead["host"], lead["path"], lead["form"]) == (1, HOST, "/spring-sale", "f1")
    assert (lead["variant"], lead["experiment_key"], lead["phase"]) == (view.variant, "spring-sale-1", 1)
    assert lead["view"] == view.view_id.hex()  # how the ledger knows a token that came back
    assert lead["consent_text"] == "You may write to me"
    assert lead["consented_at_ms"] == lead["received_at_ms"]
    assert lead["email_index"] == Vault([SECRET]).blind_index("otto@example.com")
    assert lead["flags"] == []
    assert lead["simulated"] is False


def test_nothing_personal_stands_in_the_journal_in_the_clear(stage: Stage) -> None:
    stage.publish()
    view, _ = stage.view()
    stage.post_form(stage.aged(view, 30), FILLED, address="203.0.113.77")
    written = b"".join(body for _, body in stage.rows()).lower()
    for personal in (b"otto", b"example.com/", b"123-456", b"203.0.113", view.visitor.encode()):
        assert personal not in written


def test_the_conversion_is_kept_with_the_lead(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view()
    stage.post_form(stage.aged(view, 30), FILLED)
    event = stage.events()[-1]
    assert (event.kind.value, event.goal, event.reason) == ("conversion", "form", "")
    assert (event.visitor, event.variant) == (view.visitor, view.variant)
    assert [kind for kind, _ in stage.rows() if kind == "lead"] == ["lead"]


def test_where_clicks_are_the_goal_a_lead_is_no_conversion(stage: Stage) -> None:
    stage.publish(allocation=allocation(goal="click"))
    view, _ = stage.view()
    assert stage.post_form(stage.aged(view, 30), FILLED).status_code == 303
    assert len(stage.leads()) == 1
    assert [event.kind.value for event in stage.events()] == ["served"]


def test_where_leads_are_a_further_goal_a_lead_is_one_of_its_conversions(stage: Stage) -> None:
    stage.publish(allocation=replace(allocation(goal="click"), goals=(("form", "form", ""),)))
    view, _ = stage.view()
    assert stage.post_form(stage.aged(view, 30), FILLED).status_code == 303
    event = stage.events()[-1]
    assert (event.kind.value, event.goal, event.reason) == ("conversion", "form", "")


def test_the_same_content_sent_again_is_the_same_lead(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view()
    token = stage.aged(view, 30)
    answers = [stage.post_form(token, FILLED) for _ in range(3)]
    assert {(answer.status_code, answer.headers["Location"]) for answer in answers} == {(303, "/spring-sale/thanks")}
    stage.post_form(token, {**FILLED, "name": "Otto the Second"})
    other, _ = stage.view()
    stage.post_form(stage.aged(other, 30), FILLED)
    assert [len({lead["id"] for lead in stage.leads()}), len(stage.leads())] == [3, 5]


def test_an_expired_token_keeps_the_lead_and_counts_nothing(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view()
    assert stage.post_form(stage.aged(view, DAY_S + 60), FILLED).status_code == 303
    assert stage.leads()[0]["flags"] == ["token-expired"]
    assert stage.events()[-1].reason == "token-expired"


@pytest.mark.parametrize(
    ("seconds", "values", "flags"),
    [(30, {"lander_website": "https://spam.example"}, ["honeypot"]), (1, {}, ["too-fast"])],
)
def test_a_suspect_is_kept_flagged_and_not_counted(
    stage: Stage, seconds: float, values: dict[str, str], flags: list[str]
) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view()
    answer = stage.post_form(stage.aged(view, seconds), {**FILLED, **values})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/spring-sale/thanks")
    assert stage.leads()[0]["flags"] == flags
    assert (stage.events()[-1].kind.value, stage.events()[-1].reason) == ("filtered", flags[0])


def test_what_a_bots_view_sends_is_kept_flagged_and_not_counted(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view(agent=GOOGLEBOT)
    assert stage.post_form(stage.aged(view, 30), FILLED).status_code == 303
    assert stage.leads()[0]["flags"] == ["bot"]
    assert {event.reason for event in stage.events()} == {"bot"}


def test_a_visitor_who_is_not_counted_can_still_send_the_form(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view(headers={"Sec-GPC": "1"})
    assert stage.post_form(stage.aged(view, 30), FILLED).status_code == 303
    [lead] = stage.leads()
    assert (lead["variant"], lead["experiment_key"], lead["phase"]) == ("a", "", 0)
    assert {event.reason for event in stage.events()} == {"gpc"}


def test_a_lead_that_comes_after_the_phase_has_closed_is_kept(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view()
    stage.publish()
    assert stage.post_form(stage.aged(view, 30), FILLED).status_code == 303
    assert stage.leads()[0]["variant"] == view.variant
    assert stage.events()[-1].reason == "phase-closed"


def test_a_lead_of_a_page_that_was_taken_away_is_kept(stage: Stage) -> None:
    stage.publish()
    view, _ = stage.view()
    stage.withdraw()
    answer = stage.post_form(stage.aged(view, 30), {"anything": ["one", "two\x00"], "name": "Otto"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/_l/thanks")
    [lead] = stage.leads()
    assert opened(lead) == {"anything": "one, two", "name": "Otto"}
    assert (lead["page_id"], lead["path"], lead["form"]) == (1, "", "")


def test_a_lead_of_a_page_that_was_taken_away_is_kept_whichever_of_our_hosts_it_comes_to(stage: Stage) -> None:
    stage.publish(page_id=7)
    stage.publish(host=OTHER_HOST, page_id=8)
    view, _ = stage.view()
    assert stage.post_form(stage.aged(view, 30), FILLED, host=OTHER_HOST).status_code == 403, "its own host knows it"
    stage.withdraw()
    assert stage.post_form(stage.aged(view, 30), FILLED, host=OTHER_HOST).status_code == 303
    [lead] = stage.leads()
    assert (lead["page_id"], lead["flags"]) == (7, ["unknown-form"]), "the page, not the host, says whose lead it is"


def test_a_form_that_a_newer_release_no_longer_has_is_kept_too(stage: Stage) -> None:
    stage.publish()
    view, _ = stage.view()
    stage.publish(variants=[variant("a", forms=())])
    assert stage.post_form(stage.aged(view, 30), FILLED).status_code == 303
    assert opened(stage.leads()[0])["email"] == FILLED["email"]


@pytest.mark.parametrize("form", ["", "f2"])
def test_a_form_that_its_page_never_held_is_kept_flagged_and_not_counted(stage: Stage, form: str) -> None:
    stage.publish(allocation=allocation())
    view, _ = stage.view()
    assert stage.post_form(stage.aged(view, 30), {"anything": "x"}, form=form).status_code == 303
    [lead] = stage.leads()
    assert lead["flags"] == ["unknown-form"]
    assert (stage.events()[-1].kind.value, stage.events()[-1].reason) == ("filtered", "unknown-form")


def test_only_what_the_markup_declared_is_kept(stage: Stage) -> None:
    stage.publish()
    view, _ = stage.view()
    stage.post_form(stage.aged(view, 30), {**FILLED, "card": "4111 1111 1111 1111", "campaign": "x" * 100})
    values = opened(stage.leads()[0])
    assert "card" not in values
    assert values["campaign"] == "x" * 20


def test_files_and_multipart_forms_are_read_without_the_files(stage: Stage) -> None:
    stage.publish()
    view, _ = stage.view()
    parts = {"_lander": stage.aged(view, 30), "_form": "f1", **FILLED}
    body = "".join(
        f'--frontier\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in parts.items()
    )
    body += '--frontier\r\nContent-Disposition: form-data; name="cv"; filename="cv.pdf"\r\n\r\n%PDF\r\n--frontier--\r\n'
    answer = stage.ask(
        "/_l/f",
        method="POST",
        body=body,
        headers={"Content-Type": "multipart/form-data; boundary=frontier", "Origin": "null"},
    )
    assert answer.status_code == 303
    assert opened(stage.leads()[0]) == FILLED


def test_a_box_left_empty_is_no_consent_and_a_text_without_a_box_is(stage: Stage) -> None:
    box = FormField("news", "choice", "Send me news", options=("on",))
    forms = [
        Form("f1", (box,), "", consent_text="Send me news"),
        Form("f2", (FormField("name", "name", "Name"),), "", consent_text="By sending you agree"),
    ]
    stage.publish(variants=[variant("a", forms=forms)])
    view, _ = stage.view()
    token = stage.aged(view, 30)
    for key, values in (("f1", {}), ("f1", {"news": "on"}), ("f2", {})):
        assert stage.post_form(token, values, form=key).headers["Location"] == "/_l/thanks"
    assert [lead["consented_at_ms"] is not None for lead in stage.leads()] == [False, True, True]


def test_a_thank_you_page_elsewhere_is_named_as_it_was_published(stage: Stage) -> None:
    address = "https://www.example.com/thanks?from=go#top"
    elsewhere = Form(CONTACT.key, CONTACT.fields, address)
    stage.publish(variants=[variant("a", forms=[elsewhere])])
    view, _ = stage.view()
    assert stage.post_form(stage.aged(view, 30), FILLED).headers["Location"] == address
    refused = stage.post_form(stage.aged(view, 30), {})
    assert "form-action 'self' https://www.example.com;" in refused.headers["Content-Security-Policy"]
