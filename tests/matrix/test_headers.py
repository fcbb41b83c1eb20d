"""Every route, method and status of the three hosts carries exactly the headers that the security rules prescribe.

A route without a row, a header too many and a header too few all fail.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from app import build
from experiments.journal import JournalUnavailable
from lander.catalog import SiteEntry, write_catalog
from lander.factory import create_studio
from lander.preview import create_preview, sign_preview
from lander.serve.front import Front
from tests.fuzz.world import PAGES, PREVIEW, STUDIO, Answer, Request, World, opened
from tests.matrix.prescribed import ANSWER, OWN, OWN_DRAFT, PAGE, SCREEN, find_differences
from tests.matrix.rows import PAGE_RULE, SEEN, TABLES, Row, filled_form, view_token

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@pytest.mark.parametrize("host", TABLES)
def test_every_route_and_method_is_answered_as_prescribed(world: World, host: str) -> None:
    wrong, seen = [], set()
    for row in [*TABLES[host], *list_wrong_methods(world, host)]:
        answer = world.ask(with_origin(world, row.request(world)))
        seen.add(answer.code)
        differences = list(compare(world, row, answer))
        if differences:
            wrong.append(f"{row.method} {row.path or row.rule} → {answer.status}: {'; '.join(differences)}")
    assert wrong == []
    assert seen == SEEN[host]


@pytest.mark.parametrize("host", TABLES)
def test_every_route_has_its_rows(world: World, host: str) -> None:
    assert {(row.rule, row.method) for row in TABLES[host] if row.rule} == list_routes(world, host)


def list_routes(world: World, host: str) -> set[tuple[str, str]]:
    """Rule and method of every route, from the code."""
    if host == PAGES:
        resources = Front(world.settings)._resources
        found = {(path, method) for path, handlers in resources.items() for method in handlers}
        found |= {("a page", "GET"), ("/_l/a/", "GET")}  # those two are found by what is published
        return found | {(rule, "HEAD") for rule, method in found if method == "GET"}
    app = (
        create_studio(world.settings, world.engine) if host == STUDIO else create_preview(world.settings, world.engine)
    )
    return {
        (rule.rule, method) for rule in app.url_map.iter_rules() for method in (rule.methods or set()) - {"OPTIONS"}
    }


def list_wrong_methods(world: World, host: str) -> Iterator[Row]:
    """Each route asked with each method that it does not have. The studio tells with OPTIONS which it has."""
    routes = list_routes(world, host)
    kind = {PAGES: ANSWER, STUDIO: SCREEN, PREVIEW: OWN_DRAFT}[host]
    paths = {row.rule: row for row in TABLES[host] if row.rule}
    for rule in sorted({rule for rule, _ in routes}):
        for method in METHODS:
            if (rule, method) in routes:
                continue
            tells = host == STUDIO and method == "OPTIONS"
            leads_back = method in ("GET", "HEAD") and rule.startswith(
                f"{PAGE_RULE}/"
            )  # a form's address, loaded again
            status = 200 if tells else 303 if leads_back else 405
            who = (paths[rule].who or "maya") if host == STUDIO else ""
            headers = {"Origin": "ORIGIN"}
            yield Row(host, rule, method, status, kind, path=paths[rule].path, who=who, headers=headers)


def with_origin(world: World, request: Request) -> Request:
    """The words that stand for what depends on the setting."""
    request.headers = {
        name: value.replace("ORIGIN", world.origin(request.host)).replace("COOKIE", world.session_cookie)
        for name, value in request.headers.items()
    }
    return request


def compare(world: World, row: Row, answer: Answer) -> Iterator[str]:
    """Where the answer is not what its row says."""
    if answer.code != row.status:
        yield f"not {row.status}"
    body = answer.text
    if row.method == "HEAD":  # its policy is that of what GET holds
        asked = with_origin(world, row.request(world))
        asked.method = "GET"
        body = world.ask(asked).text
    yield from find_differences(world, row.kind, answer, body)


def test_a_nonce_is_never_used_twice(world: World) -> None:
    nonces = [
        world.get(STUDIO, "/sign-in").get("Content-Security-Policy").partition("'nonce-")[2][:22] for _ in range(50)
    ]
    assert len(set(nonces)) == 50


def test_a_header_too_many_or_too_few_or_other_than_prescribed_is_seen(world: World) -> None:
    row = Row(PAGES, "", "GET", 404, OWN, path="/nowhere")
    good = world.ask(row.request(world))
    without = [header for header in good.headers if header[0] != "X-Content-Type-Options"]
    for headers in (without, [*good.headers, ("X-Powered-By", "PHP")], [*without, ("X-Content-Type-Options", "sniff")]):
        assert len(list(compare(world, row, Answer(good.status, headers, good.body)))) == 1


@pytest.fixture
def broken(templates: dict[str, Path], tmp_path: Path) -> Iterator[World]:
    """A world of its own, to break something in."""
    with opened(templates["production"], tmp_path / "world", "production") as world:
        yield world


def check(world: World, row: Row) -> Answer:
    answer = world.ask(with_origin(world, row.request(world)))
    assert list(compare(world, row, answer)) == []
    return answer


def test_a_defect_of_a_screen_is_an_answer_with_every_header(broken: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lander.console.policy.describe", _break_down)
    assert "our mistake" in check(broken, Row(STUDIO, "", "GET", 500, SCREEN, path="/policy", who="maya")).text


def test_a_database_that_is_away_is_an_answer_with_every_header(broken: World) -> None:
    with broken.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE sign_in_attempt")
        connection.exec_driver_sql("DROP TABLE policyversion")
    check(broken, Row(STUDIO, "", "GET", 503, SCREEN, path="/policy", who="maya"))
    check(broken, Row(STUDIO, "", "GET", 503, SCREEN, path="/readyz"))


def test_too_many_attempts_are_an_answer_with_every_header(broken: World) -> None:
    row = {"path": "/sign-in", "headers": {"Origin": "ORIGIN"}, "body": b"name=maya&password=wrong"}
    for _ in range(5):
        check(broken, Row(STUDIO, "", "POST", 422, SCREEN, **row))
    check(broken, Row(STUDIO, "", "POST", 429, SCREEN, **row))


def test_a_defect_of_a_preview_is_an_answer_with_every_header(broken: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lander.preview.compile_variant", _break_down)
    check(broken, Row(PREVIEW, "", "GET", 500, OWN_DRAFT, path="/p/<signed>/"))


def test_an_expired_preview_is_an_answer_with_every_header(broken: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lander.preview.LONGEST_TTL_S", 10**9)
    link = sign_preview(broken.settings, 1, "a", ttl_s=1)
    monkeypatch.setattr("lander.preview.read_edge", lambda environ, settings: Later())
    check(broken, Row(PREVIEW, "", "GET", 410, OWN_DRAFT, path=link))


def test_a_rescued_page_is_an_answer_with_every_header(broken: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lander.serve.exposure.find_source", _break_down)
    check(broken, Row(PAGES, "", "GET", 200, PAGE, path="/spring-sale"))
    monkeypatch.setattr("lander.serve.front.fill", _break_down)
    check(broken, Row(PAGES, "", "GET", 503, OWN, path="/spring-sale"))


def test_a_full_disk_is_an_answer_with_every_header(broken: World, monkeypatch: pytest.MonkeyPatch) -> None:
    body, beacon = filled_form()(broken), f"t={view_token(broken)}&k=view".encode()
    monkeypatch.setattr("experiments.journal.Journal.append", _is_full)
    monkeypatch.setattr("experiments.journal.Journal.check", _is_full)
    check(broken, Row(PAGES, "", "POST", 503, OWN, path="/_l/f", body=body))
    check(broken, Row(PAGES, "", "POST", 503, ANSWER, path="/_l/b", body=beacon))
    check(broken, Row(PAGES, "", "GET", 503, ANSWER, path="/readyz"))


def test_a_node_without_a_release_is_an_answer_with_every_header(broken: World) -> None:
    write_catalog(broken.settings.published_dir, [SiteEntry(PAGES, "www.localhost", "UTC")], {})
    broken.app = build(broken.settings)
    check(broken, Row(PAGES, "", "GET", 503, ANSWER, path="/readyz"))


class Later:
    """An edge of another year."""

    now = datetime(2100, 1, 1, tzinfo=UTC)


def _break_down(*_: object, **__: object) -> None:
    raise RuntimeError("a defect")


def _is_full(*_: object, **__: object) -> None:
    raise JournalUnavailable("the disk is full")
