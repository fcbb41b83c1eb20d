"""Refusals for machines: RFC 9457 problem documents, made in one place."""

from http import HTTPStatus

from flask import Response, make_response
from flask.json import dumps


def problem(*, status: int, code: str, message: str, fix: str = "", reference: str = "") -> Response:
    """`code` never changes; `title` and `detail` are for people."""
    body = {
        "type": f"urn:lander:problem:{code}",
        "title": message,
        "status": status,
        "code": code,
        **({"detail": fix} if fix else {}),
        **({"instance": f"urn:lander:reference:{reference}"} if reference else {}),
    }
    response = make_response(dumps(body), HTTPStatus(status))
    response.content_type = "application/problem+json"
    return response
