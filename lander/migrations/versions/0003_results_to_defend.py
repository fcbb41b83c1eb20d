"""Results to defend: plans, looks, and the variant that a filtered visitor was shown"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

import experiments.storage

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('look',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('experiment_id', sa.Integer(), nullable=False),
    sa.Column('phase', sa.Integer(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('occasion', sa.String(), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('variant', sa.String(), nullable=False),
    sa.Column('sentence', sa.String(), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('variants', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['experiment_id'], ['experiment.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('experiment_id', 'phase', 'day', 'by', 'occasion')
    )
    with op.batch_alter_table('look', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_look_experiment_id'), ['experiment_id'], unique=False)

    with op.batch_alter_table('experiment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('purpose', sa.String(), nullable=False, server_default='test'))
        batch_op.add_column(sa.Column('plan', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('plan_hash', sa.String(), nullable=False, server_default=''))

    # the variant is part of the key, and keys cannot be altered everywhere
    op.rename_table('filteredtally', 'filteredtally_before')
    op.create_table('filteredtally',
    sa.Column('experiment_id', sa.Integer(), nullable=False),
    sa.Column('phase', sa.Integer(), nullable=False),
    sa.Column('variant', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('visitors', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['experiment_id'], ['experiment.id'], ),
    sa.PrimaryKeyConstraint('experiment_id', 'phase', 'variant', 'reason', 'day')
    )
    op.execute("INSERT INTO filteredtally (experiment_id, phase, variant, reason, day, visitors) "
               "SELECT experiment_id, phase, '', reason, day, visitors FROM filteredtally_before")
    op.drop_table('filteredtally_before')
    _rewrite_refusals(lambda at_ms: [at_ms, ''])


def downgrade() -> None:
    op.rename_table('filteredtally', 'filteredtally_after')
    op.create_table('filteredtally',
    sa.Column('experiment_id', sa.Integer(), nullable=False),
    sa.Column('phase', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('visitors', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['experiment_id'], ['experiment.id'], ),
    sa.PrimaryKeyConstraint('experiment_id', 'phase', 'reason', 'day')
    )
    op.execute("INSERT INTO filteredtally (experiment_id, phase, reason, day, visitors) "
               "SELECT experiment_id, phase, reason, day, sum(visitors) FROM filteredtally_after "
               "GROUP BY experiment_id, phase, reason, day")
    op.drop_table('filteredtally_after')
    _rewrite_refusals(lambda refusal: refusal[0])

    # not in a batch, which would drop the table that phases and visitors refer to
    for column in ('plan_hash', 'plan', 'purpose'):
        op.drop_column('experiment', column)

    with op.batch_alter_table('look', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_look_experiment_id'))

    op.drop_table('look')


def _rewrite_refusals(change: Callable[[Any], Any]) -> None:
    """Each visitor's {"filtered": {phase: {reason: ...}}}: a time before, a time and a variant after."""
    connection, last = op.get_bind(), (-1, '')
    while rows := connection.execute(_SOME, {'experiment_id': last[0], 'visitor': last[1]}).all():
        last = (rows[-1].experiment_id, rows[-1].visitor)
        for experiment_id, visitor, state in rows:
            if state.get('filtered'):
                state['filtered'] = {
                    phase: {reason: change(value) for reason, value in reasons.items()}
                    for phase, reasons in state['filtered'].items()
                }
                connection.execute(_SAVE, {'e': experiment_id, 'v': visitor, 'state': state})


_VISITOR = sa.table('visitor', sa.column('experiment_id', sa.Integer), sa.column('visitor', sa.String),
                    sa.column('state', sa.JSON))
_KEY = sa.tuple_(_VISITOR.c.experiment_id, _VISITOR.c.visitor)
_SOME = (sa.select(_VISITOR)
         .where(_KEY > sa.tuple_(sa.bindparam('experiment_id', type_=sa.Integer), sa.bindparam('visitor', type_=sa.String)))
         .order_by(_VISITOR.c.experiment_id, _VISITOR.c.visitor).limit(1000))
_SAVE = (sa.update(_VISITOR)
         .where(_VISITOR.c.experiment_id == sa.bindparam('e'), _VISITOR.c.visitor == sa.bindparam('v'))
         .values(state=sa.bindparam('state', type_=sa.JSON)))
