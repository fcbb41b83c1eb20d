"""`lander doctor`: each thing a node stands on, harmed in turn; the sentence says what to do."""

import os
import time
from pathlib import Path

import pytest

from experiments.journal import Durability, Journal, Record
from lander.db import transaction
from lander.doctor import check_folder, examine
from lander.errors import ConfigurationError
from lander.jobs import Worker
from lander.leads.sink import store_leads
from lander.policy.models import PolicyVersion
from lander.serve.snapshots import Snapshot
from tests.cli.conftest import HOST, Terminal
from tests.leads.builders import SECRET, make_body
from tests.pages.publishing import NOW, make_settings

WITHOUT_DATABASE = ["settings", "data folder", "journal", "releases", "workers", "database"]
NAMES = [*WITHOUT_DATABASE, "hosts", "policy", "published", "leads"]


def look(terminal: Terminal) -> dict[str, tuple[bool, str]]:
    return {check.name: (check.ok, check.sentence) for check in examine(terminal.settings)}


def bad_ones(terminal: Terminal) -> dict[str, str]:
    return {name: sentence for name, (ok, sentence) in look(terminal).items() if not ok}


def test_a_healthy_node_passes_every_check(terminal: Terminal) -> None:
    terminal.publish_page()
    Worker(terminal.settings, terminal.engine).deploy()
    assert list(look(terminal)) == NAMES
    assert bad_ones(terminal) == {}
    said = terminal.ok("doctor")
    assert [(check["check"], check["ok"]) for check in said] == [(name, True) for name in NAMES]


def test_a_worker_that_serves_older_releases_is_named(terminal: Terminal) -> None:
    terminal.publish_page()
    Worker(terminal.settings, terminal.engine).deploy()
    catalog = terminal.settings.published_dir / "catalog.json"
    written_at_s = time.time() - 60
    os.utime(catalog, (written_at_s, written_at_s))
    folder = terminal.settings.workers_dir
    folder.mkdir()
    (folder / "10-a.json").write_bytes(Snapshot(catalog_at_s=catalog.stat().st_mtime_ns / 1e9).to_json())
    assert look(terminal)["workers"] == (True, "1 worker, on this node's releases.")
    (folder / "11-b.json").write_bytes(Snapshot(catalog_at_s=written_at_s - 60).to_json())
    assert bad_ones(terminal)["workers"].startswith("11-b serve")


def test_what_is_not_well_is_listed_named_and_fails(bare_terminal: Terminal) -> None:
    done = bare_terminal.run("doctor")
    assert done.status == 1
    assert "BAD  database: The database is not at this version's schema. Run: lander migrate" in done.out
    assert done.err == "lander: Not well: database.\n"
    assert bare_terminal.refused("doctor") == "Not well: database."


def test_what_needs_a_database_is_not_asked_without_one(terminal: Terminal) -> None:
    file = terminal.write("notes.txt", "This is no database. " * 100)
    terminal.set("LANDER_DATABASE_URL", f"sqlite:///{file}")
    (reason,) = bad_ones(terminal).values()
    assert reason.startswith("file is not a database.")
    assert reason.endswith("Restore its backup.")
    assert list(look(terminal)) == WITHOUT_DATABASE


def test_a_wrong_address_of_the_database_is_named(terminal: Terminal) -> None:
    terminal.set("LANDER_DATABASE_URL", "nonsense")
    assert bad_ones(terminal)["database"].startswith("LANDER_DATABASE_URL is no address")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigurationError, match="LANDER_DATA_DIR"):
        check_folder(make_settings(tmp_path / "file" / "var"))


def test_a_full_disk_is_named(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lander.doctor._LEAST_FREE_MIB", 10**9)
    assert "Make room" in bad_ones(terminal)["data folder"]


def test_a_disk_without_room_is_told_from_a_folder_that_cannot_be_written(terminal: Terminal) -> None:
    probe = terminal.data_dir / f".doctor.{os.getpid()}"
    probe.symlink_to("/dev/full")
    assert bad_ones(terminal)["data folder"] == (
        f"The data folder {terminal.data_dir} is full: No space left on device. Make room: leads are written there first."
    )
    assert not probe.is_symlink(), "what it tried with is taken away again"


def test_pages_on_the_studios_host_are_named(terminal: Terminal) -> None:
    terminal.set("LANDER_STUDIO_HOST", "go.localhost")
    assert "a host of their own" in bad_ones(terminal)["hosts"]


def test_without_a_site_it_says_how_to_add_one(bare_terminal: Terminal) -> None:
    bare_terminal.ok("migrate")
    assert "lander site add" in look(bare_terminal)["hosts"][1]


def test_a_policy_that_this_version_cannot_read_is_named(terminal: Terminal) -> None:
    with transaction(terminal.engine) as session:
        session.add(PolicyVersion(text="[nonsense]", applied_at=NOW, applied_by="Ivan"))
    assert "policy" in bad_ones(terminal)


def test_the_policy_in_force_is_named(terminal: Terminal) -> None:
    assert look(terminal)["policy"] == (True, "the safe defaults are in force.")
    terminal.ok("policy", "apply", terminal.write("policy.toml", "[isolation.allow]\nscript = []\n"))
    assert look(terminal)["policy"] == (True, "version 1 is in force.")


def test_a_policy_file_that_would_stop_the_start_is_named(bare_terminal: Terminal) -> None:
    bare_terminal.set("LANDER_POLICY", str(bare_terminal.folder / "nowhere.toml"))
    assert bad_ones(bare_terminal)["settings"].startswith("The policy file ")
    bare_terminal.set("LANDER_POLICY", bare_terminal.write("policy.toml", "[nonsense]\n"))
    assert "The policy file was not read" in bad_ones(bare_terminal)["settings"]
    bare_terminal.set("LANDER_POLICY", bare_terminal.write("policy.toml", ""))
    assert "settings" not in bad_ones(bare_terminal)


def test_rows_that_nobody_fetches_are_named(terminal: Terminal) -> None:
    journal = Journal(terminal.settings.journal_dir)
    journal.append([Record("event", b"{}")] * 3, Durability.ACKNOWLEDGED)
    assert look(terminal)["journal"] == (True, "waiting for the ledger: 3 rows.")
    journal.append([Record("event", b"{}")] * 1_000, Durability.ACKNOWLEDGED)
    assert "`lander work`" in bad_ones(terminal)["journal"]
    journal.close()


def test_rows_that_were_put_aside_are_named(terminal: Terminal) -> None:
    journal = Journal(terminal.settings.journal_dir)
    journal.append([Record("lead", b"{}"), Record("order", b"{}")], Durability.ACKNOWLEDGED)
    journal.close()
    Worker(terminal.settings, terminal.engine).ingest()
    assert bad_ones(terminal)["journal"].startswith(f"2 rows in {terminal.settings.unreadable_dir} cannot be read")


def test_a_damaged_journal_is_named(terminal: Terminal) -> None:
    terminal.settings.journal_dir.mkdir(parents=True)
    (terminal.settings.journal_dir / "7-damaged.db").write_bytes(b"this was a journal once" * 100)
    assert "7-damaged.db cannot be read" in bad_ones(terminal)["journal"]


def test_a_damaged_catalog_is_named(terminal: Terminal) -> None:
    terminal.settings.published_dir.mkdir(parents=True)
    (terminal.settings.published_dir / "catalog.json").write_text("{")
    said = bad_ones(terminal)["releases"]
    assert str(terminal.settings.published_dir / "catalog.json") in said
    assert "`lander work` writes the catalog anew" in said


def test_what_it_says_of_a_damaged_disk_mends_it(terminal: Terminal) -> None:
    terminal.publish_page()
    worker = Worker(terminal.settings, terminal.engine)
    worker.deploy()
    (terminal.settings.published_dir / "releases" / "gone").mkdir()  # one that is no longer live
    (terminal.settings.published_dir / "catalog.json").write_text("{")
    worker.deploy()
    assert bad_ones(terminal) == {}
    (release,) = (item for item in (terminal.settings.published_dir / "releases").iterdir() if item.name != "gone")
    for file in release.iterdir():
        file.write_bytes(b"{")
    assert set(bad_ones(terminal)) == {"releases", "published"}
    release.rename(terminal.folder / "damaged")
    worker.deploy()
    assert bad_ones(terminal) == {}


def test_leads_that_no_secret_opens_are_counted(terminal: Terminal) -> None:
    with transaction(terminal.engine) as session:
        store_leads(session, [make_body(number, host=HOST) for number in (1, 2)], now=NOW)
    fix = "Put the secret that sealed them back on LANDER_SECRET_KEYS."
    assert bad_ones(terminal) == {"leads": f"2 leads cannot be opened with these secrets. {fix}"}
    terminal.set("LANDER_SECRET_KEYS", f"another-secret-0123456789-abcdefghij,{SECRET}")
    assert look(terminal)["leads"] == (True, "2 leads, and these secrets open every one.")


def test_a_live_page_that_is_not_on_the_disk_is_named(terminal: Terminal) -> None:
    terminal.publish_page()
    assert "1 live page did not come" in bad_ones(terminal)["published"]
    Worker(terminal.settings, terminal.engine).deploy()
    assert look(terminal)["releases"] == (True, "1 page on 1 host can be served without the database.")
