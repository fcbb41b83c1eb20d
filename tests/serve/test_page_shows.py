"""A published page reaches a visitor: its own bytes, its own headers, a token of this view."""

from lander.published import TextSlot
from tests.serve.stage import Stage, allocation, variant


def test_a_page_without_an_experiment_shows_control_to_everybody(stage: Stage) -> None:
    stage.publish()
    answers = [stage.ask() for _ in range(20)]
    assert {answer.status_code for answer in answers} == {200}
    assert all("variant a" in answer.text for answer in answers)
    assert stage.events() == []


def test_an_experiment_shows_its_variants_in_their_shares(stage: Stage) -> None:
    stage.publish(allocation=allocation({"a": 2_000, "b": 8_000}))
    shown = ["variant b" in stage.ask().text for _ in range(400)]
    assert 0.7 < sum(shown) / 400 < 0.9


def test_each_view_carries_a_token_of_its_own(stage: Stage) -> None:
    stage.publish(allocation=allocation())
    (one, _), (other, _) = stage.view(), stage.view()
    assert one.view_id != other.view_id
    assert one.visitor != other.visitor
    assert (one.page_id, one.experiment_id, one.phase) == (1, 7, 1)


def test_a_page_comes_with_exactly_the_headers_it_was_published_with(stage: Stage) -> None:
    stage.publish()
    answer = stage.ask()
    sent = [pair for pair in answer.headers if pair[0] not in ("Content-Length", "Set-Cookie")]
    assert sent == list(variant("a").headers)
    assert int(answer.headers["Content-Length"]) == len(answer.data)


def test_head_answers_like_get_without_a_body_and_without_a_cookie(stage: Stage) -> None:
    stage.publish()
    head, full = stage.ask(method="HEAD"), stage.ask()
    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["Content-Length"] == full.headers["Content-Length"]
    assert "Set-Cookie" not in head.headers


def test_dynamic_text_comes_from_the_address_and_is_only_ever_text(stage: Stage) -> None:
    slot = TextSlot("city", "titlecase", "Vancouver & around")
    stage.publish(variants=[variant("a", b"<h1>", slot, b"</h1>")])
    assert "<h1>New York</h1>" in stage.ask("/spring-sale?utm_source=x&city=new%20york&city=berlin").text
    assert "<h1>Vancouver &amp; around</h1>" in stage.ask().text
    assert "<h1>&lt;script&gt;</h1>" in stage.ask("/spring-sale?city=%3Cscript%3E").text
    assert "<h1>Vancouver &amp; around</h1>" in stage.ask("/spring-sale?city=%ff").text
    assert "<h1>Vancouver &amp; around</h1>" in stage.ask("/spring-sale?" + "&" * 5_000).text
