"""Where things are in the studio: from the address of a request to its site and page, and back to an address.

Pages are named by their slug. Only where there are several sites does `?site=` say which one is meant.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request
from sqlmodel import Session

from lander.access.gate import origin_of
from lander.console.context import SiteOption
from lander.errors import NotFound
from lander.pages.models import Page, Site
from lander.pages.pages import find_page, list_pages, page_address
from lander.pages.sites import list_sites


@dataclass(frozen=True, slots=True)
class Place:
    """A page on its site. `several` says whether its site must be named in addresses."""

    site: Site
    page: Page
    several: bool

    @property
    def page_id(self) -> int:
        assert self.page.id is not None
        return self.page.id

    @property
    def label(self) -> str:
        """As people write it: go.example.com/spring-sale."""
        return page_address(self.site, self.page)

    @property
    def public_address(self) -> str:
        """Where visitors see it."""
        return f"{origin_of(self.site.host)}/{self.page.slug}"

    @property
    def query(self) -> str:
        """What an address about this page needs besides its path."""
        return f"?{urlencode({'site': self.site.host})}" if self.several else ""

    def at(self, tail: str = "", **query: str) -> str:
        """An address of the studio about this page: `/pages/<slug><tail>`."""
        if self.several:
            query = {"site": self.site.host, **query}
        return f"/pages/{self.page.slug}{tail}" + (f"?{urlencode(query)}" if query else "")


def find_site(session: Session) -> Site | None:
    """The site that the request names, else the first one; None where there is none yet."""
    sites = list_sites(session)
    wanted = request.values.get("site", "")
    for site in sites:
        if site.host == wanted:
            return site
    if wanted:
        raise NotFound(f"There is no site '{wanted}'.", fix="Choose one from the list of pages.")
    return sites[0] if sites else None


def load_site(session: Session) -> Site:
    """The site of this request; raises `NotFound` where none has been set up."""
    site = find_site(session)
    if site is None:
        raise NotFound("There is no site yet.", fix="IT adds the first one with: lander site add")
    return site


def load_place(session: Session, slug: str) -> Place:
    """The page of this request; raises `NotFound`."""
    place = find_place(session, slug)
    if place is None:
        address = f"{load_site(session).host}/{slug}"
        raise NotFound(f"There is no page at {address}.", fix="The list of pages has every one.")
    return place


def find_place(session: Session, slug: str) -> Place | None:
    """The page at that address of this request's site, or None."""
    site = load_site(session)
    page = find_page(session, site, slug)
    return None if page is None else Place(site=site, page=page, several=has_several(session))


def place_of(session: Session, page_id: int) -> Place:
    """The page of that id, say of an experiment; raises `NotFound`."""
    page = session.get(Page, page_id)
    site = session.get(Site, page.site_id) if page is not None else None
    if page is None or site is None:
        raise NotFound("The page of this experiment is gone.")
    return Place(site=site, page=page, several=has_several(session))


def list_live_places(session: Session) -> list[Place]:
    """Every page that visitors see, site by site."""
    sites = list_sites(session)
    return [
        Place(site=site, page=page, several=len(sites) > 1)
        for site in sites
        for page in list_pages(session, site)
        if page.release_id is not None
    ]


def has_several(session: Session) -> bool:
    """Whether there is more than one site to tell apart."""
    return len(list_sites(session)) > 1


def site_options(session: Session, chosen: Site | None) -> list[SiteOption]:
    """The site switcher; empty where there is nothing to switch."""
    sites = list_sites(session)
    if len(sites) < 2:
        return []
    return [SiteOption(host=site.host, is_chosen=chosen is not None and site.id == chosen.id) for site in sites]
