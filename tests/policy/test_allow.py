"""What is allowed is matched the way a browser matches a Content-Security-Policy source."""

import pytest

from lander.policy.policy import Allow

ALLOW = Allow(
    script=("https://cdn.example.com",), img=("https://img.example.com/ads/", "https://one.example.com/a.png")
)


@pytest.mark.parametrize(
    "address",
    [
        "https://cdn.example.com/x.js",
        "https://CDN.example.com/x.js?v=1",
        "//cdn.example.com/x.js",
        "https://cdn.example.com",
    ],
)
def test_it_permits_the_host_it_names(address: str) -> None:
    assert ALLOW.permits("script", address)


@pytest.mark.parametrize(
    "address",
    [
        "http://cdn.example.com/x.js",
        "https://cdn.example.com.evil.example/x.js",
        "https://a.cdn.example.com/x.js",
        "https://example.com/x.js",
        "https://cdn.example.com:8443/x.js",
        "https://cdn.example.com@evil.example/x.js",
        "https://me@cdn.example.com/x.js",
        "data:text/javascript,alert(1)",
        "x.js",
        "https://cdn.example.com:port/x.js",
        "https://[cdn.example.com/x.js",
        "",
    ],
)
def test_it_permits_nothing_else(address: str) -> None:
    assert not ALLOW.permits("script", address)


def test_a_host_allowed_for_scripts_is_not_allowed_for_images() -> None:
    assert not ALLOW.permits("img", "https://cdn.example.com/x.png")


def test_a_kind_nobody_knows_is_permitted_nothing() -> None:
    assert not ALLOW.permits("plugin", "https://cdn.example.com/x.swf")


def test_a_folder_covers_what_is_in_it_and_a_file_only_itself() -> None:
    assert ALLOW.permits("img", "https://img.example.com/ads/spring/1.png")
    assert not ALLOW.permits("img", "https://img.example.com/other/1.png")
    assert ALLOW.permits("img", "https://one.example.com/a.png")
    assert not ALLOW.permits("img", "https://one.example.com/a.png2")
