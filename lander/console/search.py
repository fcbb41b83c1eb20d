"""Search over everything that somebody may see."""

from flask import Blueprint, Response, request

from lander.access.gate import caller, studio, view
from lander.access.permissions import Permission
from lander.console.places import has_several
from lander.console.screens import show
from lander.console.search_context import SearchScreen
from lander.console.search_rows import FINDERS, Search
from lander.db import reading

blueprint = Blueprint("search", __name__)

_SHORTEST, _LONGEST = 2, 200


@view(blueprint, "/search", permission=Permission.SIGNED_IN)
def search_everything() -> Response:
    words = " ".join(request.args.get("q", "").replace("\0", " ").split())[:_LONGEST]
    if len(words) < _SHORTEST:
        return show(SearchScreen(words, [], "Type at least two letters." if words else ""))
    with reading(studio().engine) as session:
        search = Search(words, several=has_several(session))
        found = [find(session, search) for permission, find in FINDERS if caller().can(permission)]
    groups = [group for group in found if group.hits]
    return show(SearchScreen(words, groups, "" if groups else _say_nothing_found()))


def _say_nothing_found() -> str:
    said = "Nothing has these words. They are searched as typed: fewer of them find more."
    if caller().can(Permission.LEADS_READ):
        said += " Leads are found here by their whole e-mail address."
    return said
