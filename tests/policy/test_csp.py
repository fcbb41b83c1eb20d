"""A sealed page's Content-Security-Policy, to the letter."""

from lander.headers import serialize_csp
from lander.policy.csp import page_policy
from lander.policy.parse import parse_policy
from lander.policy.policy import DEFAULTS


def test_the_default_is_the_sealed_policy_word_for_word() -> None:
    directives = page_policy(
        DEFAULTS, scheme="https", scripts=["'sha256-a='"], styles=["'sha256-b='"], style_attributes=["'sha256-c='"]
    )
    assert serialize_csp(directives) == (
        "sandbox allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads; "
        "default-src 'none'; script-src 'sha256-a='; style-src 'self' 'unsafe-hashes' 'sha256-b=' 'sha256-c='; "
        "img-src 'self' data:; font-src 'self' data:; media-src 'self'; connect-src 'self'; form-action 'self'; "
        "frame-src 'none'; worker-src 'none'; manifest-src 'none'; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; upgrade-insecure-requests; report-uri /_l/csp"
    )


def test_plain_http_of_development_upgrades_nothing() -> None:
    assert "upgrade-insecure-requests" not in page_policy(DEFAULTS, scheme="http", scripts=[])


def test_without_style_attributes_nothing_unsafe_is_named() -> None:
    assert page_policy(DEFAULTS, scheme="https", scripts=[], styles=["'sha256-b='"])["style-src"] == (
        "'self'",
        "'sha256-b='",
    )


def test_equal_scripts_are_named_once() -> None:
    directives = page_policy(DEFAULTS, scheme="https", scripts=["'sha256-a='", "'sha256-b='", "'sha256-a='"])
    assert directives["script-src"] == ("'sha256-a='", "'sha256-b='")


def test_what_it_allows_is_added_to_its_own_directive_only() -> None:
    policy = parse_policy(
        '[isolation.allow]\nscript = ["s.example.com"]\nstyle = ["st.example.com"]\nimg = ["i.example.com/x/"]\n'
        'font = ["f.example.com"]\nmedia = ["m.example.com"]\nconnect = ["c.example.com"]\nframe = ["fr.example.com"]\n'
    )
    directives = page_policy(policy, scheme="https", scripts=["'sha256-a='"])
    assert directives["script-src"] == ("'sha256-a='", "https://s.example.com")
    assert directives["style-src"] == ("'self'", "https://st.example.com")
    assert directives["img-src"] == ("'self'", "data:", "https://i.example.com/x/")
    assert directives["font-src"] == ("'self'", "data:", "https://f.example.com")
    assert directives["media-src"] == ("'self'", "https://m.example.com")
    assert directives["connect-src"] == ("'self'", "https://c.example.com")
    assert directives["frame-src"] == ("https://fr.example.com",)
    assert directives["sandbox"] == page_policy(DEFAULTS, scheme="https", scripts=[])["sandbox"]


def test_a_thank_you_page_on_another_host_may_be_reached_after_a_form() -> None:
    directives = page_policy(
        DEFAULTS, scheme="https", scripts=[], thank_you=["/offer/thanks", "https://www.example.com/thanks?x=1"]
    )
    assert directives["form-action"] == ("'self'", "https://www.example.com")
