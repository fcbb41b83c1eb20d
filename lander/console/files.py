"""What is served without signing in: our own static files, and whether the process is well."""

from flask import Blueprint, Response, jsonify, make_response, request, send_from_directory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from lander.access.gate import studio, view
from lander.access.permissions import Permission
from lander.console.screens import STATIC
from lander.db import reading

blueprint = Blueprint("files", __name__)

_FOR_EVER = 31_536_000


@view(blueprint, "/static/<path:name>", permission=Permission.PUBLIC)
def static_file(name: str) -> Response:
    response = send_from_directory(STATIC, name)
    if request.args.get("v"):  # the address carries a hash of the content
        response.cache_control.public, response.cache_control.no_cache = True, None
        response.cache_control.max_age, response.cache_control.immutable = _FOR_EVER, True
    return response


@view(blueprint, "/favicon.ico", permission=Permission.PUBLIC)
def favicon() -> Response:
    return send_from_directory(STATIC, "mark.svg")


@view(blueprint, "/healthz", permission=Permission.PUBLIC)
def healthz() -> Response:
    return jsonify(status="alive")


@view(blueprint, "/readyz", permission=Permission.PUBLIC)
def readyz() -> Response:
    """Ready where the database answers and its tables are those this version expects."""
    try:
        with reading(studio().engine) as session:
            session.connection().execute(text("SELECT 1 FROM sign_in_attempt LIMIT 1"))
    except SQLAlchemyError:
        return make_response(jsonify(status="database or migrations missing"), 503)
    return jsonify(status="ready")
