"""One change on many pages: plan it, apply it, publish it, take it back. Planning is a GET with an address to mail."""

import re
import secrets
from pathlib import Path

from flask import Blueprint, Response, jsonify, make_response, request
from sqlmodel import Session

from lander.access.gate import actor, caller, edge, studio, view
from lander.access.permissions import Permission
from lander.console import progress
from lander.console.bulk_context import BulkScreen, Option
from lander.console.bulk_rows import bulk_row, bulk_screen, plan_box, refusal_rows, say_wrong, test_field
from lander.console.context import FormError
from lander.console.places import has_several, load_site, site_options
from lander.console.screens import go, show, tell
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput, LanderError
from lander.pages import bulk
from lander.pages.bulk_plan import plan_bulk
from lander.pages.bulk_scope import Scope
from lander.pages.edits import Kind, Operation, Where
from lander.pages.models import Site
from lander.pages.together import RefusedTogether, Undecided
from lander.preflight import look_ahead

blueprint = Blueprint("bulk", __name__)

_KINDS = {
    Kind.REPLACE: "Replace a text",
    Kind.SET_TEXT: "Set the text of elements",
    Kind.SET_HTML: "Set the content of elements (HTML)",
    Kind.SET_ATTRIBUTE: "Set an attribute of elements",
    Kind.ADD_CLASS: "Add a class to elements",
    Kind.REMOVE_CLASS: "Take a class off elements",
}
_WHERE = {
    Where.SHOWN: "in text, and in attributes that show text",
    Where.TEXT: "in text only",
    Where.SOURCE: "everywhere in the source but scripts and styles",
}
_FIELDS = (
    "site", "kind", "find", "value", "attribute", "where", "whole_word", "match_case", "pages", "prefix", "variants",
    "no_snippets",
)  # fmt: skip
_BODY_BYTES = 1024 * 1024
_WORDS = re.compile(r"[\s,]+")


@view(blueprint, "/bulk", permission=Permission.PAGES_READ)
def show_form() -> Response:
    with reading(studio().engine) as session:
        screen = _screen(session, load_site(session))
    return show(screen, status=422 if screen.errors else 200)


@view(blueprint, "/bulk", permission=Permission.PAGES_PUBLISH, methods=("POST",), body_bytes=_BODY_BYTES)
def apply() -> Response:
    """Apply what was planned; with `act=publish`, publish it in the same go: all of it happens, or nothing."""
    publishes = request.form.get("act") == "publish"
    try:
        with progress.told_in(_folder(), request.form.get("token", "")) as say, transaction(studio().engine) as session:
            made = bulk.apply_bulk(
                session,
                studio().settings,
                load_site(session),
                _read_operation(),
                _read_scope(),
                fingerprint=request.form.get("fingerprint", ""),
                actor=actor(),
                now=edge().now,
            )
            if publishes:
                choices = _read_choices()
                bulk.publish_bulk(
                    session,
                    studio().settings,
                    made,
                    choices=choices,
                    actor=actor(),
                    now=edge().now,
                    preflight=look_ahead,
                    tell=say,
                )
            address = f"/bulk/{made.id}"
    except (Conflict, InvalidInput, RefusedTogether) as error:
        with reading(studio().engine) as session:
            screen = _screen(session, load_site(session), error)
        return show(screen, status=error.status)
    return go(address)


@view(blueprint, "/bulk/progress", permission=Permission.PAGES_READ)
def tell_progress() -> Response:
    """How far the work under a token is."""
    done, of = progress.read(_folder(), request.args.get("token", ""))
    return make_response(jsonify(done=done, of=of))


@view(blueprint, "/bulk/<int:number>", permission=Permission.PAGES_READ)
def show_bulk(number: int) -> Response:
    with reading(studio().engine) as session:
        screen = bulk_screen(session, bulk.load_bulk(session, number), token=_token())
    return show(screen)


@view(blueprint, "/bulk/<int:number>/publish", permission=Permission.PAGES_PUBLISH, methods=("POST",))
def publish(number: int) -> Response:
    try:
        with progress.told_in(_folder(), request.form.get("token", "")) as say, transaction(studio().engine) as session:
            made = bulk.load_bulk(session, number)
            bulk.publish_bulk(
                session,
                studio().settings,
                made,
                choices=_read_choices(),
                actor=actor(),
                now=edge().now,
                preflight=look_ahead,
                tell=say,
            )
    except (Conflict, InvalidInput, RefusedTogether) as error:
        return _show_refusal(number, error)
    return go(f"/bulk/{number}")


@view(blueprint, "/bulk/<int:number>/undo", permission=Permission.PAGES_PUBLISH, methods=("POST",))
def undo(number: int) -> Response:
    try:
        with progress.told_in(_folder(), request.form.get("token", "")) as say, transaction(studio().engine) as session:
            made = bulk.load_bulk(session, number)
            choices = _read_choices()
            asked = [test.key for test in bulk.list_tests(session, made) if test.key not in choices]
            if asked and made.published_at is not None and made.undone_at is None:
                raise Undecided(asked)
            undone = bulk.undo_bulk(
                session,
                studio().settings,
                made,
                over="over" in request.form,
                choices=choices,
                actor=actor(),
                now=edge().now,
                preflight=look_ahead,
                tell=say,
            )
    except (Conflict, InvalidInput, RefusedTogether) as error:
        return _show_refusal(number, error)
    return go(tell(f"/bulk/{number}", undone.sentences()))


def _show_refusal(number: int, error: LanderError) -> Response:
    with reading(studio().engine) as session:
        screen = bulk_screen(
            session,
            bulk.load_bulk(session, number),
            token=_token(),
            chosen=_read_choices(),
            errors=say_wrong(error),
            refused=error.by_page if isinstance(error, RefusedTogether) else (),
        )
    return show(screen, status=error.status)


def _screen(session: Session, site: Site, error: LanderError | None = None) -> BulkScreen:
    """The form as it was sent, and the plan it asks for."""
    values = request.values
    errors = say_wrong(error) if error is not None else []
    plan = None
    if "find" in values:
        try:
            made = plan_bulk(session, studio().settings, site, _read_operation(), _read_scope())
            plan = plan_box(session, site, made, _list_hidden(), _read_choices())
        except InvalidInput as wrong:
            errors = errors or [FormError(wrong.message, "look-for", wrong.fix)]
    kind, where = values.get("kind", Kind.REPLACE.value), values.get("where", Where.SHOWN.value)
    return BulkScreen(
        site=site.host,
        sites=site_options(session, site),
        kinds=[Option(item.value, label, item.value == kind) for item, label in _KINDS.items()],
        find=values.get("find", ""),
        value=values.get("value", ""),
        attribute=values.get("attribute", ""),
        places=[Option(item.value, label, item.value == where) for item, label in _WHERE.items()],
        whole_word="whole_word" in values,
        match_case="match_case" in values,
        pages=values.get("pages", ""),
        prefix=values.get("prefix", ""),
        variants=values.get("variants", ""),
        no_snippets="no_snippets" in values,
        has_more=kind != Kind.REPLACE
        or any(values.get(name, "").strip() for name in ("pages", "prefix", "variants", "no_snippets")),
        plan=plan,
        rows=[bulk_row(item) for item in bulk.list_bulk(session, site)],
        token=_token(),
        may_edit=caller().can(Permission.PAGES_EDIT),
        may_publish=caller().can(Permission.PAGES_PUBLISH),
        errors=errors,
        refusals=refusal_rows(site, error.by_page, several=has_several(session))
        if isinstance(error, RefusedTogether)
        else [],
    )


def _read_operation() -> Operation:
    values = request.values
    try:
        kind, where = Kind(values.get("kind", Kind.REPLACE)), Where(values.get("where", Where.SHOWN))
    except ValueError:
        raise InvalidInput("That kind of change is not known.", fix="Choose one from the list.") from None
    is_replace = kind is Kind.REPLACE
    return Operation(
        kind=kind,
        find=values.get("find", ""),
        value=values.get("value", "").replace("\r\n", "\n"),
        attribute=values.get("attribute", "").strip() if kind is Kind.SET_ATTRIBUTE else "",
        where=where if is_replace else Where.SHOWN,
        whole_word=is_replace and "whole_word" in values,
        match_case=is_replace and "match_case" in values,
    )


def _read_scope() -> Scope:
    values = request.values
    return Scope(
        slugs=tuple(
            dict.fromkeys(word.strip("/") for word in _WORDS.split(values.get("pages", "")) if word.strip("/"))
        ),
        prefix=values.get("prefix", "").strip().lstrip("/"),
        variants=tuple(word.lower() for word in _WORDS.split(values.get("variants", "")) if word),
        with_snippets="no_snippets" not in values,
    )


def _read_choices() -> dict[str, str]:
    """What running tests are told, by their keys."""
    return {
        name.removeprefix(test_field("")): value
        for name, value in request.form.items()
        if name.startswith(test_field(""))
    }


def _list_hidden() -> list[tuple[str, str]]:
    return [(name, request.values[name]) for name in _FIELDS if request.values.get(name)]


def _folder() -> Path:
    return studio().settings.data_dir / "progress"


def _token() -> str:
    """A name for the work that a form may start."""
    return secrets.token_urlsafe(16)
