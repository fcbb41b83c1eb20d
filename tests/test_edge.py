"""Whose address a request comes from: its connection's, or what a proxy that IT named says."""

import pytest

from lander.config import DEVELOPMENT_SECRET, Settings, load_settings
from lander.edge import cut_address, read_edge

CLIENT = "203.0.113.9"


def settings(proxies: str = "127.0.0.1,10.1.0.0/16,unix") -> Settings:
    return load_settings(
        {"LANDER_ENV": "development", "LANDER_SECRET_KEYS": DEVELOPMENT_SECRET, "LANDER_PROXIES": proxies}
    )


def address(peer: str, forwarded: str | None = None, *, proxies: str = "127.0.0.1,10.1.0.0/16,unix") -> str:
    environ = {"REMOTE_ADDR": peer} | ({} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded})
    return read_edge(environ, settings(proxies)).address


@pytest.mark.parametrize("peer", ["127.0.0.1", "10.1.200.7", "", "::ffff:127.0.0.1"])
def test_a_proxy_speaks_for_its_client(peer: str) -> None:
    assert address(peer, CLIENT) == CLIENT


@pytest.mark.parametrize("peer", ["198.51.100.4", "10.2.0.1", "::1", "nonsense"])
def test_nobody_else_speaks_for_anybody(peer: str) -> None:
    assert address(peer, CLIENT) == peer


def test_without_proxies_nobody_is_believed() -> None:
    assert address("127.0.0.1", CLIENT, proxies="") == "127.0.0.1"
    assert address("", CLIENT, proxies="127.0.0.1") == "127.0.0.1"


def test_what_a_client_wrote_itself_is_not_believed() -> None:
    assert address("127.0.0.1", f"192.0.2.1, 127.0.0.1, {CLIENT}") == CLIENT


def test_a_chain_of_proxies_leads_to_the_first_stranger() -> None:
    assert address("", f"192.0.2.1, {CLIENT},10.1.0.5") == CLIENT


def test_a_proxy_that_asks_for_itself_is_the_client() -> None:
    assert address("127.0.0.1", "10.1.0.5") == "10.1.0.5"


@pytest.mark.parametrize("said", ["unknown", "", " ", ",", f"{CLIENT}:80", f"{CLIENT},", "a" * 10_000])
def test_a_proxy_that_names_no_address_is_taken_for_the_client(said: str) -> None:
    assert address("10.1.0.5", said) == "10.1.0.5"


def test_an_ipv4_client_in_the_clothes_of_ipv6_keeps_a_network_of_its_own() -> None:
    assert address("127.0.0.1", f"::ffff:{CLIENT}") == CLIENT
    assert cut_address(f"::ffff:{CLIENT}") == "203.0.113.0/24"
