"""The rows of result campaigns: the campaign, its recipients, the files they get, who approved it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from faq.contest import Round, Stage
from mailer.base import Base, Name, UTCDateTime
from mailer.tables import OutboxMail


class CampaignState(StrEnum):
    """Where a campaign stands; the transitions are in campaign.py."""

    DRAFT = "draft"
    #: By two people, as it stands now.
    APPROVED = "approved"
    #: Waits for its release instant.
    SCHEDULED = "scheduled"
    SENDING = "sending"
    #: A person stopped it.
    PAUSED = "paused"
    #: The desk stopped it: something is not as it was approved.
    HALTED = "halted"
    DONE = "done"
    CANCELLED = "cancelled"


class Attendance(StrEnum):
    """What a shortlisted team answered."""

    ATTENDS = "attends"
    ABSENT = "absent"


class Campaign(Base):
    """One round's results, told to everybody at one instant."""

    __tablename__ = "campaign"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Grows with every change, so that what was looked over is what is approved.
    version: Mapped[int] = mapped_column(default=1)
    round: Mapped[Round] = mapped_column(Name(Round))
    state: Mapped[CampaignState] = mapped_column(Name(CampaignState), index=True)
    #: Contest time: nothing of it is told earlier, by whatever way.
    release_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: How many may be chosen, as the contest file states it and staff narrowed it down.
    least: Mapped[int]
    most: Mapped[int]
    #: Mails a minute to one domain; null for no limit.
    pace_per_minute: Mapped[int | None]
    #: Who brought the first list, and who the newest one.
    author: Mapped[str] = mapped_column(String(320))
    edited_by: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Hash of all that was approved; null while nothing is.
    content: Mapped[str | None] = mapped_column(String(64))
    scheduled_by: Mapped[str | None] = mapped_column(String(320))
    #: When its mails began to leave; null while nothing of it is out.
    released_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Why it stands still.
    halted: Mapped[str | None] = mapped_column(Text)

    # SQLAlchemy reads it as declared; it is never changed.
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    __table_args__ = ({"sqlite_autoincrement": True},)


class Recipient(Base):
    """One team and what it is told; the Message-ID of its mail derives from this row."""

    __tablename__ = "recipient"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey(Campaign.id))
    #: Its line in the file that staff brought.
    number: Mapped[int]
    #: The team's number in the roster; no foreign key, the mailer does not know that room.
    person: Mapped[int] = mapped_column(index=True)
    team: Mapped[str] = mapped_column(Text)
    #: In lower case, as ``one_address`` gives it.
    address: Mapped[str] = mapped_column(String(320), index=True)
    domain: Mapped[str] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(2))
    decision: Mapped[Stage] = mapped_column(Name(Stage))
    slot_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: SHA-256 of the file that goes with it.
    file: Mapped[str | None] = mapped_column(String(64))
    #: SHA-256 of the approved mail without its Date; null while nothing is approved.
    digest: Mapped[str | None] = mapped_column(String(64))
    #: round and address, round and team: a second row of the same round cannot be written, in whatever
    #: campaign; null once this row tells nobody anything.
    person_key: Mapped[str | None] = mapped_column(String(340), unique=True)
    team_key: Mapped[str | None] = mapped_column(String(100), unique=True)
    mail_id: Mapped[int | None] = mapped_column(ForeignKey(OutboxMail.id), unique=True)
    #: Real time, for the pace.
    queued_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[Attendance | None] = mapped_column(Name(Attendance))
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: When it was asked once more.
    nudged_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        # What is left to be sent, and what left within the last minute.
        Index("ix_recipient_left", "campaign_id", "mail_id", "id"),
        Index("ix_recipient_pace", "campaign_id", "queued_at", "domain"),
        # A number is never given twice: Message-IDs hang on it.
        {"sqlite_autoincrement": True},
    )


class CampaignFile(Base):
    """A file that goes with results, as it was when it was brought."""

    __tablename__ = "campaign_file"

    campaign_id: Mapped[int] = mapped_column(ForeignKey(Campaign.id), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    #: As its reader sees it.
    name: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(100))
    #: Where it was read: a file that was changed there since is not sent.
    path: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Approval(Base):
    """One person's word for a campaign as it stood."""

    __tablename__ = "approval"

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey(Campaign.id), index=True)
    staff: Mapped[str] = mapped_column(String(320))
    #: Hash of what was approved, and what it was made of, so that a change can be shown.
    content: Mapped[str] = mapped_column(String(64))
    manifest: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    voided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: Why it does not count any more.
    why: Mapped[str | None] = mapped_column(Text)
