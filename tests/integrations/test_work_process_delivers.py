"""The work process and the outbox: a lead and what is told of it are one commit, and nothing is lost with the process."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from structlog.testing import capture_logs

from experiments.journal import Durability, Journal, Record
from lander.config import Settings, load_settings
from lander.db import make_engine, reading, transaction
from lander.integrations.models import Delivery, DeliveryState
from lander.integrations.webhook.address import check_target
from lander.integrations.webhook.receivers import add_webhook
from lander.jobs import Worker
from lander.leads.models import Lead
from lander.pages.models import Site
from lander.policy.policy import DEFAULTS
from lander.vault import Vault
from tests.integrations.conftest import MAIL_SERVER, NOW, add_hook, add_mail, add_site_with_pages, deliveries, make_lead
from tests.integrations.mailbox import mailbox
from tests.live import ROOT, free_port
from tests.patience import PATIENCE_S, wait_until


def leave(settings: Settings, *bodies: bytes) -> None:
    """Leads in a journal, as a web worker that has ended left them."""
    journal = Journal(settings.journal_dir)
    journal.append([Record("lead", body) for body in bodies], Durability.ACKNOWLEDGED)
    journal.close()


def count(engine: Engine) -> tuple[int, int]:
    with reading(engine) as session:
        return len(session.exec(select(Lead)).all()), len(deliveries(session))


@contextmanager
def broken(engine: Engine, table: str) -> Iterator[None]:
    """A database that answers, but has not this table."""
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO gone")
    yield
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE gone RENAME TO {table}")


def test_leads_that_come_home_are_told_once(database: Engine, site: Site, settings: Settings) -> None:
    add_hook(database, site)
    worker = Worker(settings, database)
    leave(settings, make_lead(1), make_lead(2))
    assert worker.ingest() == 2
    assert count(database) == (2, 2)
    leave(settings, make_lead(2), make_lead(3))  # a repeated post, and a new lead
    assert worker.ingest() == 2
    assert count(database) == (3, 3)


def test_a_lead_that_is_suspected_to_be_spam_is_told_to_nobody(
    database: Engine, site: Site, settings: Settings
) -> None:
    add_hook(database, site)
    leave(settings, make_lead(1, flags=["honeypot"]), make_lead(2, view="view-3"), make_lead(3, view="view-3"))
    assert Worker(settings, database).ingest() == 3
    assert count(database) == (3, 1), "a repeated token is suspected as well"


def test_a_lead_and_what_is_told_of_it_are_kept_together_or_not_at_all(
    database: Engine, site: Site, settings: Settings
) -> None:
    add_hook(database, site)
    worker = Worker(settings, database)
    leave(settings, make_lead(1))
    with broken(database, "delivery"), capture_logs():
        assert worker.ingest() == 0
        with reading(database) as session:
            assert session.exec(select(Lead)).all() == []
    assert worker.ingest() == 1
    assert count(database) == (1, 1)


def test_a_sender_that_fails_holds_up_no_lead_and_goes_on_afterwards(
    database: Engine, site: Site, settings: Settings
) -> None:
    worker = Worker(settings, database)
    with capture_logs() as said:
        with broken(database, "deliveryattempt"):
            assert [worker.deliver() for _ in range(3)] == [0, 0, 0]
            leave(settings, make_lead(1))
            assert worker.ingest() == 1
        worker.deliver()
    assert [entry["event"] for entry in said] == ["step fails, will be tried again", "step works again"]


def test_the_running_process_mails_a_lead_within_seconds(database: Engine, site: Site, settings: Settings) -> None:
    add_mail(database, site)
    with mailbox() as box:
        worker = Worker(replace(settings, mail=replace(MAIL_SERVER, port=box.port)), database)
        stop = threading.Event()
        running = threading.Thread(target=worker.run, args=(stop,))
        running.start()
        leave(settings, make_lead(1))
        wait_until(lambda: box.mails, "nothing is mailed")
        stop.set()
        running.join()
    assert [mail["Subject"] for mail in box.mails] == ["New lead on go.example.com/spring-sale"]


@pytest.fixture
def installation(tmp_path: Path, sqlite_template: Path) -> Settings:
    """A node in development, so that it may send to this machine."""
    (tmp_path / "lander.db").write_bytes(sqlite_template.read_bytes())
    return load_settings({"LANDER_ENV": "development", "LANDER_DATA_DIR": str(tmp_path)})


def test_a_work_process_killed_after_it_sent_sends_again_under_the_same_id(installation: Settings) -> None:
    """kill -9 between the receiver's having it and our having written that down: at least once, under one id."""
    engine = make_engine(installation.database_url)
    taken: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://crm.localhost:{listener.getsockname()[1]}/leads"
        target = check_target(url, policy=DEFAULTS, is_development=True, resolve=lambda host, patience_s: [])
        with transaction(engine) as session:
            site = add_site_with_pages(session, "go.example.com", "spring-sale")
            vault = Vault(installation.secret_keys)
            add_webhook(session, vault, site, target, events=["lead.created"], actor="maya", now=NOW)
        leave(installation, make_lead(1))

        first = start_work(installation)
        try:
            sock, _ = listener.accept()
            with sock:
                taken.append(read_request(sock))
                os.kill(first.pid, signal.SIGKILL)
                first.wait(timeout=PATIENCE_S)
        finally:
            end(first)
        with transaction(engine) as session:
            delivery = session.exec(select(Delivery)).one()
            assert (delivery.state, delivery.attempts) == (DeliveryState.WAITING, 0)
            assert delivery.next_at > datetime.now(UTC) + timedelta(minutes=1), "nobody else takes it meanwhile"
            delivery.next_at = datetime.now(UTC)  # its time is over

        second = start_work(installation)
        try:
            sock, _ = listener.accept()
            with sock:
                taken.append(read_request(sock))
                sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            wait_until_delivered(engine)
        finally:
            end(second)
    ids = [line for request in taken for line in request.split(b"\r\n") if line.startswith(b"webhook-id")]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert taken[0].partition(b"\r\n\r\n")[2] == taken[1].partition(b"\r\n\r\n")[2]
    engine.dispose()


def start_work(settings: Settings) -> subprocess.Popen[bytes]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("LANDER_")}
    environ |= {"LANDER_ENV": "development", "LANDER_DATA_DIR": str(settings.data_dir)}
    command = [sys.executable, "-m", "lander.cli", "work", "--metrics-port", str(free_port())]
    return subprocess.Popen(command, env=environ, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=PATIENCE_S)
        process.kill()
    process.wait()


def read_request(sock: socket.socket) -> bytes:
    sock.settimeout(PATIENCE_S)
    data = b""
    while b"\r\n\r\n" not in data or len(data.partition(b"\r\n\r\n")[2]) < length_of(data):
        data += sock.recv(65_536)
    return data


def length_of(request: bytes) -> int:
    (line,) = (line for line in request.split(b"\r\n") if line.lower().startswith(b"content-length"))
    return int(line.partition(b":")[2])


def wait_until_delivered(engine: Engine) -> None:
    def is_delivered() -> bool:
        with reading(engine) as session:
            return session.exec(select(Delivery)).one().state == DeliveryState.DELIVERED

    wait_until(is_delivered, "it was not written down that it has arrived")
