"""A webhook leads to hosts that IT named, over https, on the public internet, and nowhere else."""

import socket
import threading
import time
from collections.abc import Sequence

import pytest

from lander.integrations.egress import EgressRefused, Target, is_public, look_up
from lander.integrations.webhook.address import check_target
from lander.policy.policy import DEFAULTS, Policy
from tests.integrations.conftest import ALLOWED
from tests.integrations.receiver import HOST, PUBLIC


def check(url: str, *addresses: str, policy: Policy = ALLOWED, is_development: bool = False) -> Target:
    def resolve(host: str, patience_s: float) -> Sequence[str]:
        assert host == HOST, "nothing else is ever looked up"
        return addresses or [PUBLIC]

    return check_target(url, policy=policy, is_development=is_development, resolve=resolve)


def test_an_allowed_host_is_found_with_all_its_addresses() -> None:
    found = check(f"https://{HOST}/leads?team=1", PUBLIC, "2606:4700::6812:1")
    assert (found.host, found.port, found.path, found.is_tls) == (HOST, 443, "/leads?team=1", True)
    assert found.addresses == (PUBLIC, "2606:4700::6812:1")


@pytest.mark.parametrize(
    ("url", "path"),
    [(f"https://{HOST}", "/"), (f"https://{HOST.upper()}:443/x", "/x"), (f"https://{HOST}?a=b", "/?a=b")],
)
def test_an_address_may_be_written_in_several_ways(url: str, path: str) -> None:
    found = check(url)
    assert (found.host, found.path) == (HOST, path)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"http://{HOST}/", "over https only"),
        (f"https://{HOST}:8443/", "port 8443"),
        (f"https://{HOST}:80/", "port 80"),
        (f"https://maya:secret@{HOST}/", "a password"),
        (f"https://maya@{HOST}/", "a user name"),
        ("https://other.example.com/", "IT has not allowed webhooks to other.example.com"),
        (f"https://sub.{HOST}/", "not allowed"),
        (f"https://{HOST}./", "not allowed"),
        (f"https://{HOST}.evil.example/", "not allowed"),
        ("https://127.0.0.1/", "not allowed"),
        ("https://[::1]/", "not allowed"),
        ("https://2130706433/", "not allowed"),
        ("https://localhost/", "not allowed"),
        (f"https://evil.example\\@{HOST}/", "not an address"),
        (f"https://{HOST}/\nX-Evil: 1", "not an address"),
        (f"https://{HOST}/a b", "not an address"),
        (f"https://{HOST}/#top", "not an address"),
        (f"https://{HOST}:0/", "not an address"),
        (f"https://{HOST}:port/", "not an address"),
        ("https://[::1/", "not an address"),
        (f"ftp://{HOST}/", "not an address"),
        ("file:///etc/passwd", "not an address"),
        (HOST, "not an address"),
        ("", "not an address"),
        (f"https://{HOST}/" + "x" * 2000, "not an address"),
        ("https://bücher.example/", "not an address"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_reason_before_anything_is_looked_up(url: str, reason: str) -> None:
    with pytest.raises(EgressRefused) as refused:
        check(url)
    assert reason in str(refused.value)
    assert refused.value.fix
    assert "secret" not in str(refused.value)


def test_without_a_list_no_host_is_allowed_and_it_is_said_who_can_change_that() -> None:
    with pytest.raises(EgressRefused, match=r"IT can: one line in the policy, webhook_hosts of \[egress\]"):
        check(f"https://{HOST}/", policy=DEFAULTS)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.0.8",
        "192.88.99.1",
        "198.18.0.1",
        "203.0.113.7",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "2001:db8::1",
        "3fff::1",
        "::ffff:93.184.215.14",
        "::ffff:127.0.0.1",
        "::93.184.215.14",
        "64:ff9b::93.184.215.14",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2001:0:7f00:1::1",
        "not-an-address",
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(EgressRefused, match="not an address of the public internet"):
        check(f"https://{HOST}/", address)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::6812:1", "2a00:1450:4001:80e::200e"])
def test_an_address_of_the_public_internet_is_taken(address: str) -> None:
    assert is_public(address)


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(EgressRefused, match=r"10\.0\.0\.1"):
        check(f"https://{HOST}/", PUBLIC, "10.0.0.1")


def test_a_host_that_cannot_be_found_is_said_to_be() -> None:
    def fail(host: str, patience_s: float) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(EgressRefused, match=r"hooks.example.com cannot be found: Name or service not known"):
        check_target(f"https://{HOST}/", policy=ALLOWED, is_development=False, resolve=fail)
    with pytest.raises(EgressRefused, match="has no address"):
        check_target(f"https://{HOST}/", policy=ALLOWED, is_development=False, resolve=lambda host, patience_s: [])


@pytest.mark.parametrize(
    ("url", "port", "address"),
    [
        ("http://localhost:9000/x", 9000, "127.0.0.1"),
        ("http://crm.localhost:9000/x", 9000, "127.0.0.1"),
        ("http://127.0.0.1/x", 80, "127.0.0.1"),
        ("http://[::1]:9000/x", 9000, "::1"),
    ],
)
def test_development_may_send_to_its_own_machine_and_production_may_not(url: str, port: int, address: str) -> None:
    found = check(url, is_development=True)
    assert (found.port, found.path, found.is_tls, found.addresses) == (port, "/x", False, (address,))
    with pytest.raises(EgressRefused, match="over https only"):
        check(url)


@pytest.mark.parametrize("url", [f"http://{HOST}/", "http://10.0.0.1/", "http://localhost.evil.example/"])
def test_development_loosens_nothing_else(url: str) -> None:
    with pytest.raises(EgressRefused, match="over https only"):
        check(url, is_development=True)


def test_the_systems_own_look_up_is_given_so_much_time_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look_up("127.0.0.1", 5) == ["127.0.0.1"]
    with pytest.raises(OSError, match="no host name"):
        look_up("a" * 70 + ".example.com", 5)
    hold = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: [hold.wait(20)][:0])
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        look_up(HOST, 0.05)
    assert time.monotonic() - began < 15
    hold.set()
