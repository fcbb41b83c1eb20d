"""Hosts, paths and methods: what is not a page has a plain answer, and nobody's parameters are lost on the way."""

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.serve.stage import HOST, OTHER_HOST, Stage, text_of


def test_an_address_nobody_published_is_not_found_in_plain_words(stage: Stage) -> None:
    stage.publish()
    answer = stage.ask("/spring-sal")
    assert answer.status_code == 404
    assert "This page is not here" in text_of(answer)
    assert answer.headers["X-Robots-Tag"] == "noindex"


def test_a_page_is_found_on_its_own_host_only(stage: Stage) -> None:
    stage.publish()
    assert stage.ask(host=OTHER_HOST).status_code == 404


@pytest.mark.parametrize("host", ["www.example.com", "203.0.113.1", "go.example.com.evil.example", "evil.example:443"])
def test_a_host_that_is_not_ours_is_misdirected(stage: Stage, host: str) -> None:
    stage.publish()
    answer = stage.ask(host=host)
    assert (answer.status_code, answer.mimetype) == (421, "text/plain")


@pytest.mark.parametrize("host", ["GO.Example.COM", "go.example.com:8443", "go.example.com."])
def test_the_same_host_may_be_written_in_several_ways(stage: Stage, host: str) -> None:
    stage.publish()
    assert stage.ask(host=host).status_code == 200


@pytest.mark.parametrize(("protocol", "status"), [("HTTP/1.1", "400"), ("HTTP/1.0", "421")])
def test_http_1_1_without_a_host_is_a_bad_request(stage: Stage, protocol: str, status: str) -> None:
    stage.publish()
    environ = EnvironBuilder(path="/spring-sale").get_environ()
    del environ["HTTP_HOST"]
    assert run_wsgi_app(stage.front, {**environ, "SERVER_PROTOCOL": protocol})[1].startswith(status)


def test_a_slash_too_many_leads_to_the_page_with_everything_behind_it(stage: Stage) -> None:
    stage.publish()
    answer = stage.ask("/spring-sale/?gclid=Cj0%2BKCQ&utm_term=a%20b&empty=&x=%C3%BC")
    assert answer.status_code == 301
    assert answer.headers["Location"] == "/spring-sale?gclid=Cj0%2BKCQ&utm_term=a%20b&empty=&x=%C3%BC"
    assert stage.ask("/nowhere/").status_code == 404


def test_a_redirect_cannot_be_used_to_write_headers(stage: Stage) -> None:
    stage.publish()
    environ = EnvironBuilder(path="/spring-sale/", base_url=f"https://{HOST}").get_environ()
    _, status, headers = run_wsgi_app(stage.front, {**environ, "QUERY_STRING": "a=1\r\nSet-Cookie: x=1 \xfc"})
    assert status.startswith("301")
    assert headers["Location"] == "/spring-sale?a=1%0D%0ASet-Cookie:%20x=1%20%FC"


def test_the_bare_host_leads_to_the_core_site_with_its_parameters(stage: Stage) -> None:
    stage.publish()
    answer = stage.ask("/?gclid=Cj0")
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://www.example.com/?gclid=Cj0")


def test_robots_may_read_everything_and_nobody_misses_an_icon(stage: Stage) -> None:
    stage.publish()
    assert stage.ask("/robots.txt").text == "User-agent: *\nDisallow:\n"
    assert stage.ask("/favicon.ico").status_code == 204


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/spring-sale", "POST", "GET, HEAD"),
        ("/spring-sale", "DELETE", "GET, HEAD"),
        ("/spring-sale", "OPTIONS", "GET, HEAD"),
        ("/_l/a/x", "POST", "GET, HEAD"),
        ("/", "PUT", "GET, HEAD"),
        ("/healthz", "POST", "GET, HEAD"),
        ("/_l/opt-out", "PUT", "GET, HEAD, POST"),
        ("/_l/f", "GET", "POST"),
        ("/_l/b", "HEAD", "POST"),
        ("/_l/csp", "GET", "POST"),
    ],
)
def test_a_wrong_method_is_told_the_right_ones(stage: Stage, path: str, method: str, allowed: str) -> None:
    stage.publish()
    answer = stage.ask(path, method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["/spring-sale", "/_l/a/x", "/nowhere", "/"])
def test_there_are_no_service_workers(stage: Stage, path: str) -> None:
    stage.publish()
    assert stage.ask(path, headers={"Service-Worker": "script"}).status_code == 403


def test_an_endless_address_is_refused(stage: Stage) -> None:
    stage.publish()
    assert stage.ask("/spring-sale?" + "x" * 8_192).status_code == 200
    assert stage.ask("/spring-sale?" + "x" * 8_193).status_code == 414


def test_the_thank_you_page_of_ours_is_there_for_forms_without_one(stage: Stage) -> None:
    stage.publish()
    answer = stage.ask("/_l/thanks")
    assert answer.status_code == 200
    assert "We have received what you sent." in text_of(answer)
