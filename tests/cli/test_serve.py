"""`lander serve`, `lander work` and `lander demo` before anything runs: a place that is taken, hosts and rules that clash."""

import socket
from collections.abc import Iterator

import pytest

from lander.catalog import SiteEntry, write_catalog
from lander.db import reading
from lander.errors import Unavailable
from lander.policy import store
from lander.server import Supervisor, check_port
from tests.cli.conftest import Terminal


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.mark.parametrize("verb", ["serve", "demo"])
def test_a_port_that_is_taken_is_one_clear_line(terminal: Terminal, verb: str, taken_port: int) -> None:
    reason = terminal.refused(verb, "--port", str(taken_port))
    assert reason.startswith(f"Port {taken_port} on 127.0.0.1 cannot be used (Address already in use).")
    assert f"--port {taken_port + 1}" in reason or f"--port {taken_port - 1}" in reason


def test_a_demo_that_cannot_have_its_port_makes_nothing(bare_terminal: Terminal, taken_port: int) -> None:
    bare_terminal.refused("demo", "--port", str(taken_port))
    assert not bare_terminal.data_dir.exists()


def test_the_demo_is_for_development(bare_terminal: Terminal) -> None:
    bare_terminal.set("LANDER_ENV", "production")
    bare_terminal.set("LANDER_SECRET_KEYS", "a-secret-of-more-than-32-characters-0123456789")
    assert bare_terminal.refused("demo") == "The demo is for development. Run it with: make demo"


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(Exception, match=r"Port 8000 on 203\.0\.113\.9 cannot be used"):
        check_port("203.0.113.9", 8000)


@pytest.mark.parametrize("verb", ["serve", "work"])
def test_pages_on_the_studios_host_are_refused(terminal: Terminal, verb: str) -> None:
    terminal.set("LANDER_STUDIO_HOST", "go.localhost")
    assert "Give the pages a host of their own" in terminal.refused(verb)


def test_pages_that_only_this_nodes_disk_knows_of_are_refused_too(terminal: Terminal) -> None:
    write_catalog(terminal.settings.published_dir, [SiteEntry("preview.localhost", "www.localhost", "UTC")], {})
    assert "Give the pages a host of their own" in terminal.refused("serve")


@pytest.mark.parametrize("verb", ["serve", "work"])
def test_a_bad_policy_file_stops_the_start(terminal: Terminal, verb: str) -> None:
    terminal.set("LANDER_POLICY", terminal.write("policy.toml", "[nonsense]\n"))
    assert "The policy file was not read" in terminal.refused(verb)
    terminal.set("LANDER_POLICY", str(terminal.folder / "nowhere.toml"))
    assert "cannot be read" in terminal.refused(verb)


def test_a_disk_that_is_nearly_full_does_not_hold_up_what_is_published(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, taken_port: int
) -> None:
    monkeypatch.setattr("lander.doctor._LEAST_FREE_MIB", 10**9)
    said = terminal.run("serve", "--port", str(taken_port)).err
    assert "Make room: leads are written there first.\nPages are served all the same.\n" in said
    assert f"Port {taken_port}" in said, "it came as far as starting the servers"


def test_the_policy_file_comes_into_force_at_the_start(terminal: Terminal, taken_port: int) -> None:
    terminal.set(
        "LANDER_POLICY", terminal.write("policy.toml", '[isolation.allow]\nimg = ["https://img.example.net"]\n')
    )
    terminal.run("serve", "--port", str(taken_port))
    with reading(terminal.engine) as session:
        assert store.load_policy(session).version == 1


def test_a_web_server_that_does_not_start_leaves_nothing_running(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lander.server.web_command", lambda *_: ["false"])
    monkeypatch.setattr("lander.server.work_command", lambda *_: ["sleep", "600"])
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the tests' own Ctrl+C stays as it is
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    supervisor = Supervisor("127.0.0.1", port)
    with pytest.raises(Unavailable, match="The web server did not start"):
        supervisor.__enter__()
    assert supervisor._work is not None
    assert supervisor._work.returncode is not None


def test_the_work_process_is_told_where_to_tell_its_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def start(command: list[str]) -> None:
        started.append(command)
        if len(started) == 2:
            raise Unavailable("That is all this test wants to know.")

    monkeypatch.setattr("lander.server._start", start)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(Unavailable, match="all this test"):
        Supervisor("127.0.0.1", port, metrics_port=9_999).__enter__()
    assert started[0][-2:] == ["work", "--metrics-port=9999"]
