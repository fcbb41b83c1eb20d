"""Signing in and out.

The sign-in form has no session to bind a token to; it relies on the gate's check of Origin and Sec-Fetch-Site, which
every browser that can open the studio sends with a POST.
"""

from flask import Blueprint, Response, request

from lander.access import signin
from lander.access.gate import caller, edge, read_cookie, set_cookie, studio, view
from lander.access.permissions import Permission
from lander.console.context import SignInScreen
from lander.console.screens import go, show
from lander.db import reading, transaction

blueprint = Blueprint("session", __name__)


@view(blueprint, "/sign-in", permission=Permission.PUBLIC)
def sign_in_form() -> Response:
    return show(SignInScreen(name="", next=_read_next(request.args.get("next", "")), error=""))


@view(blueprint, "/sign-in", permission=Permission.PUBLIC, methods=("POST",), body_bytes=8 * 1024)
def sign_in() -> Response:
    name, password = request.form.get("name", ""), request.form.get("password", "")
    wanted = _read_next(request.form.get("next", ""))
    now, network = edge().now, edge().network
    try:
        with transaction(studio().engine) as session:
            signin.admit_attempt(session, name=name, network=network, now=now)
        with reading(studio().engine) as session:  # the password takes a while: nobody else waits for it
            user = signin.check_credentials(session, name=name, password=password)
    except signin.WrongPassword as error:
        with transaction(studio().engine) as session:
            signin.record_refusal(session, name=name, network=network, now=now)
        return show(SignInScreen(name=name, next=wanted, error=str(error)), status=error.status)
    except signin.TooManyAttempts as error:
        return show(SignInScreen(name=name, next=wanted, error=str(error)), status=error.status)
    with transaction(studio().engine) as session:
        cookie = signin.start_session(session, user, network=network, now=now, replaces=read_cookie())
    response = go(wanted)
    set_cookie(response, cookie)
    return response


@view(blueprint, "/sign-out", permission=Permission.SIGNED_IN, methods=("POST",))
def sign_out() -> Response:
    with transaction(studio().engine) as session:
        signin.end_session(session, caller().user, caller().cookie, now=edge().now)
    response = go("/sign-in", notice="signed-out")
    set_cookie(response, "")
    return response


def _read_next(address: str) -> str:
    """Where to go after signing in: a path of ours or home, never another host."""
    is_path = address.startswith("/") and not address.startswith("//") and address.isprintable()
    return address if is_path and "\\" not in address else "/"
