"""slack tables"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_core()
    _create_triage()


def downgrade() -> None:
    _drop_triage()
    _drop_core()


def _create_core() -> None:
    op.create_table(
        "slack_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=300), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=True),
        sa.Column("retry_num", sa.Integer(), nullable=True),
        sa.Column("retry_reason", sa.String(length=64), nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_event")),
        sa.UniqueConstraint("key", name=op.f("uq_slack_event_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("slack_event", schema=None) as batch_op:
        batch_op.create_index("ix_slack_event_state_id", ["state", "id"], unique=False)

    op.create_table(
        "slack_message",
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("ts", sa.String(length=32), nullable=False),
        sa.Column("thread_ts", sa.String(length=32), nullable=True),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("inbound_id", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "channel", "ts", name=op.f("pk_slack_message")),
        sa.UniqueConstraint("inbound_id", name=op.f("uq_slack_message_inbound_id")),
    )
    op.create_table(
        "slack_post",
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("ts", sa.String(length=32), nullable=False),
        sa.Column("inquiry", sa.Integer(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_slack_post")),
    )
    with op.batch_alter_table("slack_post", schema=None) as batch_op:
        batch_op.create_index("ix_slack_post_channel_ts", ["channel", "ts"], unique=False)
        batch_op.create_index(batch_op.f("ix_slack_post_inquiry"), ["inquiry"], unique=False)

    op.create_table(
        "slack_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_link")),
    )
    with op.batch_alter_table("slack_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_slack_link_address"), ["address"], unique=False)
        batch_op.create_index("ix_slack_link_team_id_user_id", ["team_id", "user_id"], unique=False)

    op.create_table(
        "slack_count",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_slack_count")),
    )


def _drop_core() -> None:
    for name in ("slack_count", "slack_link", "slack_post", "slack_message", "slack_event"):
        op.drop_table(name)


def _create_triage() -> None:
    op.create_table(
        "writing",
        sa.Column("inquiry_id", sa.Integer(), nullable=False),
        sa.Column("staff", sa.String(length=320), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("also", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiry.id"], name=op.f("fk_writing_inquiry_id")),
        sa.PrimaryKeyConstraint("inquiry_id", "staff", name=op.f("pk_writing")),
    )
    with op.batch_alter_table("writing", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_writing_seen_at"), ["seen_at"], unique=False)

    op.create_table(
        "slack_ref",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("inquiry_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("ts", sa.String(length=32), nullable=True),
        sa.Column("rendered_version", sa.Integer(), nullable=False),
        sa.Column("drawing", sa.String(length=80), nullable=True),
        sa.Column("told_event", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiry.id"], name=op.f("fk_slack_ref_inquiry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slack_ref")),
    )
    with op.batch_alter_table("slack_ref", schema=None) as batch_op:
        batch_op.create_index("ix_slack_ref_channel_ts", ["channel", "ts"], unique=False)
        batch_op.create_index(batch_op.f("ix_slack_ref_inquiry_id"), ["inquiry_id"], unique=False)

    op.create_table(
        "slack_home",
        sa.Column("user_id", sa.String(length=32), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_slack_home")),
    )


def _drop_triage() -> None:
    for name in ("slack_home", "slack_ref", "writing"):
        op.drop_table(name)
