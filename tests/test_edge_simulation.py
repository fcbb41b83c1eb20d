"""Simulated time and address: believed from a signed header, in development, from loopback, and nowhere else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from itsdangerous import Signer

from lander.config import Settings, load_settings
from lander.edge import SIMULATION_HEADER, Edge, cut_address, read_edge, sign_simulation
from tests.pages.publishing import make_settings

LONG_AGO = datetime(2026, 11, 7, 9, 30, 0, 250_000, tzinfo=UTC)
OLD, NEW = "an-old-secret-of-more-than-32-characters-01", "a-new-secret-of-more-than-32-characters-012"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def production(secrets: str) -> Settings:
    return load_settings({"LANDER_SECRET_KEYS": secrets})


def read(settings: Settings, header: str, *, address: str = "127.0.0.1") -> Edge:
    name = f"HTTP_{SIMULATION_HEADER.upper().replace('-', '_')}"
    return read_edge({"REMOTE_ADDR": address, name: header}, settings)


def is_now(edge: Edge) -> bool:
    return abs(datetime.now(UTC) - edge.now) < timedelta(minutes=1)


def test_without_a_header_it_is_now_and_the_callers_address(settings: Settings) -> None:
    edge = read_edge({"REMOTE_ADDR": "203.0.113.9"}, settings)
    assert is_now(edge)
    assert (edge.address, edge.network, edge.simulated) == ("203.0.113.9", "203.0.113.0/24", False)
    assert edge.now_ms == round(edge.now.timestamp() * 1000)


@pytest.mark.parametrize("loopback", ["127.0.0.1", "127.8.8.8", "::1"])
def test_in_development_loopback_may_say_when_and_who(settings: Settings, loopback: str) -> None:
    edge = read(settings, sign_simulation(LONG_AGO, "198.51.100.7", settings), address=loopback)
    assert edge == Edge(now=LONG_AGO, address="198.51.100.7", simulated=True)


@pytest.mark.parametrize("address", ["203.0.113.9", "10.0.0.1", "192.168.1.2", "::ffff:203.0.113.9", "", "unix:"])
def test_nobody_else_may(settings: Settings, address: str) -> None:
    environ = {"REMOTE_ADDR": address, "HTTP_LANDER_SIMULATION": sign_simulation(LONG_AGO, "198.51.100.7", settings)}
    edge = read_edge(environ, settings)
    believed = address == ""  # a server without an address is asked through its own socket
    assert edge.simulated is believed


def test_production_never_believes_it() -> None:
    settings = production(OLD)
    edge = read(settings, sign_simulation(LONG_AGO, "198.51.100.7", settings))
    assert is_now(edge)
    assert not edge.simulated


def test_another_secret_is_not_believed(settings: Settings) -> None:
    assert not read(settings, sign_simulation(LONG_AGO, "198.51.100.7", production(OLD))).simulated


def test_an_older_secret_of_ours_still_is(tmp_path: Path) -> None:
    before = make_settings(tmp_path, LANDER_SECRET_KEYS=OLD)
    after = make_settings(tmp_path, LANDER_SECRET_KEYS=f"{NEW},{OLD}")
    assert read(after, sign_simulation(LONG_AGO, "198.51.100.7", before)).simulated
    assert not read(before, sign_simulation(LONG_AGO, "198.51.100.7", after)).simulated


@pytest.mark.parametrize(
    "said", ["", "now", "now|198.51.100.7", "nan|198.51.100.7", "inf|x", "1e300|x", "1|2|3", "-1e17|x", "1"]
)
def test_what_we_signed_and_cannot_read_is_ignored(settings: Settings, said: str) -> None:
    header = Signer(settings.signing_keys, salt="lander.simulation").sign(said).decode()
    assert not read(settings, header).simulated


@pytest.mark.parametrize("header", ["x", ".", "1|2.signature", "\xff\xfe", "1762507800.000|198.51.100.7"])
def test_what_nobody_signed_is_ignored(settings: Settings, header: str) -> None:
    assert is_now(read(settings, header))


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("203.0.113.255", "203.0.113.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ("", "0.0.0.0/24"),
        ("/run/lander.sock", "0.0.0.0/24"),
    ],
)
def test_no_more_than_the_network_is_ever_written_down(address: str, network: str) -> None:
    assert cut_address(address) == network
