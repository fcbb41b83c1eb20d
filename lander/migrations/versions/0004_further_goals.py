"""Further goals, and what leads turned out to be worth"""

import sqlalchemy as sa
from alembic import op

import experiments.storage

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('experiment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('goals', sa.JSON(), nullable=False, server_default='[]'))
    op.create_table('receipt',
    sa.Column('experiment_id', sa.Integer(), nullable=False),
    sa.Column('reference', sa.String(), nullable=False),
    sa.Column('at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('until', experiments.storage.UtcDateTime(timezone=True), nullable=True),
    sa.Column('phase', sa.Integer(), nullable=False),
    sa.Column('variant', sa.String(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger(), nullable=False),
    sa.Column('simulated', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['experiment_id'], ['experiment.id'], ),
    sa.PrimaryKeyConstraint('experiment_id', 'reference', 'at')
    )


def downgrade() -> None:
    op.drop_table('receipt')
    # not in a batch, which would drop the table that phases and visitors refer to
    op.drop_column('experiment', 'goals')
