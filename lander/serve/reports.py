"""What browsers report of a page's own Content-Security-Policy: counted, and each kind logged once, without persons.

Of a report three things are looked at: the page's path, the directive, and the host of what was blocked.
"""

import json
import logging
from typing import Any, Final
from urllib.parse import urlsplit

from lander.serve.body import UnreadableBody, read_body
from lander.serve.request import Request
from lander.serve.respond import Answers, Response

LARGEST: Final = 16 * 1024
_MOST_KINDS: Final = 500
_LONGEST: Final = 120

log = logging.getLogger(__name__)


class ReportDesk:
    """Receives violation reports."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._known: set[tuple[str, str, str]] = set()

    def receive(self, request: Request) -> Response:
        """Answer one report; what is no report is let go."""
        try:
            kind = _read(json.loads(read_body(request.environ, LARGEST)))
        except UnreadableBody as error:
            return self._answers.text(error.status, error.message)
        except (ValueError, RecursionError):
            kind = None
        if kind is not None and kind not in self._known and len(self._known) < _MOST_KINDS:
            self._known.add(kind)
            log.warning("a browser held back something on %s: %s stopped %s", *kind)
        return self._answers.empty(204)


def _read(report: Any) -> tuple[str, str, str] | None:
    """Path, directive and blocked host of a `report-uri` report."""
    body = report.get("csp-report") if isinstance(report, dict) else None
    if not isinstance(body, dict):
        return None
    directive = str(body.get("effective-directive") or body.get("violated-directive") or "").split(" ")[0]
    blocked = str(body.get("blocked-uri") or "")
    address = urlsplit(blocked)
    return (
        _tame(urlsplit(str(body.get("document-uri") or "")).path),
        _tame(directive),
        _tame(address.hostname or address.scheme or blocked.partition("?")[0]),
    )


def _tame(text: str) -> str:
    """Printable and short, for a line of a log."""
    return "".join(character if character.isprintable() else "?" for character in text[:_LONGEST])
