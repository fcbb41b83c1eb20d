"""Old addresses: where a visitor goes who asks for something that no page answers. One look-up after the page's own.

Where they lead is fixed in the catalog; nothing of a request decides it. The visitor's parameters go along.
"""

from lander.redirection import GONE, Destination, join_query
from lander.serve import own_pages
from lander.serve.request import Request
from lander.serve.respond import Answers, Response

_FOR_GOOD = 301


class RedirectDesk:
    """Answers old addresses."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def find(self, request: Request) -> Destination | None:
        """Where this request's address leads; None where it is no old address."""
        redirects = request.routes.catalog.redirects.get(request.host)
        return None if redirects is None else redirects.find(read_path(request))

    def lead(self, request: Request, destination: Destination) -> Response:
        """Send the visitor there, or say that it is gone."""
        if destination.status == GONE:
            return self._answers.page(GONE, own_pages.gone())
        location = join_query(destination.target, request.environ.get("QUERY_STRING", ""))
        return self._answers.redirect(destination.status, location, kept=destination.status == _FOR_GOOD)


def read_path(request: Request) -> str:
    """The path as text; WSGI hands bytes over as Latin-1. What is not UTF-8 matches nothing."""
    path = request.path
    return path if path.isascii() else path.encode("latin-1", "replace").decode("utf-8", "replace")
