"""Compiling a version: what is rewritten, what stays byte for byte, what is sealed, what is refused."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from lander import beacon, steps
from lander.artifact import asset_name
from lander.errors import InvalidInput
from lander.pages.compile import Compiled, Surroundings, compile_variant
from lander.pages.loads import Files, Stylesheet
from lander.pages.models import Version
from lander.pages.stylesheets import settle_css
from lander.policy.findings import Severity
from lander.policy.parse import parse_policy
from lander.policy.policy import DEFAULTS, Policy
from lander.published import Allocation, TextSlot, TokenSlot, build_release, read_release
from tests.pages.publishing import FORM, NOW, PAGE, text_of

JS = b"document.title = 'x';\n"
PNG = b"\x89PNG\r\n\x1a\n pretend"
SCRIPT_NAME, IMAGE_NAME = asset_name(JS, "js"), asset_name(PNG, "png")
AROUND = Surroundings(slug="spring-sale", policy=DEFAULTS, scheme="https")
CDN = parse_policy('[isolation.allow]\nscript = ["cdn.example.com"]\nfont = ["fonts.example.com"]\n')


def _compile(
    source: str,
    *,
    files: Mapping[str, str] | None = None,
    links: Mapping[str, str] | None = None,
    sheets: Mapping[str, Stylesheet] | None = None,
    scripts: Mapping[str, str] | None = None,
    around: Surroundings = AROUND,
    **changes: object,
) -> Compiled:
    version = Version(
        id=1,
        variant_id=1,
        number=1,
        source=source,
        path="index.html",
        files=dict(files or {}),
        links=dict(links or {}),
        created_at=NOW,
        created_by="maya",
    )
    return compile_variant("a", version, replace(around, **changes), Files(sheets or {}, scripts or {}))


def _served(compiled: Compiled) -> str:
    return text_of(compiled.variant.segments)


def _csp(compiled: Compiled) -> str:
    return dict(compiled.variant.headers)["Content-Security-Policy"]


def _sha256(text: str | bytes) -> str:
    content = text.encode() if isinstance(text, str) else text
    return f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"


def _rules(compiled: Compiled, severity: Severity = Severity.REFUSE) -> list[str]:
    return [finding.rule for finding in compiled.findings if finding.severity is severity]


def _refused(policy: Policy, source: str) -> list[str]:
    return _rules(_compile(source, policy=policy))


def test_the_same_version_compiles_to_the_same_bytes() -> None:
    first, second = (_compile(FORM, files={"a.png": IMAGE_NAME}) for _ in range(2))
    assert first.variant == second.variant


def test_everything_it_does_not_rewrite_stays_byte_for_byte() -> None:
    source = "<!DOCTYPE HTML>\r\n<html>\r\n<HEAD><title>ä &amp; B</title ></HEAD>\r\n<Body class=x>\t<p>a<br/>b</Body></html>"
    served = _served(_compile(source, noindex=False))
    before, _, rest = served.partition("<script data-lander=")
    after = rest.partition("</script>")[2]
    assert before + after == source


def test_the_beacon_stands_before_the_end_of_the_head_with_the_token() -> None:
    served = _served(_compile(PAGE))
    assert f'<script data-lander="[TOKEN]">{beacon.SCRIPT}</script></head>' in served
    assert f"'{_sha256(beacon.SCRIPT)}'" in _csp(_compile(PAGE))


@pytest.mark.parametrize(
    ("source", "before"),
    [
        ("<!doctype html><title>x</title><body><p>x", "<!doctype html><title>x</title>"),
        ("<!doctype html><html><p>x</html>", "<!doctype html><html>"),
        ("<!doctype html><p>x", "<!doctype html>"),
        ("<!doctype html>Only text", "<!doctype html>Only text"),
        ("<!doctype html><!-- <head> --><html><head></head>x", "<!doctype html><!-- <head> --><html><head>"),
    ],
)
def test_the_beacon_never_stands_before_the_doctype(source: str, before: str) -> None:
    assert _served(_compile(source, noindex=False)).startswith(f'{before}<script data-lander="[TOKEN]"')


def _watched(goal: str, selector: str = "", goals: tuple[tuple[str, str, str], ...] = ()) -> Any:
    """The goals that the beacon of a page under test watches; None where nothing tells it of any."""
    running = Allocation(1, "spring-sale-1", 1, "s", (("a", 0, 5000),), goal, selector, goals=goals)
    script = LexborHTMLParser(_served(_compile(PAGE, allocation=running))).css_first("script[data-lander]")
    assert script is not None
    told = script.attributes.get("data-goals")
    return None if told is None else json.loads(told)


def test_a_click_goal_tells_the_beacon_what_to_watch() -> None:
    for selector in ('a[href^="/x"]', "main > a.über", "a[title='&quot;']"):
        assert _watched("click", selector) == [["click", "click", selector]]


def test_the_beacon_watches_further_goals_after_the_one_that_decides() -> None:
    further = (("click-2", "click", "a.phone"), ("scroll-3", "scroll", "75"), ("time-4", "time", "30"))
    told = [list(goal) for goal in further]
    assert _watched("click", "a.cta", further) == [["click", "click", "a.cta"], *told]
    assert _watched("form", goals=further) == told


def test_a_form_is_nothing_that_the_beacon_watches() -> None:
    assert _watched("form") is None
    assert _watched("click", "a.cta", (("form", "form", ""),)) == [["click", "click", "a.cta"]]


def test_a_page_that_is_not_to_be_indexed_says_so_twice() -> None:
    compiled = _compile(PAGE)
    assert '<meta name="robots" content="noindex">' in _served(compiled)
    assert ("X-Robots-Tag", "noindex") in compiled.variant.headers
    open_page = _compile(PAGE, noindex=False)
    assert "noindex" not in _served(open_page)
    assert "X-Robots-Tag" not in dict(open_page.variant.headers)


def test_a_robots_tag_of_the_author_is_changed_instead_of_contradicted() -> None:
    served = _served(_compile('<head><meta name="robots" content="index,follow"></head>'))
    assert served.count('name="robots"') == 1
    assert '<meta name="robots" content="noindex">' in served


def test_own_files_become_assets_wherever_they_are_referred_to() -> None:
    source = (
        '<head><link rel="icon" href="img/a.png"></head><img src="img/a.png" srcset="img/a.png 1x, img/a.png#x 2x">'
        "<p style=\"background:url('img/a.png')\"><style>p{background:url(img/a.png)}</style><video poster=img/a.png>"
    )
    compiled = _compile(source, files={"img/a.png": IMAGE_NAME})
    served = _served(compiled)
    assert "img/a.png" not in served
    assert served.count(f"/_l/a/{IMAGE_NAME}") == 7
    assert compiled.assets == {IMAGE_NAME}
    assert compiled.findings == ()


def test_a_missing_file_is_a_warning_with_its_line() -> None:
    compiled = _compile('<p>\n<img src="no.png">\n<a href="about.html">x</a>')
    assert [(finding.severity, finding.rule, finding.line) for finding in compiled.findings] == [
        (Severity.WARN, "references.missing", 2),
        (Severity.WARN, "references.missing", 3),
    ]
    assert compiled.findings[1].sentence == "Line 3 leads to about.html, which is not among the uploaded files."


def test_own_scripts_run_by_the_hash_of_their_file() -> None:
    source = '<script src="js/x.js" integrity="sha384-old"></script><script type=module src="js/x.js"></script>'
    compiled = _compile(source, files={"js/x.js": SCRIPT_NAME})
    served = _served(compiled)
    assert served.count(f'integrity="{_sha256(JS)}"') == 2
    assert served.count('crossorigin="anonymous"') == 2
    assert "sha384-old" not in served
    assert f"'{_sha256(JS)}'" in _csp(compiled)
    assert "'self'" not in _csp(compiled).partition("script-src")[2].partition(";")[0]


def test_a_stale_hash_of_an_own_stylesheet_is_taken_off() -> None:
    name = asset_name(b"p{}", "css")
    source = '<link rel="stylesheet" href="a.css" integrity="sha384-x" crossorigin="use-credentials">'
    served = _served(_compile(source, files={"a.css": name}))
    assert f'<link rel="stylesheet" href="/_l/a/{name}" crossorigin="anonymous">' in served


def test_inline_scripts_and_styles_are_hashed_as_a_browser_reads_them() -> None:
    source = "<script>\r\nlet a = 1 &amp;&amp; 2;\r\n</script><style>\r\np{}\r\n</style><p style='color:&#114;ed'>"
    csp = _csp(_compile(source))
    assert f"'{_sha256(chr(10) + 'let a = 1 &amp;&amp; 2;' + chr(10))}'" in csp
    assert f"'{_sha256(chr(10) + 'p{}' + chr(10))}'" in csp
    assert f"'unsafe-hashes' '{_sha256(chr(10) + 'p{}' + chr(10))}' '{_sha256('color:red')}'" in csp


def test_a_style_is_hashed_as_it_is_served_not_as_it_was_written() -> None:
    compiled = _compile('<p style="background:url(a.png)">', files={"a.png": IMAGE_NAME})
    assert f"'{_sha256(f'background:url({chr(34)}/_l/a/{IMAGE_NAME}{chr(34)})')}'" in _csp(compiled)


@pytest.mark.parametrize("kind", ["application/x-javascript", "Text/JScript", "text/javascript1.5", "text/ecmascript"])
def test_old_names_of_javascript_are_hashed_because_browsers_run_them(kind: str) -> None:
    assert f"'{_sha256('go()')}'" in _csp(_compile(f'<script type="{kind}">go()</script>'))


def test_data_blocks_need_no_hash() -> None:
    csp = _csp(_compile('<script type="application/ld+json">{"a": 1}</script><script type="text/template">x</script>'))
    assert csp.partition("script-src")[2].partition(";")[0].count("sha256-") == 1  # the beacon's


def test_an_integrity_that_the_author_wrote_cannot_loosen_the_policy() -> None:
    compiled = _compile("""<script src="/x.js" integrity="sha256-a' 'unsafe-inline"></script>""")
    assert "unsafe-inline" not in _csp(compiled)


def test_links_between_the_files_of_an_upload_lead_to_their_pages() -> None:
    links = {"index.html": "spring-sale", "thanks.html": "spring-sale/thanks", "de/index.html": "spring-sale/de"}
    compiled = _compile(
        '<a href="thanks.html?x=1#top"></a><a href="index.html"></a><a href="./"></a><a href="de/"></a><a href="#a"></a>'
        '<a href="https://elsewhere.example/"></a><a href="/other"></a><a href="mailto:a@b.example"></a><a href="?x=1"></a>',
        links=links,
    )
    assert (
        '<a href="/spring-sale/thanks?x=1#top"></a><a href="/spring-sale"></a><a href="/spring-sale"></a>'
        '<a href="/spring-sale/de"></a><a href="#a"></a><a href="https://elsewhere.example/"></a><a href="/other"></a>'
        '<a href="mailto:a@b.example"></a><a href="?x=1"></a>'
    ) in _served(compiled)
    assert compiled.findings == ()
    assert compiled.siblings == {"spring-sale", "spring-sale/thanks", "spring-sale/de"}


def test_a_link_to_a_file_downloads_the_asset() -> None:
    name = asset_name(b"%PDF-1.7", "pdf")
    compiled = _compile('<a href="brochure.pdf">x</a>', files={"brochure.pdf": name})
    assert f'<a href="/_l/a/{name}?name=brochure.pdf">' in _served(compiled)
    assert compiled.assets == {name}


def test_forms_post_here_with_the_token_their_key_and_a_trap() -> None:
    compiled = _compile(FORM, thank_you="/spring-sale/thanks")
    served = _served(compiled)
    assert '<form action="/_l/f" method="post">' in served
    assert (
        '<input type="hidden" name="_lander" value="[TOKEN]"><input type="hidden" name="_form" value="f1">'
        '<input type="hidden" name="_query" value="[QUERY |]"><input type="hidden" name="_referrer" value="[REFERRER]">'
    ) in served
    assert 'name="lander_website" tabindex="-1" autocomplete="off"></label></span></form>' in served
    assert compiled.variant.segments.count(TokenSlot()) == 2
    (form,) = compiled.variant.forms
    assert (form.key, form.thank_you, [field.name for field in form.fields]) == (
        "f1",
        "/spring-sale/thanks",
        ["email"],
    )
    assert f"'{_sha256('display:none!important')}'" in _csp(compiled)


def test_every_form_gets_a_token_of_its_own() -> None:
    compiled = _compile(FORM.replace("</body>", "<form><input name=q type=tel></form></body>"))
    assert compiled.variant.segments.count(TokenSlot()) == 3
    assert [form.key for form in compiled.variant.forms] == ["f1", "f2"]


def test_dynamic_text_becomes_slots_between_bytes() -> None:
    compiled = _compile("<head><title>In {{city|titlecase|Vancouver}}</title></head>")
    assert TextSlot("city", "titlecase", "Vancouver") in compiled.variant.segments
    kinds = [type(segment) for segment in compiled.variant.segments]
    assert not any(left is right is bytes for left, right in pairwise(kinds))


def test_a_preview_says_preview_where_the_token_would_be_and_keeps_its_links_inside() -> None:
    compiled = _compile(
        FORM.replace("</form>", '</form><a href="thanks.html">x</a>'),
        links={"thanks.html": "spring-sale/thanks"},
        preview_root="/p/signed",
    )
    served = _served(compiled)
    assert TokenSlot() not in compiled.variant.segments
    assert 'data-lander="preview"' in served
    assert 'name="_lander" value="preview"' in served
    assert '<a href="/p/signed/spring-sale/thanks">' in served


@pytest.mark.parametrize(
    ("markup", "rule"),
    [
        ('<script src="https://cdn.example.net/x.js"></script>', "isolation.allow.script"),
        ('<link rel="stylesheet" href="//cdn.example.net/x.css">', "isolation.allow.style"),
        ('<img src="https://cdn.example.net/x.png">', "isolation.allow.img"),
        ('<img srcset="https://cdn.example.net/x.png 2x">', "isolation.allow.img"),
        ('<p style="background:url(https://cdn.example.net/x.png)">', "isolation.allow.img"),
        ('<style>@import "https://cdn.example.net/x.css";</style>', "isolation.allow.style"),
        ("<style>@font-face{src:url(https://cdn.example.net/x.woff2)}</style>", "isolation.allow.font"),
        ('<video src="https://cdn.example.net/x.mp4"></video>', "isolation.allow.media"),
        ('<iframe src="https://cdn.example.net/"></iframe>', "isolation.allow.frame"),
        ('<link rel="preconnect" href="https://cdn.example.net">', "isolation.allow.connect"),
        ('<a href="/" ping="https://cdn.example.net/ping">x</a>', "isolation.allow.connect"),
        ('<script src="http://cdn.example.com/x.js"></script>', "isolation.allow.script"),
        ('<object data="https://cdn.example.net/x.swf"></object>', "isolation.plugin"),
        ('<embed src="a.pdf">', "isolation.plugin"),
        ('<p onclick="go()">', "isolation.inline-handler"),
        ('<svg><a xlink:href="x" onbegin="go()"></a></svg>', "isolation.inline-handler"),
        ('<a href="javascript:go()">', "isolation.javascript-address"),
        ('<a href=" java\nscript:go()">', "isolation.javascript-address"),
        ('<a href="&#106;avascript:go()">', "isolation.javascript-address"),
        ('<iframe src="javascript:go()"></iframe>', "isolation.javascript-address"),
        ('<script src="data:text/javascript,go()"></script>', "isolation.script-address"),
        ('<link rel="stylesheet" href="data:text/css,p{color:red}">', "isolation.style-address"),
        ('<link rel="stylesheet" href=" DATA:text/css,p{color:red}">', "isolation.style-address"),
        ('<style>@import url("data:text/css,p{color:red}");</style>', "isolation.style-address"),
        ('<image src="https://cdn.example.net/x.png">', "isolation.allow.img"),
        ('<base href="https://evil.example/">', "isolation.base"),
        ('<meta http-equiv="Refresh" content="0;url=https://evil.example">', "isolation.meta-refresh"),
        (
            '<meta http-equiv="content-security-policy" content="script-src *">',
            "isolation.meta-content-security-policy",
        ),
        ('<meta http-equiv="set-cookie" content="a=b">', "isolation.meta-set-cookie"),
        ('<iframe srcdoc="<p>x"></iframe>', "isolation.frame"),
        ('<iframe src="other.html"></iframe>', "isolation.frame"),
        ('<form><input type="password" name="p"></form>', "forms.markup"),
        ('<form><input name="a"><form><input name="b"></form></form>', "forms.markup"),
    ],
)
def test_what_would_leave_the_box_is_refused_with_element_and_line(markup: str, rule: str) -> None:
    compiled = _compile(f"<!doctype html>\n<body>\n{markup}\n</body>")
    findings = [finding for finding in compiled.findings if finding.rule == rule]
    assert findings, [str(finding) for finding in compiled.findings]
    assert findings[0].severity is Severity.REFUSE
    assert findings[0].line in (3, 4)
    assert findings[0].element.startswith("<")
    assert findings[0].fix
    assert findings[0].where == "variant a"


def test_a_refusal_is_one_a_marketer_understands() -> None:
    (finding,) = _compile('<p>\n<script src="https://cdn.example.net/x.js"></script>').findings
    assert finding.sentence == "Line 2 loads a script from cdn.example.net. Your IT allows no scripts from there."
    assert (
        finding.fix == "Take it out (one click), upload a copy of it, or ask IT to allow cdn.example.net for scripts."
    )


def test_all_refusals_come_at_once_in_the_order_of_lines() -> None:
    compiled = _compile('<base href="/">\n<p onclick="x">\n<script src="https://a.example/x.js"></script>\n<embed>')
    assert [finding.line for finding in compiled.findings] == [1, 2, 3, 4]


def test_ordinary_links_and_data_images_are_never_refused() -> None:
    compiled = _compile(
        '<a href="https://www.example.com/">x</a><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'
        '<link rel="canonical" href="https://www.example.com/"><a href="tel:+49">x</a>'
    )
    assert compiled.findings == ()


def test_a_host_that_it_allows_stays_and_is_named_in_the_policy() -> None:
    source = (
        '<script src="https://cdn.example.com/x.js" integrity="sha384-x"></script>'
        '<link rel="preconnect" href="https://fonts.example.com">'
    )
    compiled = _compile(source, policy=CDN)
    assert compiled.findings == ()
    assert source in _served(compiled)
    assert "https://cdn.example.com" in _csp(compiled).partition("script-src")[2].partition(";")[0]


def test_fields_that_it_does_not_allow_are_refused() -> None:
    policy = parse_policy('[forms]\nfield_types = ["email"]')
    source = '<form><input name="email" type="email"><input name="phone" type="tel"></form>'
    assert _refused(policy, source) == ["forms.field_types"]
    assert _refused(DEFAULTS, source) == []


@pytest.mark.parametrize("kind", ["password", "file"])
def test_what_is_never_asked_for_is_refused_outside_of_adopted_forms_too(kind: str) -> None:
    left_alone = f'<form data-lander="off"><input type="{kind}"></form>'
    for source in (left_alone, f'<input type="{kind}">', f'{FORM}<input type="{kind.upper()}">'):
        assert _refused(DEFAULTS, source) == ["forms.field_types"]


@pytest.mark.parametrize(
    "address",
    [
        "https://www.example.net/thanks",
        "http://www.example.com/thanks",
        "https://www.example.com:8443/thanks",
        "https://me@www.example.com/",
        "//www.example.com/thanks",
        "/\\www.example.com",
        "javascript:go()",
    ],
)
def test_a_form_leads_only_where_it_may(address: str) -> None:
    policy = parse_policy('[forms]\nthank_you_hosts = ["www.example.com"]')
    assert _rules(_compile(FORM, policy=policy, thank_you=address)) == ["forms.thank_you_hosts"]


def test_a_thank_you_page_on_an_allowed_host_is_named_in_form_action() -> None:
    policy = parse_policy('[forms]\nthank_you_hosts = ["www.example.com"]')
    compiled = _compile(FORM, policy=policy, thank_you="https://www.example.com/thanks")
    assert compiled.findings == ()
    assert "form-action 'self' https://www.example.com;" in _csp(compiled)


STRIPPED = (
    '<!doctype html>\n<head><link rel="stylesheet" href="https://cdn.example.net/a.css"></head>\n'
    '<img class="x" src="https://cdn.example.net/a.png" alt="A">\n'
    '<script src="https://cdn.example.net/bootstrap.bundle.min.js" onload="go()"></script>\n'
    "<script>bootstrap.Tooltip(1)</script>\n"
    '<script src="js/x.js"></script>\n<a href="https://cdn.example.net/">x</a>'
)


def test_stripping_takes_out_and_lists_what_is_not_allowed() -> None:
    compiled = _compile(STRIPPED, strip_external=True, files={"js/x.js": SCRIPT_NAME})
    served = _served(compiled)
    assert _rules(compiled) == []
    assert compiled.removed == (
        "Line 2: <link> https://cdn.example.net/a.css",
        "Line 3: <img> https://cdn.example.net/a.png",
        "Line 4: <script> https://cdn.example.net/bootstrap.bundle.min.js",
    )
    assert served.count("cdn.example.net") == 1  # the link that a visitor clicks
    assert '<img class="x" alt="A">' in served
    assert "go()" not in served


def test_stripping_warns_which_local_scripts_needed_it() -> None:
    compiled = _compile(
        STRIPPED,
        strip_external=True,
        files={"js/x.js": SCRIPT_NAME},
        scripts={SCRIPT_NAME: "new bootstrap.ScrollSpy(document.body)"},
    )
    warnings = [finding.sentence for finding in compiled.findings if finding.rule == "strip.dependents"]
    assert len(warnings) == 2
    assert warnings[0].startswith("the script in line 5 uses bootstrap, which cdn.example.net no longer brings")
    assert warnings[1].startswith("js/x.js uses bootstrap")


def test_stripping_leaves_what_is_allowed_and_what_was_brought_inside() -> None:
    source = '<script src="https://cdn.example.com/a.js"></script><script src="https://cdn.example.net/b.js"></script>'
    compiled = _compile(source, strip_external=True, policy=CDN, files={"https://cdn.example.net/b.js": SCRIPT_NAME})
    assert compiled.removed == ()
    assert '<script src="https://cdn.example.com/a.js"></script>' in _served(compiled)
    assert f'src="/_l/a/{SCRIPT_NAME}"' in _served(compiled)


def test_stripping_never_lets_code_through() -> None:
    compiled = _compile('<img src="https://cdn.example.net/a.png" onerror="go()">', strip_external=True)
    assert _rules(compiled) == ["isolation.inline-handler"]


def _sheets(css: str, inner: str = "") -> tuple[dict[str, str], dict[str, Stylesheet]]:
    """main.css, which imports inner.css where one is given, as importing leaves them."""
    files: dict[str, str] = {"a.png": IMAGE_NAME}
    sheets: dict[str, Stylesheet] = {}
    outward = False
    for path, text in [("inner.css", inner), ("main.css", css)] if inner else [("main.css", css)]:
        settled = settle_css(text, base=path, prefix="/_l/a/", name_of=lambda address: files.get(address.target))
        outward = outward or bool(settled.external)
        files[path] = asset_name(settled.text.encode(), "css")
        sheets[files[path]] = Stylesheet(settled.external, settled.assets, settled.text if outward else "")
    return files, sheets


def test_a_stylesheet_brings_along_what_it_uses() -> None:
    files, sheets = _sheets('@import "inner.css";', "p{background:url(a.png)}")
    compiled = _compile('<link rel="stylesheet" href="main.css">', files=files, sheets=sheets)
    assert compiled.assets == set(files.values())
    assert compiled.findings == ()


def test_what_a_stylesheet_loads_from_elsewhere_is_refused_with_the_line_in_it() -> None:
    files, sheets = _sheets("p{}\n@font-face{src:url(https://fonts.example.net/a.woff2)}")
    compiled = _compile('<p>\n<link rel="stylesheet" href="main.css">', files=files, sheets=sheets)
    (finding,) = compiled.findings
    assert finding.rule == "isolation.allow.font"
    assert finding.sentence.startswith("Line 2 of main.css loads a font from fonts.example.net.")
    assert finding.line == 2


def test_stripping_makes_a_stylesheet_of_its_own_and_leads_its_importer_to_it() -> None:
    files, sheets = _sheets(
        '@import "inner.css"; h1{background:url(a.png)}', "p{background:url(https://img.example.net/a.png)}"
    )
    source = '<link rel="stylesheet" href="main.css">'
    compiled = _compile(source, files=files, sheets=sheets, strip_external=True)
    assert _rules(compiled) == []
    assert compiled.removed == ("Line 1 of inner.css: https://img.example.net/a.png",)
    assert len(compiled.made) == 2
    assert all(asset_name(content, "css") == name for name, content in compiled.made.items())
    assert compiled.assets == {IMAGE_NAME, *compiled.made}
    inner = next(name for name, content in compiled.made.items() if b"h1" not in content)
    main = next(content for content in compiled.made.values() if b"h1" in content)
    assert b"img.example.net" not in compiled.made[inner]
    assert f"/_l/a/{inner}".encode() in main
    assert f"/_l/a/{IMAGE_NAME}".encode() in main


def test_a_stylesheet_from_elsewhere_that_is_allowed_is_left_as_it_is() -> None:
    files, sheets = _sheets("@font-face{src:url(https://fonts.example.com/a.woff2)}")
    source = '<link rel="stylesheet" href="main.css">'
    compiled = _compile(source, files=files, sheets=sheets, strip_external=True, policy=CDN)
    assert (compiled.findings, compiled.removed, compiled.made) == ((), (), {})


def test_a_page_with_very_many_style_attributes_is_warned_of_its_header() -> None:
    compiled = _compile("".join(f'<p style="top:{number}px">' for number in range(200)))
    assert _rules(compiled, Severity.WARN) == ["isolation.header-size"]


def test_markup_too_tangled_to_rewrite_is_said_to_be() -> None:
    tangled = (
        '<svg><style>@import "https://a.example/a.css";<script src="https://a.example/a.js"></script>'
        '@import "https://a.example/b.css";</style></svg>'
    )
    with pytest.raises(InvalidInput, match="overlap in line 1"):
        _compile(tangled, strip_external=True)


def test_dynamic_text_with_an_image_in_its_default_loses_the_image() -> None:
    compiled = _compile('<ub:dynamic parameter="city"><img src="a.png">Rome</ub:dynamic>', files={"a.png": IMAGE_NAME})
    assert TextSlot("city", "", "Rome") in compiled.variant.segments
    assert "<img" not in _served(compiled)


def test_plain_http_of_development_upgrades_nothing() -> None:
    compiled = _compile(PAGE, scheme="http")
    assert "upgrade-insecure-requests" not in _csp(compiled)
    assert "Strict-Transport-Security" not in dict(compiled.variant.headers)


def test_a_hidden_field_named_like_a_campaign_parameter_gets_what_the_address_brings() -> None:
    compiled = _compile(
        FORM.replace(
            "</form>",
            '<input type="hidden" name="utm_source" value="none"><input type=hidden name=gclid>'
            '<input type="hidden" name="mine" value="x"></form>',
        )
    )
    served = _served(compiled)
    assert '<input type="hidden" name="utm_source" value="[QUERY utm_source|none]">' in served
    assert '<input value="[QUERY gclid|]" type=hidden name=gclid>' in served
    assert '<input type="hidden" name="mine" value="x">' in served


STEPS = (
    '<form data-steps><fieldset data-step="Your ride"><input name="ride"></fieldset>'
    '<fieldset data-step="You"><input type="email" name="email"></fieldset><button>Send</button></form>'
)


def test_a_form_in_steps_brings_its_script_and_the_hash_that_lets_it_run() -> None:
    compiled = _compile(FORM.replace("</body>", f"{STEPS}</body>"))
    assert _served(compiled).count(f"<script>{steps.SCRIPT}</script></head>") == 1
    assert f"'{_sha256(steps.SCRIPT)}'" in _csp(compiled)
    assert [(field.name, field.step) for field in compiled.variant.forms[1].fields] == [
        ("ride", "Your ride"),
        ("email", "You"),
    ]


@pytest.mark.parametrize("less", ["", STEPS.replace(" data-steps", ""), STEPS.replace(' data-step="You"', "")])
def test_a_page_without_steps_brings_no_script_for_them(less: str) -> None:
    assert steps.SCRIPT not in _served(_compile(FORM.replace("</body>", f"{less}</body>")))


def test_a_test_that_was_running_before_there_were_further_goals_goes_on() -> None:
    running = Allocation(1, "spring-sale-1", 1, "s", (("a", 0, 5000),), "click", "a.cta")
    compiled = _compile(FORM, allocation=running)
    _, files = build_release(
        page_id=1, host="go.example.com", path="/x", control="a", variants=(compiled.variant,), policy_version=1,
        allocation=running,
    )  # fmt: skip
    manifest = json.loads(files["manifest.json"])
    del manifest["allocation"]["goals"]
    old = {**files, "manifest.json": json.dumps({**manifest, "format": 2}).encode()}
    assert read_release("x", old).allocation == running


def test_a_release_of_the_first_format_is_still_read() -> None:
    compiled = _compile(FORM)
    _, files = build_release(
        page_id=1, host="go.example.com", path="/x", control="a", variants=(compiled.variant,), policy_version=1,
        allocation=None,
    )  # fmt: skip
    manifest = json.loads(files["manifest.json"])
    entry = manifest["variants"]["a"]
    entry["segments"] = [cut for cut in entry["segments"] if cut[0] not in ("query", "referrer")]
    for form in entry["forms"]:
        del form["message"], form["fields"][0]["step"]
    old = {**files, "manifest.json": json.dumps({**manifest, "format": 1}).encode()}
    assert read_release("x", old).variants["a"].forms == compiled.variant.forms
    assert read_release("x", old).allocation is None
    with pytest.raises(ValueError, match="format 4"):
        read_release("x", {**files, "manifest.json": json.dumps({**manifest, "format": 4}).encode()})
