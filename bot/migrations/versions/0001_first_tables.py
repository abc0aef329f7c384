"""first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


TOLD = (("inbound_mail", "contestdesk_inbound"), ("outbox_mail", "contestdesk_outbox"))
TELL = """
CREATE FUNCTION contestdesk_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_ARGV[0], '');
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "applicant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applicant")),
        sa.UniqueConstraint("address", name=op.f("uq_applicant_address")),
    )
    op.create_table(
        "handled_mail",
        sa.Column("inbound_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("from_address", sa.String(length=320), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("message_id", sa.String(length=998), nullable=True),
        sa.Column("dedup_key", sa.String(length=64), nullable=True),
        sa.Column("inquiry_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("inbound_id", name=op.f("pk_handled_mail")),
        sa.UniqueConstraint("dedup_key", name=op.f("uq_handled_mail_dedup_key")),
    )
    with op.batch_alter_table("handled_mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_handled_mail_from_address"), ["from_address"], unique=False)
        batch_op.create_index(batch_op.f("ix_handled_mail_inquiry_id"), ["inquiry_id"], unique=False)

    op.create_table(
        "inbound_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("door", sa.String(length=80), nullable=False),
        sa.Column("envelope_sender", sa.String(length=320), nullable=False),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("peer", sa.String(length=80), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_mail")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("inbound_mail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbound_mail_sha256"), ["sha256"], unique=False)

    op.create_table(
        "outbox_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("recipient", sa.String(length=320), nullable=False),
        sa.Column("domain", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("message_id", sa.String(length=250), nullable=True),
        sa.Column("envelope_sender", sa.String(length=320), nullable=False),
        sa.Column("inquiry", sa.Integer(), nullable=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("embargo_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_reply", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("provenance", sa.JSON(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_mail")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_mail_key")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outbox_mail", schema=None) as batch_op:
        batch_op.create_index(
            "ix_outbox_mail_held",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("state IN ('claimed', 'in_flight')"),
            postgresql_where=sa.text("state IN ('claimed', 'in_flight')"),
        )
        batch_op.create_index(batch_op.f("ix_outbox_mail_inquiry"), ["inquiry"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_mail_message_id"), ["message_id"], unique=False)
        batch_op.create_index("ix_outbox_mail_state", ["state", "channel"], unique=False)
        batch_op.create_index(
            "ix_outbox_mail_ahead",
            ["recipient", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('retry', 'claimed', 'in_flight')"),
            postgresql_where=sa.text("state IN ('retry', 'claimed', 'in_flight')"),
        )
        batch_op.create_index(
            "ix_outbox_mail_not_after",
            ["channel", "not_after"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'retry') AND not_after IS NOT NULL"),
            postgresql_where=sa.text("state IN ('queued', 'retry') AND not_after IS NOT NULL"),
        )
        batch_op.create_index("ix_outbox_mail_recipient_created", ["recipient", "created_at"], unique=False)
        batch_op.create_index(
            "ix_outbox_mail_waiting",
            ["channel", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('queued', 'retry')"),
            postgresql_where=sa.text("state IN ('queued', 'retry')"),
        )

    op.create_table(
        "overlay",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=320), nullable=False),
        sa.Column("approved_by", sa.String(length=320), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_overlay")),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slack_id", sa.String(length=32), nullable=True),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("address", name=op.f("uq_staff_address")),
        sa.UniqueConstraint("slack_id", name=op.f("uq_staff_slack_id")),
    )
    op.create_table(
        "suppression",
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_suppression")),
    )
    op.create_table(
        "trouble",
        sa.Column("scope", sa.String(length=255), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_trouble")),
    )
    op.create_table(
        "cursor",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("low_water", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_cursor")),
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["mail_id"], ["outbox_mail.id"], name=op.f("fk_attempt_mail_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attempt_mail_id"), ["mail_id"], unique=False)

    op.create_table(
        "inquiry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("applicant_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=320), nullable=True),
        sa.Column("snooze_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duplicate_of", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("draft", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["applicant_id"], ["applicant.id"], name=op.f("fk_inquiry_applicant_id")),
        sa.ForeignKeyConstraint(["duplicate_of"], ["inquiry.id"], name=op.f("fk_inquiry_duplicate_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry")),
    )
    with op.batch_alter_table("inquiry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inquiry_applicant_id"), ["applicant_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_inquiry_state"), ["state"], unique=False)

    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("inquiry_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=320), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiry.id"], name=op.f("fk_event_inquiry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_inquiry_at", ["inquiry_id", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_event_inquiry_id"), ["inquiry_id"], unique=False)

    op.create_table(
        "inquiry_part",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("inquiry_id", sa.Integer(), nullable=False),
        sa.Column("inbound_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=True),
        sa.Column("unknown", sa.String(length=80), nullable=True),
        sa.Column("nearest", sa.String(length=80), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("feasibility", sa.JSON(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiry.id"], name=op.f("fk_inquiry_part_inquiry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inquiry_part")),
        sa.UniqueConstraint("inbound_id", "position", name=op.f("uq_inquiry_part_inbound_id_position")),
    )
    with op.batch_alter_table("inquiry_part", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inquiry_part_inquiry_id"), ["inquiry_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_inquiry_part_topic"), ["topic"], unique=False)
        batch_op.create_index(batch_op.f("ix_inquiry_part_unknown"), ["unknown"], unique=False)

    op.create_table(
        "thread_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("inquiry_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=998), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiry.id"], name=op.f("fk_thread_message_inquiry_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_message")),
    )
    with op.batch_alter_table("thread_message", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_thread_message_inquiry_id"), ["inquiry_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_thread_message_message_id"), ["message_id"], unique=False)

    if op.get_context().dialect.name == "postgresql":
        # Who listens learns of new rows with the commit that brings them, whoever wrote them (bot/bell.py).
        op.execute(TELL)
        for table, channel in TOLD:
            op.execute(
                f"CREATE TRIGGER tell AFTER INSERT ON {table}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION contestdesk_tell('{channel}')"
            )


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for table, _ in TOLD:
            op.execute(f"DROP TRIGGER tell ON {table}")
        op.execute("DROP FUNCTION contestdesk_tell()")

    with op.batch_alter_table("thread_message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_thread_message_message_id"))
        batch_op.drop_index(batch_op.f("ix_thread_message_inquiry_id"))

    op.drop_table("thread_message")
    with op.batch_alter_table("inquiry_part", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inquiry_part_unknown"))
        batch_op.drop_index(batch_op.f("ix_inquiry_part_topic"))
        batch_op.drop_index(batch_op.f("ix_inquiry_part_inquiry_id"))

    op.drop_table("inquiry_part")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_event_inquiry_id"))
        batch_op.drop_index("ix_event_inquiry_at")

    op.drop_table("event")
    with op.batch_alter_table("inquiry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inquiry_state"))
        batch_op.drop_index(batch_op.f("ix_inquiry_applicant_id"))

    op.drop_table("inquiry")
    with op.batch_alter_table("attempt", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attempt_mail_id"))

    op.drop_table("attempt")
    op.drop_table("suppression")
    op.drop_table("cursor")
    op.drop_table("trouble")
    op.drop_table("staff")
    op.drop_table("overlay")
    with op.batch_alter_table("outbox_mail", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_outbox_mail_waiting",
            sqlite_where=sa.text("state IN ('queued', 'retry')"),
            postgresql_where=sa.text("state IN ('queued', 'retry')"),
        )
        batch_op.drop_index("ix_outbox_mail_recipient_created")
        batch_op.drop_index("ix_outbox_mail_state")
        batch_op.drop_index(
            "ix_outbox_mail_ahead",
            sqlite_where=sa.text("state IN ('retry', 'claimed', 'in_flight')"),
            postgresql_where=sa.text("state IN ('retry', 'claimed', 'in_flight')"),
        )
        batch_op.drop_index(
            "ix_outbox_mail_not_after",
            sqlite_where=sa.text("state IN ('queued', 'retry') AND not_after IS NOT NULL"),
            postgresql_where=sa.text("state IN ('queued', 'retry') AND not_after IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_outbox_mail_message_id"))
        batch_op.drop_index(batch_op.f("ix_outbox_mail_inquiry"))
        batch_op.drop_index(
            "ix_outbox_mail_held",
            sqlite_where=sa.text("state IN ('claimed', 'in_flight')"),
            postgresql_where=sa.text("state IN ('claimed', 'in_flight')"),
        )

    op.drop_table("outbox_mail")
    with op.batch_alter_table("inbound_mail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbound_mail_sha256"))

    op.drop_table("inbound_mail")
    with op.batch_alter_table("handled_mail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_handled_mail_inquiry_id"))
        batch_op.drop_index(batch_op.f("ix_handled_mail_from_address"))

    op.drop_table("handled_mail")
    op.drop_table("applicant")
