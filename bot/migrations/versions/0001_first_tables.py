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
        sa.Column("identity", sa.String(length=32), nullable=True),
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
        batch_op.create_index("ix_outbox_mail_domain_created", ["domain", "created_at"], unique=False)
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
        "watched_folder",
        sa.Column("mailbox", sa.String(length=320), nullable=False),
        sa.Column("folder", sa.String(length=80), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("stored_uid", sa.BigInteger(), nullable=False),
        sa.Column("settled_uid", sa.BigInteger(), nullable=False),
        sa.Column("old_uid", sa.BigInteger(), nullable=False),
        sa.Column("counts_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("mailbox", "folder", name=op.f("pk_watched_folder")),
    )
    _create_bounce()
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
        sa.Column("asks_back", sa.JSON(), nullable=True),
        sa.Column("applicant", sa.JSON(), nullable=True),
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

    _create_learning()
    _create_judgment()
    if op.get_context().dialect.name == "postgresql":
        _create_triggers()


def _create_triggers() -> None:
    """Let listeners learn of new rows with the commit that brings them, whoever wrote them (bot/bell.py)."""
    op.execute(TELL)
    for table, channel in TOLD:
        op.execute(
            f"CREATE TRIGGER tell AFTER INSERT ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION contestdesk_tell('{channel}')"
        )


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        _drop_triggers()
    with op.batch_alter_table("thread_message", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_thread_message_message_id"))
        batch_op.drop_index(batch_op.f("ix_thread_message_inquiry_id"))

    op.drop_table("thread_message")
    _drop_judgment()
    _drop_learning()
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
    _drop_bounce()
    op.drop_table("suppression")
    op.drop_table("watched_folder")
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
        batch_op.drop_index("ix_outbox_mail_domain_created")
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


def _create_bounce() -> None:
    op.create_table(
        "bounce",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("inbound_id", sa.Integer(), nullable=False),
        sa.Column("outbox_id", sa.Integer(), nullable=True),
        sa.Column("recipient", sa.String(length=320), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("permanent", sa.Boolean(), nullable=False),
        sa.Column("delayed", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("voice", sa.String(length=32), nullable=False),
        sa.Column("original_message_id", sa.Text(), nullable=True),
        sa.Column("suppressed", sa.String(length=320), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.String(length=320), nullable=True),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox_mail.id"], name=op.f("fk_bounce_outbox_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce")),
        sa.UniqueConstraint("inbound_id", name=op.f("uq_bounce_inbound_id")),
    )
    with op.batch_alter_table("bounce", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bounce_outbox_id"), ["outbox_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_bounce_suppressed"), ["suppressed"], unique=False)


def _drop_bounce() -> None:
    with op.batch_alter_table("bounce", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bounce_suppressed"))
        batch_op.drop_index(batch_op.f("ix_bounce_outbox_id"))

    op.drop_table("bounce")


def _create_learning() -> None:
    op.create_table(
        "draft",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=320), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("part_id", sa.Integer(), nullable=True),
        sa.Column("regression", sa.JSON(), nullable=True),
        sa.Column("decided_by", sa.String(length=320), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("overlay_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["part_id"], ["inquiry_part.id"], name=op.f("fk_draft_part_id")),
        sa.ForeignKeyConstraint(["overlay_id"], ["overlay.id"], name=op.f("fk_draft_overlay_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draft_state"), ["state"], unique=False)

    op.create_table(
        "one_time_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff", sa.String(length=320), nullable=False),
        sa.Column("purpose", sa.String(length=80), nullable=False),
        sa.Column("content", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_code")),
    )
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_one_time_code_staff"), ["staff"], unique=False)

    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("part_id", sa.Integer(), nullable=False),
        sa.Column("opinion", sa.String(length=32), nullable=False),
        sa.Column("label", sa.String(length=80), nullable=True),
        sa.Column("actor", sa.String(length=320), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["part_id"], ["inquiry_part.id"], name=op.f("fk_review_part_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("part_id", "actor", name=op.f("uq_review_part_id_actor")),
    )


def _drop_learning() -> None:
    op.drop_table("review")
    with op.batch_alter_table("one_time_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_one_time_code_staff"))

    op.drop_table("one_time_code")
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_draft_state"))

    op.drop_table("draft")


def _create_judgment() -> None:
    op.create_table(
        "judgment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("inquiry_id", sa.Integer(), nullable=False),
        sa.Column("part_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.JSON(), nullable=False),
        sa.Column("dataset", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("author", sa.String(length=320), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contradicts", sa.JSON(), nullable=False),
        sa.Column("justification", sa.Text(), nullable=True),
        sa.Column("approved_by", sa.String(length=320), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overlay_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["inquiry_id"], ["inquiry.id"], name=op.f("fk_judgment_inquiry_id")),
        sa.ForeignKeyConstraint(["overlay_id"], ["overlay.id"], name=op.f("fk_judgment_overlay_id")),
        sa.ForeignKeyConstraint(["part_id"], ["inquiry_part.id"], name=op.f("fk_judgment_part_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgment")),
    )
    with op.batch_alter_table("judgment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_judgment_inquiry_id"), ["inquiry_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_judgment_state"), ["state"], unique=False)


def _drop_judgment() -> None:
    with op.batch_alter_table("judgment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_judgment_state"))
        batch_op.drop_index(batch_op.f("ix_judgment_inquiry_id"))

    op.drop_table("judgment")


def _drop_triggers() -> None:
    for table, _ in TOLD:
        op.execute(f"DROP TRIGGER tell ON {table}")
    op.execute("DROP FUNCTION contestdesk_tell()")
