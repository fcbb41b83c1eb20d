"""Links that lead elsewhere are asked the way webhooks go: https, public addresses only, no redirect followed, in time."""

import socket
import threading

import pytest

from lander.integrations import links
from lander.integrations.exchange import Network
from lander.integrations.links import MOST, Looked, Tone, look_at_links
from tests.integrations import receiver as tricks
from tests.integrations.receiver import HOST, PUBLIC, Receiver, receiving, seconds, status

PAGE = f"https://{HOST}/about"


def look(network: Network, *urls: str, is_development: bool = False) -> list[Looked]:
    return look_at_links(urls or [PAGE], is_development=is_development, network=network)


def test_a_link_that_answers_is_asked_for_its_head_alone(receiver: Receiver) -> None:
    assert look(receiver.network(), f"{PAGE}?lang=de") == [Looked(Tone.FINE, "Answers with 200.")]
    (got,) = receiver.received
    assert (got.line, got.name, got.body) == ("HEAD /about?lang=de HTTP/1.1", HOST, b"")
    assert set(got.headers) == {"host", "connection", "user-agent", "accept", "accept-encoding"}


@pytest.mark.parametrize("code", [404, 405, 500])
def test_what_answers_its_head_badly_is_asked_for_itself(receiver: Receiver, code: int) -> None:
    receiver.answers = [status(code), status(200, body=b"there it is")]
    assert look(receiver.network()) == [Looked(Tone.FINE, "Answers with 200.")]
    assert [got.line.split()[0] for got in receiver.received] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("code", "tone"),
    [(204, Tone.FINE), (404, Tone.DEAD), (410, Tone.DEAD), (500, Tone.DEAD), (403, Tone.UNKNOWN), (429, Tone.UNKNOWN)],
)
def test_an_answer_is_told_with_its_status(receiver: Receiver, code: int, tone: Tone) -> None:
    receiver.answers = [status(code)]
    (found,) = look(receiver.network())
    assert found.tone is tone
    assert str(code) in found.words


def test_a_redirect_is_told_and_not_followed(receiver: Receiver) -> None:
    receiver.answers = [status(301, "Location: https://10.0.0.1/secret")]
    assert look(receiver.network()) == [Looked(Tone.MOVED, "Leads on (301) to https://10.0.0.1/secret")]
    assert receiver.connections == 1


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (f"http://{HOST}/", "only https is asked"),
        (f"https://{HOST}:8443/", "only port 443"),
        (f"https://maya:secret@{HOST}/", "a password"),
        (f"https://{HOST}:port/", "no address that a program can ask"),
        ("https:///nowhere", "no address that a program can ask"),
    ],
)
def test_what_may_not_be_asked_is_not_even_looked_up(url: str, why: str) -> None:
    def resolve(host: str, patience_s: float) -> list[str]:
        raise AssertionError("looked up")

    (found,) = look(Network(resolve=resolve), url)
    assert found.tone is Tone.UNKNOWN
    assert why in found.words


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
def test_a_host_that_leads_into_a_network_is_not_connected_to(receiver: Receiver, address: str) -> None:
    (found,) = look(receiver.network(address))
    assert found.tone is Tone.DEAD
    assert "not an address of the public internet" in found.words
    assert receiver.connections == 0


def test_a_host_that_is_not_there_is_said_to_be() -> None:
    def resolve(host: str, patience_s: float) -> list[str]:
        raise OSError(-2, "Name or service not known")

    (found,) = look(Network(resolve=resolve))
    assert (found.tone, found.words) == (Tone.DEAD, f"{HOST} cannot be found: Name or service not known.")


def test_an_address_is_asked_as_a_browser_writes_it(receiver: Receiver) -> None:
    look(receiver.network(), f"https://{HOST}/über uns")
    assert receiver.received[0].line == "HEAD /%C3%BCber%20uns HTTP/1.1"


def test_each_gets_its_own_result_in_its_place(receiver: Receiver) -> None:
    honest = receiver.network()

    def resolve(host: str, patience_s: float) -> list[str]:
        if host != HOST:
            raise OSError(-2, "Name or service not known")
        return [PUBLIC]

    network = Network(resolve=resolve, connect=honest.connect, trust=honest.trust)
    found = look(network, "https://gone.example/", PAGE, "https://gone.example/x", f"{PAGE}/2")
    assert [item.tone for item in found] == [Tone.DEAD, Tone.FINE, Tone.DEAD, Tone.FINE]


def test_no_more_than_so_many_are_asked() -> None:
    asked: list[str] = []
    lock = threading.Lock()

    def resolve(host: str, patience_s: float) -> list[str]:
        with lock:
            asked.append(host)
        raise OSError(-2, "Name or service not known")

    assert len(look(Network(resolve=resolve), *(f"https://{number}.example/" for number in range(80)))) == MOST
    assert len(asked) == MOST


def test_slow_hosts_hold_up_nobody_for_longer_than_promised(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "LONGEST_S", 2.0)
    receiver.answers = [tricks.never]
    found, took_s = seconds(lambda: look(receiver.network(), *(f"{PAGE}/{number}" for number in range(30))))
    assert took_s < 15, "thirty times five seconds by eight is nineteen"
    assert {item.tone for item in found} == {Tone.DEAD, Tone.UNKNOWN}
    assert found[-1].words == "Not asked: the others took too long. Ask again."


def test_in_development_this_machine_may_be_asked_and_no_other_over_http() -> None:
    with receiving() as plain:
        url = f"http://shop.localhost:{plain.port}/x"
        assert look(Network(), url, is_development=True) == [Looked(Tone.FINE, "Answers with 200.")]
        assert look(Network(), url)[0].tone is Tone.UNKNOWN
        assert plain.connections == 1


def test_a_connection_that_is_refused_is_dead() -> None:
    def connect(address: tuple[str, int], timeout_s: float) -> socket.socket:
        raise ConnectionRefusedError(111, "Connection refused")

    (found,) = look(Network(resolve=lambda host, patience_s: [PUBLIC], connect=connect))
    assert found == Looked(Tone.DEAD, f"{HOST} cannot be reached: Connection refused.")
