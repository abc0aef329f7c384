"""A campaign from its first list to its last mail: the states, the list, the approvals.

Verbs take a session and never commit. Who may do what is the desk's business (bot/campaigning.py).
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from faq.contest import Language, Round, Stage
from mailer import outbox, states
from mailer.campaign_tables import Approval, Campaign, CampaignFile, CampaignState, Recipient
from mailer.errors import IllegalTransition, NoSuchCampaign
from mailer.result_words import TOLD
from mailer.states import DIRECT
from mailer.tables import MailState, OutboxMail

#: From a state to those that may follow; nothing else moves a campaign.
TRANSITIONS: Mapping[CampaignState, frozenset[CampaignState]] = {
    CampaignState.DRAFT: frozenset({CampaignState.APPROVED, CampaignState.CANCELLED}),
    CampaignState.APPROVED: frozenset(
        {CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.SENDING, CampaignState.CANCELLED}
    ),
    CampaignState.SCHEDULED: frozenset(
        {
            *(CampaignState.DRAFT, CampaignState.SENDING, CampaignState.PAUSED),
            *(CampaignState.HALTED, CampaignState.CANCELLED),
        }
    ),
    CampaignState.SENDING: frozenset(
        {CampaignState.PAUSED, CampaignState.HALTED, CampaignState.DONE, CampaignState.CANCELLED}
    ),
    CampaignState.PAUSED: frozenset(
        {
            *(CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.SENDING),
            *(CampaignState.HALTED, CampaignState.CANCELLED),
        }
    ),
    # Out of it only by two people, who look at what changed.
    CampaignState.HALTED: frozenset({CampaignState.DRAFT, CampaignState.APPROVED, CampaignState.CANCELLED}),
    CampaignState.DONE: frozenset(),
    CampaignState.CANCELLED: frozenset(),
}

#: Two people, neither of whom wrote the list.
NEEDED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """One line of a list: a team and what it is to be told."""

    number: int
    #: The team's number in the roster.
    person: int
    team: str
    #: As ``one_address`` gives it.
    address: str
    name: str | None
    language: Language
    decision: Stage
    slot_at: datetime | None
    #: SHA-256 of its file.
    file: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that goes with results."""

    sha256: str
    name: str
    type: str
    path: str
    content: bytes


def find(session: Session, campaign_id: int) -> Campaign:
    """Give one campaign as the table has it now. Raises NoSuchCampaign."""
    found = session.get(Campaign, campaign_id, populate_existing=True)
    if found is None:
        raise NoSuchCampaign(f"there is no campaign {campaign_id}; contestdesk campaign status lists them")
    return found


def listing(session: Session) -> Sequence[Campaign]:
    """Give all campaigns, oldest first."""
    return session.scalars(select(Campaign).order_by(Campaign.id)).all()


def current(session: Session, round: Round) -> Campaign | None:
    """Give the campaign of a round that is neither done nor cancelled; None when there is none."""
    over = (CampaignState.DONE, CampaignState.CANCELLED)
    return session.scalar(
        select(Campaign).where(Campaign.round == round, Campaign.state.not_in(over)).order_by(Campaign.id)
    )


def move(campaign: Campaign, to: CampaignState) -> None:
    """Take a campaign to another state; raises IllegalTransition for a step the table does not have."""
    if to is campaign.state:
        return
    if to not in TRANSITIONS[campaign.state]:
        raise IllegalTransition(f"campaign {campaign.id} is {campaign.state}; it cannot become {to}")
    campaign.state = to
    if to is not CampaignState.HALTED:
        campaign.halted = None


# -- the list ---------------------------------------------------------------------------------


def fold(team: str) -> str:
    """A team's name as one is told from another: NFC, without case and without spaces."""
    return "".join(unicodedata.normalize("NFC", team).casefold().split())


def put(session: Session, campaign: Campaign, addressees: Iterable[Addressee], files: Iterable[File]) -> int:
    """Take a new list in place of the old one, nothing of which has left; returns how many lines it has.

    Who stood in the old one keeps his row, so that a list that says the same is the same. That nobody
    stands in it twice, nor in another campaign of the round, is a unique key of the schema.
    """
    kept = dict(
        session.execute(
            select(Recipient.person, Recipient.id).where(Recipient.campaign_id == campaign.id)
        ).all()
    )
    # Two teams may have changed places; the keys must not meet on the way.
    session.execute(
        update(Recipient)
        .where(Recipient.campaign_id == campaign.id)
        .values(person_key=None, team_key=None, digest=None),
        **DIRECT,
    )
    new: list[dict[str, Any]] = []
    count = 0
    for one in addressees:
        count += 1
        row_id = kept.pop(one.person, None)
        if row_id is None:
            new.append(_row(campaign, one))
        else:
            changed = update(Recipient).where(Recipient.id == row_id).values(_row(campaign, one))
            session.execute(changed, **DIRECT)
        if len(new) == _BATCH:
            session.execute(insert(Recipient), new)
            new = []
    if new:
        session.execute(insert(Recipient), new)
    if kept:
        session.execute(delete(Recipient).where(Recipient.id.in_(kept.values())), **DIRECT)
    session.execute(delete(CampaignFile).where(CampaignFile.campaign_id == campaign.id), **DIRECT)
    for file in files:
        session.add(CampaignFile(campaign_id=campaign.id, **asdict(file)))
    session.flush()
    return count


_BATCH = 500


def _row(campaign: Campaign, one: Addressee) -> dict[str, Any]:
    team = hashlib.sha256(fold(one.team).encode()).hexdigest()
    return {
        "campaign_id": campaign.id,
        "number": one.number,
        "person": one.person,
        "team": one.team,
        "address": one.address,
        "domain": one.address.rpartition("@")[2],
        "name": one.name,
        "language": one.language.value,
        "decision": one.decision,
        "slot_at": one.slot_at,
        "file": one.file,
        "person_key": f"{campaign.round}:{one.address}",
        "team_key": f"{campaign.round}:{team}",
    }


def recipients(session: Session, campaign_id: int) -> Iterable[Recipient]:
    """Give the list in its order, a few hundred lines in memory at a time."""
    wanted = select(Recipient).where(Recipient.campaign_id == campaign_id).order_by(Recipient.number)
    return session.scalars(wanted.execution_options(yield_per=_BATCH, populate_existing=True))


def decided_elsewhere(session: Session, campaign: Campaign) -> Mapping[int, Stage]:
    """What other campaigns of the round have told: roster number to decision, as far as it still holds."""
    found = session.execute(
        select(Recipient.person, Recipient.decision)
        .join(Campaign)
        .where(
            Campaign.round == campaign.round,
            Recipient.campaign_id != campaign.id,
            Recipient.person_key.is_not(None),
        )
    )
    return {person: decision for person, decision in found}


def file_of(session: Session, recipient: Recipient) -> CampaignFile | None:
    """Give the file that goes with a result."""
    if recipient.file is None:
        return None
    return session.get_one(CampaignFile, (recipient.campaign_id, recipient.file))


def is_told() -> ColumnElement[bool]:
    """Lines that are told by a mail."""
    return Recipient.decision.in_(TOLD)


# -- the approvals ----------------------------------------------------------------------------


def approvals(session: Session, campaign_id: int) -> Sequence[Approval]:
    """Give every approval that was given, oldest first, void ones too."""
    return session.scalars(
        select(Approval)
        .where(Approval.campaign_id == campaign_id)
        .order_by(Approval.id)
        .execution_options(populate_existing=True)
    ).all()


def valid(session: Session, campaign_id: int, content: str) -> list[Approval]:
    """Give the approvals that stand for exactly this content, one a person."""
    standing = {
        one.staff: one
        for one in approvals(session, campaign_id)
        if one.voided_at is None and one.content == content
    }
    return list(standing.values())


def void(session: Session, campaign_id: int, why: str, *, now: datetime) -> int:
    """Let no approval count any more; returns how many counted until now."""
    voided = session.execute(
        update(Approval)
        .where(Approval.campaign_id == campaign_id, Approval.voided_at.is_(None))
        .values(voided_at=now, why=why)
        .returning(Approval.id),
        **DIRECT,
    )
    return len(voided.all())


# -- the end ----------------------------------------------------------------------------------


def cancel(session: Session, campaign: Campaign, *, reason: str) -> int:
    """Tell nobody anything more; returns how many mails that waited are cancelled.

    Whoever was told keeps his place: no other campaign of the round can tell him again. So does
    whoever may have been told (unknown), and whose mail a sender holds at this moment.
    """
    move(campaign, CampaignState.CANCELLED)
    waiting = session.scalars(
        select(Recipient.mail_id)
        .join(OutboxMail, OutboxMail.id == Recipient.mail_id)
        .where(Recipient.campaign_id == campaign.id, OutboxMail.state.in_(states.WAITING))
    ).all()
    stopped = []
    for mail_id in waiting:
        try:
            outbox.cancel(session, mail_id or 0, reason=reason)
        except IllegalTransition:  # a sender was faster; the gate is shut before its next mail
            continue
        stopped.append(mail_id)
    never = select(OutboxMail.id).where(
        OutboxMail.state == MailState.CANCELLED, OutboxMail.id == Recipient.mail_id, OutboxMail.attempts == 0
    )
    session.execute(
        update(Recipient)
        .where(
            Recipient.campaign_id == campaign.id,
            Recipient.mail_id.is_(None) | never.exists(),
        )
        .values(person_key=None, team_key=None),
        **DIRECT,
    )
    return len(stopped)


def unsettled(session: Session, campaign_id: int) -> int:
    """How many are not told yet and still may be: not queued, waiting, or with a sender."""
    open_states = (*states.WAITING, *states.HELD)
    found = session.scalar(
        select(func.count())
        .select_from(Recipient)
        .outerjoin(OutboxMail, OutboxMail.id == Recipient.mail_id)
        .where(
            Recipient.campaign_id == campaign_id,
            is_told(),
            Recipient.mail_id.is_(None) | OutboxMail.state.in_(open_states),
        )
    )
    return found or 0
