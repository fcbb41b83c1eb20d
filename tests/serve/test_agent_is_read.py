"""User agents, referrers and tagged addresses become one word each, out of closed sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lander.serve.agent import BROWSERS, DEVICES, SOURCES, find_source, read_agent
from tests.serve.stage import CHROME

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; {}) AppleWebKit/537.36 (KHTML, like Gecko) {}Chrome/131.0.0.0 {}Safari/537.36"
)


@pytest.mark.parametrize(
    ("agent", "device", "browser"),
    [
        (CHROME, "desktop", "chrome"),
        (f"{CHROME} Edg/131.0.0.0", "desktop", "edge"),
        (f"{CHROME} OPR/116.0.0.0", "desktop", "other"),
        (f"{IPHONE} Version/18.1 Mobile/15E148 Safari/604.1", "phone", "safari"),
        (f"{IPHONE} CriOS/131.0 Mobile/15E148 Safari/604.1", "phone", "chrome"),
        (f"{IPHONE} Mobile/15E148 Instagram 300.0", "phone", "other"),
        (
            "Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 Version/17.6 Mobile/15E148 Safari/604.1",
            "tablet",
            "safari",
        ),
        (ANDROID.format("Pixel 8", "", "Mobile "), "phone", "chrome"),
        (ANDROID.format("SM-S921B", "SamsungBrowser/27.0 ", "Mobile "), "phone", "samsung"),
        (ANDROID.format("SM-X910", "", ""), "tablet", "chrome"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "desktop", "firefox"),
        ("Mozilla/5.0 (PlayStation; PlayStation 5/9.00) AppleWebKit/605.1.15", "other", "other"),
    ],
)
def test_browsers_of_people_are_told_apart(agent: str, device: str, browser: str) -> None:
    read = read_agent(agent)
    assert (read.is_bot, read.device, read.browser) == (False, device, browser)


@pytest.mark.parametrize("agent", ["", "  ", "python-requests/2.32", "facebookexternalhit/1.1"])
def test_bots_and_nameless_senders_are_bots(agent: str) -> None:
    assert read_agent(agent).is_bot


@pytest.mark.parametrize(
    ("query", "referrer", "source"),
    [
        ("", "", "direct"),
        ("gclid=Cj0", "https://www.google.com/", "paid"),
        ("utm_medium=CPC&utm_source=google", "", "paid"),
        ("utm_medium=paid+social", "https://l.facebook.com/", "paid"),
        ("fbclid=Iw", "", "social"),
        ("fbclid=Iw&utm_medium=cpc", "", "paid"),
        ("utm_medium=email", "https://www.google.com/", "email"),
        ("utm_medium=e-mail", "", "email"),
        ("gclid=", "", "direct"),
        ("utm_medium=banana", "", "direct"),
        ("", "https://www.google.co.uk/", "search"),
        ("", "https://duckduckgo.com/", "search"),
        ("", "https://mail.google.com/", "email"),
        ("", "https://l.facebook.com/", "social"),
        ("", "https://t.co/abc", "social"),
        ("", "https://x.example.net/", "referral"),
        ("", "https://www.go.example.com/", "internal"),
        ("", "https://blog.example.net/post", "referral"),
        ("", "android-app://com.slack", "referral"),
        ("", "not an address", "direct"),
        ("", "https://[broken", "direct"),
    ],
)
def test_the_source_is_what_the_address_says_else_the_referring_site(query: str, referrer: str, source: str) -> None:
    assert find_source(query, referrer, "go.example.com") == source


@given(st.text(), st.text(), st.text())
def test_nothing_that_is_sent_leaves_the_closed_sets(agent: str, query: str, referrer: str) -> None:
    read = read_agent(agent)
    assert read.device in DEVICES
    assert read.browser in BROWSERS
    assert find_source(query, referrer, "go.example.com") in SOURCES
