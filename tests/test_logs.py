"""What gets into a log, whoever logs it: JSON lines that name nobody."""

import io
import json
import logging
import logging.config
import sqlite3
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
import structlog

from lander import logs
from lander.errors import Conflict

_INVALID = "Invalid request from ip={}: Invalid HTTP Header"
Read = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def read() -> Iterator[Read]:
    """The process's logging as a server has it, into memory."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    config = deepcopy(logs.CONFIG)
    config["handlers"]["stderr"]["stream"] = stream
    logging.config.dictConfig(config)
    logs.configure_structlog()
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()
    root.handlers[:], root.level = before


def test_a_line_is_an_object_with_time_level_and_what_happened(read: Read) -> None:
    logging.getLogger("lander.serve").warning("the journal in %s can be written again", "/data/journal")
    (entry,) = read()
    assert entry["event"] == "the journal in /data/journal can be written again"
    assert entry["level"] == "warning"
    assert entry["timestamp"].endswith("+00:00")


def test_structlog_goes_the_same_way(read: Read) -> None:
    structlog.get_logger().error("database away", endpoint="pages.show", rows=3)
    (entry,) = read()
    assert (entry["event"], entry["endpoint"], entry["rows"], entry["level"]) == (
        "database away",
        "pages.show",
        3,
        "error",
    )


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("GET /sale?email=otto@example.com&a=b failed", "GET /sale?- failed"),
        ("Invalid request from ip=203.0.113.9: otto@example.com", "Invalid request from ip=203.0.113.0: -@-"),
        ("Invalid request from ip=203.0.113.9: Invalid HTTP Header: 'Otto'", _INVALID.format("203.0.113.0")),
        ("Invalid request from ip=2001:db8::9: Invalid HTTP Header: '\\r: 1'", _INVALID.format("2001:db8::")),
        ("Invalid request from ip=: Invalid HTTP Header: 'Otto'", _INVALID.format("")),
        ("/sale/otto%40example.com", "-@-"),
        ("from 2001:db8:5:6::9 and ::1", "from 2001:db8:5:: and ::1"),
        (
            "from 2001:db8::9, [2001:db8::a]:443 and ::ffff:203.0.113.9.",
            "from 2001:db8::, [2001:db8::]:443 and ::ffff:203.0.113.0.",
        ),
        ("Does it run? Yes: 127.0.0.1:8000, version 27.0.1", "Does it run? Yes: 127.0.0.1:8000, version 27.0.1"),
        ("at 2026-11-21T10:11:12, or 10:11:12: late", "at 2026-11-21T10:11:12, or 10:11:12: late"),
    ],
)
def test_what_names_a_person_or_a_visit_is_left_out(read: Read, said: str, kept: str) -> None:
    logging.getLogger("anything").error(said, extra={"also": [said], "under": {"a": said}})
    (entry,) = read()
    assert entry["event"] == kept
    assert entry["also"] == [kept]
    assert entry["under"] == {"a": kept}


@pytest.mark.parametrize("pattern", ["a:", ":", "1.2.3.", "a", "a@", "Invalid request from ip=x: "])
def test_a_long_line_is_cut_before_it_costs_anything(read: Read, pattern: str) -> None:
    began = time.process_time()
    logging.getLogger("x").error("%s", pattern * 20_000)
    assert time.process_time() - began < 10  # uncut, the worst took two minutes
    assert len(read()[0]["event"]) < 2_100


def test_an_error_is_told_by_kind_and_place_without_what_somebody_typed(read: Read) -> None:
    try:
        try:
            int("otto typed this")
        except ValueError as error:
            raise LookupError("otto typed this too") from error
    except LookupError:
        structlog.get_logger().exception("step fails", step="ingest")
    (entry,) = read()
    assert entry["problem"] == ["LookupError", "ValueError"]
    assert "test_logs.py" in entry["places"][-1]
    assert "otto" not in json.dumps(entry)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (sqlite3.OperationalError("disk I/O error"), "disk I/O error"),
        (Conflict("The port is taken.", fix="Choose another."), "The port is taken."),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
def test_our_own_words_and_the_systems_are_told(read: Read, error: Exception, words: str) -> None:
    logging.getLogger("x").error("a request was rescued", exc_info=error)
    (entry,) = read()
    assert words in entry["said"][0]


def test_servers_say_nothing_of_who_visits(read: Read) -> None:
    logging.getLogger("gunicorn.access").info("GET / from somebody")
    logging.getLogger("granian.access").info("GET / from somebody")
    logging.getLogger("gunicorn.error").error("Worker exiting")
    assert [entry["event"] for entry in read()] == ["Worker exiting"]
