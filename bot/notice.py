"""Mails that tell staff what waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from bot.desk import Desk
from bot.tables import Inquiry, InquiryPart
from faq import render
from faq.contest import Language, Person
from mailer import outbox
from mailer.letter import Letter
from mailer.tables import MailKind


def of_questions(
    session: Session, desk: Desk, inquiry: Inquiry, waiting: Sequence[InquiryPart], *, key: str, now: datetime
) -> None:
    """Tell that questions of an inquiry wait; ``key`` names the event, so it is told once."""
    nearest = dict.fromkeys(part.nearest for part in waiting if part.nearest)
    _tell(
        session,
        desk,
        inquiry=inquiry.id,
        waits=tuple(part.text for part in waiting) or (inquiry.subject,),
        nearest=tuple(nearest),
        key=key,
        now=now,
    )


def of_unreadable(session: Session, desk: Desk, inbound_id: int, reason: str, *, now: datetime) -> None:
    """Tell that a mail is stored which only a person can make sense of."""
    said = f"inbound {inbound_id}: {reason}"
    key = f"unreadable:{inbound_id}"
    _tell(session, desk, inquiry=None, waits=(said,), nearest=(), key=key, now=now)


def of_namesakes(session: Session, desk: Desk, said: str, *, key: str, now: datetime) -> None:
    """Tell that two different mails carry one Message-ID; once for each id, which ``key`` stands for."""
    _tell(session, desk, inquiry=None, waits=(said,), nearest=(), key=f"same-id:{key}", now=now)


def of_relay(session: Session, desk: Desk, *, since: datetime, reply: str, now: datetime) -> None:
    """Tell that mail has not left since ``since`` (real time)."""
    began = render.clock_text(since, Language.KO)
    said = f"{began}부터 메일 릴레이에 연결되지 않아 메일이 나가지 못하고 있습니다: {reply}"
    key = f"relay_away:{since.isoformat()}"
    _tell(session, desk, inquiry=None, waits=(said,), nearest=(), key=key, now=now)


def _tell(
    session: Session,
    desk: Desk,
    *,
    inquiry: int | None,
    waits: tuple[str, ...],
    nearest: tuple[str, ...],
    key: str,
    now: datetime,
) -> None:
    if not desk.staff_address:
        return
    letter = Letter(
        kind=MailKind.STAFF_NOTICE,
        recipient=Person(address=desk.staff_address, name=None, language=Language.KO),
        subject=f"[Contest Desk] #{inquiry}" if inquiry else "[Contest Desk]",
        template="staff_notice",
        data={"inquiry": inquiry, "waits": waits, "nearest": nearest},
        automatic=True,
        # Not of the inquiry: the caps there are about mail to the applicant.
        inquiry=None,
        provenance={"inquiry": inquiry},
    )
    outbox.enqueue(session, letter, key=key, identity=desk.identity, now=now)
