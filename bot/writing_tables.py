"""The row of somebody who writes an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bot.tables import Inquiry
from mailer.base import Base, UTCDateTime


class Writing(Base):
    """One person's draft of a letter in one inquiry, and whether they are at it now."""

    __tablename__ = "writing"

    inquiry_id: Mapped[int] = mapped_column(ForeignKey(Inquiry.id), primary_key=True)
    #: Address of the staff member.
    staff: Mapped[str] = mapped_column(String(320), primary_key=True)
    #: When they sat down to it; null while nobody is at it: the draft is kept all the same.
    since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: When they last did something.
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    text: Mapped[str] = mapped_column(Text)
    #: Language → the same answer in it, for duplicates.
    also: Mapped[dict[str, Any]] = mapped_column(JSON)
