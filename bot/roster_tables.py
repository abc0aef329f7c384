"""The rows of the roster: the teams and who speaks for each, and what was decided on them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from faq.contest import Round, Stage
from mailer.base import Base, Name, UTCDateTime


class Contestant(Base):
    """A team and the person who speaks for it, as staff keep them."""

    __tablename__ = "contestant"

    id: Mapped[int] = mapped_column(primary_key=True)
    team: Mapped[str] = mapped_column(Text)
    #: The person's name; null when only the team is known.
    contact: Mapped[str | None] = mapped_column(Text)
    #: In lower case, as ``one_address`` gives it.
    address: Mapped[str] = mapped_column(String(320), unique=True)
    #: What kind of organisation, in the words of the file.
    kind: Mapped[str | None] = mapped_column(String(80))
    language: Mapped[str] = mapped_column(String(2))
    #: What staff know from the team, never a decision.
    status: Mapped[Stage] = mapped_column(Name(Stage))
    #: False when the file says that it wants no reminders.
    consents: Mapped[bool]
    #: When the person unsubscribed from reminders; no import undoes it.
    unsubscribed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)

    # A number is never given twice: reminders and links in mails hang on it.
    __table_args__ = ({"sqlite_autoincrement": True},)


class Decision(Base):
    """What the jury decided on a team; told by nobody before its release instant."""

    __tablename__ = "decision"

    id: Mapped[int] = mapped_column(primary_key=True)
    contestant_id: Mapped[int] = mapped_column(ForeignKey(Contestant.id))
    round: Mapped[Round] = mapped_column(Name(Round))
    decision: Mapped[Stage] = mapped_column(Name(Stage))
    #: The two below are contest time.
    release_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: When the team presents.
    slot_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: The campaign that tells it, and the outbox row of its mail; no foreign keys, those go their own way.
    campaign: Mapped[int | None]
    mail_id: Mapped[int | None] = mapped_column(index=True)
    #: Who imported it: address of a staff member.
    by: Mapped[str] = mapped_column(String(320))
    at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (UniqueConstraint("contestant_id", "round"),)
