"""Old addresses: where a visitor goes who asks for something that no page answers. One look-up after the page's own.

Where they lead is fixed in the catalog; nothing of a request decides it. The visitor's parameters go along.
"""

from lander.redirection import GONE, Destination, join_query
from lander.serve import own_pages
from lander.serve.raw_text import read_text
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
        return None if redirects is None else redirects.find(read_text(request.path))

    def lead(self, request: Request, destination: Destination) -> Response:
        """Send the visitor there, or say that it is gone."""
        if destination.status == GONE:
            return self._answers.page(GONE, own_pages.gone())
        location = join_query(destination.target, request.query)
        return self._answers.redirect(destination.status, location, kept=destination.status == _FOR_GOOD)
