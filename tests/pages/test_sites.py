"""Ivan adds a pages host; a wrong one is refused with what to do."""

import pytest

from lander.access.audit import list_entries
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput, NotFound
from lander.pages import sites
from tests.builders_content import HOST, NOW, Studio


def test_a_site_has_its_core_site_zone_and_currency(studio: Studio) -> None:
    with transaction(studio.engine) as session:
        sites.add_site(
            session,
            studio.settings,
            host="Offers.Example.com",
            core_site="www.example.com",
            timezone="Europe/Berlin",
            currency="USD",
            actor="ivan",
            now=NOW,
        )
    with reading(studio.engine) as session:
        site = sites.load_site(session, "offers.example.com")
        assert (site.core_site, site.timezone, site.currency) == ("www.example.com", "Europe/Berlin", "USD")
        assert [item.host for item in sites.list_sites(session)] == [HOST, "offers.example.com"]
        entry = list_entries(session)[0]
        assert (entry.actor, entry.action, entry.subject) == ("ivan", "site.add", "offers.example.com")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": "studio.localhost"}, "studio's or the preview's host"),
        ({"host": "https://x.example"}, "is not a host name"),
        ({"host": "a b"}, "is not a host name"),
        ({"core_site": "https://www.example.com"}, "core site 'https://www.example.com' is not a host name"),
        ({"core_site": "new.example.com"}, "cannot both be 'new.example.com'"),
        ({"timezone": "Mars/Olympus"}, "is not a time zone"),
        ({"timezone": "../../etc/passwd"}, "is not a time zone"),
        ({"currency": "euro"}, "is not a currency"),
    ],
)
def test_what_cannot_be_a_site_is_refused(studio: Studio, change: dict[str, str], words: str) -> None:
    values = {"host": "new.example.com", "core_site": "www.example.com"} | change
    with pytest.raises(InvalidInput, match=words), transaction(studio.engine) as session:
        sites.add_site(session, studio.settings, **values, actor="ivan", now=NOW)
    with reading(studio.engine) as session:
        assert [site.host for site in sites.list_sites(session)] == [HOST]


def test_a_host_is_a_site_once(studio: Studio) -> None:
    with pytest.raises(Conflict, match="already a site"), transaction(studio.engine) as session:
        sites.add_site(session, studio.settings, host=HOST, core_site="www.example.com", actor="ivan", now=NOW)


def test_an_unknown_site_is_not_found_and_the_known_ones_are_named(studio: Studio) -> None:
    with pytest.raises(NotFound, match=HOST), reading(studio.engine) as session:
        sites.load_site(session, "nowhere.example.com")
