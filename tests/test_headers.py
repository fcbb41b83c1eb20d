"""The headers of every plane: exact where a browser or a scanner reads them, absent where they would do harm."""

import pytest

from lander import headers

SEALED = {"sandbox": headers.SANDBOX, "default-src": ("'none'",)}
EVERY_LIST = {
    "page": lambda scheme: headers.page_headers(SEALED, scheme=scheme, noindex=True),
    "asset": lambda scheme: headers.asset_headers("text/css", scheme=scheme),
    "answer": lambda scheme: headers.answer_headers(scheme=scheme),
    "own page": lambda scheme: headers.own_page_headers(scheme=scheme),
    "preview": lambda scheme: headers.preview_headers(
        SEALED, scheme=scheme, studio_origin="https://studio.example.com"
    ),
    "studio": lambda scheme: headers.studio_headers(
        scheme=scheme, nonce="bm9uY2U", preview_origin="https://preview.example.com"
    ),
}


@pytest.mark.parametrize("plane", EVERY_LIST)
def test_every_answer_carries_the_common_headers(plane: str) -> None:
    sent = dict(EVERY_LIST[plane]("https"))
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Origin-Agent-Cluster"] == "?1"
    assert sent["X-Permitted-Cross-Domain-Policies"] == "none"
    assert sent["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert "Content-Security-Policy" in sent
    assert not {"Server", "X-Powered-By", "Access-Control-Allow-Credentials"} & set(sent)


@pytest.mark.parametrize("plane", EVERY_LIST)
def test_no_header_is_named_twice(plane: str) -> None:
    names = [name.lower() for name, _ in EVERY_LIST[plane]("https")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("plane", EVERY_LIST)
def test_plain_http_of_development_promises_no_transport_security(plane: str) -> None:
    assert "Strict-Transport-Security" not in dict(EVERY_LIST[plane]("http"))


@pytest.mark.parametrize("plane", sorted(set(EVERY_LIST) - {"preview"}))
def test_nobody_may_frame_anything_but_a_preview(plane: str) -> None:
    assert dict(EVERY_LIST[plane]("https"))["X-Frame-Options"] == "DENY"


def test_a_preview_names_the_studio_and_sends_no_header_that_contradicts_it() -> None:
    sent = dict(EVERY_LIST["preview"]("https"))
    assert "frame-ancestors https://studio.example.com" in sent["Content-Security-Policy"]
    assert "X-Frame-Options" not in sent
    assert sent["Cache-Control"] == "no-store"
    assert sent["X-Robots-Tag"] == "noindex"


def test_a_page_that_stands_in_for_a_preview_may_be_framed_by_the_studio_too() -> None:
    sent = dict(headers.own_page_headers(scheme="https", framed_by="https://studio.example.com"))
    assert "frame-ancestors https://studio.example.com" in sent["Content-Security-Policy"]
    assert "X-Frame-Options" not in sent


def test_only_assets_are_open_to_other_origins() -> None:
    open_planes = {name for name, build in EVERY_LIST.items() if "Access-Control-Allow-Origin" in dict(build("https"))}
    assert open_planes == {"asset"}
    asset = dict(EVERY_LIST["asset"]("https"))
    assert asset["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert asset["Cache-Control"] == "public, max-age=31536000, immutable"
    assert asset["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_page_that_may_be_indexed_says_nothing_to_robots() -> None:
    assert "X-Robots-Tag" not in dict(headers.page_headers(SEALED, scheme="https", noindex=False))


def test_a_page_gets_its_own_policy_and_every_feature_switched_off() -> None:
    sent = dict(EVERY_LIST["page"]("https"))
    assert sent["Content-Security-Policy"] == f"sandbox {' '.join(headers.SANDBOX)}; default-src 'none'"
    assert "allow-same-origin" not in sent["Content-Security-Policy"]
    assert sent["Cache-Control"] == "private, no-store"
    assert sent["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert all(feature.endswith("=()") for feature in sent["Permissions-Policy"].split(", "))


def test_the_studio_trusts_a_nonce_and_frames_previews_alone() -> None:
    assert dict(EVERY_LIST["studio"]("https"))["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'nonce-bm9uY2U' 'strict-dynamic'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; frame-src https://preview.example.com; "
        "worker-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types default"
    )


def test_an_error_page_allows_its_one_style_and_no_script() -> None:
    sent = dict(headers.own_page_headers(scheme="https", style="body{margin:0}"))
    assert f"style-src {headers.hash_source('body{margin:0}')}" in sent["Content-Security-Policy"]
    assert "script-src" not in sent["Content-Security-Policy"]
    assert "sandbox allow-forms" in sent["Content-Security-Policy"]


def test_a_hash_is_the_one_a_browser_computes() -> None:
    # echo -n "alert('Hello, world.');" | openssl dgst -sha256 -binary | openssl base64 (CSP Level 3, section 6.7.3.3)
    assert headers.hash_source("alert('Hello, world.');") == "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"


@pytest.mark.parametrize("source", ["", "a b", "x;script-src *", "x,y", "x\r\nSet-Cookie: a=b", "münchen.example"])
def test_a_source_that_would_end_its_directive_is_a_defect(source: str) -> None:
    with pytest.raises(ValueError, match="cannot stand in the Content-Security-Policy"):
        headers.serialize_csp({"img-src": (source,)})
