"""What the journal acknowledged is there after kill -9, after a fork, after an orderly end; and nothing is there twice."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from pathlib import Path

import pytest

from experiments.journal import Durability, Journal, Record, list_journals
from tests.patience import PATIENCE_S, wait_until


def run(script: str, directory: Path, *, stop_at: str = "") -> list[str]:
    """Run a script with a journal `j`; kill it with signal 9 when it prints `stop_at`. Its printed lines."""
    preamble = """
        import os, sys, threading, time
        from pathlib import Path
        from experiments.journal import *
        j = Journal(Path(sys.argv[1]))
    """
    code = textwrap.dedent(preamble) + textwrap.dedent(script)
    process = subprocess.Popen(
        [sys.executable, "-u", "-W", "error", "-c", code, str(directory)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.strip())
        if stop_at and lines[-1].startswith(stop_at):
            os.kill(process.pid, signal.SIGKILL)
            break
    lines += [line.strip() for line in process.stdout]
    process.stdout.close()
    status = process.wait(timeout=PATIENCE_S)
    assert status == (-signal.SIGKILL if stop_at else 0)
    return lines


def bodies(directory: Path) -> Counter[str]:
    return Counter(body.decode() for file in list_journals(directory) for _, _, body in file.read(1_000_000))


@pytest.mark.parametrize("durability", ["ACKNOWLEDGED", "LEAD"])
def test_every_acknowledged_row_survives_kill_9_once(tmp_path: Path, durability: str) -> None:
    script = f"""
        def work(name):
            number = 0
            while True:
                j.append([Record("lead", b"%d-%d" % (name, number))], Durability.{durability})
                os.write(1, b"kept %d-%d\\n" % (name, number))
                number += 1
        for name in range(4):
            threading.Thread(target=work, args=(name,), daemon=True).start()
        time.sleep(60)
    """
    printed = run(script, tmp_path, stop_at="kept 2-150")
    acknowledged = {line.removeprefix("kept ") for line in printed if line.startswith("kept ")}
    kept = bodies(tmp_path)
    assert len(acknowledged) > 150
    assert acknowledged <= set(kept)
    assert set(kept.values()) == {1}


def test_an_orderly_end_writes_what_was_still_in_memory(tmp_path: Path) -> None:
    run('j.append([Record("event", b"a page view")])', tmp_path)
    assert bodies(tmp_path) == {"a page view": 1}


def test_page_views_are_written_soon_without_anybody_waiting(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append([Record("event", b"a page view")])
    wait_until(lambda: bodies(tmp_path), "they are not written")
    assert bodies(tmp_path) == {"a page view": 1}
    journal.close()


def test_a_flood_of_page_views_is_written_before_its_time(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for _ in range(30):
        journal.append([Record("event", b"view")] * 1_000)
        journal.check()
    journal.close()
    assert bodies(tmp_path) == {"view": 30_000}
    assert journal.dropped == 0


def test_a_forked_child_writes_its_own_file_and_nothing_of_its_parents(tmp_path: Path) -> None:
    script = """
        j.append([Record("event", b"parent, before, acknowledged")], Durability.ACKNOWLEDGED)
        j.append([Record("event", b"parent, before, batched")])
        child = os.fork()
        name = b"child" if child == 0 else b"parent"
        j.append([Record("event", name + b", after")], Durability.ACKNOWLEDGED)
        j.append([Record("event", name + b", after, batched")])
        if child:
            os.waitpid(child, 0)
    """
    run(script, tmp_path)
    assert bodies(tmp_path) == {
        "parent, before, acknowledged": 1,
        "parent, before, batched": 1,
        "parent, after": 1,
        "parent, after, batched": 1,
        "child, after": 1,
        "child, after, batched": 1,
    }
    assert len(list_journals(tmp_path)) == 2


def test_a_fork_while_other_threads_append_leaves_both_sides_working(tmp_path: Path) -> None:
    script = """
        def work():
            while True:
                j.append([Record("event", b"noise")], Durability.ACKNOWLEDGED)
        for _ in range(4):
            threading.Thread(target=work, daemon=True).start()
        for number in range(200):
            child = os.fork()
            if child == 0:
                j.append([Record("event", b"child %d" % number)], Durability.ACKNOWLEDGED)
                os._exit(0)
            os.waitpid(child, 0)
    """
    run(script, tmp_path)
    kept = bodies(tmp_path)
    assert all(kept[f"child {number}"] == 1 for number in range(200))


def test_callers_at_the_same_time_share_commits_and_all_get_their_answer(tmp_path: Path) -> None:
    journal = Journal(tmp_path)

    def work(name: int) -> None:
        for number in range(50):
            journal.append([Record("event", b"%d-%d" % (name, number))], Durability.ACKNOWLEDGED)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(bodies(tmp_path)) == 400
    journal.close()


def test_records_of_one_append_are_kept_together_and_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append([Record("lead", b"lead"), Record("event", b"conversion")], Durability.LEAD)
    [file] = list_journals(tmp_path)
    assert [(kind, body) for _, kind, body in file.read(10)] == [("lead", b"lead"), ("event", b"conversion")]
    journal.close()


def test_a_closed_journal_opens_again_when_something_comes(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for text in (b"before", b"after"):
        journal.append([Record("event", text)])
        journal.close()
    assert bodies(tmp_path) == {"before": 1, "after": 1}
