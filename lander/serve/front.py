"""The pages plane: plain WSGI in front of everything, because a page view must cost microseconds.

It needs the disk of this node and nothing else: no database, no templates, no statistics. Whatever goes wrong in here,
a visitor still gets the page's control; it is counted and logged, and never answered with 500.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from experiments.journal import Journal, JournalUnavailable
from lander.artifact import ASSET_PREFIX
from lander.config import Settings
from lander.edge import read_edge
from lander.form_names import FORM_PATH
from lander.headers import REPORT_PATH
from lander.redirection import join_query
from lander.serve import own_pages
from lander.serve.assets import Assets
from lander.serve.beacons import BeaconDesk
from lander.serve.catalog import CatalogHolder, Route
from lander.serve.counting import records_of
from lander.serve.counts import Counts
from lander.serve.exposure import Exposer
from lander.serve.fill import fill
from lander.serve.forms import FormDesk
from lander.serve.missing import MissingLog
from lander.serve.qa import QaLinks
from lander.serve.redirects import RedirectDesk
from lander.serve.reports import ReportDesk
from lander.serve.request import Request, host_of
from lander.serve.respond import OK, Answers, Header, Response
from lander.serve.sitemap import SITEMAP_PATH, SearchDesk
from lander.serve.snapshots import Snapshot
from lander.serve.token import TokenSigner, View, new_view_id
from lander.serve.visitor import OPTED_OUT, VisitorCookie, new_id

LONGEST_QUERY: Final = 8_192
BEACON_PATH: Final = "/_l/b"
_CHECK_JOURNAL_EVERY_S: Final = 1.0
_HEALTH_PATHS: Final = ("/healthz", "/readyz")  # under any host: a container's probe knows no name
_KINDS: Final = {
    BEACON_PATH: "beacon",
    REPORT_PATH: "report",
    FORM_PATH: "form",
    own_pages.THANKS_PATH: "own page",
    own_pages.OPT_OUT_PATH: "own page",
    **dict.fromkeys(_HEALTH_PATHS, "health"),
}

Handler = Callable[[Request], Response]

log = logging.getLogger(__name__)


class Front:
    """The WSGI application of every pages host in the catalog; any other host gets 421."""

    def __init__(self, settings: Settings, *, journal: Journal | None = None) -> None:
        self._settings = settings
        self._journal = journal or Journal(settings.journal_dir)
        self._catalog = CatalogHolder(settings.published_dir)
        self._tokens = TokenSigner(settings.signing_keys)
        self._cookie = VisitorCookie(settings)
        self._exposer = Exposer(settings, self._cookie)
        self._qa = QaLinks(settings.signing_keys)
        self._answers = Answers(settings.scheme)
        self._assets = Assets(settings.published_dir, settings.scheme, self._answers)
        self._redirects = RedirectDesk(self._answers)
        self._missing = MissingLog(self._journal)
        self._resources = self._list_resources()
        self._can_keep = False
        self._check_journal_at = 0.0
        self.counts = Counts()

    @property
    def hosts(self) -> list[str]:
        """The pages hosts of the current catalog."""
        return list(self._catalog.current().catalog.sites)

    def look(self) -> Snapshot:
        """What this process did and serves, for the node's metrics; an idle one looks at its disk for it."""
        self._catalog.current()
        return Snapshot(
            requests=self.counts.requests,
            rescued=self.counts.rescued,
            rows_written=self._journal.written,
            views_dropped=self._journal.dropped,
            catalog_at_s=self._catalog.written_at_s,
        )

    def close(self) -> None:
        """Write what is still in memory."""
        self._journal.close()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            response = self._answer(environ)
        except Exception as problem:  # one of three broad ones in Lander: a page is shown whatever happens
            response = self._rescue(environ, problem)
        self.counts.add_request(_find_kind(environ.get("PATH_INFO", "")), response.status[:3])
        start_response(response.status, response.headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else response.body

    def _answer(self, environ: dict[str, Any]) -> Response:
        if environ.get("HTTP_SERVICE_WORKER") is not None:
            return self._answers.text(403, "There are no service workers here.")
        host = host_of(environ.get("HTTP_HOST", ""))
        routes = self._catalog.current()
        route = routes.by_address.get((host, environ.get("PATH_INFO", "")))
        if route is not None:
            return self._show(environ, route)
        if not host and environ.get("SERVER_PROTOCOL") == "HTTP/1.1":
            return self._answers.text(400, "HTTP/1.1 needs a Host.")
        if host in routes.catalog.sites or environ.get("PATH_INFO") in _HEALTH_PATHS:
            return self._answer_beside_pages(Request(environ, host, routes, read_edge(environ, self._settings)))
        return self._answers.text(421, "No pages are served under this host name.")

    def _show(self, environ: dict[str, Any], route: Route) -> Response:
        """A page: who came and what they see, filled, written down."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self._answers.wrong_method("GET, HEAD")
        query = environ.get("QUERY_STRING", "")
        if len(query) > LONGEST_QUERY:
            return self._answers.text(414, "This address is too long.")
        edge = read_edge(environ, self._settings)
        if (forced := self._qa.find(query, route, edge)) is not None:
            return self._fill(route, forced, query, environ.get("HTTP_REFERER", ""))
        exposure = self._exposer.expose(environ, route, edge)
        response = self._fill(route, exposure.view, query, environ.get("HTTP_REFERER", ""))
        if exposure.set_cookie:
            response.headers.append(("Set-Cookie", exposure.set_cookie))
        if exposure.event is not None:
            self._journal.append(records_of((exposure.event,)))
        return response

    def _fill(self, route: Route, view: View, query: str, referrer: str) -> Response:
        body = fill(route.templates[view.variant], self._tokens.mint(view), query, referrer)
        headers: list[Header] = [*route.release.variants[view.variant].headers, ("Content-Length", str(len(body)))]
        return Response(OK, headers, [body])

    def _rescue(self, environ: dict[str, Any], problem: Exception) -> Response:
        """What a visitor gets when something broke: control, uncounted; or the plain word that it does not work."""
        self.counts.add_rescue(type(problem).__name__)
        if isinstance(problem, JournalUnavailable):  # it has logged itself
            return self._answers.text(503, "This cannot be kept right now.", ("Retry-After", "60"))
        log.error("a request was rescued", exc_info=problem)
        try:
            address = host_of(environ.get("HTTP_HOST", "")), environ.get("PATH_INFO", "")
            route = self._catalog.current().by_address.get(address)
            if route is not None and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
                release, now_ms = route.release, read_edge(environ, self._settings).now_ms
                view = View(
                    release.page_id, release.control, new_id(), new_view_id(), now_ms, "other", "other", "direct"
                )
                return self._fill(route, view, "", "")
        except Exception:
            log.exception("a page could not be rescued")
        return self._answers.page(503, own_pages.misbehaving(), ("Retry-After", "60"))

    def _answer_beside_pages(self, request: Request) -> Response:
        handlers = self._find_handlers(request)
        if handlers is None:
            self._missing.note(request)
            return self._answers.page(404, own_pages.not_found())
        handler = handlers.get(request.method)
        if handler is None:
            return self._answers.wrong_method(", ".join(handlers).replace("GET", "GET, HEAD"))
        return handler(request)

    def _find_handlers(self, request: Request) -> Mapping[str, Handler] | None:
        if request.path in self._resources:
            return self._resources[request.path]
        if request.path.startswith(ASSET_PREFIX):
            return {"GET": lambda request: self._assets.serve(request.environ)}
        if (request.host, request.path.rstrip("/")) in request.routes.by_address:
            return {"GET": self._drop_slash}
        if (destination := self._redirects.find(request)) is not None:
            return {"GET": lambda request: self._redirects.lead(request, destination)}
        return None

    def _list_resources(self) -> Mapping[str, Mapping[str, Handler]]:
        answers = self._answers
        forms = FormDesk(self._settings, self._journal, self._tokens, answers)
        beacons = BeaconDesk(self._settings, self._journal, self._tokens, answers)
        reports = ReportDesk(answers)
        search = SearchDesk(self._settings.scheme, answers)
        return {
            "/": {"GET": self._go_to_core_site},
            "/favicon.ico": {"GET": lambda _: answers.empty(204)},
            "/robots.txt": {"GET": search.show_robots},
            SITEMAP_PATH: {
                "GET": lambda request: search.find_sitemap(request) or answers.page(404, own_pages.not_found())
            },
            "/healthz": {"GET": lambda _: answers.text(200, "alive")},
            "/readyz": {"GET": self._tell_readiness},
            FORM_PATH: {"POST": forms.receive},
            own_pages.THANKS_PATH: {"GET": forms.show_thanks},
            own_pages.OPT_OUT_PATH: {"GET": self._offer_opt_out, "POST": self._opt_out},
            BEACON_PATH: {"POST": beacons.receive},
            REPORT_PATH: {"POST": reports.receive},
        }

    def _go_to_core_site(self, request: Request) -> Response:
        core_site = request.routes.catalog.sites[request.host].core_site
        target = core_site if "://" in core_site else f"{self._settings.scheme}://{core_site}"
        return self._answers.redirect(302, join_query(f"{target.rstrip('/')}/", request.query))

    def _drop_slash(self, request: Request) -> Response:
        return self._answers.redirect(301, join_query(request.path.rstrip("/"), request.query))

    def _offer_opt_out(self, request: Request) -> Response:
        done = self._cookie.find(request.environ.get("HTTP_COOKIE", "")) == OPTED_OUT
        return self._answers.page(200, own_pages.opt_out(done=done))

    def _opt_out(self, _: Request) -> Response:
        response = self._answers.redirect(303, own_pages.OPT_OUT_PATH)
        response.headers.append(("Set-Cookie", self._cookie.opt_out()))
        return response

    def _tell_readiness(self, request: Request) -> Response:
        """Ready: there is something to show, and what comes in can be kept. The database has no say.

        Anybody may ask, so the journal is asked once a second at most.
        """
        if not request.routes.by_address:
            return self._answers.text(503, "no release is loaded")
        if time.monotonic() >= self._check_journal_at:
            self._check_journal_at = time.monotonic() + _CHECK_JOURNAL_EVERY_S
            try:
                self._journal.check()
                self._can_keep = True
            except JournalUnavailable:
                self._can_keep = False
        if not self._can_keep:
            return self._answers.text(503, "the journal cannot be written")
        return self._answers.text(200, "ready")


def _find_kind(path: str) -> str:
    """The class that a request is counted in; an address that leads nowhere counts as a page, with its 404."""
    return _KINDS.get(path) or ("asset" if path.startswith(ASSET_PREFIX) else "page")
