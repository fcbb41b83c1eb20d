"""One published page under test on a served installation, and what its visitors do there."""

import html
import re
import zipfile
from pathlib import Path
from urllib.parse import urlencode

from tests.live import Lander
from tests.serve.stage import CHROME

HOST = "go.localhost"
PATH = "/spring-sale"
NULL_ORIGIN = {"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"}
BROCHURE = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PAGE = """<!doctype html>
<html lang="en"><head><title>Spring sale</title><link rel="icon" href="data:,"></head>
<body><h1>Spring sale {variant}</h1><a href="brochure.pdf">Brochure</a>
<form><label>E-mail <input name="email" type="email" required></label><button>Go</button></form></body></html>
"""


def publish_page(lander: Lander, folder: Path) -> None:
    """A page with two variants, a form and a file, half of its visitors seeing each."""
    lander.ok("site", "add", HOST, "--core-site", "www.localhost")
    for variant in ("a", "b"):
        path = folder / f"{variant}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("index.html", PAGE.format(variant=variant))
            archive.writestr("brochure.pdf", BROCHURE)
        lander.ok("page", "import", "--site", HOST, "--slug", PATH[1:], "--variant", variant, str(path))
    lander.ok("page", "publish", "--site", HOST, "--slug", PATH[1:])
    lander.ok(
        "experiment", "start", "--site", HOST, "--slug", PATH[1:], "--variants", "a,b", "--goal", "form",
        "--hypothesis", "B is better.",
    )  # fmt: skip
    lander.wait_for(HOST, PATH)


def find_token(body: bytes) -> str:
    return _find(rb'data-lander="([^"]+)"', body)


def find_asset(body: bytes) -> str:
    return _find(rb'"(/_l/a/[^"?]+\.pdf)', body)


def find_form(body: bytes) -> str:
    return _find(rb'name="_form" value="([^"]+)"', body)


def form_body(page: bytes, email: str) -> bytes:
    fields = {"_lander": find_token(page), "_form": find_form(page), "email": email}
    return urlencode(fields).encode()


def view(lander: Lander, *, headers: dict[str, str] | None = None) -> bytes:
    """The page as a browser gets it."""
    response, body = lander.request("GET", HOST, PATH, headers={"User-Agent": CHROME, **(headers or {})})
    assert response.status == 200
    return body


def _find(pattern: bytes, body: bytes) -> str:
    found = re.search(pattern, body)
    assert found is not None, body.decode()
    return html.unescape(found[1].decode())
