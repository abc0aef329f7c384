"""Who writes in an inquiry: how sure that is, whose thread he claims, what else of his is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import personal, triage
from bot.inbox import identity
from bot.inbox.identity import Level
from bot.tables import Event, Inquiry, InquiryState

#: A robot may have opened hundreds; so many are named.
NAMED = 10
#: Of the events that say something about the sender, the first so many are read.
EVENTS = 50
CLAIMS = "claims_thread"
#: What staff have yet to finish.
OPEN = (*triage.WAITING, InquiryState.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What staff should know about who writes in one inquiry."""

    #: Of its least sure mail; None when nothing is known, as of mails before this was looked at.
    level: Level | None
    #: The inquiry of somebody else whose thread a mail of this one claims to belong to.
    claims: int | None
    #: Open inquiries of the same address, oldest first; at most NAMED of them.
    others: tuple[int, ...]
    #: How many there are.
    others_count: int
    #: Topics and known unknowns of personal questions, in the order in which they were asked.
    personal: tuple[str, ...]


def of(session: Session, inquiry: Inquiry) -> Sender:
    """Look up what is known about the sender of this inquiry."""
    claims, wanted = _told(session, inquiry)
    count, others = _others(session, inquiry)
    return Sender(
        level=identity.weakest(_levels(session, inquiry)),
        claims=claims,
        others=others,
        others_count=count,
        personal=wanted,
    )


def remarks(sender: Sender) -> tuple[str, ...]:
    """Say in Korean what staff should know before they answer; nothing when there is nothing odd."""
    return tuple(_remarks(sender))


def _remarks(sender: Sender) -> Sequence[str]:
    found = []
    if sender.claims is not None:
        found.append(f"#{sender.claims}의 대화에 속한다고 하지만, 보낸 주소가 그 문의의 주소와 다릅니다.")
    if sender.level is Level.REFUTED:
        found.append("보낸 주소가 위조되었을 수 있습니다: 그 도메인이 이 메일을 자기 것이 아니라고 합니다.")
    if sender.personal and identity.may_hear_personal(sender.level):
        found.append("신청자 본인에 관한 질문이고, 보낸 주소가 확인되었습니다.")
    elif sender.personal:
        found.append(
            "신청자 본인에 관한 질문인데 보낸 주소가 확인되지 않았습니다. 개인 정보는 알려 주지 마세요."
        )
    if sender.others:
        numbers = ", ".join(f"#{number}" for number in sender.others)
        more = sender.others_count - len(sender.others)
        found.append(f"같은 주소의 다른 열린 문의: {numbers}" + (f" 외 {more}건" if more else ""))
    return found


def _levels(session: Session, inquiry: Inquiry) -> set[Level]:
    # Asked of the database: a robot may have left thousands of events, with all its words.
    said = Event.data["identity"].as_string()
    found = session.scalars(select(said).where(Event.inquiry_id == inquiry.id).distinct())
    return {Level(one) for one in found if one in tuple(Level)}


def _told(session: Session, inquiry: Inquiry) -> tuple[int | None, tuple[str, ...]]:
    """The first inquiry that a mail here claims, and what personal questions are about."""
    events = session.execute(
        select(Event.kind, Event.data)
        .where(Event.inquiry_id == inquiry.id, Event.kind.in_((CLAIMS, personal.ASKED)))
        .order_by(Event.id)
        .limit(EVENTS)
    ).all()
    claims = [int(data["of"]) for kind, data in events if kind == CLAIMS]
    wanted = [str(name) for kind, data in events if kind == personal.ASKED for name in data["topics"]]
    return (claims[0] if claims else None), tuple(dict.fromkeys(wanted))


def _others(session: Session, inquiry: Inquiry) -> tuple[int, tuple[int, ...]]:
    if not inquiry.applicant.address:  # mails without a usable From are of anybody
        return 0, ()
    same = (
        Inquiry.applicant_id == inquiry.applicant_id,
        Inquiry.id != inquiry.id,
        Inquiry.state.in_(OPEN),
    )
    found = session.scalars(select(Inquiry.id).where(*same).order_by(Inquiry.id.desc()).limit(NAMED)).all()
    count = len(found)
    if count == NAMED:
        count = session.scalar(select(func.count()).select_from(Inquiry).where(*same)) or 0
    return count, tuple(reversed(found))
