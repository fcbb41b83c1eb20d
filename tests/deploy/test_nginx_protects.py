"""The nginx configuration of `deploy/`, run for real: TLS outside, Lander in production behind it."""

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.deploy.proxy import NGINX, Proxy, needs_nginx, nginx_before, write_config
from tests.deploy.published import BROCHURE, HOST, NULL_ORIGIN, PATH, PRODUCTION, find_asset, form_body, install
from tests.live import ROOT, Lander, served
from tests.patience import PATIENCE_S, wait_until
from tests.serve.stage import CHROME

HOSTS = {
    "go.example.com": HOST,
    "studio.example.com": "studio.localhost",
    "preview.example.com": "preview.localhost",
}
SLOW = 200

pytestmark = needs_nginx


@pytest.fixture(scope="module")
def lander(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lander]:
    data_dir = tmp_path_factory.mktemp("behind")
    install(data_dir, **PRODUCTION)
    with served(data_dir, environ={**PRODUCTION, "LANDER_PROXIES": "127.0.0.1"}) as running:
        yield running


@pytest.fixture(scope="module")
def nginx(lander: Lander, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    with nginx_before(tmp_path_factory.mktemp("nginx"), f"127.0.0.1:{lander.port}", hosts=HOSTS) as running:
        yield running


def page(nginx: Proxy) -> bytes:
    response, body = nginx.request("GET", HOST, PATH, headers={"User-Agent": CHROME})
    assert response.status == 200
    return body


def test_nginx_accepts_the_configuration(tmp_path: Path) -> None:
    config = write_config(tmp_path, "unix:/run/lander/web.sock", hosts=HOSTS)
    done = subprocess.run([str(NGINX), "-t", "-c", str(config)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_a_page_comes_through_with_its_headers_once(nginx: Proxy) -> None:
    response, body = nginx.request("GET", HOST, PATH, headers={"User-Agent": CHROME})
    assert response.status == 200
    assert b"Spring sale" in body
    names = [name.lower() for name, _ in response.getheaders()]
    assert len(names) == len(set(names))
    assert response.headers["Set-Cookie"].startswith("__Host-lp=")
    assert "Server" not in response.headers


def test_a_form_comes_through(nginx: Proxy) -> None:
    posted = form_body(page(nginx), "otto@example.com")
    response, _ = nginx.request("POST", HOST, "/_l/f", body=posted, headers=NULL_ORIGIN)
    assert response.status == 303


def test_the_studio_comes_through(nginx: Proxy) -> None:
    response, body = nginx.request("GET", "studio.localhost", "/sign-in")
    assert response.status == 200
    assert b"Sign in" in body


def test_plain_http_leads_to_https(nginx: Proxy) -> None:
    answer = ask_plainly(nginx, f"GET {PATH}?a=b HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 301")
    assert f"Location: https://{HOST}{PATH}?a=b".encode() in answer


@pytest.mark.parametrize("host", ["Host: elsewhere.localhost\r\n", "Host: 127.0.0.1\r\n", ""])
def test_an_unknown_host_is_told_nothing(nginx: Proxy, host: str) -> None:
    answer = ask_plainly(nginx, f"GET / HTTP/1.0\r\n{host}\r\n")
    assert answer == b""


def test_an_unknown_name_gets_no_handshake(nginx: Proxy) -> None:
    with pytest.raises(ssl.SSLError):
        nginx.connect("elsewhere.localhost")


def test_a_known_name_that_asks_for_another_host_is_told_nothing(nginx: Proxy) -> None:
    with nginx.connect(HOST) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: elsewhere.localhost\r\n\r\n")
        assert connection.recv(100) == b""


def test_a_body_beyond_the_limit_is_refused_with_our_headers(nginx: Proxy) -> None:
    response, _ = nginx.request("POST", HOST, "/_l/f", body=b"a" * 1_100_000, headers=NULL_ORIGIN)
    assert response.status == 413
    for name in ("Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options", "Origin-Agent-Cluster"):
        assert response.headers[name]
    assert "Server" not in response.headers


def test_an_upload_to_the_studio_may_be_larger(nginx: Proxy) -> None:
    for _ in range(10):
        response, _ = nginx.request("POST", "studio.localhost", "/pages/new", body=b"a" * 3_000_000)
        assert response.status == 403, "Lander's own refusal, not 413, and not nginx's 503 for somebody who hung up"


def test_what_a_client_says_of_its_address_is_not_passed_on(nginx: Proxy, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        here = f"127.0.0.1:{upstream.getsockname()[1]}"
        with (
            nginx_before(tmp_path / "n", here, hosts=HOSTS) as other,
            other.connect(HOST, source="127.0.0.9") as client,
        ):
            client.sendall(
                f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-For: 192.0.2.1\r\nX_Forwarded_For: 192.0.2.2\r\n"
                "Forwarded: for=192.0.2.3\r\nX-Real-IP: 192.0.2.4\r\nLander-Simulation: x\r\n\r\n".encode()
            )
            asked, _ = upstream.accept()
            with asked:
                head = asked.recv(65_536).decode()
    assert "X-Forwarded-For: 127.0.0.9\r\n" in head
    assert "192.0.2" not in head
    assert "Simulation" not in head


def test_files_are_sent_packed_whole_and_in_parts(nginx: Proxy) -> None:
    asset = find_asset(page(nginx))
    for _ in range(2):  # from Lander, then from the cache
        response, body = nginx.request("GET", HOST, asset)
        assert (response.status, body) == (200, BROCHURE)
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        response, body = nginx.request("GET", HOST, asset, headers={"Range": "bytes=5-7", "Accept-Encoding": "br"})
        assert (response.status, body) == (206, BROCHURE[5:8])


def test_two_hundred_slow_clients_hold_up_nobody(nginx: Proxy) -> None:
    """Whoever waits for them waits five seconds each time; a busy machine is slow once."""
    assert any(time_twenty_pages_beside_slow_clients(nginx) < 5 for _ in range(3))


def time_twenty_pages_beside_slow_clients(nginx: Proxy) -> float:
    with ExitStack() as held:
        for number in range(SLOW):
            source = f"127.0.1.{1 + number % 100}"
            connection = held.enter_context(nginx.connect(HOST, source=source))
            if number % 2:
                connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ".encode())
            else:
                connection.sendall(
                    f"POST /_l/f HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000\r\n\r\n_lander=".encode()
                )
        started = time.monotonic()
        for _ in range(20):
            page(nginx)
        return time.monotonic() - started


def test_a_slow_client_is_sent_away(nginx: Proxy) -> None:
    with nginx.connect(HOST) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: ")
        started = time.monotonic()
        assert connection.recv(100) == b""
        assert 3 < time.monotonic() - started < PATIENCE_S / 2


def test_one_address_cannot_knock_without_end(nginx: Proxy) -> None:
    def knock(_: int) -> int:
        return nginx.request("POST", "studio.localhost", "/sign-in", source="127.0.0.77")[0].status

    with ThreadPoolExecutor(
        14
    ) as at_once:  # one after the other takes longer than is forgiven where the machine is busy
        assert 429 in list(at_once.map(knock, range(14)))
    assert nginx.request("GET", "studio.localhost", "/sign-in", source="127.0.0.78")[0].status == 200


def test_the_log_names_nobody(nginx: Proxy) -> None:
    referring = {"Referer": "https://x.example/?q=otto"}
    nginx.request("GET", HOST, f"{PATH}?email=otto@example.com", headers=referring, source="127.0.2.9")
    nginx.request("GET", "preview.localhost", "/p/a-signed-link/")
    wait_until(lambda: "/p/-" in nginx.logged() and "127.0.2.0/24" in nginx.logged(), "it is not logged")
    logged = nginx.logged()
    assert "otto" not in logged
    assert "a-signed-link" not in logged
    assert "127.0.2.9" not in logged
    entries = [json.loads(line) for line in logged.splitlines()]
    assert (PATH, "127.0.2.0/24") in {(entry["path"], entry["address"]) for entry in entries}


def test_files_are_shown_though_lander_is_away(installation: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        with served(shutil.copytree(installation, tmp_path / "data")) as lander:
            asset = find_asset(lander.wait_for(HOST, PATH))
            before = nginx_before(tmp_path / "nginx", f"127.0.0.1:{lander.port}", hosts=HOSTS)
            nginx = stack.enter_context(before)
            nginx.request("GET", HOST, asset)
        response, body = nginx.request("GET", HOST, asset)
        assert (response.status, body) == (200, BROCHURE)
        response, body = nginx.request("GET", HOST, PATH)
        assert response.status == 503
        assert b"nginx" not in body


def ask_plainly(nginx: Proxy, request: str) -> bytes:
    with socket.create_connection(("127.0.0.1", nginx.plain_port), timeout=PATIENCE_S) as connection:
        connection.sendall(request.encode())
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while block := connection.recv(65_536):
                answer += block
        return answer


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_a_unix_socket_carries_pages(server: str, tmp_path: Path) -> None:
    install(tmp_path / "data", **PRODUCTION)
    path = tmp_path / "web.sock"
    lander = Lander(tmp_path / "data", 0)
    environ = {**lander.environ, **PRODUCTION, "LANDER_PROXIES": "unix"}
    with ExitStack() as stack:
        command = {
            "gunicorn": ["gunicorn", "--config=python:lander.gunicorn_conf", f"--bind=unix:{path}", "app:app"],
            "granian": ["lander.granian_web", f"--socket={path}"],
        }
        web = stack.enter_context(subprocess.Popen([sys.executable, "-m", *command[server]], env=environ, cwd=ROOT))
        stack.callback(web.terminate)
        nginx = stack.enter_context(nginx_before(tmp_path / "nginx", f"unix:{path}", hosts=HOSTS))
        wait_until(lambda: nginx.request("GET", HOST, PATH)[0].status == 200, "nothing answers on the socket")
