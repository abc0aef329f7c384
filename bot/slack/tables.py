"""The rows of the Slack door: what came in, whose question it was, what went out, who is who."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.base import Base, Name, UTCDateTime


class EventState(StrEnum):
    """Where a payload stands."""

    NEW = "new"
    #: A listener has it in hand until ``lease_until``.
    LEASED = "leased"
    DONE = "done"
    #: The verb said no; the person was told and may submit again.
    REFUSED = "refused"
    #: It failed too often; a person must look.
    DEAD = "dead"


class SlackEvent(Base):
    """A payload as Slack sent it, stored before any ack; its key is what makes it one."""

    __tablename__ = "slack_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(255), unique=True)
    #: Such as event:message, action:ask.helped, view:link.code.
    kind: Mapped[str] = mapped_column(String(300))
    team_id: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[str] = mapped_column(String(32))
    event_id: Mapped[str | None] = mapped_column(String(64))
    #: As the headers of a retry say; for the record, never to tell payloads apart.
    retry_num: Mapped[int | None]
    retry_reason: Mapped[str | None] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[EventState] = mapped_column(Name(EventState))
    tries: Mapped[int] = mapped_column(default=0)
    #: The three below are real time.
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    handled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Why it was refused or failed.
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_slack_event_state_id", "state", "id"), {"sqlite_autoincrement": True})


class SlackMessage(Base):
    """A message of a person that was taken as a question, and the inbound row it became."""

    __tablename__ = "slack_message"

    team_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    ts: Mapped[str] = mapped_column(String(32), primary_key=True)
    thread_ts: Mapped[str | None] = mapped_column(String(32))
    user_id: Mapped[str] = mapped_column(String(32))
    #: No foreign key: nothing points to the inbox.
    inbound_id: Mapped[int] = mapped_column(unique=True)
    taken_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SlackPost(Base):
    """Where an outbox row of ours stands in Slack."""

    __tablename__ = "slack_post"

    #: The key of the outbox row.
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    team_id: Mapped[str] = mapped_column(String(32))
    channel: Mapped[str] = mapped_column(String(32))
    ts: Mapped[str] = mapped_column(String(32))
    inquiry: Mapped[int | None] = mapped_column(index=True)
    posted_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_slack_post_channel_ts", "channel", "ts"),)


class SlackLink(Base):
    """A Slack user who has shown, by a mailed code, that an address is his."""

    __tablename__ = "slack_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[str] = mapped_column(String(32))
    user_id: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(320), index=True)
    #: Keyed hash of the code; the code itself is not kept.
    digest: Mapped[str] = mapped_column(String(64))
    #: The four below are real time, as of every code.
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: When the right code was typed; null until then.
    proven_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Void: a newer code was sent, too many tries, or undone.
    dropped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    tries: Mapped[int] = mapped_column(default=0)

    __table_args__ = (Index("ix_slack_link_team_id_user_id", "team_id", "user_id"),)


class SlackCount(Base):
    """How often something came that leaves no row: foreign, unhandled, repeated."""

    __tablename__ = "slack_count"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
