"""How Alembic finds the tables and the connection; always run through `lander.migrations`."""

from alembic import context
from sqlmodel import SQLModel

import experiments.models  # noqa: F401
import lander.access.models
import lander.integrations.models
import lander.leads.models
import lander.pages.models
import lander.policy.models  # noqa: F401

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
