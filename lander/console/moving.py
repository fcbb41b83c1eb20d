"""Renaming a page and retiring one: where the people go who know the old address."""

from collections.abc import Sequence

from flask import Blueprint, Response, request
from sqlmodel import Session

from experiments import lifecycle
from lander.access.gate import actor, edge, studio, view
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.places import Place, find_place, load_place
from lander.console.redirect_context import RenameScreen, RetireScreen
from lander.console.screens import go, show, tell
from lander.db import reading, transaction
from lander.errors import Conflict, LanderError
from lander.pages import publish
from lander.pages.moving import find_links, rename_page, retire_page, say_rule
from lander.pages.redirect_rules import InvalidRedirect, path_of
from lander.policy.findings import Refused, Severity
from lander.preflight import look_ahead

blueprint = Blueprint("moving", __name__)

_ELSEWHERE, _FALLBACK, _GONE = "elsewhere", "fallback", "gone"
_STATUS = {_ELSEWHERE: 301, _FALLBACK: 302, _GONE: 410}
_FIELD = {_ELSEWHERE: "target", _FALLBACK: "fallback"}


@view(blueprint, "/pages/<path:slug>/rename", permission=Permission.PAGES_PUBLISH)
def show_rename(slug: str) -> Response:
    with reading(studio().engine) as session:
        screen = _rename_screen(session, load_place(session, slug))
    return show(screen)


@view(blueprint, "/pages/<path:slug>/rename", permission=Permission.PAGES_PUBLISH, methods=("POST",))
def rename(slug: str) -> Response:
    typed = request.form.get("slug", "").strip().strip("/")
    in_the_way = ""
    try:
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            moved = rename_page(
                session, studio().settings, place.page, typed, preflight=look_ahead, actor=actor(), now=edge().now
            )
            if moved.removed and path_of(moved.removed.target) != f"/{slug}" and request.form.get("over") != typed:
                in_the_way = say_rule(moved.removed)
                raise Conflict(
                    f"A redirect stands at {moved.removed.path}.",
                    fix="Choose another address, or tick below that the redirect goes.",
                )
            address = place.at()
    except LanderError as error:
        with reading(studio().engine) as session:
            found = find_place(session, slug)
            if found is None:
                raise
            errors = [FormError(error.message, "slug", _say_fix(error))]
            screen = _rename_screen(session, found, typed, in_the_way, errors)
        return show(screen, status=error.status)
    return go(tell(address, moved.sentences()), notice="renamed")


@view(blueprint, "/pages/<path:slug>/retire", permission=Permission.PAGES_PUBLISH)
def show_retire(slug: str) -> Response:
    with reading(studio().engine) as session:
        screen = _retire_screen(session, load_place(session, slug))
    return show(screen)


@view(blueprint, "/pages/<path:slug>/retire", permission=Permission.PAGES_PUBLISH, methods=("POST",))
def retire(slug: str) -> Response:
    choice = request.form.get("choice", "")
    try:
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            moved = retire_page(
                session,
                place.page,
                status=_STATUS.get(choice, 0),
                target=request.form.get(_FIELD.get(choice, ""), ""),
                actor=actor(),
                now=edge().now,
            )
            address = place.at()
    except LanderError as error:
        with reading(studio().engine) as session:
            found = find_place(session, slug)
            if found is None:
                raise
            screen = _retire_screen(session, found, _name_errors(error, choice))
        return show(screen, status=error.status)
    return go(tell(address, moved.sentences()), notice="retired")


def _rename_screen(
    session: Session,
    place: Place,
    typed: str | None = None,
    in_the_way: str = "",
    errors: Sequence[FormError] = (),
) -> RenameScreen:
    return RenameScreen(
        site=place.site.host,
        slug=place.page.slug,
        label=place.label,
        address=place.at(),
        action=place.at("/rename"),
        typed=place.page.slug if typed is None else typed,
        in_the_way=in_the_way,
        was_seen=bool(publish.list_publications(session, place.page)),
        is_under_test=lifecycle.find_running(session, place.page_id) is not None,
        links=[str(link) for link in find_links(session, place.site, place.page)],
        errors=list(errors),
    )


def _retire_screen(session: Session, place: Place, errors: Sequence[FormError] = ()) -> RetireScreen:
    return RetireScreen(
        slug=place.page.slug,
        label=place.label,
        address=place.at(),
        action=place.at("/retire"),
        core_site=place.site.core_site,
        choice=request.form.get("choice", _ELSEWHERE),
        target=request.form.get("target", ""),
        fallback=request.form.get("fallback", f"https://{place.site.core_site}/"),
        links=[str(link) for link in find_links(session, place.site, place.page)],
        errors=list(errors),
    )


def _name_errors(error: LanderError, choice: str) -> list[FormError]:
    """Each beside the control that it is about."""
    if isinstance(error, InvalidRedirect) and choice in _STATUS:
        return [FormError(item.sentence, _FIELD.get(choice, "choice"), item.fix) for item in error.problems]
    if isinstance(error, InvalidRedirect):
        return [FormError("Nothing was chosen.", "choice", "Say where its visitors go.")]
    return [FormError(error.message, "", error.fix)]


def _say_fix(error: LanderError) -> str:
    if not isinstance(error, Refused):
        return error.fix
    first = next(item for item in error.findings if item.severity is Severity.REFUSE)
    return f"Rules have changed since it was published: {first.sentence} Publish it first."
