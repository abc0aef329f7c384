"""The rows of the triage desk in Slack: which message shows an inquiry, and who looks at Home."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.tables import Inquiry
from mailer.base import Base, Name, UTCDateTime


class RefState(StrEnum):
    """Where the card of an inquiry stands."""

    #: It is in the outbox.
    QUEUED = "queued"
    POSTED = "posted"
    #: Somebody deleted it; another one has taken its place.
    GONE = "gone"


class SlackRef(Base):
    """A message that shows an inquiry, and which version of it."""

    __tablename__ = "slack_ref"

    id: Mapped[int] = mapped_column(primary_key=True)
    inquiry_id: Mapped[int] = mapped_column(ForeignKey(Inquiry.id), index=True)
    state: Mapped[RefState] = mapped_column(Name(RefState))
    channel: Mapped[str] = mapped_column(String(32))
    #: Null until it is posted.
    ts: Mapped[str | None] = mapped_column(String(32))
    #: The version that it shows; below the inquiry's own it is drawn anew.
    rendered_version: Mapped[int] = mapped_column(default=0)
    #: Key of the newest drawing that was asked for; while that is on its way no other is.
    drawing: Mapped[str | None] = mapped_column(String(80))
    #: Up to this event its thread tells what happened.
    told_event: Mapped[int] = mapped_column(default=0)

    __table_args__ = (Index("ix_slack_ref_channel_ts", "channel", "ts"),)


class SlackHome(Base):
    """A staff member who has opened the Home tab, and which page of the queue he sees."""

    __tablename__ = "slack_home"

    user_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: From 0.
    page: Mapped[int] = mapped_column(default=0)
    #: Counts what was published, so that each has a key of its own.
    published: Mapped[int] = mapped_column(default=0)
