"""One attempt over TLS: what the receiver gets, and what becomes of every way in which it can misbehave."""

import socket

import pytest

from lander.integrations.exchange import Network
from lander.integrations.outcome import Fate, Outcome
from lander.integrations.webhook.message import Message
from lander.integrations.webhook.transport import send
from lander.policy.policy import Policy
from tests.integrations import receiver as tricks
from tests.integrations.conftest import ALLOWED, URL
from tests.integrations.receiver import HOST, PUBLIC, Certificates, Receiver, receiving, seconds, status

MESSAGE = Message({"Content-Type": "application/json", "webhook-id": "lead-1-1"}, b'{"type":"test"}')


def attempt(network: Network, url: str = URL, message: Message = MESSAGE, *, policy: Policy = ALLOWED) -> Outcome:
    return send(url, message, policy=policy, is_development=False, network=network)


def test_it_arrives_under_the_hosts_name_at_the_address_that_was_checked(receiver: Receiver) -> None:
    outcome = attempt(receiver.network(), f"{URL}?team=1")
    assert outcome == Outcome(Fate.DELIVERED, "Accepted with 200.", 200)
    (got,) = receiver.received
    assert got.line == "POST /leads?team=1 HTTP/1.1"
    assert (got.name, got.headers["host"], got.headers["webhook-id"]) == (HOST, HOST, "lead-1-1")
    assert got.body == MESSAGE.body


@pytest.mark.parametrize("code", [200, 201, 202, 204, 299])
def test_every_success_is_a_success(receiver: Receiver, code: int) -> None:
    receiver.answers = [status(code)]
    assert attempt(receiver.network()).fate is Fate.DELIVERED


@pytest.mark.parametrize("code", [400, 401, 404, 408, 429, 500, 502, 503])
def test_every_refusal_is_tried_again(receiver: Receiver, code: int) -> None:
    receiver.answers = [status(code, body=b"no")]
    assert attempt(receiver.network()) == Outcome(Fate.AGAIN, f"It answered {code}.", code)


def test_410_wants_nothing_more(receiver: Receiver) -> None:
    receiver.answers = [status(410)]
    assert attempt(receiver.network()).fate is Fate.GONE


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, code: int) -> None:
    receiver.answers = [status(code, f"Location: https://{HOST}/elsewhere")]
    outcome = attempt(receiver.network())
    assert (outcome.fate, outcome.status) == (Fate.AGAIN, code)
    assert "redirects are not followed" in outcome.words
    assert receiver.connections == 1


@pytest.mark.parametrize("trick", [tricks.never, tricks.drip])
def test_a_slow_receiver_is_left_after_five_seconds(receiver: Receiver, trick: tricks.Answer) -> None:
    receiver.answers = [trick]
    outcome, took_s = seconds(lambda: attempt(receiver.network()))
    assert outcome == Outcome(Fate.AGAIN, "No answer within 5 seconds.")
    assert 4.5 < took_s < 12, "one of them would say nothing for 15 seconds, the other for 20"


def test_a_gigabyte_of_an_answer_is_not_read(receiver: Receiver) -> None:
    flooded_mib: list[int] = []

    def flood(sock: socket.socket) -> None:
        """As much of it as the other side takes."""
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        for number in range(1024):
            sock.sendall(b"x" * 1024 * 1024)
            flooded_mib.append(number)

    receiver.answers = [flood]
    outcome = attempt(receiver.network())
    assert outcome.fate is Fate.DELIVERED, "its status came first"
    assert len(flooded_mib) < 100


def test_headers_without_an_end_are_given_up(receiver: Receiver) -> None:
    receiver.answers = [tricks.endless_header]
    outcome = attempt(receiver.network())
    assert outcome.fate is Fate.AGAIN
    assert "more than 1 MiB" in outcome.words


@pytest.mark.parametrize(("trick", "words"), [(tricks.garbage, "not HTTP"), (tricks.hang_up, "cannot be reached")])
def test_what_is_no_answer_is_said_to_be_none(receiver: Receiver, trick: tricks.Answer, words: str) -> None:
    receiver.answers = [trick]
    outcome = attempt(receiver.network())
    assert outcome.fate is Fate.AGAIN
    assert words in outcome.words


def test_a_receiver_that_is_down_is_said_to_be(receiver: Receiver) -> None:
    def connect(address: tuple[str, int], timeout_s: float) -> socket.socket:
        raise ConnectionRefusedError(111, "Connection refused")

    network = Network(resolve=lambda host, patience_s: [PUBLIC], connect=connect)
    assert attempt(network) == Outcome(Fate.AGAIN, f"{HOST} cannot be reached: Connection refused.")


def test_the_next_address_is_tried_where_one_is_dead(receiver: Receiver) -> None:
    dead, alive = "2606:4700::6812:1", PUBLIC
    honest = receiver.network(dead, alive)

    def connect(address: tuple[str, int], timeout_s: float) -> socket.socket:
        if address[0] == dead:
            raise OSError(101, "Network is unreachable")
        return honest.connect(address, timeout_s)

    network = Network(resolve=honest.resolve, connect=connect, trust=honest.trust)
    assert attempt(network).fate is Fate.DELIVERED


def test_a_certificate_of_another_name_is_not_believed(
    receiver: Receiver, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Certificates.make(tmp_path_factory.mktemp("other"), "evil.example.com")
    with receiving(other) as impostor:
        outcome = attempt(impostor.network())
    assert outcome.fate is Fate.AGAIN
    assert f"The certificate of {HOST} is not valid" in outcome.words
    assert impostor.received == []


def test_a_certificate_of_nobody_we_trust_is_not_believed(receiver: Receiver) -> None:
    network = Network(resolve=receiver.network().resolve, connect=receiver.network().connect)
    assert f"The certificate of {HOST} is not valid" in attempt(network).words
    assert receiver.received == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::ffff:10.0.0.1"])
def test_a_host_that_leads_into_a_network_since_it_was_saved_is_not_connected_to(
    receiver: Receiver, address: str
) -> None:
    outcome = attempt(receiver.network(address))
    assert outcome.fate is Fate.AGAIN
    assert "not an address of the public internet" in outcome.words
    assert receiver.connections == 0


def test_a_host_that_is_allowed_no_longer_is_not_even_looked_up(receiver: Receiver) -> None:
    def resolve(host: str, patience_s: float) -> list[str]:
        raise AssertionError("looked up")

    outcome = attempt(Network(resolve=resolve), policy=Policy())
    assert "IT has not allowed webhooks" in outcome.words


def test_a_look_up_that_takes_its_time_takes_it_from_the_attempt(receiver: Receiver) -> None:
    def resolve(host: str, patience_s: float) -> list[str]:
        raise TimeoutError("no name server answered in time")

    outcome = attempt(Network(resolve=resolve))
    assert f"{HOST} cannot be found: no name server answered in time." in outcome.words


def test_development_sends_plain_http_to_its_own_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        import threading

        got: list[bytes] = []

        def take() -> None:
            sock, _ = listener.accept()
            with sock:
                got.append(sock.recv(65_536))
                status(200)(sock)

        thread = threading.Thread(target=take)
        thread.start()
        outcome = send(
            f"http://crm.localhost:{port}/x", MESSAGE, policy=Policy(), is_development=True, network=Network()
        )
        thread.join()
    assert outcome.fate is Fate.DELIVERED
    assert f"Host: crm.localhost:{port}".encode() in got[0]
