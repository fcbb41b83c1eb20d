"""What visitors see: publishing, going back, taking a page away. Each says what it did, and can be undone."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from sqlmodel import Session

from lander.access.gate import actor, edge, studio, view
from lander.access.permissions import Permission
from lander.console.context import FormError
from lander.console.page_rows import list_waiting
from lander.console.page_screen import page_screen, variant_address
from lander.console.places import Place, load_place
from lander.console.publish_box import Typed
from lander.console.screens import go, show, tell
from lander.db import reading, transaction
from lander.errors import Conflict, InvalidInput, LanderError
from lander.pages import pages
from lander.pages.freezes import Frozen
from lander.pages.moving import restore_page
from lander.pages.publish import Published
from lander.pages.publish import publish as publish_page
from lander.pages.publish import withdraw as withdraw_page
from lander.pages.release import load_drafts
from lander.pages.rollback import rollback as roll_back_page
from lander.policy.findings import Refused, Severity
from lander.preflight import look_ahead

blueprint = Blueprint("publishing", __name__)


@view(blueprint, "/pages/<path:slug>/publish", permission=Permission.PAGES_PUBLISH, methods=("POST",))
def publish(slug: str) -> Response:
    def act() -> Published:
        with transaction(studio().engine) as session:
            place = load_place(session, slug)
            if "with_pages" in request.form:  # first, so that no visitor is led to a page that is not there
                for other in list_waiting(session, place, load_drafts(session, place.page).values()):
                    _publish_below(session, other)
            return _publish(session, place, during_test=request.form.get("during_test") or None)

    return _attempt(slug, act, notice="published")


@view(blueprint, "/pages/<path:slug>/rollback", permission=Permission.PAGES_PUBLISH, methods=("POST",))
def roll_back(slug: str) -> Response:
    def act() -> Published:
        with transaction(studio().engine) as session:
            return roll_back_page(
                session,
                studio().settings,
                load_place(session, slug).page,
                to=request.form.get("release") or None,
                during_test=request.form.get("during_test") or None,
                preflight=look_ahead,
                actor=actor(),
                now=edge().now,
            )

    return _attempt(slug, act, notice="rolled-back")


@view(blueprint, "/pages/<path:slug>/withdraw", permission=Permission.PAGES_WITHDRAW, methods=("POST",))
def withdraw(slug: str) -> Response:
    def act() -> None:
        with transaction(studio().engine) as session:
            withdraw_page(session, load_place(session, slug).page, actor=actor(), now=edge().now)

    return _attempt(slug, act, notice="withdrawn")


@view(blueprint, "/pages/<path:slug>/put-back", permission=Permission.PAGES_PUBLISH, methods=("POST",))
def restore(slug: str) -> Response:
    def act() -> Published:
        with transaction(studio().engine) as session:
            return restore_page(
                session,
                studio().settings,
                load_place(session, slug).page,
                preflight=look_ahead,
                actor=actor(),
                now=edge().now,
            )

    return _attempt(slug, act, notice="restored")


def _publish(session: Session, place: Place, *, during_test: str | None = None) -> Published:
    return publish_page(
        session,
        studio().settings,
        place.page,
        strip_external="strip_external" in request.form,
        during_test=during_test,
        preflight=look_ahead,
        actor=actor(),
        now=edge().now,
    )


def _publish_below(session: Session, place: Place) -> None:
    try:
        _publish(session, place)
    except Refused as error:
        first = next(finding for finding in error.findings if finding.severity is Severity.REFUSE)
        raise InvalidInput(
            f"{place.label} came with it and cannot be published yet. {first.sentence}",
            fix="Mend that page first, or publish this one alone.",
        ) from None


def _attempt(slug: str, act: Callable[[], Published | None], *, notice: str) -> Response:
    """Do it and go back to the page, or show the page with everything that stands in the way."""
    try:
        done = act()
    except LanderError as error:
        if error.status == 404:
            raise
        return _show_refusal(slug, error, is_publishing=notice == "published")
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        key = _find_shown(session, place)
        address = variant_address(session, place, key) if key else place.at()
    if done is None:
        return go(address, notice=notice)
    if done.unchanged:
        return go(address, notice="unchanged")
    return go(tell(address, [f"Taken out: {line}" for line in done.removed]), notice=notice)


def _show_refusal(slug: str, error: LanderError, *, is_publishing: bool) -> Response:
    findings = None
    # a running test needs a choice that was not made; a freeze needs none
    asks = is_publishing and "during_test" not in request.form and not isinstance(error, Frozen)
    wrong = FormError(error.message, "", error.fix)
    if isinstance(error, Refused):
        findings = error.findings
        wrong = FormError(
            "This was not published, and nothing changed.", "findings", "What stands in the way is listed."
        )
    elif isinstance(error, Conflict) and asks:
        wrong = FormError(
            error.message, "during_test", "Say beside it which kind of change this is, then publish again."
        )
    typed = Typed(
        strip_external="strip_external" in request.form if is_publishing else None,
        with_pages="with_pages" in request.form or not is_publishing,
        during_test=request.form.get("during_test", ""),
        must_choose=isinstance(error, Conflict) and asks,
        findings=findings,
        errors=(wrong,),
    )
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        key = _find_shown(session, place) or pages.list_variants(session, place.page)[0].key
        screen = page_screen(session, place, key, typed)
    return show(screen, status=error.status)


def _find_shown(session: Session, place: Place) -> str:
    """The variant that was in front when the button was pressed, or nothing."""
    key = request.form.get("variant", "")
    return key if pages.find_variant(session, place.page, key) is not None else ""
