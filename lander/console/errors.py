"""Refusals and failures as plain pages: the one place where the studio turns an error into a response."""

from urllib.parse import urlencode

from flask import Response, make_response, redirect, request

from lander.access.gate import read_cookie, set_cookie
from lander.console.context import ErrorScreen
from lander.console.screens import show

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
    """A reader comes back to where they were; htmx is told to load the sign-in screen instead of a part."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
    address = "/sign-in" if wanted == "/" else f"/sign-in?{urlencode({'next': wanted})}"
    if request.headers.get("HX-Request") == "true":
        response = make_response("", 401)
        response.headers["HX-Redirect"] = "/sign-in"
    else:
        response = make_response(redirect(address, code=303))
    if read_cookie():
        set_cookie(response, "")
    return response
