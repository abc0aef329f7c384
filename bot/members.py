"""Between the roster and a campaign: whom a round is about, and what the roster learns of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot import roster
from bot.decision_file import Line
from bot.refusal import Refused
from bot.roster_tables import Contestant, Decision
from faq.contest import DECIDED, Language, Round, Stage
from mailer import campaign as campaigns
from mailer.campaign import Addressee
from mailer.campaign_tables import Campaign, Recipient
from mailer.proof import Member
from mailer.states import DIRECT


def of_round(session: Session, round: Round) -> list[Member]:
    """Everybody whom a round must tell: who submitted, or who was shortlisted; and who has withdrawn."""
    if round is Round.FIRST:
        rows = roster.people(session, statuses=(Stage.SUBMITTED, Stage.WITHDRAWN))
    else:
        shortlisted = select(Decision.contestant_id).where(
            Decision.round == Round.FIRST, Decision.decision == Stage.SHORTLISTED
        )
        chosen = set(session.scalars(shortlisted))
        rows = [row for row in roster.people(session) if row.id in chosen]
    return [
        Member(
            person=row.id,
            team=row.team,
            address=row.address,
            withdrawn=row.status is Stage.WITHDRAWN,
        )
        for row in rows
    ]


def addressees(session: Session, lines: Sequence[Line]) -> list[Addressee]:
    """Find each line's team on the roster. Raises Refused, a line for each that is not there."""
    known = {row.address: row for row in roster.people(session)}
    faults, found = [], []
    for line in lines:
        row = known.get(line.address)
        if row is None:
            faults.append(f"line {line.number}: nobody on the roster has the address of {line.team}")
        elif campaigns.fold(row.team) != campaigns.fold(line.team):
            faults.append(f"line {line.number}: the address of {line.team} is that of {row.team}")
        else:
            found.append(_addressee(line, row))
    if faults:
        raise Refused("\n".join(faults))
    return found


def _addressee(line: Line, row: Contestant) -> Addressee:
    return Addressee(
        number=line.number,
        person=row.id,
        team=row.team,
        address=row.address,
        name=row.contact,
        language=Language(row.language),
        decision=line.decision,
        slot_at=line.slot_at,
        file=line.file,
    )


def addressee(row: Recipient) -> Addressee:
    """A line of a campaign as the proof reads it."""
    return Addressee(
        number=row.number,
        person=row.person,
        team=row.team,
        address=row.address,
        name=row.name,
        language=Language(row.language),
        decision=row.decision,
        slot_at=row.slot_at,
        file=row.file,
    )


def moved(session: Session, listed: Sequence[Addressee]) -> list[str]:
    """Say where the roster has another name or language of somebody than the list does."""
    known = {row.id: row for row in roster.people(session)}
    return [
        f"line {one.number}: the roster has another contact or language for {one.team}; import the list again"
        for one in listed
        if (row := known.get(one.person)) is not None
        and (row.contact, row.language) != (one.name, one.language.value)
    ]


def enter(session: Session, campaign: Campaign, mails: Mapping[int, int | None], *, now: datetime) -> None:
    """Let the roster know what was decided on these, with the mail that tells each (None: nobody is told).

    Not before the release: it is called in the transaction that queues the mails.
    """
    rows = session.scalars(
        select(Recipient).where(Recipient.campaign_id == campaign.id, Recipient.person.in_(mails))
    ).all()
    session.execute(
        delete(Decision).where(Decision.round == campaign.round, Decision.contestant_id.in_(mails)), **DIRECT
    )
    session.add_all(
        Decision(
            contestant_id=row.person,
            round=campaign.round,
            decision=row.decision,
            release_at=campaign.release_at,
            slot_at=row.slot_at,
            campaign=campaign.id,
            mail_id=mails[row.person],
            by=campaign.scheduled_by or campaign.author,
            at=now,
        )
        for row in rows
        if row.decision in DECIDED
    )
    session.flush()


def forget_untold(session: Session, campaign: Campaign) -> None:
    """Take back what the roster knows of people whom a cancelled campaign never told."""
    untold = select(Recipient.person).where(
        Recipient.campaign_id == campaign.id, Recipient.person_key.is_(None)
    )
    session.execute(
        delete(Decision).where(Decision.campaign == campaign.id, Decision.contestant_id.in_(untold)), **DIRECT
    )
