"""Bad input, each with the status and the words of its refusal."""

import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from lander.access.signin import csrf_token
from lander.serve.token import TokenSigner, View
from tests.bad_input.sending import MIB, beacon, good_token, lead, look, lying_zip, post, twice, upload, zip_with
from tests.fuzz.world import CHROME, INDEX, OTHER_PAGES, PAGES, STUDIO, Request, World, make_zip
from tests.pages.test_archive import overlapping_zip

ZEROS: Final = b"\0" * 5 * MIB


@dataclass(frozen=True)
class Case:
    """What is sent, and the refusal: its status, and words of it that a person reads."""

    send: Callable[[World], Request]
    status: int
    words: str


PLAN: Final = {
    "page": f"{PAGES}/spring-sale",
    "take-a": "on",
    "take-b": "on",
    "weight-a": "50",
    "weight-b": "50",
    "coverage": "100",
    "goal": "form",
    "hypothesis": "Shorter is better",
}
VIEW: Final = View(1, "a", "0" * 32, b"12345678", 1_700_000_000_000, "desktop", "chrome", "direct")
FOREIGN: Final = f"https://{PAGES}"

FILES: Final = {
    "not a zip": Case(upload(b"no zip"), 422, "neither an HTML file nor a zip"),
    "an empty file": Case(upload(b""), 422, "is empty"),
    "a picture": Case(upload(b"\x89PNG\r\n\x1a\n" + b"\0" * 50), 422, "neither an HTML file nor a zip"),
    "a zip cut off": Case(upload(make_zip({"index.html": INDEX})[:-30]), 422, "The zip is damaged"),
    "a bomb by its ratio": Case(upload(make_zip({"index.html": INDEX, "a.txt": ZEROS})), 422, "100 times its size"),
    "a bomb of overlapping entries": Case(upload(overlapping_zip(40)), 422, "overlap"),
    "a bomb inside a zip": Case(
        upload(make_zip({"index.html": INDEX, "a.zip": make_zip({"a.txt": ZEROS})})), 422, "archive inside the zip"
    ),
    "a zip that lies about its sizes": Case(upload(lying_zip()), 422, "damaged"),
    "a path that leads out": Case(upload(zip_with("../../evil.css")), 422, "leads outside the page's folder"),
    "a path that leads out, from Windows": Case(upload(zip_with("..\\evil.css")), 422, "leads outside"),
    "an absolute path": Case(upload(zip_with("/etc/evil.css")), 422, "leads outside"),
    "a symlink": Case(upload(zip_with("a.css", b"/etc/passwd", mode=stat.S_IFLNK | 0o777)), 422, "link or a device"),
    "ten thousand entries": Case(upload(make_zip({f"{n}.css": "" for n in range(10_000)})), 422, "more than 500 files"),
    "names that differ in case": Case(
        upload(make_zip({"index.html": INDEX, "A.css": "a{}", "a.css": "b{}"})), 422, "one file on many computers"
    ),
    "no HTML inside": Case(upload(make_zip({"main.css": "a{}"})), 422, "holds no HTML file"),
    "several pages and none in front": Case(upload(make_zip({"a.html": INDEX, "b.html": INDEX})), 422, "index.html"),
    "markup without anything in it": Case(upload(make_zip({"index.html": " \n"})), 422, "is empty"),
    "an encoding that is not the stated one": Case(
        upload(make_zip({"index.html": b'<meta charset="utf-8">\n<p>\xff'})), 422, "says it is utf-8, but line 2 is not"
    ),
    "more nesting than browsers take": Case(upload(make_zip({"index.html": "<b>" * 20_000})), 422, "nested too deeply"),
    "bytes that are no text": Case(upload(make_zip({"index.html": "<p>\0"})), 422, "is not a text file"),
    "a picture that is a script": Case(
        upload(make_zip({"index.html": INDEX, "b.png": b"<script>"})), 422, "called .png but holds something else"
    ),
    "a file larger than the policy allows": Case(upload(b"PK\x03\x04" + b"x" * 21 * MIB), 422, "larger than 20 MiB"),
}

ADDRESSES: Final = {
    "taken": Case(
        upload(make_zip({"index.html": INDEX}), slug="spring-sale"), 409, f"a page at {PAGES}/spring-sale already"
    ),
    "taken by a page below": Case(
        upload(make_zip({"index.html": INDEX, "plain.html": INDEX + "x"}), slug="terms"), 409, "plain"
    ),
    **{
        f"reserved: {slug}": Case(upload(make_zip({"index.html": INDEX}), slug=slug), 422, "is reserved")
        for slug in ("_l", "_l/x", "robots.txt", "healthz", "readyz", "metrics", ".well-known/x")
    },
    **{
        f"impossible: {slug[:12]}": Case(upload(make_zip({"index.html": INDEX}), slug=slug), 422, "address")
        for slug in ("", "Sale", "a b", "../etc", "a//b", "/a", "a/", "ä", "a\0b", "a" * 101, "<script>")
    },
}

PLANS: Final = {
    "shares below the whole": Case(post("/experiments/new", **{**PLAN, "weight-b": "40"}), 422, "come to 90 per cent"),
    "shares above the whole": Case(post("/experiments/new", **{**PLAN, "weight-b": "60"}), 422, "come to 110 per cent"),
    "a share of nothing": Case(post("/experiments/new", **{**PLAN, "weight-b": "0"}), 422, "is 0 per cent"),
    "a share that is no number": Case(post("/experiments/new", **{**PLAN, "weight-b": "half"}), 422, "not a number"),
    "a share that is not a number": Case(post("/experiments/new", **{**PLAN, "weight-b": "NaN"}), 422, "NaN per cent"),
    "one variant alone": Case(
        post(
            "/experiments/new", **{key: value for key, value in {**PLAN, "weight-a": "100"}.items() if key != "take-b"}
        ),
        422,
        "two variants",
    ),
    "a variant that is not there": Case(
        post("/experiments/new", **{**PLAN, "weight-b": "40", "take-z": "on", "weight-z": "10"}), 409, "Variant z"
    ),
    "a second test on one page": Case(post("/experiments/new", **PLAN), 409, "one at a time"),
    "a page that is not published": Case(
        post("/experiments/new", **{**PLAN, "page": f"{PAGES}/draft"}), 422, "No page"
    ),
    "an end without a decision": Case(
        post("/experiments/spring-sale-1/stop", reason="Enough"), 422, "Nothing is decided yet"
    ),
    "an end without a reason": Case(
        post("/experiments/spring-sale-1/stop", decision="keep", reason=" "), 422, "needs a reason"
    ),
    "a new state of a page under test without a choice": Case(
        post("/pages/spring-sale/withdraw"), 409, "spring-sale-1"
    ),
}

TOKENS: Final = {
    "a lead with a forged token": Case(lead(token="forged"), 403, "cannot be sent from here"),
    "a lead without a token": Case(lead(_lander=""), 403, "cannot be sent from here"),
    "a lead with a token for another host": Case(lead(host=OTHER_PAGES), 403, "cannot be sent from here"),
    "a lead with a changed token": Case(
        lambda world: lead(token=good_token(world).replace("AQ", "Ag", 1))(world), 403, "cannot be sent from here"
    ),
    "a lead with a token of another secret": Case(
        lead(token=TokenSigner(["another"]).mint(VIEW).decode()), 403, "cannot be sent from here"
    ),
    "a lead with a visitor's cookie for a token": Case(
        lambda world: lead(token=world.get(PAGES, "/_l/opt-out", method="POST").get("Set-Cookie").partition(";")[0])(
            world
        ),
        403,
        "cannot be sent from here",
    ),
    "a beacon with a forged token": Case(beacon("forged"), 403, "not one of ours"),
    "a beacon for another host": Case(beacon("", host=OTHER_PAGES), 403, "another host"),
    "a preview link that nobody signed": Case(
        lambda world: Request("GET", "preview.localhost", "/p/WzEsImEiLDYwMF0.abc.def/"), 403, "not a preview link"
    ),
    "a form of the studio with a forged token": Case(post("/pages/draft/publish", _csrf="0" * 64), 403, "older than"),
    "a form of the studio with another session's token": Case(
        lambda world: post("/pages/draft/publish", _csrf=csrf_token(world.cookies["ana"]))(world), 403, "older than"
    ),
    "a form of the studio without its token": Case(post("/pages/draft/publish", _csrf=""), 403, "older than"),
}

BODIES: Final = {
    "a lead of more than 64 KiB": Case(lead(message="x" * 70_000), 413, "more than 64 KiB"),
    "a lead of more than 200 fields": Case(lead(**{f"f{n}": "x" for n in range(300)}), 413, "more than 200 fields"),
    "a lead that broke off": Case(lambda world: replace(lead()(world), length="60000"), 400, "broke off"),
    "a lead of a length that is none": Case(lambda world: replace(lead()(world), length="-1"), 400, "not a number"),
    "a lead as JSON": Case(lead(headers={"Content-Type": "application/json"}), 415, "as an HTML form sends them"),
    "a beacon of more than 4 KiB": Case(beacon("x" * 5_000), 413, "more than 4 KiB"),
    "a form of the studio of more than 256 KiB": Case(
        post("/pages/draft/publish", x="x" * 300_000), 413, "larger than"
    ),
    "an upload that says it has 300 MB": Case(
        lambda world: replace(upload(b"x")(world), length=str(300_000_000)), 413, "larger than this screen takes"
    ),
    "a query of more than 8 KiB": Case(
        lambda world: Request("GET", PAGES, "/spring-sale", "x" * 9_000, {"User-Agent": CHROME}), 414, "too long"
    ),
}

FIELDS: Final = {
    "an argument that the API does not know": Case(
        look("/api/v1/experiments/spring-sale-1/report", "fase=1"), 422, "Extra inputs are not permitted"
    ),
    "what visitors cannot be grouped by": Case(
        look("/api/v1/experiments/spring-sale-1/report", "by=city"), 400, "cannot be grouped by"
    ),
    "a phase that is none": Case(look("/api/v1/experiments/spring-sale-1/report", "phase=0"), 422, "greater than"),
    "a site that is not there": Case(look("/pages", "site=evil.example"), 404, "There is no site"),
    "a beacon of a goal that no page watches": Case(
        beacon("", what="k=goal&g=purchase"), 400, "a page's script can watch"
    ),
    "a beacon of a lead": Case(beacon("", what="k=goal&g=form"), 400, "a page's script can watch"),
    "a beacon of a goal with control characters": Case(beacon("", what="k=goal&g=click-2%00"), 400, "can watch"),
    "a goal that is none": Case(post("/experiments/new", **{**PLAN, "goal": "world peace"}), 422, "no goal"),
    "a lead with a wrong address": Case(lead(email="otto"), 422, "not an e-mail address"),
    "a lead with an option that is none": Case(lead(size="XXL"), 422, "choose one of the options"),
    "a source without the version it changes": Case(post("/pages/draft/a/source", source="<p>x"), 422, "which version"),
    "a source with a NUL": Case(post("/pages/draft/a/source", source="<p>\0", base_version="1"), 422, "no text"),
}

ORIGINS: Final = {
    f"{name}: {path}": Case(post(path, headers=headers), 403, "did not come from the studio")
    for path in ("/pages/draft/publish", "/pages/terms/plain/withdraw", "/sign-out", "/sign-in")
    for name, headers in {
        "the pages host": {"Origin": FOREIGN, "Sec-Fetch-Site": "same-site"},
        "a sealed page": {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        "nowhere": {"Origin": ""},
        "a name that begins like ours": {"Origin": f"https://{STUDIO}.evil.example"},
        "our name over http": {"Origin": f"http://{STUDIO}"},
        "our origin, sent by another": {"Sec-Fetch-Site": "same-site"},
    }.items()
} | {
    "another site, to a form of a page": Case(lead(headers={"Origin": "https://evil.example"}), 403, "cannot be sent"),
    "the studio, to a form of a page": Case(lead(headers={"Origin": f"https://{STUDIO}"}), 403, "cannot be sent"),
    "another site, to the beacon": Case(beacon("", Origin="https://evil.example"), 403, "another site's page"),
}

HEADERS: Final = {
    "two sign-in cookies, looking": Case(twice("/policy"), 422, "two sign-in cookies"),
    "two sign-in cookies, acting": Case(twice("/pages/draft/publish", method="POST"), 422, "two sign-in cookies"),
    "the studio's name with a dot behind it": Case(
        lambda world: replace(post("/pages/draft/publish")(world), host=f"{STUDIO}."), 421, "does not answer at"
    ),
    "another name in X-Forwarded-Host": Case(
        lambda world: replace(post("/pages/draft/publish", headers={"X-Forwarded-Host": STUDIO})(world), host=PAGES),
        404,
        "not here",
    ),
    "two names in Host": Case(
        lambda world: replace(look("/policy")(world), host=f"{STUDIO}, {PAGES}"), 421, "under this host name"
    ),
    "a name with a user in Host": Case(
        lambda world: replace(look("/policy")(world), host=f"evil@{STUDIO}"), 421, "under this host name"
    ),
    "no Host": Case(lambda world: Request("GET", "", "/spring-sale"), 400, "needs a Host"),
    "another method in X-HTTP-Method-Override": Case(
        look("/pages/draft/publish", X_HTTP_Method_Override="POST"), 303, ""
    ),
    "another path in X-Original-URL": Case(
        lambda world: replace(look("/nowhere", X_Original_URL="/policy", X_Rewrite_URL="/policy")(world)),
        404,
        "leads nowhere",
    ),
    "a clock of its own, in production": Case(look("/audit", Lander_Simulation="1|127.0.0.1.x"), 200, ""),
    "a service worker": Case(look("/static/studio.css", Service_Worker="script"), 403, "no service workers"),
    "a line break in a redirect": Case(
        lambda world: Request("GET", PAGES, "/spring-sale/", "\r\nSet-Cookie: planted=1", {"User-Agent": CHROME}),
        301,
        "",
    ),
}

CASES: Final = {
    f"{group}: {name}": case
    for group, cases in {
        "file": FILES,
        "address": ADDRESSES,
        "plan": PLANS,
        "token": TOKENS,
        "body": BODIES,
        "field": FIELDS,
        "origin": ORIGINS,
        "header": HEADERS,
    }.items()
    for name, case in cases.items()
}
