"""Further goals, and what leads turned out to be worth"""

from hashlib import sha256

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
    _write_receipts()


def downgrade() -> None:
    op.drop_table('receipt')
    # not in a batch, which would drop the table that phases and visitors refer to
    op.drop_column('experiment', 'goals')


def _write_receipts() -> None:
    """Of the leads that have a value already and are not lost: from when it was last changed, or the lead came out of spam."""
    connection = op.get_bind()
    receipts = [
        {'experiment_id': row.experiment_id, 'reference': sha256(f'receipt {row.id}'.encode()).hexdigest(), 'at': row.at,
         'phase': row.phase, 'variant': row.variant, 'amount_minor': row.value_minor, 'simulated': row.simulated}
        for row in connection.execute(_VALUED) if row.variant in row.weights
    ]
    if receipts:
        connection.execute(sa.insert(_RECEIPT), receipts)


_MOMENT = experiments.storage.UtcDateTime
_RECEIPT = sa.table('receipt', sa.column('experiment_id'), sa.column('reference'), sa.column('at', _MOMENT),
                    sa.column('phase'), sa.column('variant'), sa.column('amount_minor'), sa.column('simulated', sa.Boolean))
_LEAD = sa.table('lead', sa.column('id'), sa.column('experiment_key'), sa.column('phase'), sa.column('variant'),
                 sa.column('stage'), sa.column('value_minor', sa.Integer), sa.column('spam', sa.Boolean), sa.column('simulated', sa.Boolean),
                 sa.column('received_at', _MOMENT))
_ENTRY = sa.table('leadentry', sa.column('lead_id'), sa.column('kind'), sa.column('at', _MOMENT))
_EXPERIMENT = sa.table('experiment', sa.column('id'), sa.column('key'))
_PHASE = sa.table('phase', sa.column('experiment_id'), sa.column('number'), sa.column('weights', sa.JSON))
_LAST_WORD = (sa.select(sa.func.max(_ENTRY.c.at))
              .where(_ENTRY.c.lead_id == _LEAD.c.id, _ENTRY.c.kind.in_(['value', 'not-spam'])).scalar_subquery())
_VALUED = (sa.select(_LEAD.c.id, _LEAD.c.phase, _LEAD.c.variant, _LEAD.c.value_minor, _LEAD.c.simulated,
                     _EXPERIMENT.c.id.label('experiment_id'), _PHASE.c.weights,
                     sa.func.coalesce(_LAST_WORD, _LEAD.c.received_at, type_=_MOMENT).label('at'))
           .join_from(_LEAD, _EXPERIMENT, _EXPERIMENT.c.key == _LEAD.c.experiment_key)
           .join(_PHASE, sa.and_(_PHASE.c.experiment_id == _EXPERIMENT.c.id, _PHASE.c.number == _LEAD.c.phase))
           .where(_LEAD.c.value_minor > 0, ~_LEAD.c.spam, _LEAD.c.stage != 'lost'))
