"""`lander serve` on gunicorn and on granian: the same requests get the same answers, and SIGTERM ends everything."""

import contextlib
import os
import re
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.journal import list_journals
from tests.deploy.published import (
    BROCHURE,
    HOST,
    NULL_ORIGIN,
    PATH,
    find_asset,
    find_token,
    form_body,
    view,
)
from tests.faults.processes import wait_until_gone
from tests.live import Lander, is_running, served
from tests.patience import PATIENCE_S, wait_until
from tests.serve.stage import CHROME

STUDIO = "studio.localhost"


@pytest.fixture(scope="module", params=["gunicorn", "granian"])
def lander(
    request: pytest.FixtureRequest, installation: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lander]:
    data_dir = shutil.copytree(installation, tmp_path_factory.mktemp(request.param) / "data")
    with served(data_dir, server=request.param) as running:
        yield running


def raw(lander: Lander, request: bytes, *, ends: bool = False) -> bytes:
    """What a socket gives back for these bytes; `ends` says that no more of them will come."""
    with socket.create_connection(("127.0.0.1", lander.port), timeout=PATIENCE_S) as connection:
        connection.sendall(request)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while block := connection.recv(65_536):
            answer += block
        return answer


def test_a_page_is_shown_whole_and_set_to_its_visitor(lander: Lander) -> None:
    response, body = lander.request("GET", HOST, PATH, headers={"User-Agent": CHROME})
    assert response.status == 200
    assert int(response.headers["Content-Length"]) == len(body)
    assert response.headers["Set-Cookie"].startswith("lp=")
    assert b"Spring sale" in body


def test_head_has_the_headers_of_get_and_no_body(lander: Lander) -> None:
    answer = raw(lander, f"HEAD {PATH} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert re.search(rb"(?i)\r\ncontent-length: [1-9]", head)
    assert body == b""


def test_a_range_of_a_file_is_sent(lander: Lander) -> None:
    asset = find_asset(view(lander))
    response, body = lander.request("GET", HOST, asset, headers={"Range": "bytes=5-7"})
    assert (response.status, body) == (206, BROCHURE[5:8])
    response, body = lander.request("GET", HOST, asset)
    assert (response.status, body) == (200, BROCHURE)


def test_a_beacon_is_acknowledged(lander: Lander) -> None:
    body = f"t={find_token(view(lander))}&k=view".encode()
    response, _ = lander.request("POST", HOST, "/_l/b", body=body, headers=NULL_ORIGIN)
    assert response.status == 204


def test_a_form_becomes_one_lead(lander: Lander) -> None:
    posted = form_body(view(lander), "otto@example.com")
    for _ in range(2):  # a proxy that asks again, a finger that clicks twice
        response, _ = lander.request("POST", HOST, "/_l/f", body=posted, headers=NULL_ORIGIN)
        assert response.status == 303
    leads = wait_until(lambda: lander.ok("lead", "list"), "the lead does not come home")
    assert [lead["fields"]["email"] for lead in leads] == ["otto@example.com"]


def test_a_chunked_form_is_read_too(lander: Lander) -> None:
    posted = form_body(view(lander), "otto@example.com")
    head = (
        f"POST /_l/f HTTP/1.1\r\nHost: {HOST}\r\nOrigin: null\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    answer = raw(lander, head.encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (len(posted), posted))
    assert answer.startswith(b"HTTP/1.1 303")


DAMAGED = {
    "a chunk without a size": b"zz\r\nt=1\r\n0\r\n\r\n",
    "a chunk longer than it says": b"3\r\nt=12345\r\n0\r\n\r\n",
    "a chunk cut off midway": b"ffff\r\nt=1",
    "no last chunk": b"3\r\nt=1\r\n",
    "a trailer that is none": b"3\r\nt=1\r\n0\r\nno trailer\r\n\r\n",
}


@pytest.mark.parametrize(("host", "path"), [(HOST, "/_l/f"), (HOST, "/_l/b"), (STUDIO, "/sign-in")])
@pytest.mark.parametrize("body", DAMAGED.values(), ids=DAMAGED)
def test_a_body_that_comes_damaged_is_the_senders_fault(lander: Lander, *, body: bytes, host: str, path: str) -> None:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{lander.port}\r\nOrigin: null\r\nConnection: close\r\n"
        "Transfer-Encoding: chunked\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
    )
    log = lander.data_dir / "serve.log"
    before = len(log.read_text())
    answer = raw(lander, head.encode() + body, ends=True)
    assert answer.startswith(b"HTTP/1.1 4"), answer
    assert not re.search("rescued|defect", log.read_text()[before:])


def test_an_unknown_host_is_misdirected(lander: Lander) -> None:
    response, _ = lander.request("GET", "elsewhere.localhost", PATH)
    assert response.status == 421


def test_http_1_1_without_a_host_is_a_bad_request(lander: Lander) -> None:
    answer = raw(lander, f"GET {PATH} HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "lines",
    [b"X-Big: %b\r\n" % (b"a" * 600_000), b"".join(b"X-%d: a\r\n" % number for number in range(200))],
    ids=["large", "many"],
)
def test_headers_beyond_the_limit_are_refused(lander: Lander, lines: bytes) -> None:
    with socket.create_connection(("127.0.0.1", lander.port), timeout=PATIENCE_S) as connection:
        try:
            connection.sendall(b"GET %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (PATH.encode(), HOST.encode(), lines))
            answer = connection.recv(12)
        except ConnectionError:
            answer = b""  # told by a reset that it need not send the rest
    assert answer in (b"", b"HTTP/1.1 400", b"HTTP/1.1 431")


def test_no_answer_names_the_server(lander: Lander) -> None:
    for path in (PATH, "/nothing-here", "/healthz"):
        response, _ = lander.request("GET", HOST, path)
        assert not response.headers.get("Server")
        assert "X-Powered-By" not in response.headers


def test_the_studio_answers_beside_the_pages(lander: Lander) -> None:
    response, _ = lander.request("GET", STUDIO, "/readyz")
    assert response.status == 200


def test_each_worker_keeps_a_journal_of_its_own(lander: Lander) -> None:
    assert len(see_workers(lander, 2)) == 2


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_killed_workers_are_replaced_and_sigterm_ends_everything(
    server: str, installation: Path, tmp_path: Path
) -> None:
    with served(shutil.copytree(installation, tmp_path / "data"), server=server) as lander:
        for _ in range(3):
            killed = see_workers(lander, 1)
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            wait_until_gone(list(killed))
        wait_until(lambda: all(map(is_running, journal_owners(lander))), "journals of killed workers stay behind")
        workers = see_workers(lander, 1)
        view(lander)
    assert not [pid for pid in workers if is_running(pid)]
    assert not journal_owners(lander), "a worker that ends writes its last views, and the work process fetches them"


def see_workers(lander: Lander, count: int) -> set[int]:
    """Visit until so many living workers have written to their journals; their ids."""

    def visit() -> set[int]:
        with contextlib.suppress(ConnectionError):
            view(lander)
        workers = {pid for pid in journal_owners(lander) if is_running(pid)}
        return workers if len(workers) >= count else set()

    return wait_until(visit, f"fewer than {count} answer")


def journal_owners(lander: Lander) -> set[int]:
    return {int(file.path.name.partition("-")[0]) for file in list_journals(lander.data_dir / "journal")}
