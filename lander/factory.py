"""Builds the studio: the gate in front, the console and the API behind it, every error mapped to an answer once.

An application with a route that declares no permission is not built.
"""

import secrets
from typing import Final

import structlog
from flask import Flask, Response, make_response, request
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoConnection
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from experiments.errors import ExperimentError
from lander import __version__
from lander.access.gate import Studio, check_routes, install_gate, is_api
from lander.api import experiments as experiments_api
from lander.api.problems import problem
from lander.config import Settings
from lander.console import BLUEPRINTS
from lander.console.errors import error_page
from lander.console.screens import TEMPLATES, install_screens
from lander.db import is_away, make_engine
from lander.errors import LanderError

log = structlog.get_logger()

_WORDS: Final = {
    400: ("The request could not be read.", "Go back and try again."),
    404: ("This address leads nowhere.", "Check it, or go back to the start."),
    405: ("This address does not take that kind of request.", "Go back and use the button again."),
    413: ("What was sent is larger than this screen takes.", "Make it smaller, or ask IT for a higher limit."),
    415: ("This address does not read that kind of content.", ""),
}


def create_studio(settings: Settings, engine: Engine | None = None) -> Flask:
    """The studio's application. Raises `ConfigurationError` where a route declares no permission."""
    app = OpenAPI(
        "lander",
        info=Info(title="Lander", version=__version__, description="Experiments and their reports."),
        doc_ui=False,
        validation_error_callback=experiments_api.refuse_arguments,
        static_folder=None,
        template_folder=str(TEMPLATES),
    )
    install_gate(app, Studio(settings=settings, engine=engine or make_engine(settings.database_url)))
    install_screens(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_api(experiments_api.blueprint)
    _map_errors(app)
    check_routes(app)
    return app


def _map_errors(app: Flask) -> None:
    app.register_error_handler(LanderError, _on_refusal)
    app.register_error_handler(ExperimentError, _on_refusal)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(IntegrityError, _on_race)
    app.register_error_handler(DataError, _on_unstorable)
    app.register_error_handler(DBAPIError, _on_database)
    app.register_error_handler(NoConnection, _on_away)
    app.register_error_handler(Exception, _on_defect)


def _on_refusal(error: Exception) -> Response:
    assert isinstance(error, LanderError | ExperimentError)
    return _answer(error.status, error.code, error.message, error.fix)


def _on_http(error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.response is not None:  # an answer somebody made already
        return make_response(error.response)
    status = error.code or 500
    message, fix = _WORDS.get(status, (error.description or error.name, ""))
    code = error.name.lower().replace(" ", "-")
    if not isinstance(error, MethodNotAllowed):
        return _answer(status, code, message, fix)
    allowed = ", ".join(sorted(error.valid_methods or ()))
    response = _answer(status, code, message, f"It takes {allowed}." if is_api() else fix)
    response.headers["Allow"] = allowed
    return response


def _on_race(_error: Exception) -> Response:
    return _answer(409, "conflict", "Somebody else did the same at the same moment.", "Load the screen again.")


def _on_unstorable(_error: Exception) -> Response:
    """PostgreSQL takes no NUL in a text and no number of any length; nothing that we store has either."""
    return _answer(400, "unstorable", "The request holds something that cannot be stored.", "Type it again by hand.")


def _on_database(error: Exception) -> Response:
    assert isinstance(error, DBAPIError)
    return _on_away(error) if is_away(error) else _on_defect(error)


def _on_away(error: Exception) -> Response:
    log.error("database away", kind=type(error).__name__, endpoint=request.endpoint)
    return _answer(503, "unavailable", "The database does not answer.", "Published pages go on; try again in a minute.")


def _on_defect(error: Exception) -> Response:
    """A defect of ours: the reader gets an apology and a reference, the log gets the rest, without personal data."""
    reference = secrets.token_hex(4)
    log.error(
        "defect",
        reference=reference,
        kind=type(error).__name__,
        endpoint=request.endpoint,
        method=request.method,
        places=_places(error),
    )
    return _answer(
        500, "defect", "This is our mistake, not yours. Nothing was half done.", "Try again.", reference=reference
    )


def _places(error: BaseException) -> list[str]:
    """Where it happened, as file and line; never the values, which may be somebody's."""
    places, step = [], error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('site-packages/')[2]}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return places[-12:]


def _answer(status: int, code: str, message: str, fix: str, *, reference: str = "") -> Response:
    if is_api():
        return problem(status=status, code=code, message=message, fix=fix, reference=reference)
    return error_page(status=status, message=message, fix=fix, reference=reference)
