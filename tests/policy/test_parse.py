"""Ivan writes the rules in one file: what is known is read, what is not is refused by name, all mistakes at once."""

import pytest

from lander.policy.parse import InvalidPolicy, parse_policy
from lander.policy.policy import DEFAULTS, MIB, UploadLimits

FULL = """
[isolation]
level = "sealed"
frame_ancestors = ["intranet.example.com"]

[isolation.allow]
script = ["cdn.example.com", "https://static.example.net/lib/"]
font = ["fonts.example.com"]

[forms]
field_types = ["email", "text"]
thank_you_hosts = ["www.example.com"]

[uploads]
zip_mib = 5
entries = 50
unpacked_mib = 25
ratio = 40
file_mib = 2
depth = 4
image_megapixels = 12

[egress]
webhook_hosts = ["hooks.example.com", "CRM.example.com"]
check_links = true
"""


def test_an_empty_file_means_the_safe_defaults() -> None:
    assert parse_policy("") == DEFAULTS
    assert DEFAULTS.isolation.level == "sealed"
    assert DEFAULTS.isolation.allow.script == ()
    assert DEFAULTS.forms.field_types == ("email", "name", "company", "phone", "text", "choice", "hidden")
    assert DEFAULTS.forms.thank_you_hosts == ()
    assert DEFAULTS.egress.webhook_hosts == ()
    assert DEFAULTS.egress.check_links is False
    assert DEFAULTS.uploads == UploadLimits(20 * MIB, 500, 100 * MIB, 100, 10 * MIB, 8, 40_000_000)


def test_the_mark_that_some_editors_put_before_a_text_is_no_part_of_it() -> None:
    assert parse_policy(f"\ufeff{FULL}") == parse_policy(FULL)
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy("\ufeff[isolation]\nlevel = 'open'")
    assert refused.value.problems[0].startswith("Line 2: ")


def test_every_known_key_is_read() -> None:
    policy = parse_policy(FULL, version=7)
    assert policy.version == 7
    assert policy.isolation.frame_ancestors == ("https://intranet.example.com",)
    assert policy.isolation.allow.script == ("https://cdn.example.com", "https://static.example.net/lib/")
    assert policy.isolation.allow.font == ("https://fonts.example.com",)
    assert policy.isolation.allow.img == ()
    assert policy.forms.field_types == ("email", "text")
    assert policy.forms.thank_you_hosts == ("www.example.com",)
    assert policy.uploads == UploadLimits(5 * MIB, 50, 25 * MIB, 40, 2 * MIB, 4, 12_000_000)
    assert policy.egress.webhook_hosts == ("hooks.example.com", "crm.example.com")
    assert policy.egress.check_links is True


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[tags]\nexpiry = 3", "'tags' is not a group"),
        ("colour = 1", "'colour' is not a group"),
        ("[isolation]\nlevle = 'sealed'", "'isolation.levle' is not a key"),
        ("[isolation.allow]\nscripts = []", "'isolation.allow.scripts' is not a key"),
        ("[forms]\nspam = true", "'forms.spam' is not a key"),
        ("[uploads]\nzip = 1", "'uploads.zip' is not a key"),
        ("[egress]\nhosts = []", "'egress.hosts' is not a key"),
        ("isolation = 'sealed'", "'isolation' is 'sealed', not a group"),
    ],
)
def test_what_it_does_not_know_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy(text)
    assert named in str(refused.value)


@pytest.mark.parametrize(
    "source",
    [
        "*",
        "*.example.com",
        "https://*.example.com",
        "cdn.example.com/*",
        "'unsafe-inline'",
        "unsafe-eval",
        "'self'",
        "'strict-dynamic'",
        "'nonce-abc'",
        "'sha256-abc'",
        "data:",
        "blob:",
        "https:",
        "http://cdn.example.com",
        "//cdn.example.com",
        "cdn.example.com:8443",
        "https://user@cdn.example.com",
        "cdn.example.com; script-src *",
        "cdn.example.com, evil.example",
        "cdn.example.com/a b",
        "cdn.example.com/lib?v=1",
        "cdn.example.com\nevil.example",
        "localhost",
        "10.0.0.1",
        "com",
        "",
    ],
)
def test_only_an_exact_https_host_is_ever_allowed(source: str) -> None:
    text = f"[isolation.allow]\nscript = [{_quote(source)}]"
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy(text)
    (problem,) = refused.value.problems
    assert problem.startswith(f"Line 2: isolation.allow.script names {source!r}: ")


@pytest.mark.parametrize(
    "source", ["self-service.example.com", "none.example.com", "CDN.Example.com", "sha2.example.com"]
)
def test_a_host_that_only_looks_like_a_keyword_is_a_host(source: str) -> None:
    policy = parse_policy(f'[isolation.allow]\nimg = ["{source}"]')
    assert policy.isolation.allow.img == (f"https://{source.lower()}",)


def test_the_same_host_twice_counts_once() -> None:
    policy = parse_policy('[isolation.allow]\nimg = ["a.example.com", "https://a.example.com/"]')
    assert policy.isolation.allow.img == ("https://a.example.com",)


def test_the_standard_level_is_refused_with_what_this_version_serves() -> None:
    with pytest.raises(InvalidPolicy, match="serves sealed pages only"):
        parse_policy('[isolation]\nlevel = "standard"')


@pytest.mark.parametrize("value", ['"open"', "true", "0", "[]"])
def test_no_other_level_exists(value: str) -> None:
    with pytest.raises(InvalidPolicy, match=r"Line 2: isolation.level is .*the only level is"):
        parse_policy(f"[isolation]\nlevel = {value}")


@pytest.mark.parametrize("value", ["0", "-1", "201", "true", '"20"', "1.5"])
def test_a_limit_is_a_whole_number_within_what_protects_the_server(value: str) -> None:
    with pytest.raises(InvalidPolicy, match=r"uploads.zip_mib is .* Write a whole number from 1 to 200"):
        parse_policy(f"[uploads]\nzip_mib = {value}")


@pytest.mark.parametrize("kind", ["password", "file", "card", "E-Mail"])
def test_a_field_type_that_must_never_be_asked_for_cannot_be_allowed(kind: str) -> None:
    with pytest.raises(InvalidPolicy, match="never asked for"):
        parse_policy(f'[forms]\nfield_types = ["email", "{kind}"]')


@pytest.mark.parametrize("host", ["https://www.example.com", "www.example.com/thanks", "*.example.com", "localhost"])
def test_a_thank_you_host_is_a_bare_host_name(host: str) -> None:
    with pytest.raises(InvalidPolicy, match=r"forms\.thank_you_hosts names"):
        parse_policy(f'[forms]\nthank_you_hosts = ["{host}"]')


@pytest.mark.parametrize(
    "host", ["https://hooks.example.com", "hooks.example.com/leads", "hooks.example.com:8443", "*.example.com", "10.0.0.1",
             "[::1]", "localhost", "hooks.example.com."],
)  # fmt: skip
def test_a_webhook_host_is_a_bare_host_name(host: str) -> None:
    with pytest.raises(InvalidPolicy, match=r"egress\.webhook_hosts names"):
        parse_policy(f'[egress]\nwebhook_hosts = ["{host}"]')


def test_a_list_that_is_none_is_said_to_be_none() -> None:
    with pytest.raises(InvalidPolicy, match=r"isolation.allow.script is 'cdn.example.com', not a list"):
        parse_policy('[isolation.allow]\nscript = "cdn.example.com"')


def test_all_mistakes_of_a_file_are_reported_together_with_their_lines() -> None:
    text = '[isolation]\nlevel = "standard"\n\n[isolation.allow]\nscript = ["*"]\nimg = ["data:"]\n\n[other]\nx = 1\n'
    with pytest.raises(InvalidPolicy) as refused:
        parse_policy(text)
    assert [problem.split(":")[0] for problem in sorted(refused.value.problems)] == [
        "Line 2",
        "Line 5",
        "Line 6",
        "Line 8",
    ]


def test_a_file_that_is_no_toml_says_where() -> None:
    with pytest.raises(InvalidPolicy, match=r"not TOML: .*line 2"):
        parse_policy("[isolation]\nlevel = sealed\n")


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@pytest.mark.parametrize("value", ['"yes"', "1", "[]"])
def test_what_is_on_or_off_is_true_or_false(value: str) -> None:
    with pytest.raises(InvalidPolicy, match=r"Line 2: egress\.check_links is .*Write true or false\."):
        parse_policy(f"[egress]\ncheck_links = {value}")
