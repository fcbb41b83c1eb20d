"""Every role against every route: what is declared is what happens, and nothing is open by accident."""

import pytest
from flask import Flask

from experiments.models import Experiment
from lander.access.gate import Declared
from lander.access.permissions import PERMISSIONS, Permission, can
from tests.cast import ROLES
from tests.console.conftest import Browser, text_of

FILLED = {
    "slug": "spring-sale",
    "key": "b",
    "name": "studio.css",
}


def list_routes(studio: Flask) -> list[tuple[str, str, Permission]]:
    found = []
    for rule in studio.url_map.iter_rules():
        declared: Declared = studio.view_functions[rule.endpoint].lander_permission
        arguments = {name: FILLED[name] for name in rule.arguments}
        if "experiments" in rule.rule and "key" in arguments:
            arguments["key"] = "spring-sale-1"
        address = rule.rule
        for name, value in arguments.items():
            address = address.replace(f"<path:{name}>", value).replace(f"<string(length=1):{name}>", value)
            address = address.replace(f"<{name}>", value)
        found += [(method, address, declared.permission) for method in sorted(rule.methods & {"GET", "POST"})]
    return found


@pytest.mark.parametrize("name", ROLES)
def test_a_role_may_do_what_is_declared_and_nothing_else(
    studio: Flask, browser, experiment: Experiment, name: str
) -> None:
    person: Browser = browser(name)
    for method, address, permission in list_routes(studio):
        if address == "/sign-out":
            continue
        response = person.get(address) if method == "GET" else person.post(address)
        if can(ROLES[name], permission):
            assert response.status_code not in (401, 403, 500), (method, address, response.text)
        else:
            assert response.status_code == 403, (method, address)
            assert "you may not" in text_of(response)


def test_nobody_gets_in_without_signing_in(studio: Flask, otto: Browser, experiment: Experiment) -> None:
    for method, address, permission in list_routes(studio):
        response = otto.get(address) if method == "GET" else otto.post(address)
        if permission is Permission.PUBLIC:
            assert response.status_code not in (401, 403, 500), (method, address)
        elif address.startswith("/api/"):
            assert response.status_code == 401
            assert response.content_type == "application/problem+json"
        else:
            assert response.status_code == 303, (method, address)
            assert response.headers["Location"].startswith("/sign-in")


def test_only_these_routes_are_public(studio: Flask) -> None:
    public = {
        (method, address) for method, address, permission in list_routes(studio) if permission is Permission.PUBLIC
    }
    assert public == {
        ("GET", "/static/studio.css"),
        ("GET", "/favicon.ico"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/sign-in"),
        ("POST", "/sign-in"),
    }


def test_a_get_changes_nothing_by_its_permission(studio: Flask) -> None:
    changing = {Permission.PAGES_PUBLISH, Permission.PAGES_WITHDRAW}
    assert [item for item in list_routes(studio) if item[0] == "GET" and item[2] in changing] == []


def test_the_navigation_shows_only_what_a_role_may_see(maya: Browser, ivan: Browser) -> None:
    assert "Audit" not in text_of(maya.get("/"))
    assert "Audit" in text_of(ivan.get("/"))


def test_buttons_that_a_role_may_not_use_are_not_shown(ana: Browser, ivan: Browser, experiment: Experiment) -> None:
    seen_by_ana, seen_by_ivan = ana.get("/pages/spring-sale").text, ivan.get("/pages/spring-sale").text
    assert "/publish" not in seen_by_ana
    assert "/copy" not in seen_by_ana
    assert "/withdraw" not in seen_by_ana
    assert "/publish" not in seen_by_ivan
    assert "/stop" not in ivan.get("/experiments/spring-sale-1").text
    assert "New page" not in ana.get("/pages").text
    assert "Plan an experiment" not in ivan.get("/experiments").text


def test_every_role_has_its_row() -> None:
    assert set(PERMISSIONS) == set(ROLES.values())
    assert all(Permission.PUBLIC not in granted for granted in PERMISSIONS.values())
