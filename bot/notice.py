"""Mails that tell staff what waits for them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from bot import strangers
from bot.desk import Desk
from bot.tables import Inquiry, InquiryPart
from faq import render
from faq.contest import Language, Person
from mailer import outbox
from mailer.bounce import Bounce
from mailer.letter import Letter
from mailer.tables import MailKind, OutboxMail


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
        remarks=strangers.remarks(strangers.of(session, inquiry)),
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


def of_bounce(
    session: Session, desk: Desk, mail: OutboxMail, failed: Bounce, *, is_closed: bool, now: datetime
) -> None:
    """Tell that a mail came back for good; ``is_closed`` when nobody writes to its address any more."""
    whose = f"문의 {mail.inquiry}번에 보낸 " if mail.inquiry is not None else ""
    why = " ".join(word for word in (failed.status, failed.cause.value) if word)
    said = f"{whose}메일 {mail.id}번이 {mail.recipient} 주소에서 반송되었습니다({why})."
    if is_closed:
        said += (
            " 이 주소로는 더 이상 메일을 보내지 않습니다."
            f" 주소가 맞다면: contestdesk suppressions remove {mail.recipient} --staff 담당자-주소"
        )
    else:
        said += f" 반송된 주소는 {failed.recipient}입니다. 발송은 계속합니다."
    _tell(session, desk, inquiry=None, waits=(said,), nearest=(), key=f"bounced:{mail.id}", now=now)


def of_mailbox(
    session: Session, desk: Desk, *, folder: str, since: datetime, failure: str, now: datetime
) -> None:
    """Tell that a watched folder could not be read since ``since`` (real time)."""
    began = render.clock_text(since, Language.KO)
    said = f"{began}부터 메일함 {folder}에 온 메일을 가져오지 못하고 있습니다: {failure}"
    key = f"mailbox_away:{since.isoformat()}:{folder}"
    _tell(session, desk, inquiry=None, waits=(said,), nearest=(), key=key, now=now)


def of_campaign(session: Session, desk: Desk, said: str, *, key: str, now: datetime) -> None:
    """Tell what became of a result campaign, in numbers; once for each ``key``."""
    _tell(session, desk, inquiry=None, waits=(said,), nearest=(), key=f"campaign:{key}", now=now)


def of_reminders(session: Session, desk: Desk, said: str, *, key: str, now: datetime) -> None:
    """Tell what became of reminders that did not go out as planned; once for each ``key``."""
    named = hashlib.sha256(key.encode()).hexdigest()[:32]
    _tell(session, desk, inquiry=None, waits=(said,), nearest=(), key=f"reminders:{named}", now=now)


def of_recall(
    session: Session, desk: Desk, version: int, subject: str, *, drafted: int, by_hand: int, now: datetime
) -> None:
    """Tell that a change makes something untrue that people were told; once for each change."""
    said = (
        f"'{subject}'의 내용이 바뀌어, 바뀌기 전 내용을 안내받은 {drafted}명에게 보낼"
        " 정정 메일을 써 두었습니다."
    )
    if by_hand:
        said += f" 슬랙으로 안내받은 {by_hand}명에게는 직접 알려 주세요."
    if drafted:
        said += f" 확인: contestdesk schedule corrections {version}"
    _tell(session, desk, inquiry=None, waits=(said,), nearest=(), key=f"recall:{version}", now=now)


class Left(StrEnum):
    """Why a mail of a watched folder was not taken."""

    TOO_BIG = "too_big"
    BROKEN = "broken"


_LEFT = {
    Left.TOO_BIG: "메일함 {folder}에 너무 큰 메일({size:.1f} MB)이 있어 가져오지 않았습니다.",
    Left.BROKEN: "메일함 {folder}에 서버가 내주지 않는 메일({size:.1f} MB)이 있어 가져오지 못했습니다.",
}


def of_left_mail(
    session: Session,
    desk: Desk,
    why: Left,
    *,
    folder: str,
    subject: str,
    size_bytes: int,
    key: str,
    now: datetime,
) -> None:
    """Tell that a mail lies in a watched folder that was not taken; ``key`` names the mail."""
    left = _LEFT[why].format(folder=folder, size=size_bytes / 1024 / 1024)
    said = f"{left} 메일함에서 직접 확인해 주세요: {subject or '(제목을 읽지 못함)'}"
    named = hashlib.sha256(key.encode()).hexdigest()[:32]
    _tell(session, desk, inquiry=None, waits=(said,), nearest=(), key=f"left:{named}", now=now)


def _tell(
    session: Session,
    desk: Desk,
    *,
    inquiry: int | None,
    waits: tuple[str, ...],
    nearest: tuple[str, ...],
    key: str,
    now: datetime,
    remarks: tuple[str, ...] = (),
) -> None:
    if not desk.staff_address:
        return
    letter = Letter(
        kind=MailKind.STAFF_NOTICE,
        recipient=Person(address=desk.staff_address, name=None, language=Language.KO),
        subject=f"[Contest Desk] #{inquiry}" if inquiry else "[Contest Desk]",
        template="staff_notice",
        data={"inquiry": inquiry, "waits": waits, "nearest": nearest, "remarks": remarks},
        automatic=True,
        # Not of the inquiry: the caps there are about mail to the applicant.
        inquiry=None,
        provenance={"inquiry": inquiry},
    )
    outbox.enqueue(session, letter, key=key, identity=desk.identity, now=now)
