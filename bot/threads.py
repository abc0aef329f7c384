"""Which inquiry a mail belongs to: our signed address first, then its references, never the subject."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bot import datasets
from bot.inbox.parse import Inbound
from bot.tables import Applicant, Inquiry, InquiryPart, InquiryState, ThreadMessage
from intents.decide import Verdict
from intents.thread import Earlier
from mailer import token
from mailer.letter import Identity, Thread

#: How many earlier questions a follow-up is read with.
EARLIER_PARTS = 4
#: RFC 5322 sets no limit; a header of this many ids is long enough to thread anywhere.
REFERENCES_READ = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongs:
    """What the thread keys of a mail point to."""

    #: The inquiry it continues; only ever one of the same sender.
    inquiry_id: int | None
    #: An inquiry of somebody else whose thread the mail claims; staff are told, nothing is joined.
    claimed_id: int | None
    #: The newest questions of that inquiry and what was asked back, newest last.
    earlier: tuple[Earlier, ...]


NOTHING = Belongs(inquiry_id=None, claimed_id=None, earlier=())


def find(
    session: Session,
    inbound: Inbound,
    recipients: Sequence[str],
    *,
    identity: Identity,
    refuted: bool = False,
) -> Belongs:
    """Look the mail's thread keys up (RFC 5322 §3.6.4); the sender must be the inquiry's applicant.

    A ``refuted`` From is somebody else's, whatever it says: such a mail joins nothing.
    """
    claimed: int | None = None
    for inquiry in _candidates(session, inbound, recipients, identity):
        if not refuted and same_person(inquiry.applicant.address, inbound.from_address):
            standing = _standing(session, inquiry)
            return Belongs(inquiry_id=standing.id, claimed_id=None, earlier=_earlier(session, standing.id))
        claimed = claimed or inquiry.id
    return Belongs(inquiry_id=None, claimed_id=claimed, earlier=()) if claimed else NOTHING


def may_belong(inbound: Inbound, recipients: Sequence[str]) -> bool:
    """False for a mail that carries no key of any thread, as most first mails: nothing need be looked up."""
    return bool(inbound.references or inbound.in_reply_to) or any("+" in address for address in recipients)


def _candidates(
    session: Session, inbound: Inbound, recipients: Sequence[str], identity: Identity
) -> Iterable[Inquiry]:
    for address in recipients:
        read = token.read(address.partition("@")[0], identity.secret)
        if read is not None and read.kind == "inquiry":
            inquiry = session.get(Inquiry, read.id)
            if inquiry is not None:
                yield inquiry
    keys = [*reversed(inbound.references), *inbound.in_reply_to][:REFERENCES_READ]
    if not keys:
        return
    found = session.execute(
        select(ThreadMessage.message_id, Inquiry)
        .join(Inquiry, Inquiry.id == ThreadMessage.inquiry_id)
        .where(ThreadMessage.message_id.in_(set(keys)))
        .order_by(ThreadMessage.id)
    ).all()
    by_key: dict[str, list[Inquiry]] = {}
    for key, inquiry in found:
        by_key.setdefault(key, []).append(inquiry)
    for key in keys:
        yield from by_key.get(key, ())


def same_person(one: str, other: str | None) -> bool:
    """True for one address in whatever letters; '' is nobody's, so it is the same as none."""
    return bool(one) and other is not None and one.lower() == other.lower()


def _standing(session: Session, inquiry: Inquiry) -> Inquiry:
    """Follow a duplicate to the inquiry that staff merged it into, as long as that is of the same sender."""
    seen = {inquiry.id}
    while inquiry.state is InquiryState.DUPLICATE and inquiry.duplicate_of not in (None, *seen):
        target = session.get(Inquiry, inquiry.duplicate_of)
        if target is None or not same_person(target.applicant.address, inquiry.applicant.address):
            break
        seen.add(target.id)
        inquiry = target
    return inquiry


def _earlier(session: Session, inquiry_id: int) -> tuple[Earlier, ...]:
    newest = session.scalars(
        select(InquiryPart)
        .where(InquiryPart.inquiry_id == inquiry_id)
        .order_by(InquiryPart.id.desc())
        .limit(EARLIER_PARTS)
    ).all()
    return tuple(
        Earlier(
            text=part.text,
            asks_back=tuple(part.asks_back or ()),
            applicant=tuple(part.applicant or ()),
            answered=part.topic if part.decision == Verdict.ANSWER else None,
            feasibility=datasets.read(part.feasibility),
        )
        for part in reversed(newest)
    )


def reply_thread(inbound: Inbound) -> Thread | None:
    """Where a reply to this mail hangs; None when it carries no usable Message-ID."""
    if not inbound.message_id:
        return None
    parents = inbound.references or inbound.in_reply_to
    return Thread(in_reply_to=inbound.message_id, references=(*parents, inbound.message_id))


def newest_thread(session: Session, inquiry_id: int) -> Thread | None:
    """Where a letter in this inquiry hangs: under the applicant's newest mail, after all before it."""
    rows = session.execute(
        select(ThreadMessage.message_id, ThreadMessage.ours)
        .where(ThreadMessage.inquiry_id == inquiry_id)
        .order_by(ThreadMessage.id)
    ).all()
    theirs = [index for index, (_, ours) in enumerate(rows) if not ours]
    if not theirs:
        return None
    ids = [message_id for message_id, _ in rows[: theirs[-1] + 1]]
    return Thread(in_reply_to=ids[-1], references=tuple(ids))


def applicants(session: Session, addresses: Collection[str]) -> dict[str, Applicant]:
    """Those of these addresses that belong to somebody who wrote before."""
    if not addresses:
        return {}
    found = session.scalars(_WITH_ADDRESS, {"addresses": list(addresses)})
    return {one.address: one for one in found}


_WITH_ADDRESS = select(Applicant).where(Applicant.address.in_(bindparam("addresses", expanding=True)))
