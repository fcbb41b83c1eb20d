"""Experiments and their reports as JSON. A report here is the very report of the studio and the command line."""

from typing import Any

from flask import Response, current_app, jsonify
from flask_openapi3.blueprint import APIBlueprint
from pydantic import ValidationError

from lander.access.gate import needs
from lander.access.permissions import Permission
from lander.api.problems import problem

blueprint = APIBlueprint("api_experiments", __name__, url_prefix="/api/v1")


def refuse_arguments(error: ValidationError) -> Response:
    """Arguments that do not fit their schema."""
    wrong = ", ".join(".".join(str(part) for part in item["loc"]) for item in error.errors())
    return problem(status=422, code="invalid-input", message=f"These arguments do not fit: {wrong}.")


@blueprint.get("/openapi.json", doc_ui=False)
@needs(Permission.SIGNED_IN)
def show_openapi() -> Response:
    document: dict[str, Any] = current_app.api_doc  # type: ignore[attr-defined]
    return jsonify(document)
