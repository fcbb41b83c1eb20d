"""What visitors see after a form of a page: another page, or our own with the marketer's words."""

from flask import Blueprint, Response, request
from sqlmodel import Session

from lander.access.gate import actor, edge, studio, view
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.lead_context import AfterFormScreen
from lander.console.places import Place, load_place
from lander.console.screens import go, show, tell_done
from lander.db import reading, transaction
from lander.errors import InvalidInput
from lander.pages.after_form import LONGEST_MESSAGE, say_after_form
from lander.pages.pages import list_pages
from lander.policy.store import load_policy

blueprint = Blueprint("after_form", __name__)

_RULE = "/pages/<path:slug>/after-form"


@view(blueprint, _RULE, permission=Permission.PAGES_EDIT)
def show_after_form(slug: str) -> Response:
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        screen = _screen(session, place, place.page.thank_you, place.page.thank_you_message, [])
    return show(screen)


@view(blueprint, _RULE, permission=Permission.PAGES_EDIT, methods=("POST",))
def save(slug: str) -> Response:
    to_page = request.form.get("choice") == "page"
    address, message = request.form.get("address", ""), request.form.get("message", "")
    try:
        if to_page and not address.strip():
            raise InvalidInput("It is not said which page.", fix="Choose one, or write its address.")
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            is_new = say_after_form(
                session,
                place.page,
                address=address if to_page else "",
                message=message,
                policy=load_policy(session),
                actor=actor(),
                now=edge().now,
            )
    except InvalidInput as error:
        with reading(studio().engine) as session:
            wrong = FormError(error.message, "address" if to_page else "message", error.fix)
            screen = _screen(session, load_place(session, slug), address, message, [wrong], to_page=to_page)
        return show(screen, status=error.status)
    said = "Saved. Visitors see it after the next publish." if is_new else "Nothing was changed."
    return go(tell_done(place.at(), [said]))


def _screen(
    session: Session,
    place: Place,
    address: str,
    message: str,
    errors: list[FormError],
    *,
    to_page: bool | None = None,
) -> AfterFormScreen:
    others = [page.slug for page in list_pages(session, place.site) if page.id != place.page_id]
    return AfterFormScreen(
        label=place.label,
        page_address=place.at(),
        action=place.at("/after-form"),
        to_page=bool(address) if to_page is None else to_page,
        address=address,
        message=message,
        most=LONGEST_MESSAGE,
        others=[f"/{slug}" for slug in others],
        errors=errors,
    )
