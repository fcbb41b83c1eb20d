"""What goes back: a status, complete headers and a body. Each answer without a page has its one builder here."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from urllib.parse import quote

from lander import headers
from lander.serve import own_pages

OK: Final = "200 OK"
_STATUS: Final = {
    200: OK,
    204: "204 No Content",
    301: "301 Moved Permanently",
    302: "302 Found",
    303: "303 See Other",
    400: "400 Bad Request",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    410: "410 Gone",
    413: "413 Content Too Large",
    414: "414 URI Too Long",
    415: "415 Unsupported Media Type",
    421: "421 Misdirected Request",
    422: "422 Unprocessable Content",
    503: "503 Service Unavailable",
}

PLAIN: Final = "text/plain; charset=utf-8"

Header = tuple[str, str]


class Response(NamedTuple):
    """A WSGI answer before it is started."""

    status: str
    headers: list[Header]
    body: Iterable[bytes]


REDIRECT_KEPT_S: Final = 3_600  # a redirect for good, in browsers: a mistake can be taken back within the hour


class Answers:
    """Builds the answers of this process; the header lists are made once."""

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme
        self._answer = list(headers.answer_headers(scheme=scheme))
        self._kept = list(headers.answer_headers(scheme=scheme, max_age_s=REDIRECT_KEPT_S))
        self._own_page = list(headers.own_page_headers(scheme=scheme, style=own_pages.STYLE))

    def empty(self, status: int, *extra: Header) -> Response:
        """No content."""
        return Response(_STATUS[status], [*self._answer, *extra], [])

    def text(self, status: int, text: str, *extra: Header, media_type: str = PLAIN) -> Response:
        """Lines for machines."""
        body = f"{text}\n".encode()
        sized = [("Content-Type", media_type), ("Content-Length", str(len(body)))]
        return Response(_STATUS[status], [*self._answer, *sized, *extra], [body])

    def redirect(self, status: int, location: str, *, kept: bool = False) -> Response:
        """Elsewhere; the location keeps its bytes, except those that no header may hold. `kept`: browsers may remember."""
        address = ("Location", quote(location, safe=_LOCATION, encoding="latin-1"))
        headers = self._kept if kept else self._answer
        return Response(_STATUS[status], [*headers, address, ("Content-Length", "0")], [])

    def page(self, status: int, content: str, *extra: Header, redirects_to: Sequence[str] = ()) -> Response:
        """A page of our own (`own_pages`)."""
        body = content.encode()
        chosen = self._own_page
        if redirects_to:
            chosen = list(
                headers.own_page_headers(scheme=self._scheme, style=own_pages.STYLE, redirects_to=redirects_to)
            )
        return Response(_STATUS[status], [*chosen, ("Content-Length", str(len(body))), *extra], [body])

    def wrong_method(self, allowed: str) -> Response:
        """405 with what would have been right."""
        return self.text(405, f"This address answers {allowed}.", ("Allow", allowed))


# everything printable that may stand in an address, the percent sign of what is quoted already included
_LOCATION: Final = "!#$%&'()*+,-./:;=?@[]_~"
