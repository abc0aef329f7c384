"""The rows of the schedule: who was invited to what, and who has to hear that a fact is another now."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.roster_tables import Contestant
from bot.tables import Overlay
from mailer.base import Base, Name, UTCDateTime


class Invitation(Base):
    """What stands in a team's calendar by our doing; the same UID for as long as it is the same meeting."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    contestant_id: Mapped[int] = mapped_column(ForeignKey(Contestant.id))
    milestone: Mapped[str] = mapped_column(String(80))
    uid: Mapped[str] = mapped_column(String(250), unique=True)
    #: ISO: an instant in UTC, or a day when no hour is set.
    starts: Mapped[str] = mapped_column(String(40))
    #: One more with each change that was sent (RFC 5546).
    sequence: Mapped[int]
    #: When it was taken out of the calendar again; null while it stands.
    cancelled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("contestant_id", "milestone"),)


class Recall(Base):
    """The mark that an approved change of a fact was followed up, written in the transaction that did it."""

    __tablename__ = "recall"

    overlay_id: Mapped[int] = mapped_column(ForeignKey(Overlay.id), primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Corrections that it drafted.
    found: Mapped[int]
    #: People who were told by a way that no mail goes back on; staff tell them.
    by_hand: Mapped[int]


class CorrectionState(StrEnum):
    """What became of a drafted correction."""

    DRAFTED = "drafted"
    #: Approved; its outbox row says the rest.
    QUEUED = "queued"
    #: Staff decided that this person need not hear.
    LEFT_OUT = "left_out"


class Correction(Base):
    """A mail to one person who was told what is no longer so; it waits for staff's approval."""

    __tablename__ = "correction"

    id: Mapped[int] = mapped_column(primary_key=True)
    overlay_id: Mapped[int] = mapped_column(ForeignKey(Overlay.id))
    address: Mapped[str] = mapped_column(String(320))
    name: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(2))
    #: What is said: title, was, now, asked.
    said: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: The mails that told the old fact, oldest first: outbox ids; no foreign key, those go their own way.
    mails: Mapped[list[Any]] = mapped_column(JSON)
    inquiry: Mapped[int | None]
    state: Mapped[CorrectionState] = mapped_column(Name(CorrectionState))
    #: Who decided, and when; null while it waits.
    decided_by: Mapped[str | None] = mapped_column(String(320))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    mail_id: Mapped[int | None]

    # One correction a person and change, whoever drafts it.
    __table_args__ = (UniqueConstraint("overlay_id", "address"),)
