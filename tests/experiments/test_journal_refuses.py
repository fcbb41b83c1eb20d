"""Where the disk is full, away or damaged, nothing is acknowledged, and the journal mends itself afterwards."""

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from experiments.journal import Durability, Journal, JournalUnavailable, Record, list_journals


def bodies(directory: Path) -> list[str]:
    return [body.decode()[:20] for file in list_journals(directory) for _, _, body in file.read(1_000)]


def test_a_full_disk_refuses_and_a_freed_one_accepts_again(tmp_path: Path) -> None:
    # the limit on file sizes stands in for the full disk: SQLite meets the same failed write
    script = """
        import resource, sys
        from pathlib import Path
        from experiments.journal import *

        j = Journal(Path(sys.argv[1]))
        j.append([Record("lead", b"one")], Durability.LEAD)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        try:
            j.append([Record("lead", b"two" + bytes(1_000_000)), Record("event", b"its conversion")], Durability.LEAD)
        except JournalUnavailable as error:
            print("refused")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        j.append([Record("lead", b"three")], Durability.LEAD)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "refused\n", done.stderr
    assert bodies(tmp_path) == ["one", "three"]


def test_page_views_wait_in_memory_until_the_disk_is_back(tmp_path: Path) -> None:
    script = """
        import resource, sys
        from pathlib import Path
        from experiments.journal import *

        j = Journal(Path(sys.argv[1]))
        j.check()
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        j.append([Record("event", b"a page view")])
        try:
            j.check()
        except JournalUnavailable:
            print("not ready")
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        j.check()
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "not ready\n", done.stderr
    assert bodies(tmp_path) == ["a page view"]


def test_a_folder_that_cannot_be_made_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    journal = Journal(tmp_path / "file" / "journal")
    with pytest.raises(JournalUnavailable, match="cannot be written"):
        journal.append([Record("lead", b"x")], Durability.LEAD)
    journal.close()


def test_a_folder_taken_away_while_open_is_noticed_before_acknowledging(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append([Record("lead", b"gone with the folder")], Durability.LEAD)
    shutil.rmtree(tmp_path / "journal")
    journal.append([Record("lead", b"kept")], Durability.LEAD)
    assert bodies(tmp_path / "journal") == ["kept"]
    journal.close()


def test_page_views_beyond_what_memory_may_hold_are_counted_as_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.journal.MOST_UNWRITTEN", 3)
    (tmp_path / "file").write_text("in the way")
    journal = Journal(tmp_path / "file" / "journal")
    for _ in range(5):
        journal.append([Record("event", b"view")])
    journal.close()
    assert journal.dropped == 5  # two for want of room, three when it closed without a disk
