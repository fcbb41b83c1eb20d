"""The whole WSGI object with its real planes: each host has its own, and what one serves the others never do."""

import shutil
from pathlib import Path

import pytest
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app

import app
from lander.jobs import Worker
from tests.cli.conftest import HOST, Terminal


@pytest.fixture
def terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], sqlite_template: Path
) -> Terminal:
    monkeypatch.setenv("LANDER_ENV", "development")
    monkeypatch.setenv("LANDER_DATA_DIR", str(tmp_path))
    shutil.copy(sqlite_template, tmp_path / "lander.db")
    terminal = Terminal(tmp_path, monkeypatch, capsys, tmp_path)
    terminal.ok("site", "add", HOST, "--core-site", "www.localhost")
    return terminal


@pytest.fixture
def client(terminal: Terminal) -> Client:
    terminal.publish_page()
    Worker(terminal.settings, terminal.engine).deploy()
    return Client(app.build(terminal.settings), use_cookies=False)


def test_a_page_is_served_on_its_host_and_on_no_other(client: Client) -> None:
    assert "Sale a" in client.get("/spring-sale", base_url=f"http://{HOST}:8000").text
    for host in ("studio.localhost", "preview.localhost"):
        assert client.get("/spring-sale", base_url=f"http://{host}:8000").status_code in (303, 404)


def test_the_studio_asks_who_is_there(client: Client) -> None:
    answer = client.get("/", base_url="http://studio.localhost:8000", follow_redirects=True)
    assert answer.status_code == 200
    assert 'name="password"' in answer.text


def test_a_preview_link_shows_the_draft_on_the_preview_host_alone(client: Client, terminal: Terminal) -> None:
    url = terminal.ok("page", "preview", "--site", HOST, "--slug", "spring-sale", "--variant", "b")["url"]
    path = url.removeprefix("http://preview.localhost:8000")
    assert "Sale b" in client.get(path, base_url="http://preview.localhost:8000").text
    assert client.get(path, base_url=f"http://{HOST}:8000").status_code == 404
    assert client.get(path, base_url="http://studio.localhost:8000").status_code in (303, 404)


@pytest.mark.parametrize("host", ["elsewhere.example", "go.localhost.evil.example", "127.0.0.1:8000"])
def test_any_other_host_is_misdirected(client: Client, host: str) -> None:
    assert client.get("/spring-sale", base_url=f"http://{host}").status_code == 421


def test_http_1_1_without_a_host_is_a_bad_request(client: Client) -> None:
    environ = EnvironBuilder("/spring-sale", base_url=f"http://{HOST}").get_environ()
    environ["SERVER_PROTOCOL"] = "HTTP/1.1"
    del environ["HTTP_HOST"]
    _, status, _ = run_wsgi_app(client.application, environ)
    assert status.startswith("400")


def test_pages_go_on_while_the_database_is_gone(client: Client, terminal: Terminal) -> None:
    (terminal.data_dir / "lander.db").write_bytes(b"this was a database once" * 100)
    assert "Sale a" in client.get("/spring-sale", base_url=f"http://{HOST}:8000").text
