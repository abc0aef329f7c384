"""The ledger of a campaign: what became of each mail, and whether what left is what was approved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer import campaign as campaigns
from mailer.campaign_tables import Campaign, Recipient
from mailer.compose import fingerprint
from mailer.errors import ComposeError
from mailer.tables import MailKind, MailState, OutboxMail

#: Of a line that has no outbox row yet.
NOT_QUEUED = "not_queued"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """Approved against sent."""

    #: Mails that two people approved.
    approved: int
    #: Mails by what became of them; a state that no mail is in is left out.
    counts: Mapping[str, int]
    #: What is not as it should be; empty when sent and approved are the same.
    differences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True when every approved mail is out, each as it was approved, and none beside them."""
        return not self.differences and self.counts.get(MailState.SENT, 0) == self.approved


def counts(session: Session, campaign_id: int) -> Mapping[str, int]:
    """Count a campaign's mails by what became of them."""
    found = session.execute(
        select(OutboxMail.state, func.count())
        .select_from(Recipient)
        .outerjoin(OutboxMail, OutboxMail.id == Recipient.mail_id)
        .where(Recipient.campaign_id == campaign_id, campaigns.is_told())
        .group_by(OutboxMail.state)
    )
    return {state.value if state else NOT_QUEUED: count for state, count in found}


def ledger(session: Session, campaign_id: int) -> Iterator[tuple[Recipient, MailState | None, str | None]]:
    """Give every recipient with the state of its mail and the last word about it, in the list's order."""
    wanted = (
        select(Recipient, OutboxMail.state, OutboxMail.last_reply)
        .outerjoin(OutboxMail, OutboxMail.id == Recipient.mail_id)
        .where(Recipient.campaign_id == campaign_id, campaigns.is_told())
        .order_by(Recipient.number)
        .execution_options(yield_per=500)
    )
    yield from session.execute(wanted)


def verify(session: Session, campaign: Campaign) -> Verified:
    """Hold what left against what was approved, mail by mail; each is read as it lies in the outbox."""
    differences: list[str] = []
    tally: Counter[str] = Counter()
    for recipient, state, reply in ledger(session, campaign.id):
        tally[state.value if state else NOT_QUEUED] += 1
        if state is not None and recipient.mail_id is not None:
            differences.extend(_differs(session, recipient))
        if state in (MailState.FAILED, MailState.UNKNOWN, MailState.CANCELLED):
            differences.append(f"line {recipient.number}: {state}: {reply or 'no reason known'}")
    differences.extend(_beside(session))
    return Verified(approved=sum(tally.values()), counts=dict(tally), differences=tuple(differences))


def _differs(session: Session, recipient: Recipient) -> Iterator[str]:
    row = session.execute(
        select(OutboxMail.body, OutboxMail.recipient, OutboxMail.key).where(
            OutboxMail.id == recipient.mail_id
        )
    ).one()
    if row.recipient != recipient.address:
        yield f"line {recipient.number}: its mail went to another address than was approved"
    try:
        same = fingerprint(row.body or b"") == recipient.digest
    except ComposeError:
        same = False
    if not same:
        yield f"line {recipient.number}: its mail is not the one that was approved"


def _beside(session: Session) -> Iterator[str]:
    """Results that belong to nobody's list; the gate holds them, and somebody should know."""
    listed = select(Recipient.id).where(Recipient.mail_id == OutboxMail.id).exists()
    found = session.scalars(
        select(OutboxMail.id).where(OutboxMail.kind == MailKind.RESULT, ~listed).order_by(OutboxMail.id)
    )
    for mail_id in found:
        yield f"outbox mail {mail_id} is a result that nobody approved"
