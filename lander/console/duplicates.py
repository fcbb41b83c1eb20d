"""Pages that say the same, in groups, with the one that should speak for each."""

from flask import Blueprint, Response

from lander.access.gate import studio, view
from lander.access.permissions import Permission
from lander.console.format import share
from lander.console.places import Place, has_several, load_site, site_options
from lander.console.redirect_context import DuplicatesScreen, TwinGroup, TwinRow
from lander.console.redirect_screens import query_of
from lander.console.screens import show
from lander.db import reading
from lander.pages.duplicates import ALIKE, Group, Twin, list_duplicates
from lander.pages.models import Page, Site

blueprint = Blueprint("duplicates", __name__)


@view(blueprint, "/duplicates", permission=Permission.PAGES_READ)
def show_duplicates() -> Response:
    with reading(studio().engine) as session:
        site = load_site(session)
        several = has_several(session)
        screen = DuplicatesScreen(
            site=site.host,
            sites=site_options(session, site),
            query=query_of(session, site),
            threshold=share(ALIKE),
            groups=[_group(group, site, several=several) for group in list_duplicates(session, site)],
        )
    return show(screen)


def _group(group: Group, site: Site, *, several: bool) -> TwinGroup:
    first, *others = (_row(twin, site, several=several) for twin in group.pages)
    if any(row.is_findable for row in others):
        advice = f"Search engines may find more than one. Name /{first.slug} as the canonical address of the others."
    elif first.is_findable:
        advice = f"Search engines find /{first.slug} alone, as it should be."
    else:
        advice = f"Search engines find none of them. If one text is enough, redirect the others to /{first.slug}."
    return TwinGroup(first, others, advice)


def _row(twin: Twin, site: Site, *, several: bool) -> TwinRow:
    assert site.id is not None
    page = Page(site_id=site.id, slug=twin.slug, created_at=twin.created_at, created_by="")
    return TwinRow(
        slug=twin.slug,
        address=Place(site, page, several).at(),
        alike=share(twin.alike),
        state_word="Live" if twin.is_live else "Draft",
        is_findable=twin.is_findable and twin.is_live,
    )
