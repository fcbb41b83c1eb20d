"""Every route of the three hosts with what it answers: status by status, and which kind of answer that is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from lander.access.signin import csrf_token
from lander.db import transaction
from lander.pages.editable import Mode
from lander.pages.models import Page
from lander.pages.sharing import share
from lander.preview import EditingLink, sign_editing, sign_share
from lander.serve.token import TokenSigner
from tests.fuzz.grammar import FORM
from tests.fuzz.world import CHROME, PAGES, PREVIEW, STUDIO, Request, World
from tests.matrix.prescribed import ANSWER, ASSET, DRAFT, OWN, OWN_DRAFT, PAGE, REDIRECT, SCREEN, STATIC


@dataclass(frozen=True)
class Row:
    """A request, and what it is answered with. `rule` is the route as the code writes it; empty: none in particular."""

    host: str
    rule: str
    method: str
    status: int
    kind: str
    path: str = ""
    query: str = ""
    who: str = ""  # whose browser, in the studio
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Callable[[World], bytes] = b""
    protocol: str = "HTTP/1.1"

    def request(self, world: World) -> Request:
        path = self.path or self.rule
        for name, value in FILLED.items():
            if name in path:
                path = path.replace(name, value(world) if callable(value) else value)
        body = self.body(world) if callable(self.body) else self.body
        headers = {"User-Agent": CHROME, **(world.as_person(self.who) if self.who else {}), **self.headers}
        if body and "Content-Type" not in headers:
            headers["Content-Type"] = FORM
        return Request(self.method, self.host, path, self.query, headers, body, protocol=self.protocol)


def editing_link(world: World) -> str:
    """The signed part of a preview that is opened for editing."""
    return sign_editing(world.settings, EditingLink(1, "a", 1, Mode.EDIT, "channel")).split("/")[2]


def share_link(world: World) -> str:
    """The signed part of a link for somebody outside."""
    now = datetime.now(UTC)
    with transaction(world.engine) as session:
        page = session.get_one(Page, 1)
        made = share(session, page, "a", values={}, note="Agency", lasts=timedelta(days=1), actor="maya", now=now)
    return sign_share(world.settings, made).split("/")[2]


FILLED: Final[dict[str, str | Callable[[World], str]]] = {
    "<path:slug>": "spring-sale",
    "<string(length=1):key>": "a",
    "<path:name>": "studio.css",
    "<editing>": editing_link,
    "<shared>": share_link,
    "<signed>": lambda world: world.previews[0].split("/")[2],
    "<asset>": lambda world: world.assets[0],
    "<lead_id>": "f" * 32,
    "/snippets/<name>": "/snippets/footer",
    "/plots/<name>": "/plots/rates",
    "/_l/a/<name>": lambda world: f"/_l/a/{world.assets[0]}",
    "<key>": "spring-sale-1",
    "<int:number>": "1",
    "<delivery_id>": "lead-1-1",
}


def view_token(world: World) -> str:
    """Of a visitor who takes part: one in ten does not, and what they do is not kept."""
    signer = TokenSigner(world.settings.signing_keys)
    for _ in range(100):
        token = world.get(PAGES, "/spring-sale").text.partition('data-lander="')[2].partition('"')[0]
        if signer.read(token).experiment_id:
            return token
    raise AssertionError("nobody of a hundred visitors takes part")


def filled_form(**fields: str) -> Callable[[World], bytes]:
    given = {"_form": "f1", "email": "otto@example.com", "size": "M", "consent": "yes", **fields}
    return lambda world: urlencode({"_lander": view_token(world), **given}).encode()


def signed(**fields: str) -> Callable[[World], bytes]:
    """A form of the studio, from Maya's screen."""
    return lambda world: urlencode({"_csrf": csrf_token(world.cookies["maya"]), **fields}).encode()


def looks(host: str, rule: str, kind: str, *, status: int = 200, who: str = "", path: str = "") -> list[Row]:
    """GET and HEAD, which answer alike."""
    return [Row(host, rule, method, status, kind, who=who, path=path) for method in ("GET", "HEAD")]


ON_PAGES: Final = [
    *looks(PAGES, "a page", PAGE, path="/spring-sale"),
    *looks(PAGES, "/_l/a/", ASSET, path="/_l/a/<asset>"),
    *looks(PAGES, "/", ANSWER, status=302),
    *looks(PAGES, "/favicon.ico", ANSWER, status=204),
    *looks(PAGES, "/robots.txt", ANSWER),
    *looks(PAGES, "/sitemap.xml", OWN, status=404),
    *looks(PAGES, "", REDIRECT, status=301, path="/old-sale"),
    *looks(PAGES, "", ANSWER, status=302, path="/for-now"),
    *looks(PAGES, "", OWN, status=410, path="/gone"),
    Row(PAGES, "", "POST", 405, ANSWER, path="/old-sale"),
    *looks(PAGES, "/healthz", ANSWER),
    *looks(PAGES, "/readyz", ANSWER),
    *looks(PAGES, "/_l/thanks", OWN),
    *looks(PAGES, "/_l/opt-out", OWN),
    Row(PAGES, "/_l/opt-out", "POST", 303, ANSWER),
    Row(PAGES, "/_l/f", "POST", 303, ANSWER, body=filled_form()),
    Row(PAGES, "/_l/f", "POST", 422, OWN, body=filled_form(email="no")),
    Row(PAGES, "/_l/f", "POST", 403, OWN, body=b"_lander=forged"),
    Row(PAGES, "/_l/f", "POST", 403, OWN, body=filled_form(), headers={"Origin": "https://elsewhere.example"}),
    Row(PAGES, "/_l/f", "POST", 400, OWN, headers={"Content-Type": "multipart/form-data"}, body=b"x"),
    Row(PAGES, "/_l/f", "POST", 413, OWN, body=b"x" * 70_000),
    Row(PAGES, "/_l/f", "POST", 415, OWN, headers={"Content-Type": "application/json"}, body=b"{}"),
    Row(PAGES, "/_l/b", "POST", 204, ANSWER, body=lambda world: f"t={view_token(world)}&k=view".encode()),
    Row(PAGES, "/_l/b", "POST", 400, ANSWER, body=lambda world: f"t={view_token(world)}&k=other".encode()),
    Row(PAGES, "/_l/b", "POST", 403, ANSWER, body=b"t=forged&k=view"),
    Row(PAGES, "/_l/b", "POST", 413, ANSWER, body=b"x" * 5_000),
    Row(PAGES, "/_l/csp", "POST", 204, ANSWER, body=b"{}"),
    Row(PAGES, "/_l/csp", "POST", 413, ANSWER, body=b"x" * 20_000),
    Row(PAGES, "", "GET", 206, ASSET, path="/_l/a/<asset>", headers={"Range": "bytes=0-3"}),
    Row(PAGES, "", "GET", 304, ASSET, path="/_l/a/<asset>", headers={"If-None-Match": "*"}),
    Row(PAGES, "", "GET", 416, ASSET, path="/_l/a/<asset>", headers={"Range": "bytes=9999999-"}),
    Row(PAGES, "", "GET", 404, OWN, path="/_l/a/nothing.css"),
    Row(PAGES, "", "GET", 301, ANSWER, path="/spring-sale/"),
    Row(PAGES, "", "GET", 404, OWN, path="/nowhere"),
    Row(PAGES, "", "POST", 404, OWN, path="/nowhere"),
    Row(PAGES, "", "GET", 414, ANSWER, path="/spring-sale", query="x" * 9_000),
    Row(PAGES, "", "GET", 403, ANSWER, path="/spring-sale", headers={"Service-Worker": "script"}),
    Row("", "", "GET", 400, ANSWER, path="/spring-sale"),
    Row("elsewhere.example", "", "GET", 421, ANSWER, path="/spring-sale"),
]

ON_PREVIEW: Final = [
    *looks(PREVIEW, "/p/<signed>/", DRAFT),
    *looks(PREVIEW, "/p/<signed>/<path:slug>", DRAFT),
    *looks(PREVIEW, "/e/<signed>/", DRAFT, path="/e/<editing>/"),
    *looks(PREVIEW, "/s/<signed>/", DRAFT, path="/s/<shared>/"),
    *looks(PREVIEW, "/s/<signed>/<path:slug>", DRAFT, path="/s/<shared>/spring-sale"),
    *looks(PREVIEW, "/_l/a/<name>", ASSET),
    Row(PREVIEW, "/_l/f", "POST", 200, OWN_DRAFT),
    Row(PREVIEW, "/_l/b", "POST", 204, ANSWER),
    Row(PREVIEW, "/_l/csp", "POST", 204, ANSWER),
    Row(PREVIEW, "", "GET", 403, OWN_DRAFT, path="/p/forged/"),
    Row(PREVIEW, "", "GET", 403, OWN_DRAFT, path="/e/<signed>/"),
    Row(PREVIEW, "", "GET", 404, OWN_DRAFT, path="/p/<signed>/elsewhere"),
    Row(PREVIEW, "", "GET", 404, OWN_DRAFT, path="/"),
    Row(PREVIEW, "", "GET", 404, OWN_DRAFT, path="/_l/a/nothing.css"),
    Row(PREVIEW, "", "GET", 403, ANSWER, path="/p/<signed>/", headers={"Service-Worker": "script"}),
]

PAGE_RULE: Final = "/pages/<path:slug>"
_API, _TEST = "/api/v1/experiments", "/experiments/<key>"
_WEBHOOK: Final = "/deliveries/webhooks/<int:number>"
_VARIANT: Final = f"{PAGE_RULE}/<string(length=1):key>"


def acts(rule: str, status: int, **fields: str) -> list[Row]:
    """What Maya sends, and the same without the session's token, from another host, and signed out."""
    return [
        Row(STUDIO, rule, "POST", status, SCREEN, who="maya", body=signed(**fields)),
        Row(STUDIO, rule, "POST", 403, SCREEN, who="maya", body=b"x=1"),
        Row(STUDIO, rule, "POST", 403, SCREEN, who="maya", body=signed(**fields), headers={"Origin": "null"}),
        Row(STUDIO, rule, "POST", 303, SCREEN, headers={"Origin": "ORIGIN"}),
    ]


ON_STUDIO: Final = [
    *looks(STUDIO, "/", SCREEN, who="maya"),
    *looks(STUDIO, "/sign-in", SCREEN),
    *looks(STUDIO, "/pages", SCREEN, who="maya"),
    *looks(STUDIO, "/pages/new", SCREEN, who="maya"),
    *looks(STUDIO, PAGE_RULE, SCREEN, who="maya"),
    *looks(STUDIO, f"{_VARIANT}/source", SCREEN, who="maya"),
    *looks(STUDIO, f"{_VARIANT}/edit", SCREEN, who="maya"),
    *looks(STUDIO, f"{_VARIANT}/images", SCREEN, who="maya"),
    *looks(STUDIO, f"{_VARIANT}/images/<int:number>/crop", SCREEN, who="maya"),
    *looks(STUDIO, f"{_VARIANT}/images/<int:number>/thumbnail", SCREEN, who="maya"),
    *looks(STUDIO, f"{_VARIANT}/edit/preview", SCREEN, status=404, who="maya"),
    *looks(STUDIO, f"{_VARIANT}/regions", SCREEN, who="maya"),
    *looks(STUDIO, "/snippets", SCREEN, who="maya"),
    *looks(STUDIO, "/snippets/<name>", SCREEN, status=404, who="maya"),
    *looks(STUDIO, "/bulk", SCREEN, who="maya"),
    *looks(STUDIO, "/bulk/progress", SCREEN, who="maya"),
    *looks(STUDIO, "/bulk/<int:number>", SCREEN, status=404, who="maya"),
    *looks(STUDIO, "/experiments", SCREEN, who="maya"),
    *looks(STUDIO, "/experiments/new", SCREEN, who="maya"),
    *looks(STUDIO, "/experiments/archive", SCREEN, who="maya"),
    *looks(STUDIO, "/experiments/calibration", SCREEN, who="maya"),
    *looks(STUDIO, "/experiments/calibration/plot.json", SCREEN, status=404, who="maya"),
    *looks(STUDIO, "/experiments/aa", SCREEN, who="maya"),
    *looks(STUDIO, "/experiments/aa/plot.json", SCREEN, status=404, who="maya"),
    *looks(STUDIO, _TEST, SCREEN, who="maya"),
    *(
        row
        for verb in ("pause", "resume", "stop")
        for row in looks(STUDIO, f"{_TEST}/{verb}", SCREEN, status=303, who="maya")
    ),
    *looks(STUDIO, f"{_TEST}/export", SCREEN, who="maya"),
    *looks(STUDIO, f"{_TEST}/report", SCREEN, who="maya"),
    *looks(STUDIO, f"{_TEST}/report/plots/<name>.json", SCREEN, who="maya"),
    *looks(STUDIO, "/deliveries", SCREEN, who="maya"),
    *looks(STUDIO, "/deliveries/<delivery_id>", SCREEN, status=404, who="maya"),
    *looks(STUDIO, "/deliveries/recipients", SCREEN, status=303, who="maya"),
    *looks(STUDIO, "/deliveries/webhooks/new", SCREEN, who="maya"),
    *looks(STUDIO, _WEBHOOK, SCREEN, status=404, who="maya"),
    *looks(STUDIO, f"{_WEBHOOK}/secret", SCREEN, status=303, who="maya"),
    *looks(STUDIO, f"{_WEBHOOK}/events", SCREEN, status=303, who="maya"),
    *looks(STUDIO, f"{PAGE_RULE}/search", SCREEN, who="maya"),
    *looks(STUDIO, f"{PAGE_RULE}/rename", SCREEN, who="maya"),
    *looks(STUDIO, f"{PAGE_RULE}/retire", SCREEN, who="maya"),
    *looks(STUDIO, "/duplicates", SCREEN, who="maya"),
    *looks(STUDIO, "/redirects", SCREEN, who="maya"),
    *looks(STUDIO, "/redirects/edit", SCREEN, who="maya"),
    *looks(STUDIO, "/redirects/export", SCREEN, who="maya"),
    *looks(STUDIO, "/redirects/import", SCREEN, who="maya"),
    *looks(STUDIO, "/redirects/missing", SCREEN, who="maya"),
    *looks(STUDIO, f"{PAGE_RULE}/after-form", SCREEN, who="maya"),
    *looks(STUDIO, "/leads", SCREEN, who="maya"),
    *looks(STUDIO, "/leads/erase", SCREEN, who="ivan"),
    *looks(STUDIO, "/leads/<lead_id>", SCREEN, status=404, who="maya"),
    *(
        row
        for form in ("change", "export", "<lead_id>/stage", "<lead_id>/spam")
        for row in looks(STUDIO, f"/leads/{form}", SCREEN, status=303, who="maya")
    ),
    *looks(STUDIO, "/search", SCREEN, who="maya"),
    *looks(STUDIO, "/calendar", SCREEN, who="maya"),
    *looks(STUDIO, "/policy", SCREEN, who="maya"),
    *looks(STUDIO, "/audit", SCREEN, who="ana"),
    *looks(STUDIO, _API, SCREEN, who="ana"),
    *looks(STUDIO, f"{_API}/<key>", SCREEN, who="ana"),
    *looks(STUDIO, f"{_API}/<key>/report", SCREEN, who="ana"),
    *looks(STUDIO, "/api/v1/openapi.json", SCREEN, who="ana"),
    *looks(STUDIO, "/static/<path:name>", SCREEN),
    *looks(STUDIO, "/favicon.ico", SCREEN),
    *looks(STUDIO, "/healthz", SCREEN),
    *looks(STUDIO, "/readyz", SCREEN),
    *acts("/pages/new", 422, slug="_l"),
    *(
        row
        for screen in ("history", "compare", "share", "visit", "links")
        for row in looks(STUDIO, f"{_VARIANT}/{screen}", SCREEN, who="maya")
    ),
    *acts(f"{_VARIANT}/name", 422, name="x" * 61),
    *acts(f"{_VARIANT}/restore", 404, version="99"),
    *acts(f"{_VARIANT}/undo", 404, version="99"),
    *acts(f"{_VARIANT}/share", 422),
    *acts(f"{_VARIANT}/links", 422),
    *acts(f"{_VARIANT}/share/revoke", 404, link="none"),
    *looks(STUDIO, "/schedules", SCREEN, who="maya"),
    *looks(STUDIO, "/schedules/new", SCREEN, status=404, who="maya"),
    *acts("/schedules/new", 404),
    *acts("/schedules/<int:number>/cancel", 404),
    *acts(f"{PAGE_RULE}/copy", 404, source="z"),
    *acts(f"{PAGE_RULE}/upload", 422),
    *acts(f"{_VARIANT}/bring", 422, url="https://cdn.example/x.css"),
    *acts(f"{_VARIANT}/source", 422, source="<p>x"),
    *acts(f"{_VARIANT}/edit", 422),
    *acts(f"{_VARIANT}/images", 422),
    *acts(f"{_VARIANT}/images/<int:number>/crop", 422),
    *acts(f"{_VARIANT}/regions", 422),
    *acts(f"{PAGE_RULE}/publish", 303),
    *acts(f"{PAGE_RULE}/rollback", 409),
    *acts(f"{PAGE_RULE}/withdraw", 409),
    *acts("/deliveries/recipients", 422, mail="nobody"),
    *acts("/deliveries/webhooks/new", 422, url="http://127.0.0.1.example/"),
    *acts("/deliveries/<delivery_id>/replay", 404),
    *(
        row
        for verb in ("disable", "enable", "events", "remove", "replace-secret", "replay", "secret", "test")
        for row in acts(f"{_WEBHOOK}/{verb}", 404)
    ),
    *(row for verb in ("remove", "test") for row in acts(f"/deliveries/recipients/<int:number>/{verb}", 404)),
    *acts(f"{PAGE_RULE}/search", 409),
    *acts(f"{PAGE_RULE}/rename", 422, slug="_l"),
    *acts(f"{PAGE_RULE}/retire", 422),
    *acts(f"{PAGE_RULE}/put-back", 409),
    *acts("/redirects/edit", 422),
    *acts("/redirects/remove", 404),
    *acts("/redirects/mend", 409),
    *acts("/redirects/import", 422),
    *acts("/redirects/apply", 422),
    *acts("/redirects/undo-import", 404),
    *acts("/redirects/ignore", 404),
    *acts("/snippets", 422, name="Footer"),
    *acts("/snippets/<name>", 404),
    *acts("/snippets/<name>/restore", 404),
    *acts("/snippets/<name>/publish", 404),
    *acts("/bulk", 422),
    *acts("/bulk/<int:number>/publish", 404),
    *acts("/bulk/<int:number>/undo", 404),
    *acts(f"{PAGE_RULE}/after-form", 422, choice="page"),
    *acts("/leads/change", 422),
    *acts("/leads/export", 200),
    *acts("/leads/erase", 422),
    *acts("/leads/<lead_id>/stage", 404),
    *acts("/leads/<lead_id>/spam", 404),
    *acts("/experiments/new", 422),
    *acts("/experiments/aa", 422),
    *acts(f"{_TEST}/pause", 303),
    *acts(f"{_TEST}/resume", 303),
    *acts(f"{_TEST}/stop", 422),
    *acts(f"{_TEST}/export", 422),
    Row(STUDIO, _API, "POST", 422, SCREEN, who="maya", body=signed()),
    Row(STUDIO, _API, "POST", 403, SCREEN, who="maya", body=b"x=1"),
    Row(STUDIO, _API, "POST", 401, SCREEN, headers={"Origin": "ORIGIN"}),
    Row(STUDIO, f"{_API}/<key>/export", "POST", 200, SCREEN, who="maya", body=signed()),
    Row(STUDIO, f"{_API}/<key>/export", "POST", 403, SCREEN, who="maya", body=b"x=1"),
    Row(STUDIO, f"{_API}/<key>/export", "POST", 401, SCREEN, headers={"Origin": "ORIGIN"}),
    Row(STUDIO, "/sign-in", "POST", 422, SCREEN, headers={"Origin": "ORIGIN"}, body=b"name=maya&password=wrong"),
    Row(STUDIO, "/sign-in", "POST", 403, SCREEN, headers={"Origin": "null"}, body=b"name=maya&password=wrong"),
    Row(STUDIO, "/sign-out", "POST", 403, SCREEN, who="maya", body=b"x=1"),
    Row(STUDIO, "/sign-out", "POST", 303, SCREEN, headers={"Origin": "ORIGIN"}),
    Row(STUDIO, "", "GET", 200, STATIC, path="/static/studio.css", query="v=1"),
    Row(STUDIO, "", "GET", 206, SCREEN, path="/static/studio.css", headers={"Range": "bytes=0-3"}),
    Row(STUDIO, "", "GET", 304, SCREEN, path="/static/studio.css", headers={"If-None-Match": "*"}),
    Row(STUDIO, "", "GET", 412, SCREEN, path="/static/studio.css", headers={"If-Match": '"x"'}),
    Row(STUDIO, "", "GET", 416, SCREEN, path="/static/studio.css", headers={"Range": "bytes=9999999-"}),
    Row(STUDIO, "", "GET", 303, SCREEN, path="/policy"),
    Row(STUDIO, "", "GET", 401, SCREEN, path="/policy", headers={"HX-Request": "true"}),
    Row(STUDIO, "", "GET", 401, SCREEN, path=_API),
    Row(STUDIO, "", "GET", 403, SCREEN, path="/audit", who="maya"),
    Row(STUDIO, "", "GET", 404, SCREEN, path="/nowhere", who="maya"),
    Row(STUDIO, "", "GET", 404, SCREEN, path="/api/v1/nowhere", who="maya"),
    Row(STUDIO, "", "GET", 308, SCREEN, path="/pages//x", who="maya"),
    Row(STUDIO, "", "GET", 422, SCREEN, path="/policy", headers={"Cookie": "COOKIE=a; COOKIE=b"}),
    Row(STUDIO, "", "POST", 413, SCREEN, path="/sign-out", who="maya", body=b"x" * 300_000),
    Row(STUDIO, "", "GET", 403, SCREEN, path="/static/studio.css", headers={"Service-Worker": "script"}),
    Row(f"{STUDIO}.", "", "GET", 308, SCREEN, path="/policy"),
    Row(f"{STUDIO}.", "", "POST", 421, SCREEN, path="/sign-out"),
]

TABLES: Final = {PAGES: ON_PAGES, PREVIEW: ON_PREVIEW, STUDIO: ON_STUDIO}
SEEN: Final = {
    PAGES: {200, 204, 206, 301, 302, 303, 304, 400, 403, 404, 405, 410, 413, 414, 415, 416, 421, 422},
    PREVIEW: {200, 204, 403, 404, 405},
    STUDIO: {200, 206, 303, 304, 308, 401, 403, 404, 405, 409, 412, 413, 416, 421, 422},
}
"""Every status that needs no accident; those that do have tests of their own below."""
