"""The schema's history: upgrade, downgrade, and the question whether a database is the one that is needed here.

`upgrade` alone makes a database where there is none; everybody else asks `check_schema`, which says the way on.
"""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine

from lander.catalog import list_hosts
from lander.db import alone, is_missing, make_file
from lander.errors import Conflict, Unavailable


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema forward; every step is its own transaction. Raises `Conflict` for a schema of a newer Lander."""
    make_file(engine)
    try:
        _run(engine, command.upgrade, revision)
    except CommandError as error:
        raise Conflict(
            f"The database has a schema that this version does not know: {error}.",
            fix="Run the version of Lander that made it, or a newer one.",
        ) from None


def downgrade(engine: Engine, revision: str) -> None:
    """Take the schema back to `revision` ("base" is empty)."""
    _run(engine, command.downgrade, revision)


def check_schema(engine: Engine, published_dir: Path) -> None:
    """Raise `Conflict` for a schema that is not this version's, and `Unavailable` where `check_not_lost` does."""
    revision = current_revision(engine)
    if revision is None:
        check_not_lost(engine, published_dir)
    elif revision not in _find_known():
        raise Conflict(
            f"The database has schema {revision}, of a newer Lander.",
            fix="Run the version of Lander that made it, or a newer one.",
        )
    if revision != _find_known()[0]:
        raise Conflict("The database is not at this version's schema.", fix="Run: lander migrate")


def check_not_lost(engine: Engine, published_dir: Path) -> None:
    """Raise `Unavailable` where an empty database stands beside what was published from another one.

    It would be published as well: an empty catalog takes every page of this node away.
    """
    try:
        hosts = list_hosts(published_dir)
    except (ValueError, KeyError, TypeError):
        hosts = ["hosts that its damaged catalog does not tell"]
    if hosts:
        raise Unavailable(
            f"The database {engine.url.database} is missing or empty, though this node serves {', '.join(hosts)}.",
            fix="Restore its backup. To begin with an empty database, which takes all of that away, "
            f"move {published_dir} elsewhere first.",
        )


def is_current(engine: Engine) -> bool:
    """Whether the database has every step this version knows."""
    return current_revision(engine) == _find_known()[0]


def current_revision(engine: Engine) -> str | None:
    """The last step the database has; None where it is empty, or where there is none yet."""
    if is_missing(engine):
        return None
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def _find_known() -> tuple[str, ...]:
    """Every step this version knows, the last one first; finding them loads them all."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _run(engine: Engine, verb: object, revision: str) -> None:
    config = _config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        assert callable(verb)
        with alone(connection, "migrations"):
            verb(config, revision)
        connection.commit()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
