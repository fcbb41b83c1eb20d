"""Refusals and failures as plain pages: the one place where the studio turns an error into a response."""

from urllib.parse import unquote, urlencode

from flask import Response, current_app, make_response, redirect, request

from lander.access.gate import origin_of, read_cookie, set_cookie, studio
from lander.console.context import ErrorScreen
from lander.console.screens import show, wants_part

TITLES = {
    400: "That request could not be read",
    401: "Please sign in",
    403: "Not allowed",
    404: "There is nothing here",
    405: "That cannot be done here",
    409: "That does not fit together",
    413: "That is too large",
    415: "That kind of file is not read here",
    421: "Wrong address",
    422: "Something needs mending",
    429: "Too many attempts",
    503: "A part is away",
}


def error_page(*, status: int, message: str, fix: str = "", reference: str = "") -> Response:
    """What went wrong and what to do, with the navigation where somebody is signed in."""
    if status == 401:
        return _to_sign_in()
    title = TITLES.get(status, "That did not work" if status < 500 else "Sorry, something broke")
    screen = ErrorScreen(title=title, status=status, message=message, fix=fix, reference=reference)
    return show(screen, status=status)


def _to_sign_in() -> Response:
    """A reader comes back to where they were, and hears that what they sent was not carried out.

    htmx is told to load the sign-in screen instead of a part.
    """
    query = {"next": wanted} if (wanted := _find_screen()) != "/" else {}
    if request.method not in ("GET", "HEAD"):
        query["notice"] = "not-carried-out"
    address = f"/sign-in?{urlencode(query)}" if query else "/sign-in"
    if wants_part():
        response = make_response("", 401)
        response.headers["HX-Redirect"] = address
    else:
        response = make_response(redirect(address, code=303))
    if read_cookie():
        set_cookie(response, "")
    return response


def _find_screen() -> str:
    """What was asked for; of a form or a part, the screen that it stands on, or its own address if that can be opened."""
    asked = request.full_path.rstrip("?")
    if request.method == "GET" and not wants_part():
        return asked
    came_from, _, query = request.headers.get("Referer", "").partition("?")
    origin = origin_of(studio().settings.studio_host)
    screen = unquote(came_from.removeprefix(origin)) if came_from.startswith(f"{origin}/") else ""
    routes = current_app.create_url_adapter(request)
    assert routes is not None
    if screen and routes.test(screen, method="GET"):
        return f"{screen}?{query}" if query else screen
    return asked if routes.test(method="GET") else "/"
