"""What search engines are told: /robots.txt, and /sitemap.xml with the live pages that may be found.

Both come from the catalog in memory. A page whose release says `noindex` is never named, whatever the catalog lists.
"""

from html import escape

from lander.catalog import Listing
from lander.published import Release
from lander.serve.request import Request
from lander.serve.respond import Answers, Response

SITEMAP_PATH = "/sitemap.xml"
_XML = "application/xml; charset=utf-8"


class SearchDesk:
    """Answers robots."""

    def __init__(self, scheme: str, answers: Answers) -> None:
        self._scheme = scheme
        self._answers = answers

    def show_robots(self, request: Request) -> Response:
        """Everything may be read: what must not be found says so itself, and has to be read for that."""
        lines = ["User-agent: *", "Disallow:"]
        if _list_findable(request):
            lines += ["", f"Sitemap: {self._origin(request)}{SITEMAP_PATH}"]
        return self._answers.text(200, "\n".join(lines))

    def find_sitemap(self, request: Request) -> Response | None:
        """The sitemap; None where it would be empty, which is none."""
        findable = _list_findable(request)
        if not findable:
            return None
        origin = self._origin(request)
        urls = "".join(
            f"<url><loc>{escape(origin + item.path)}</loc><lastmod>{escape(item.changed)}</lastmod></url>\n"
            for item in findable
        )
        return self._answers.text(
            200,
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>',
            media_type=_XML,
        )

    def _origin(self, request: Request) -> str:
        """As the request reached it: in development the port belongs to it."""
        port = request.environ.get("HTTP_HOST", "").rpartition(":")[2]
        return f"{self._scheme}://{request.host}{f':{port}' if port.isdecimal() and port.isascii() else ''}"


def _list_findable(request: Request) -> list[Listing]:
    catalog = request.routes.catalog
    listed = catalog.listings.get(request.host, ())
    return [
        item
        for item in listed
        if (release := catalog.routes.get((request.host, item.path))) is not None and not _is_hidden(release)
    ]


def _is_hidden(release: Release) -> bool:
    return any(
        name == "X-Robots-Tag" and "noindex" in value
        for variant in release.variants.values()
        for name, value in variant.headers
    )
