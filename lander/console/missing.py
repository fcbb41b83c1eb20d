"""The 404 log: what people ask for in vain, and one click to lead them somewhere."""

from flask import Blueprint, Response, request

from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission
from lander.console.places import load_site, site_options
from lander.console.redirect_context import MissedRow, MissingScreen
from lander.console.redirect_screens import edit_address, query_of
from lander.console.screens import go, show
from lander.db import reading, transaction
from lander.pages.missing import ignore_missing, list_missing

blueprint = Blueprint("missing", __name__)


@view(blueprint, "/redirects/missing", permission=Permission.REDIRECTS_READ)
def show_missing() -> Response:
    ignored = "ignored" in request.args
    with reading(studio().engine) as session:
        site = load_site(session)
        query = query_of(session, site)
        found = list_missing(session, site, ignored=ignored)
        other = "" if ignored else f"{'&' if query else '?'}ignored=yes"
        screen = MissingScreen(
            site=site.host,
            sites=site_options(session, site),
            query=query,
            timezone=site.timezone,
            rows=[
                MissedRow(
                    path=item.path,
                    hits=item.hits,
                    referrer=item.referrer,
                    first_at=item.first_at,
                    last_at=item.last_at,
                    proposal=item.proposal,
                    redirect_address=edit_address(query, path=item.path, to=item.proposal),
                )
                for item in found
            ],
            ignored=ignored,
            other_address=f"/redirects/missing{query}{other}",
            may_edit=caller().can(Permission.REDIRECTS_EDIT),
        )
    return show(screen)


@view(blueprint, "/redirects/ignore", permission=Permission.REDIRECTS_EDIT, methods=("POST",))
def ignore() -> Response:
    ignored = "back" not in request.form
    with transaction(studio().engine) as session:
        site = load_site(session)
        path = request.form.get("path", "")
        ignore_missing(session, site, path, ignored=ignored, actor=actor(), now=edge().now)
        address = f"/redirects/missing{query_of(session, site)}"
    return go(address, notice="ignored" if ignored else "listed-again")
