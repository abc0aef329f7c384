"""Who comes to the presentation: replies to a shortlist mail are read, and who is silent is asked once more.

A reply counts only from the proven owner of the address that the mail went to; whatever is not plainly
a yes or a no is a question like any other, for a person.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from bot import questions, threads, triage
from bot.desk import Desk
from bot.inbox import identity
from bot.reading import Asked
from bot.refusal import Refused
from bot.tables import HandledMail, Inquiry
from faq.contest import SEOUL, Contest, Language, Person, Stage
from mailer import campaign as campaigns
from mailer import outbox, result_words, token
from mailer.campaign_tables import Attendance, CampaignState, Recipient
from mailer.letter import Identity, Letter, Thread
from mailer.result_words import SLOT_ACK, SLOT_NUDGE
from mailer.tables import MailKind, MailState, OutboxMail

#: Event of a team that said whether it comes.
ANSWERED = "attendance"
#: Longer replies say more than yes or no: a person reads them as well.
SHORT = 120

# Whoever does not come often says so with the very word for coming, so the no is looked for first.
_NO = re.compile(
    r"불참|참석\s*(?:이|은|을|는|도)?\s*(?:못|불가|어렵|어려울|힘들|안\s)|참석하(?:지|실\s*수)\s*(?:않|못|없)"
    r"|참석할\s*수\s*(?:가\s*)?없|못\s*(?:갑|가|참석)|(?:안|못)\s*참석|포기|기권|사퇴"
    r"|\b(?:not|can'?t|cannot|unable\s+to|won'?t)\b(?:\W+\w+){0,3}?\W+(?:attend\w*|come|join|present|make|participate)\b"
    r"|\b(?:declin\w+|withdraw\w*|absent)\b|^\s*no[.!]?\s*$",
    re.IGNORECASE,
)
_YES = re.compile(
    r"참석|참가\s*(?:합|하겠|가능|할|예정)|\b(?:attend(?:ing|s)?|confirm(?:ed|ing)?|(?:will|'ll)\s+(?:be\s+there|come|join))\b"
    r"|^\s*(?:네|예|넵|yes)[.,!]?\s*$",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[?？]|나요|까요|인가요|가능한지|궁금|문의|\b(?:can\s+we|could|what|when|where|how|may\s+we)\b",
    re.IGNORECASE,
)
#: Conditions and turns in which a yes is none.
_OPEN = re.compile(
    r"아직|미정|만약|경우|어쩌면|아마|일지|아니|이유|\b(?:if|maybe|perhaps|not\s+sure|might|unless|until|wait)\b",
    re.IGNORECASE,
)


def understood(text: str) -> Attendance | None:
    """Read a reply: comes, does not come, or None when it does not plainly say one of them."""
    if _OPEN.search(text) or _ASKS.search(text):
        return None
    rest = _NO.sub(" ", text)
    says_no, says_yes = rest != text, _YES.search(rest) is not None
    if says_no == says_yes:
        return None
    return Attendance.ATTENDS if says_yes else Attendance.ABSENT


def take(
    session: Session, asked: Asked, inquiry: Inquiry | None, mark: HandledMail, desk: Desk, *, now: datetime
) -> bool:
    """Note what a reply to a shortlist mail says; True when it says nothing else and is done with.

    A later reply replaces an earlier one: people change their minds until the day.
    """
    recipient = _asked_of(session, asked, desk.identity)
    answer = understood(asked.text) if recipient is not None else None
    if recipient is None or answer is None:
        return False
    is_new = recipient.answer is not answer
    recipient.answer, recipient.answered_at = answer, now
    if len(asked.text) > SHORT:
        return False
    if inquiry is None:
        inquiry = questions.open_inquiries(session, [asked], now=now)[asked.inbound_id]
        triage.asked(inquiry, waits=False, opened=True, now=now)
    mark.inquiry_id = inquiry.id
    questions.remember_theirs(session, inquiry, asked.mail, now=now)
    triage.record(
        session,
        inquiry,
        ANSWERED,
        actor="applicant",
        now=now,
        inbound=asked.inbound_id,
        text=asked.text,
        answer=answer.value,
    )
    if is_new:  # an echo of ours must not become a conversation
        _acknowledge(session, recipient, asked, inquiry, ours=desk.identity, now=now)
    return True


def note(session: Session, campaign_id: int, team: str, answer: Attendance, *, now: datetime) -> None:
    """Note what a team told a person on the staff, by telephone or from an address that is not proven.

    Raises:
        Refused: no such team was shortlisted by this campaign.
    """
    rows = session.scalars(_asked(campaign_id)).all()
    found = [row for row in rows if campaigns.fold(row.team) == campaigns.fold(team)]
    if not found:
        raise Refused(f"campaign {campaign_id} gave no slot to a team {team!r}")
    found[0].answer, found[0].answered_at = answer, now


def unconfirmed(session: Session, campaign_id: int) -> list[dict[str, Any]]:
    """Who has a slot and has not answered, in the order of the slots."""
    rows = session.scalars(_asked(campaign_id).where(Recipient.answer.is_(None)))
    return [
        {
            "team": row.team,
            "slot": row.slot_at.astimezone(SEOUL).isoformat() if row.slot_at else None,
            "nudged_at": row.nudged_at.isoformat() if row.nudged_at else None,
        }
        for row in rows
    ]


def nudge(session: Session, campaign_id: int, *, contest: Contest, identity: Identity, now: datetime) -> int:
    """Ask those once more who were told their slot and have not answered; each once; returns how many.

    Raises:
        Refused: the campaign has told nobody a slot, or does not run.
    """
    campaign = campaigns.find(session, campaign_id)
    if campaign.state not in (CampaignState.SENDING, CampaignState.DONE):
        raise Refused(f"campaign {campaign.id} is {campaign.state}; nobody is asked")
    silent = session.scalars(
        _asked(campaign_id)
        .join(OutboxMail, OutboxMail.id == Recipient.mail_id)
        # Whose result is unknown or failed may not know of a slot at all.
        .where(OutboxMail.state == MailState.SENT, Recipient.answer.is_(None), Recipient.nudged_at.is_(None))
        .where(Recipient.slot_at > now)
    ).all()
    for row in silent:
        letter = _slot_letter(SLOT_NUDGE, row, contest, identity)
        outbox.enqueue(session, letter, key=f"slot_nudge:{row.id}", identity=identity, now=now)
        row.nudged_at = now
    return len(silent)


def _asked(campaign_id: int) -> Select[Recipient]:
    return (
        select(Recipient)
        .where(
            Recipient.campaign_id == campaign_id,
            Recipient.decision == Stage.SHORTLISTED,
            Recipient.mail_id.is_not(None),
        )
        .order_by(Recipient.slot_at, Recipient.id)
    )


def _asked_of(session: Session, asked: Asked, ours: Identity) -> Recipient | None:
    """The recipient whose shortlist mail this replies to, if its proven owner writes."""
    ids = [*asked.mail.in_reply_to, *asked.mail.references]
    numbers = [token.recipient_of(id, ours.secret, ours.domain) for id in ids]
    number = next((number for number in numbers if number is not None), None)
    if number is None or not identity.may_hear_personal(asked.proof.level):
        return None
    found = session.get(Recipient, number, populate_existing=True)
    if found is None or found.decision is not Stage.SHORTLISTED or found.mail_id is None:
        return None
    return found if found.address == (asked.mail.from_address or "").lower() else None


def _acknowledge(
    session: Session,
    recipient: Recipient,
    asked: Asked,
    inquiry: Inquiry,
    *,
    ours: Identity,
    now: datetime,
) -> None:
    language, answer = Language(recipient.language), recipient.answer
    letter = Letter(
        kind=MailKind.RECEIPT,
        recipient=_person(recipient),
        subject=triage.reply_subject(asked.mail.subject or ""),
        template=SLOT_ACK,
        data={**_slot_data(recipient, language), "attends": answer is Attendance.ATTENDS},
        automatic=True,
        thread=threads.reply_thread(asked.mail),
        inquiry=inquiry.id,
        provenance={"recipient": recipient.id, "answer": answer},
    )
    request = outbox.Request(key=f"attendance:{asked.inbound_id}", letter=letter)
    (accepted,) = outbox.enqueue_all(session, [request], identity=ours, now=now)
    if isinstance(accepted, outbox.Accepted):
        triage.remember_ours(session, inquiry, accepted.message_id, now=now)


def _slot_letter(family: str, recipient: Recipient, contest: Contest, ours: Identity) -> Letter:
    language = Language(recipient.language)
    # In the thread of the result, so that a reply to this one names that one as well.
    first = token.result_id(recipient.id, ours.secret, ours.domain)
    return Letter(
        kind=MailKind.REMINDER,
        recipient=_person(recipient),
        subject=result_words.subject(family, contest, language),
        template=family,
        data=_slot_data(recipient, language),
        automatic=True,
        thread=Thread(in_reply_to=first, references=(first,)),
        provenance={"recipient": recipient.id},
        not_after=recipient.slot_at,
    )


def _person(recipient: Recipient) -> Person:
    return Person(address=recipient.address, name=recipient.name, language=Language(recipient.language))


def _slot_data(recipient: Recipient, language: Language) -> dict[str, Any]:
    slot = result_words.slot(recipient.slot_at, language) if recipient.slot_at else None
    return {"greeting": recipient.name, "team": recipient.team, "slot": slot}
