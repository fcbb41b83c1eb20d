"""The ingester's side: rows leave only when told to, ids never come back, and only dead workers' files are removed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from experiments.journal import Durability, Journal, JournalFile, Record, list_journals
from tests.patience import PATIENCE_S


def test_rows_stay_until_they_are_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append([Record("event", b"%d" % number) for number in range(5)], Durability.ACKNOWLEDGED)
    [file] = list_journals(tmp_path)
    assert [body for _, _, body in file.read(2)] == [b"0", b"1"]
    assert [body for _, _, body in file.read(2)] == [b"0", b"1"]
    file.forget(file.read(2)[-1][0])
    assert [body for _, _, body in file.read(10)] == [b"2", b"3", b"4"]
    journal.close()


def test_what_waits_is_counted_without_reading_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.check()
    [file] = list_journals(tmp_path)
    assert file.count() == 0
    journal.append([Record("event", b"%d" % number) for number in range(5)], Durability.ACKNOWLEDGED)
    assert file.count() == 5
    file.forget(file.read(2)[-1][0])
    assert file.count() == 3
    file.forget(file.read(5)[-1][0])
    assert file.count() == 0
    assert journal.written == 5
    journal.close()
    assert JournalFile(tmp_path / "gone.db").count() == 0


def test_an_id_never_comes_back_so_a_slow_ingester_cannot_forget_a_new_row(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append([Record("event", b"old")], Durability.ACKNOWLEDGED)
    [file] = list_journals(tmp_path)
    seen_by_both = file.read(10)[-1][0]
    file.forget(seen_by_both)
    journal.append([Record("event", b"new")], Durability.ACKNOWLEDGED)
    file.forget(seen_by_both)
    assert [body for _, _, body in file.read(10)] == [b"new"]
    journal.close()


def test_the_file_of_a_living_worker_is_never_removed(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.check()
    [file] = list_journals(tmp_path)
    assert not file.remove_if_dead_and_empty()
    journal.append([Record("event", b"still here")], Durability.ACKNOWLEDGED)
    assert [body for _, _, body in file.read(10)] == [b"still here"]
    journal.close()


def test_the_file_of_a_killed_worker_is_adopted_and_removed_once_it_is_empty(tmp_path: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from experiments.journal import *
Journal(Path(sys.argv[1])).append([Record("lead", b"orphan")], Durability.LEAD)
print("kept", flush=True)
time.sleep(60)
"""
    worker = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"kept\n"
    [file] = list_journals(tmp_path)
    assert not file.remove_if_dead_and_empty()
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(timeout=PATIENCE_S)
    worker.stdout.close()
    assert not file.remove_if_dead_and_empty()
    [(number, kind, body)] = file.read(10)
    assert (kind, body) == ("lead", b"orphan")
    file.forget(number)
    assert file.remove_if_dead_and_empty()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_another_ingester_removed_reads_as_empty(tmp_path: Path) -> None:
    file = JournalFile(tmp_path / "1-gone.db")
    assert file.read(10) == []
    file.forget(7)


def test_a_worker_killed_before_it_made_its_table_leaves_nothing_to_read(tmp_path: Path) -> None:
    (tmp_path / "1-young.db").touch()
    [file] = list_journals(tmp_path)
    assert file.read(10) == []
    assert file.remove_if_dead_and_empty()
    assert list(tmp_path.iterdir()) == []


def test_no_folder_means_no_journals(tmp_path: Path) -> None:
    assert list_journals(tmp_path / "never made") == []


def test_rows_keep_their_order_however_many_were_written_together(tmp_path: Path) -> None:
    records = [Record("event", b"%d" % number) for number in range(1_001)]
    journal = Journal(tmp_path)
    journal.append(records, Durability.ACKNOWLEDGED)
    [file] = list_journals(tmp_path)
    assert [row[1:] for row in file.read(2_000)] == records
    journal.close()
