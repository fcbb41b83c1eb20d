"""Logs as JSON lines on stderr, for every process, in one place; nothing personal gets into a line.

Whatever is logged, by us or by a library, loses query strings, mail addresses and the last part of addresses on its way
out. Of an error stand there its kind and where it happened; its words only where they are ours or the system's, because
those of any other may quote what somebody typed.
"""

import ipaddress
import json
import logging
import logging.config
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from experiments.errors import ExperimentError
from experiments.journal import JournalUnavailable
from lander.errors import LanderError

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_QUERY: Final = re.compile(r"\?[^\s\"'<>]+")
_QUOTED: Final = re.compile(r"(Invalid request from ip=\S*: [^:]*):.*", re.DOTALL)  # gunicorn repeats what was sent
_MAIL: Final = re.compile(r"[^\s\"'<>@]+(?:@|%40)[^\s\"'<>@]*")
_IPV4: Final = re.compile(r"\b(?!127\.)(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}\b")
_IPV6: Final = re.compile(r"(?<![\w.:])[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:]*(?![\w:]|\.\w)")  # or a time of day
_MOST_PLACES: Final = 12
_LONGEST: Final = 2_000  # of a text; the patterns above take the square of it, and strangers may have written it

CONFIG: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "lander.logs.JsonLines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
    "root": {"level": "INFO", "handlers": ["stderr"]},
    "loggers": {
        # servers: what they say goes the same way; who visits is nginx's to log
        "gunicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        "_granian": {"level": "ERROR", "handlers": [], "propagate": True},
        "granian.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        "alembic": {"level": "WARNING"},
    },
}
"""For `logging.config.dictConfig`, gunicorn's `logconfig_dict` and granian's `log_dictconfig`."""


def configure() -> None:
    """For a process that no web server configures."""
    logging.config.dictConfig(CONFIG)
    configure_structlog()


def configure_structlog() -> None:
    """Let structlog's words go the same way. A worker that serves pages alone never needs it, and it is not light."""
    import structlog  # noqa: PLC0415  (see above: 17 MiB)

    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


class JsonLines(logging.Formatter):
    """One record, one line."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "event": _clean(record.getMessage()),
        }
        entry |= {name: _clean(value) for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[1] is not None:
            entry |= _tell_problem(record.exc_info[1])
        return json.dumps(entry, ensure_ascii=False)


def _clean(value: Any) -> Any:
    """The value without what names a person or a visit."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _clean(part) for name, part in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_clean(part) for part in value]
    text = str(value)
    text = _QUOTED.sub(r"\1", text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
    text = _MAIL.sub("-@-", _QUERY.sub("?-", text))
    return _IPV6.sub(_shorten, _IPV4.sub(r"\1.0", text))


def _shorten(found: re.Match[str]) -> str:
    """The /48 of an IPv6 address, which a colon may follow; anything else as it was."""
    for text in (found[0], found[0].removesuffix(":")):
        with suppress(ValueError):
            address = ipaddress.IPv6Address(text)
            network = ipaddress.IPv6Network((address, 48), strict=False).network_address
            return f"{address if address.is_loopback else network}{found[0][len(text) :]}"
    return found[0]


def _tell_problem(error: BaseException) -> dict[str, Any]:
    """What went wrong and where, and what that came from."""
    chain = list(_follow(error))
    told: dict[str, Any] = {"problem": [_name(step) for step in chain], "places": _list_places(error)}
    words = [str(step) for step in chain if _speaks_plainly(step)]
    return {**told, "said": _clean(words)} if words else told


def _follow(error: BaseException) -> Iterator[BaseException]:
    """The error, and each one that it came from."""
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen:
        seen.add(id(step))
        yield step
        step = step.__cause__ or (None if step.__suppress_context__ else step.__context__)


def _speaks_plainly(error: BaseException) -> bool:
    ours_or_the_systems = LanderError | ExperimentError | JournalUnavailable | OSError | sqlite3.Error
    return isinstance(error, ours_or_the_systems) or _name(error) == "psycopg.OperationalError"  # cannot be reached


def _name(error: BaseException) -> str:
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _list_places(error: BaseException) -> list[str]:
    """File, line and function of the innermost steps; never the values in them."""
    places, step = [], error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('site-packages/')[2]}:{step.tb_lineno} {code.co_name}")
        step = step.tb_next
    return places[-_MOST_PLACES:]
