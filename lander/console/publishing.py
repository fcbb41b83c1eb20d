"""What visitors see: publishing, going back, taking a page away. Each says what it did, and can be undone."""

from collections.abc import Callable

from flask import Blueprint, Response, request

from lander.access.gate import actor, edge, studio, view
from lander.access.permissions import Permission
from lander.console.page_screen import Typed, page_screen
from lander.console.places import load_place
from lander.console.report_context import FormError
from lander.console.screens import go, show, tell
from lander.db import reading, transaction
from lander.errors import Conflict, LanderError
from lander.pages import pages
from lander.pages.publish import Published
from lander.pages.publish import publish as publish_page
from lander.pages.publish import rollback as roll_back_page
from lander.pages.publish import withdraw as withdraw_page
from lander.policy.findings import Refused

blueprint = Blueprint("publishing", __name__)


@view(blueprint, "/pages/<path:slug>/publish", permission=Permission.PAGES_PUBLISH, methods=("POST",))
def publish(slug: str) -> Response:
    def act() -> Published:
        with transaction(studio().engine) as session:
            return publish_page(
                session,
                studio().settings,
                load_place(session, slug).page,
                strip_external="strip_external" in request.form,
                during_test=request.form.get("during_test") or None,
                actor=actor(),
                now=edge().now,
            )

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


def _attempt(slug: str, act: Callable[[], Published | None], *, notice: str) -> Response:
    """Do it and go back to the page, or show the page with everything that stands in the way."""
    try:
        done = act()
    except LanderError as error:
        if error.status == 404:
            raise
        asks = notice == "published" and "during_test" not in request.form
        return _show_refusal(slug, error, asks=asks)
    with reading(studio().engine) as session:
        address = load_place(session, slug).at()
    if done is None:
        return go(address, notice=notice)
    if done.unchanged:
        return go(address, notice="unchanged")
    return go(tell(address, [f"Taken out: {line}" for line in done.removed]), notice=notice)


def _show_refusal(slug: str, error: LanderError, *, asks: bool) -> Response:
    """`asks` where a running test leaves the choice that the form did not make."""
    findings = None
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
        strip_external="strip_external" in request.form,
        during_test=request.form.get("during_test", ""),
        findings=findings,
        errors=(wrong,),
    )
    with reading(studio().engine) as session:
        place = load_place(session, slug)
        screen = page_screen(session, place, pages.list_variants(session, place.page)[0].key, typed)
    return show(screen, status=error.status)
