"""Old addresses: where they lead, that parameters survive, that pages come first, and that nobody leads visitors astray."""

import time

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from lander.catalog import write_redirects_file
from lander.redirection import make_redirects, write_redirects
from tests.serve.stage import GOOGLEBOT, HOST, OTHER_HOST, Stage, text_of

RULES = [
    ("/old", "/spring-sale", 301),
    ("/with-own", "/spring-sale?from=old#form", 301),
    ("/for-now", "https://www.example.com/a?b=1", 302),
    ("/gone", "", 410),
    ("/über uns", "/spring-sale", 301),
    ("/Exact", "/exactly", 301),
    ("/exact", "/folded", 301),
    ("/Camel/Case/", "/camel", 301),
]


@pytest.fixture
def stage(stage: Stage) -> Stage:
    stage.redirects = RULES
    stage.publish()
    return stage


def location(stage: Stage, path: str, **request: str) -> str | None:
    return stage.ask(path, **request).headers.get("Location")


def test_an_old_address_leads_on_for_good_and_can_be_taken_back_within_the_hour(stage: Stage) -> None:
    answer = stage.ask("/old")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/spring-sale")
    assert answer.headers["Cache-Control"] == "max-age=3600"


def test_one_for_now_is_not_remembered(stage: Stage) -> None:
    answer = stage.ask("/for-now")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (302, "no-store")


def test_what_is_gone_says_so(stage: Stage) -> None:
    answer = stage.ask("/gone?gclid=x")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (410, "no-store")
    assert "This page is gone" in text_of(answer)
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        (
            "/old?gclid=Cj0%2BKCQ&utm_term=a%20b&empty=&x=%C3%BC",
            "/spring-sale?gclid=Cj0%2BKCQ&utm_term=a%20b&empty=&x=%C3%BC",
        ),
        ("/with-own", "/spring-sale?from=old#form"),
        ("/with-own?gclid=x", "/spring-sale?from=old&gclid=x#form"),
        ("/for-now?gclid=x", "https://www.example.com/a?b=1&gclid=x"),
        ("/%C3%BCber%20uns?a=1", "/spring-sale?a=1"),
    ],
)
def test_the_raw_query_always_survives(stage: Stage, asked: str, led_to: str) -> None:
    assert location(stage, asked) == led_to


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/Exact", "/exactly"),
        ("/exact", "/folded"),
        ("/EXACT/", "/folded"),
        ("/OLD", "/spring-sale"),
        ("/old/", "/spring-sale"),
        ("/Old//", "/spring-sale"),
        ("/camel/case", "/camel"),
        ("/%C3%9CBER%20UNS/", "/spring-sale"),
        ("/old/more", None),
        ("/%FF", None),
    ],
)
def test_it_is_found_as_written_first_then_in_any_case_and_with_a_slash(
    stage: Stage, asked: str, led_to: str | None
) -> None:
    assert location(stage, asked) == led_to


def test_a_page_comes_first(stage: Stage) -> None:
    stage.publish("/old", page_id=2)
    assert stage.ask("/old").status_code == 200
    assert location(stage, "/old/") == "/old"
    stage.withdraw("/old")
    assert location(stage, "/old") == "/spring-sale"


def test_it_is_the_hosts_own(stage: Stage) -> None:
    assert stage.ask("/old", host=OTHER_HOST).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_sent_to_an_old_address(stage: Stage, method: str) -> None:
    answer = stage.ask("/old", method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_bots_are_led_like_everybody(stage: Stage) -> None:
    assert location(stage, "/old", agent=GOOGLEBOT) == location(stage, "/old") == "/spring-sale"
    assert stage.ask("/old", method="HEAD").status_code == 301


def test_a_query_cannot_write_headers_or_choose_the_host(stage: Stage) -> None:
    environ = EnvironBuilder(path="/old", base_url=f"https://{HOST}").get_environ()
    _, status, headers = run_wsgi_app(stage.front, {**environ, "QUERY_STRING": "a=1\r\nSet-Cookie: x=1@evil.example/"})
    assert status.startswith("301")
    assert headers["Location"] == "/spring-sale?a=1%0D%0ASet-Cookie:%20x=1@evil.example/"


def test_redirects_that_cannot_be_read_leave_the_old_ones_serving(stage: Stage) -> None:
    stage.redirects = [("/old", "/elsewhere", 301)]
    redirects_id, _ = write_redirects(stage.redirects)
    write_redirects_file(stage.settings.published_dir, redirects_id, b"{")
    stage.write_catalog(write_files=False)
    assert location(stage, "/old") == "/spring-sale"


def test_ten_thousand_of_them_cost_one_look_up() -> None:
    many = make_redirects((f"/old/{number}", "/new", 301) for number in range(10_000))
    few = make_redirects([("/old/1", "/new", 301)])

    def time_of(redirects: object) -> float:
        began = time.perf_counter()
        for _ in range(20_000):
            redirects.find("/nowhere")  # type: ignore[attr-defined]
        return time.perf_counter() - began

    assert min(time_of(many) for _ in range(5)) < 3 * min(time_of(few) for _ in range(5))
