"""Corrections before they go out: staff look them over, leave people out, approve the rest with a code."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot import codes, staff
from bot.refusal import Refused
from bot.schedule_tables import Correction, CorrectionState, Recall
from bot.tables import Overlay, Staff, StaffRole
from faq.contest import Contest, Language, Person
from mailer import invite, outbox
from mailer.attach import Attachment
from mailer.letter import Corrected, Identity, Letter, Thread
from mailer.tables import MailKind, OutboxMail

#: Who approves corrections.
ROLE = StaffRole.APPROVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The drafted corrections of one change, as they were looked over."""

    version: int
    rows: tuple[Correction, ...]
    content: str


def look_over(session: Session, version: int) -> Looked:
    """The corrections of a change that wait, by address.

    Raises:
        Refused: there is no such change, or none waits.
    """
    recall = session.get(Recall, version)
    if recall is None:
        raise Refused(
            f"there is no followed-up change {version}; contestdesk schedule corrections lists them"
        )
    rows = session.scalars(
        select(Correction)
        .where(Correction.overlay_id == version, Correction.state == CorrectionState.DRAFTED)
        .order_by(Correction.address)
    ).all()
    if not rows:
        raise Refused(f"change {version}: no correction waits")
    told = [[row.address, row.language, row.said] for row in rows]
    return Looked(version=version, rows=tuple(rows), content=codes.content_hash(told))


def listed(session: Session) -> list[tuple[Recall, Overlay, Mapping[CorrectionState, int]]]:
    """Each followed-up change with its corrections, oldest first."""
    found: list[tuple[Recall, Overlay, Mapping[CorrectionState, int]]] = []
    for recall, row in session.execute(
        select(Recall, Overlay).join(Overlay, Overlay.id == Recall.overlay_id).order_by(Recall.overlay_id)
    ):
        counted: dict[CorrectionState, int] = {}
        for state in session.scalars(select(Correction.state).where(Correction.overlay_id == row.id)):
            counted[state] = counted.get(state, 0) + 1
        found.append((recall, row, counted))
    return found


def of_change(session: Session, version: int) -> Sequence[Correction]:
    """Every correction of a change, whatever became of it, by address."""
    return session.scalars(
        select(Correction).where(Correction.overlay_id == version).order_by(Correction.address)
    ).all()


def leave_out(
    session: Session, version: int, addresses: Collection[str], *, staff: Staff, now: datetime
) -> None:
    """Take people out who need not hear of it; a code that was sent before is void.

    Raises:
        Refused: one of them has no correction that waits.
    """
    for address in addresses:
        done = session.execute(
            update(Correction)
            .where(
                Correction.overlay_id == version,
                Correction.address == address.strip().lower(),
                Correction.state == CorrectionState.DRAFTED,
            )
            .values(state=CorrectionState.LEFT_OUT, decided_by=staff.address, decided_at=now)
            .returning(Correction.id)
        ).scalar()
        if done is None:
            raise Refused(f"change {version}: no correction to {address} waits")


def send_code(
    session: Session, looked: Looked, address: str, *, identity: Identity, now: datetime, real_now: datetime
) -> int:
    """Mail the code that approves what was looked over; returns the outbox id."""
    return codes.send(
        session,
        staff.member(session, address, role=ROLE),
        purpose=f"recall:{looked.version}",
        said=f"변경 {looked.version}번의 정정 메일 {len(looked.rows)}통 발송 승인",
        content=looked.content,
        identity=identity,
        now=now,
        real_now=real_now,
    )


def approve(
    session: Session,
    looked: Looked,
    address: str,
    code: str,
    *,
    contest: Contest,
    identity: Identity,
    now: datetime,
    real_now: datetime,
) -> int | codes.Redeemed:
    """Take the code and queue the corrections: how many, or why the code is not good.

    The caller commits in both cases: a wrong try counts.

    Raises:
        Refused: this person may not approve, or nothing waits any more.
    """
    member = staff.member(session, address, role=ROLE)
    fresh = look_over(session, looked.version)
    redeemed = codes.redeem(
        session,
        member,
        code,
        purpose=f"recall:{looked.version}",
        content=fresh.content,
        identity=identity,
        real_now=real_now,
    )
    if redeemed is not codes.Redeemed.YES:
        return redeemed
    for row in fresh.rows:
        mail_id = outbox.enqueue(
            session,
            letter(session, row, contest=contest, identity=identity, now=now),
            key=f"correction:{row.overlay_id}:{row.address}",
            identity=identity,
            now=now,
        )
        row.state, row.mail_id = CorrectionState.QUEUED, mail_id
        row.decided_by, row.decided_at = member.address, now
    session.flush()
    return len(fresh.rows)


def letter(
    session: Session, row: Correction, *, contest: Contest, identity: Identity, now: datetime
) -> Letter:
    """The mail of one correction; it hangs on the newest mail that told the old fact."""
    language, said = Language(row.language), row.said
    newest = session.get(OutboxMail, row.mails[-1]) if row.mails else None
    hangs = newest.message_id if newest is not None else None
    return Letter(
        kind=MailKind.CORRECTION,
        recipient=Person(address=row.address, name=row.name, language=language),
        subject=_SUBJECT[language].format(title=said["title"]),
        template="correction",
        data={
            "greeting": row.name,
            "changes": (Corrected(title=said["title"], was=said["was"], now=said["now"]),),
            "asked": said["asked"],
        },
        automatic=True,
        thread=Thread(in_reply_to=hangs, references=(hangs,)) if hangs else None,
        inquiry=row.inquiry,
        provenance={
            "change": row.overlay_id,
            "mails": row.mails,
            "facts": {said["id"]: said["now"]},
            "values": {said["id"]: contest.says(said["id"])},
        },
        attachments=_calendar(said["id"], language, row.overlay_id, contest, identity, now=now),
    )


_SUBJECT = {
    Language.KO: "[정정] 앞서 안내해 드린 내용이 바뀌었습니다: {title}",
    Language.EN: "[Correction] What we told you has changed: {title}",
}


def _calendar(
    id: str, language: Language, version: int, contest: Contest, identity: Identity, *, now: datetime
) -> tuple[Attachment, ...]:
    """The day anew, so that a calendar which holds the old one follows: same UID, later SEQUENCE."""
    milestone = contest.milestones.get(id)
    if milestone is None or milestone.approximate is not None:
        return ()
    made = invite.published(
        milestone, contest=contest, domain=identity.domain, language=language, now=now, sequence=version
    )
    return (made,)
