"""The schema's history: upgrade, downgrade, and the question whether a database is up to date."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine

from lander.db import alone
from lander.errors import Conflict


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the schema forward; every step is its own transaction. Raises `Conflict` for a schema of a newer Lander."""
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


def is_current(engine: Engine) -> bool:
    """Whether the database has every step this version knows."""
    return current_revision(engine) == _find_head()


def current_revision(engine: Engine) -> str | None:
    """The last step the database has; None where it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def _find_head() -> str | None:
    """The last step this version knows; finding it loads them all."""
    return ScriptDirectory.from_config(_config()).get_current_head()


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
