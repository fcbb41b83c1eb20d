"""Valid requests of every kind: what is mutated. Each rule makes one that Lander answers as it should."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Final
from urllib.parse import urlencode

from lander.access.signin import csrf_token
from lander.catalog import load_catalog
from lander.serve.qa import QaLinks
from lander.serve.signing import Signer
from lander.serve.token import LIFETIME_MS, TokenSigner
from tests.fuzz.world import (
    CHROME,
    FURTHER,
    INDEX,
    OTHER_PAGES,
    PAGES,
    PREVIEW,
    STUDIO,
    THANKS,
    Request,
    World,
    make_zip,
)

FORM: Final = "application/x-www-form-urlencoded"
BOUNDARY: Final = "lander-fuzz-boundary"
AGENTS: Final = (
    CHROME,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Android 14; Tablet; rv:131.0) Gecko/131.0 Firefox/131.0",
    "Mozilla/5.0 (Linux; Android 14) SamsungBrowser/26.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    "Mozilla/5.0 (Windows NT 10.0) Chrome/131.0.0.0 Safari/537.36 OPR/116.0.0.0",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "",
)
QUERIES: Final = (
    "",
    "",
    "city=new+york",
    "city=%3Cb%3E&utm_medium=cpc",
    "utm_medium=email&gclid=",
    "fbclid=x&city=",
    "gclid=x",
    "utm_medium=newsletter%20x",
)
REFERRERS: Final = (
    "https://www.google.com/",
    "https://t.co/x",
    "https://mail.google.com/",
    "https://l.facebook.com/x",
    "https://www.go.localhost/",
    "https://blog.example/",
    "https://[",
    "about:blank",
)


@dataclass
class Supply:
    """What a visitor and three colleagues have at hand in one world."""

    world: World
    addresses: list[tuple[str, str]] = field(default_factory=list)  # published pages
    tokens: dict[str, list[str]] = field(default_factory=dict)  # by host
    visitors: list[str] = field(default_factory=list)  # cookies
    qa: list[tuple[str, str, str]] = field(default_factory=list)  # host, path and query of QA links

    @classmethod
    def gather(cls, world: World) -> "Supply":
        """Look at every page a few times, and keep what came with it."""
        routes = load_catalog(world.settings.published_dir).routes
        supply = cls(world, sorted(routes))
        signer, links = TokenSigner(world.settings.signing_keys), QaLinks(world.settings.signing_keys)
        unreadable = Signer(world.settings.signing_keys, salt="lander.view").sign(b"AgAA").decode()  # of a later format
        for host, path in supply.addresses:
            for agent in (CHROME, CHROME, AGENTS[6]):
                answer = world.ask(Request("GET", host, path, headers={"User-Agent": agent}))
                token = answer.text.partition('data-lander="')[2].partition('"')[0]
                view = signer.read(token)
                old = view._replace(issued_at_ms=view.issued_at_ms - LIFETIME_MS - 1)
                gone = view._replace(page_id=view.page_id + 1_000)
                supply.tokens.setdefault(host, []).extend(
                    [*([token] * 4), *(signer.mint(other).decode() for other in (old, gone)), unreadable]
                )
                supply.visitors += [value.partition(";")[0] for value in [answer.get("Set-Cookie")] if value]
            for variant in routes[host, path].variants:
                link = links.sign(view.page_id, variant, now_s=view.issued_at_ms // 1000)
                supply.qa.append((host, path, link))
                answer = world.ask(Request("GET", host, path, link, {"User-Agent": CHROME}))
                supply.tokens[host].append(answer.text.partition('data-lander="')[2].partition('"')[0])
        return supply


Rule = Callable[[Supply, Random], Request]


def page(supply: Supply, rng: Random) -> Request:
    host, path = rng.choice(supply.addresses)
    query = rng.choice(QUERIES)
    if rng.random() < 0.1:
        host, path, query = rng.choice(supply.qa)
    headers = {"User-Agent": rng.choice(AGENTS), "Accept": "text/html"}
    if rng.random() < 0.5:
        headers["Cookie"] = rng.choice(supply.visitors)
    if rng.random() < 0.3:
        headers["Referer"] = rng.choice(REFERRERS)
    if rng.random() < 0.2:
        headers |= rng.choice([{"Sec-GPC": "1"}, {"Sec-Purpose": "prefetch"}, {"Cookie": f"{_visitor(supply)}=out"}])
    return Request(rng.choice(["GET"] * 5 + ["HEAD"]), host, path, query, headers)


def form(supply: Supply, rng: Random) -> Request:
    host = rng.choice([PAGES, OTHER_PAGES])
    fields = {
        "_lander": rng.choice(supply.tokens[host]),
        "_form": "f1",
        "lander_website": "",
        "email": "otto@example.com",
        "name": "Otto",
        "phone": "+49 30 123456",
        "size": "M",
        "campaign": "x",
        "message": "Hello,\r\n\r\nI am Otto.",
        "consent": "yes",
    }
    wrong = [{"email": "no"}, {"size": "XXL"}, {"name": "y" * 99}, {"phone": "1"}, {"consent": ""}]
    fields |= rng.choice([{}, {}, {}, {}, {}, *wrong])
    headers = {"User-Agent": CHROME, "Origin": "null", "Content-Type": FORM}
    if rng.random() < 0.3:
        headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
        return Request("POST", host, "/_l/f", headers=headers, body=multipart(fields, file=b"x"))
    return Request("POST", host, "/_l/f", headers=headers, body=urlencode(fields).encode())


def beacon(supply: Supply, rng: Random) -> Request:
    host = rng.choice([PAGES, OTHER_PAGES])
    kind = rng.choice(["k=view", "k=view", *(f"k=goal&g={key}" for key in ("click", *FURTHER, "click-9", "form"))])
    headers = {"User-Agent": CHROME, "Origin": "null", "Content-Type": "text/plain;charset=UTF-8"}
    return Request("POST", host, "/_l/b", headers=headers, body=f"t={rng.choice(supply.tokens[host])}&{kind}".encode())


def asset(supply: Supply, rng: Random) -> Request:
    headers = rng.choice(
        [
            {},
            {"Accept-Encoding": "gzip, br"},
            {"Accept-Encoding": "gzip;q=1, br;q=0"},
            {"Range": "bytes=0-9"},
            {"Range": "bytes=-5"},
            {"Range": "bytes=99999-"},
            {"Range": "bytes=3-", "If-Range": '"x"'},
            {"If-None-Match": "*"},
        ]
    )
    return Request(
        rng.choice(["GET", "GET", "HEAD"]), PAGES, f"/_l/a/{rng.choice(supply.world.assets)}", headers=dict(headers)
    )


def beside_pages(supply: Supply, rng: Random) -> Request:
    method, path = rng.choice(
        [
            *(("GET", path) for path in ("/", "/favicon.ico", "/robots.txt", "/healthz", "/readyz")),
            *(("GET", path) for path in ("/_l/thanks", "/_l/opt-out", "/spring-sale/", "/nowhere", "/sitemap.xml")),
            *(("GET", path) for path in ("/old-sale", "/Old-Sale/", "/for-now", "/gone", "/\xc3\xbcber")),
            ("POST", "/_l/opt-out"),
        ]
    )
    host = OTHER_PAGES if path == "/sitemap.xml" else PAGES  # where a page may be listed
    return Request(method, host, path, rng.choice(QUERIES), {"User-Agent": CHROME})


def report(supply: Supply, rng: Random) -> Request:
    body = {"document-uri": f"{supply.world.origin(PAGES)}/spring-sale?x=1", "violated-directive": "img-src x"}
    body["blocked-uri"] = rng.choice(["https://cdn.example/x.png", "inline", "data", "https://["])
    headers = {"User-Agent": CHROME, "Content-Type": "application/csp-report"}
    return Request("POST", PAGES, "/_l/csp", headers=headers, body=json.dumps({"csp-report": body}).encode())


def preview(supply: Supply, rng: Random) -> Request:
    link = rng.choice(supply.world.previews)
    paths = [link, link, f"{link}spring-sale/thanks", f"/_l/a/{rng.choice(supply.world.assets)}"]
    if rng.random() < 0.2:
        return Request("POST", PREVIEW, rng.choice(["/_l/f", "/_l/b", "/_l/csp"]), headers={"Content-Type": FORM})
    return Request("GET", PREVIEW, rng.choice(paths), rng.choice(QUERIES), {"User-Agent": CHROME})


_EXPERIMENT: Final = "/experiments/spring-sale-1"
_REPORT: Final = f"{_EXPERIMENT}/report"
SCREENS: Final = (
    ("/", "notice=saved&told=x"),
    ("/pages", "site=go.localhost"),
    ("/pages", ""),
    ("/pages/new", "site=go.localhost"),
    ("/pages/spring-sale", "site=go.localhost&variant=a"),
    ("/pages/terms/plain", "site=go.localhost"),
    ("/pages/draft/a", "site=go.localhost"),
    ("/pages/spring-sale/a/source", "site=go.localhost"),
    ("/pages/spring-sale/rename", "site=go.localhost"),
    ("/pages/spring-sale/retire", "site=go.localhost"),
    ("/duplicates", "site=go.localhost"),
    ("/redirects", "site=go.localhost&search=old&page=2"),
    ("/redirects", "removed=/old&to=/new&status=301&note=x"),
    ("/redirects/edit", "path=/old-sale&to=/spring-sale"),
    ("/redirects/import", ""),
    ("/redirects/export", "site=go.localhost"),
    ("/redirects/missing", "ignored=yes"),
    ("/experiments", ""),
    ("/experiments/new", "page=go.localhost/spring-sale&take-a=on&take-b=on&weight-a=50&weight-b=50&lift=20&goal=form"),
    ("/experiments/new", "page=go.localhost/terms/plain&goal-1-kind=scroll&goal-1-target=75&goal-1-role=guardrail"),
    (_EXPERIMENT, "notice=paused"),
    (_REPORT, "phase=1"),
    (_REPORT, "by=campaign&lens=data"),
    (_REPORT, "as_of=2026-11-20&by=keyword"),
    (f"{_REPORT}/plots/rates.json", "phase=1"),
    (f"{_REPORT}/plots/segments.json", "by=keyword&as_of=2026-11-20"),
    (f"{_EXPERIMENT}/export", "phase=1"),
    ("/policy", ""),
    ("/policy", ""),
    ("/audit", "before=100"),
    ("/audit", "before=100"),
    ("/api/v1/experiments", ""),
    (f"/api/v1{_EXPERIMENT}", ""),
    (f"/api/v1{_REPORT}", "phase=1"),
    (f"/api/v1{_REPORT}", "by=campaign,keyword&as_of=2026-11-20T12:00:00Z"),
    ("/api/v1/openapi.json", ""),
    ("/static/studio.css", "v=1"),
    ("/sign-in", "next=/pages"),
    ("/healthz", ""),
    ("/readyz", ""),
    ("/favicon.ico", ""),
)


def screen(supply: Supply, rng: Random) -> Request:
    headers = supply.world.as_person(rng.choice(["maya", "ana", "ivan"]))
    if rng.random() < 0.2:
        headers["HX-Request"] = "true"
    path, query = rng.choice(SCREENS)
    return Request(rng.choice(["GET"] * 9 + ["HEAD"]), STUDIO, path, query, headers)


def _plan(rng: Random) -> dict[str, str]:
    shares = rng.choice([("50", "50"), ("60", "40"), ("70", "40"), ("0", "100")])
    return {
        "page": rng.choice(["go.localhost/spring-sale", "go.localhost/terms/plain", "go.localhost/draft"]),
        "take-a": "on",
        "take-b": "on",
        "weight-a": shares[0],
        "weight-b": shares[1],
        "coverage": "100",
        "goal": rng.choice(["form", "click"]),
        "selector": "a.call",
        "hypothesis": "Shorter is better",
        **_further_goals(rng),
    }


def _further_goals(rng: Random) -> dict[str, str]:
    """Rows of the plan's form, every kind and role among them."""
    rows = rng.choice(
        [
            [],
            [("scroll", "75", "secondary", "5")],
            [("form", "", "secondary", "5"), ("time", "30 s", "guardrail", "2,5")],
            [
                ("click", "a.call", "guardrail", "5 %"),
                ("scroll", "50%", "secondary", ""),
                ("time", "9", "guardrail", "0"),
            ],
        ]
    )
    named = ("kind", "target", "role", "margin")
    typed = {
        f"goal-{number}-{name}": text
        for number, row in enumerate(rows, start=1)
        for name, text in zip(named, row, strict=True)
    }
    return typed | rng.choice([{}, {"goal-1-better": "fewer"}])


def api(supply: Supply, rng: Random) -> Request:
    """What scripts post: a test with further goals, and exports."""
    name = rng.choice(["maya", "maya", "ana"])
    headers = {**supply.world.as_person(name), "X-CSRF-Token": csrf_token(supply.world.cookies[name])}
    if rng.random() < 0.3:
        query = rng.choice(
            ["", "what=events&format=csv", "what=receipts&format=json&phase=1", "what=tallies&format=csv"]
        )
        return Request("POST", STUDIO, f"/api/v1{_EXPERIMENT}/export", query, headers)
    plan = {
        "page": rng.choice(["go.localhost/terms/plain", "go.localhost/spring-sale"]),
        "variants": rng.choice([{"a": 5_000, "b": 5_000}, {"a": 10_000}, {"a": 5_000, "b": 4_000}]),
        "control": "a",
        "coverage_bp": 9_000,
        "goal": "form",
        "hypothesis": "Shorter is better",
        "value_minor": rng.choice([None, 4_000, -1]),
        "goals": [
            {"kind": "click", "selector": "a.call", "role": "guardrail", "margin": 0.05},
            {"kind": "scroll", "threshold": rng.choice([75, 0, 101])},
            {"kind": "time", "threshold": 30, "fewer_is_better": True},
        ][: rng.randrange(4)],
    }
    headers["Content-Type"] = "application/json"
    return Request("POST", STUDIO, "/api/v1/experiments", headers=headers, body=json.dumps(plan).encode())


def action(supply: Supply, rng: Random) -> Request:
    """Something that Maya does; what is done twice is refused in words, which is an answer too."""
    path, fields, file = rng.choice(
        [
            ("/pages/draft/publish", {"during_test": ""}, None),
            ("/pages/spring-sale/publish", {"during_test": rng.choice(["", "annotate", "new-phase"])}, None),
            ("/pages/terms/plain/rollback", {"release": ""}, None),
            ("/pages/terms/plain/withdraw", {}, None),
            ("/pages/terms/plain/copy", {"source": "a"}, None),
            ("/pages/draft/a/source", {"source": INDEX + "<!-- -->" * rng.randrange(3), "base_version": "1"}, None),
            ("/pages/draft/upload", {"replace": "a"}, make_zip({"index.html": INDEX, "thanks.html": THANKS})),
            ("/pages/draft/a/bring", {"url": "https://cdn.example/x.css"}, b"a{}"),
            ("/pages/new", {"slug": f"new-{rng.randrange(3)}"}, make_zip({"index.html": THANKS})),
            ("/pages/terms/plain/rename", {"slug": rng.choice(["terms/other", "spring-sale", "terms/plain"])}, None),
            ("/pages/terms/plain/retire", {"choice": "elsewhere", "target": rng.choice(["/spring-sale", "//x"])}, None),
            ("/pages/terms/plain/put-back", {}, None),
            ("/redirects/edit", {"from": f"/old-{rng.randrange(3)}", "to": "/old-1", "status": "301"}, None),
            ("/redirects/remove", {"path": f"/old-{rng.randrange(3)}"}, None),
            ("/redirects/mend", {"rule": "redirects.chain", "all": "yes"}, None),
            ("/redirects/import", {}, b"from;to\n/a;/spring-sale\n/b;nowhere\n"),
            (
                "/redirects/apply",
                {"sheet": "eJzTT9TRLy4oysxL1y1OzEnl0k/S0c/LL89ILUrlAgCGEwlJ", "only_good": "yes"},
                None,
            ),
            ("/redirects/ignore", {"path": "/nowhere"}, None),
            ("/experiments/new", _plan(rng), None),
            ("/experiments/spring-sale-1/pause", {}, None),
            ("/experiments/spring-sale-1/resume", {}, None),
            ("/experiments/spring-sale-1/stop", {"decision": "", "reason": "Enough"}, None),
            ("/sign-out", {}, None),
        ]
    )
    headers = supply.world.as_person("maya")
    fields["_csrf"] = csrf_token(supply.world.cookies["maya"])
    if file is not None:
        headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
        return Request("POST", STUDIO, path, headers=headers, body=multipart(fields, file=file))
    headers["Content-Type"] = FORM
    return Request("POST", STUDIO, path, headers=headers, body=urlencode(fields).encode())


def multipart(fields: dict[str, str], *, file: bytes) -> bytes:
    """As a browser writes it."""
    lines = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="page.zip"\r\n\r\n'
    return "".join(lines).encode() + head.encode() + file + f"\r\n--{BOUNDARY}--\r\n".encode()


def _visitor(supply: Supply) -> str:
    return "lp" if supply.world.settings.is_development else "__Host-lp"


COUNTED: Final = frozenset([page, form, beacon, screen, action, api])
"""Pages, forms, beacons and studio views: what the share of requests that reach something is measured on."""

RULES: Final[tuple[tuple[Rule, int], ...]] = (
    (page, 32),
    (form, 20),
    (beacon, 14),
    (asset, 8),
    (beside_pages, 6),
    (report, 4),
    (preview, 2),
    (screen, 9),
    (action, 3),
    (api, 2),
)
