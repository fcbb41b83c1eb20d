"""`lander site add`: where pages may be published."""

import pytest
from sqlmodel import select

from lander.access.models import AuditEntry
from lander.db import reading
from lander.pages import sites
from tests.cli.conftest import HOST, Terminal


def test_a_site_is_added_with_its_core_site_and_its_days(terminal: Terminal) -> None:
    said = terminal.ok(
        "site",
        "add",
        "Go.Example.com",
        "--core-site",
        "www.example.com",
        "--timezone",
        "Asia/Tokyo",
        "--currency",
        "JPY",
    )
    assert said == {
        "host": "go.example.com",
        "core_site": "www.example.com",
        "timezone": "Asia/Tokyo",
        "currency": "JPY",
    }
    with reading(terminal.engine) as session:
        assert [site.host for site in sites.list_sites(session)] == ["go.example.com", HOST]


def test_it_says_so_in_a_sentence(terminal: Terminal) -> None:
    said = terminal.read("site", "add", "go.example.com", "--core-site", "www.example.com")
    assert said == "Pages can be published on go.example.com now (core site www.example.com).\n"


def test_who_added_it_is_written_down(terminal: Terminal) -> None:
    with reading(terminal.engine) as session:
        entry = session.exec(select(AuditEntry)).one()
    assert entry.action == "site.add"
    assert entry.subject == HOST
    assert entry.actor.startswith("command line (")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((HOST, "--core-site", "www.localhost"), "There is already a site"),
        (("studio.localhost", "--core-site", "www.localhost"), "a host of their own"),
        (("preview.localhost", "--core-site", "www.localhost"), "a host of their own"),
        (("http://go.example.com", "--core-site", "www.example.com"), "is not a host name"),
        (("www.example.com", "--core-site", "www.example.com"), "a host of their own"),
        (("go.example.com", "--core-site", "https://www.example.com"), "is not a host name"),
        (("go.example.com", "--core-site", "www.example.com", "--timezone", "Mars/Base"), "'Mars/Base'"),
        (("go.example.com", "--core-site", "www.example.com", "--currency", "gold"), "'gold'"),
        (("go.example.com",), "Missing option '--core-site'"),
    ],
)
def test_what_cannot_be_a_site_is_refused(terminal: Terminal, arguments: tuple[str, ...], reason: str) -> None:
    assert reason in terminal.refused("site", "add", *arguments)
    with reading(terminal.engine) as session:
        assert [site.host for site in sites.list_sites(session)] == [HOST]
