"""Marketing ships by itself: snippets, bulk edits, redirects, schedules, lead stages, the outbox"""

import sqlalchemy as sa
from alembic import op

import experiments.storage

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('erasure',
    sa.Column('email_index', sa.String(), nullable=False),
    sa.Column('at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('leads', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('email_index')
    )
    op.create_table('leadentry',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('lead_id', sa.String(), nullable=False),
    sa.Column('at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('leadentry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_leadentry_lead_id'), ['lead_id'], unique=False)

    op.create_table('bulkedit',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('site_id', sa.Integer(), nullable=False),
    sa.Column('operation', sa.JSON(), nullable=False),
    sa.Column('changes', sa.JSON(), nullable=False),
    sa.Column('created_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('published_at', experiments.storage.UtcDateTime(timezone=True), nullable=True),
    sa.Column('undone_at', experiments.storage.UtcDateTime(timezone=True), nullable=True),
    sa.Column('undone_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('bulkedit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_bulkedit_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_bulkedit_site_id'), ['site_id'], unique=False)

    op.create_table('missingpath',
    sa.Column('site_id', sa.Integer(), nullable=False),
    sa.Column('path', sa.String(), nullable=False),
    sa.Column('hits', sa.Integer(), nullable=False),
    sa.Column('referrer', sa.String(), nullable=False),
    sa.Column('ignored', sa.Boolean(), nullable=False),
    sa.Column('first_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('last_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], ),
    sa.PrimaryKeyConstraint('site_id', 'path')
    )
    with op.batch_alter_table('missingpath', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_missingpath_last_at'), ['last_at'], unique=False)

    op.create_table('redirect',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('site_id', sa.Integer(), nullable=False),
    sa.Column('path', sa.String(), nullable=False),
    sa.Column('target', sa.String(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('created_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('site_id', 'path')
    )
    with op.batch_alter_table('redirect', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_redirect_site_id'), ['site_id'], unique=False)

    op.create_table('rendition',
    sa.Column('original', sa.String(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('format', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['name'], ['asset.name'], ),
    sa.ForeignKeyConstraint(['original'], ['asset.name'], ),
    sa.PrimaryKeyConstraint('original', 'width', 'format')
    )
    op.create_table('snippet',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('site_id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('version_id', sa.Integer(), nullable=True),
    sa.Column('created_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('site_id', 'name')
    )
    with op.batch_alter_table('snippet', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_snippet_site_id'), ['site_id'], unique=False)

    op.create_table('webhook',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('site_id', sa.Integer(), nullable=False),
    sa.Column('url', sa.String(), nullable=False),
    sa.Column('secret', sa.String(), nullable=False),
    sa.Column('old_secret', sa.String(), nullable=False),
    sa.Column('old_secret_until', experiments.storage.UtcDateTime(timezone=True), nullable=True),
    sa.Column('events', sa.JSON(), nullable=False),
    sa.Column('told_publication', sa.Integer(), nullable=False),
    sa.Column('created_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('enabled_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('disabled_at', experiments.storage.UtcDateTime(timezone=True), nullable=True),
    sa.Column('disabled_reason', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('webhook', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webhook_site_id'), ['site_id'], unique=False)

    op.create_table('mailrecipient',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('site_id', sa.Integer(), nullable=False),
    sa.Column('page_id', sa.Integer(), nullable=True),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('created_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['page_id'], ['page.id'], ),
    sa.ForeignKeyConstraint(['site_id'], ['site.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('mailrecipient', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mailrecipient_site_id'), ['site_id'], unique=False)

    op.create_table('schedule',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('page_id', sa.Integer(), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('options', sa.JSON(), nullable=False),
    sa.Column('at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('created_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('ended_at', experiments.storage.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['page_id'], ['page.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('schedule', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_schedule_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_schedule_page_id'), ['page_id'], unique=False)

    op.create_table('sharelink',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('page_id', sa.Integer(), nullable=False),
    sa.Column('variant', sa.String(), nullable=False),
    sa.Column('values', sa.JSON(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('created_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('expires_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', experiments.storage.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['page_id'], ['page.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('sharelink', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sharelink_page_id'), ['page_id'], unique=False)

    op.create_table('snippetversion',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('snippet_id', sa.Integer(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('note', sa.String(), nullable=False),
    sa.Column('created_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['snippet_id'], ['snippet.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('snippet_id', 'number')
    )
    with op.batch_alter_table('snippetversion', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_snippetversion_snippet_id'), ['snippet_id'], unique=False)

    op.create_table('delivery',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('webhook_id', sa.Integer(), nullable=True),
    sa.Column('recipient_id', sa.Integer(), nullable=True),
    sa.Column('event', sa.String(), nullable=False),
    sa.Column('about', sa.String(), nullable=False),
    sa.Column('lead_id', sa.String(), nullable=False),
    sa.Column('payload', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('created_at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended_at', experiments.storage.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['recipient_id'], ['mailrecipient.id'], ),
    sa.ForeignKeyConstraint(['webhook_id'], ['webhook.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_delivery_created_at'), ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_delivery_lead_id'), ['lead_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_delivery_next_at'), ['next_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_delivery_recipient_id'), ['recipient_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_delivery_state'), ['state'], unique=False)
        batch_op.create_index(batch_op.f('ix_delivery_webhook_id'), ['webhook_id'], unique=False)

    op.create_table('deliveryattempt',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('delivery_id', sa.String(), nullable=False),
    sa.Column('at', experiments.storage.UtcDateTime(timezone=True), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('duration_ms', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('deliveryattempt', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deliveryattempt_delivery_id'), ['delivery_id'], unique=False)

    with op.batch_alter_table('lead', schema=None) as batch_op:
        batch_op.add_column(sa.Column('campaign', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('touch', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('stage', sa.String(), nullable=False, server_default='new'))
        batch_op.add_column(sa.Column('value_minor', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('spam', sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_index(batch_op.f('ix_lead_spam'), ['spam'], unique=False)
        batch_op.create_index(batch_op.f('ix_lead_stage'), ['stage'], unique=False)

    with op.batch_alter_table('page', schema=None) as batch_op:
        batch_op.add_column(sa.Column('thank_you_message', sa.String(), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('meta', sa.JSON(), nullable=False, server_default='{}'))

    with op.batch_alter_table('release', schema=None) as batch_op:
        batch_op.add_column(sa.Column('snippets', sa.JSON(), nullable=False, server_default='{}'))

    with op.batch_alter_table('variant', schema=None) as batch_op:
        batch_op.add_column(sa.Column('name', sa.String(), nullable=False, server_default=''))

    with op.batch_alter_table('site', schema=None) as batch_op:
        batch_op.add_column(sa.Column('redirects_id', sa.String(), nullable=False, server_default=''))



def downgrade() -> None:
    # not in a batch, which would drop tables that others refer to
    op.drop_column('site', 'redirects_id')
    op.drop_column('variant', 'name')
    op.drop_column('release', 'snippets')
    op.drop_column('page', 'meta')
    op.drop_column('page', 'thank_you_message')

    with op.batch_alter_table('lead', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_lead_stage'))
        batch_op.drop_index(batch_op.f('ix_lead_spam'))
        batch_op.drop_column('spam')
        batch_op.drop_column('value_minor')
        batch_op.drop_column('stage')
        batch_op.drop_column('touch')
        batch_op.drop_column('campaign')

    with op.batch_alter_table('deliveryattempt', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_deliveryattempt_delivery_id'))

    op.drop_table('deliveryattempt')
    with op.batch_alter_table('delivery', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_delivery_webhook_id'))
        batch_op.drop_index(batch_op.f('ix_delivery_state'))
        batch_op.drop_index(batch_op.f('ix_delivery_recipient_id'))
        batch_op.drop_index(batch_op.f('ix_delivery_next_at'))
        batch_op.drop_index(batch_op.f('ix_delivery_lead_id'))
        batch_op.drop_index(batch_op.f('ix_delivery_created_at'))

    op.drop_table('delivery')
    with op.batch_alter_table('snippetversion', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_snippetversion_snippet_id'))

    op.drop_table('snippetversion')
    with op.batch_alter_table('sharelink', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sharelink_page_id'))

    op.drop_table('sharelink')
    with op.batch_alter_table('schedule', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_schedule_page_id'))
        batch_op.drop_index(batch_op.f('ix_schedule_at'))

    op.drop_table('schedule')
    with op.batch_alter_table('mailrecipient', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mailrecipient_site_id'))

    op.drop_table('mailrecipient')
    with op.batch_alter_table('webhook', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_webhook_site_id'))

    op.drop_table('webhook')
    with op.batch_alter_table('snippet', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_snippet_site_id'))

    op.drop_table('snippet')
    op.drop_table('rendition')
    with op.batch_alter_table('redirect', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_redirect_site_id'))

    op.drop_table('redirect')
    with op.batch_alter_table('missingpath', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_missingpath_last_at'))

    op.drop_table('missingpath')
    with op.batch_alter_table('bulkedit', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_bulkedit_site_id'))
        batch_op.drop_index(batch_op.f('ix_bulkedit_created_at'))

    op.drop_table('bulkedit')
    with op.batch_alter_table('leadentry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_leadentry_lead_id'))

    op.drop_table('leadentry')
    op.drop_table('erasure')
