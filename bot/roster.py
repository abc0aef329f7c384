"""The roster: who takes part, how far each team has come, and who wishes to be reminded.

Decisions of the jury are kept apart and count from their release instant only. Verbs take a session
and never commit; ``now`` is contest time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.refusal import Refused
from bot.roster_tables import Contestant, Decision
from faq.contest import ROUND_OF, Language, Person, Round, Stage
from mailer.tables import MailState, OutboxMail


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One team as it stands at an instant."""

    id: int
    team: str
    person: Person
    kind: str | None
    #: What staff know from the team.
    status: Stage
    #: The same, or the newest decision that is released; who withdrew has withdrawn.
    stage: Stage
    #: Since when it is on the roster, or its decision is released.
    since: datetime
    #: When it presents, once that is released.
    slot_at: datetime | None
    #: True when it may be reminded: it consents and has not unsubscribed.
    reminded: bool
    #: True when its own mail has told it the decision that `stage` is; True without a decision.
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was decided on one team, to be stored."""

    decision: Stage
    slot_at: datetime | None = None


def folded(name: str) -> str:
    """A team's name for comparing: NFKC, small letters, no spaces and no punctuation."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


# -- looking ----------------------------------------------------------------------------------


def people(session: Session, *, statuses: Sequence[Stage] = ()) -> Sequence[Contestant]:
    """Give the rows, by team; all statuses if none is named."""
    wanted = select(Contestant).order_by(Contestant.team, Contestant.id)
    if statuses:
        wanted = wanted.where(Contestant.status.in_(statuses))
    return session.scalars(wanted, execution_options={"populate_existing": True}).all()


def by_address(session: Session, address: str) -> Contestant | None:
    """Find who is written to at an address."""
    return session.scalar(select(Contestant).where(Contestant.address == address.strip().lower()))


def by_team(session: Session, team: str) -> list[Contestant]:
    """Find the rows of a team, however its name is spaced or capitalised."""
    key = folded(team)
    return [row for row in people(session) if folded(row.team) == key]


def one(session: Session, named: str) -> Contestant:
    """Find one row by number, address or team. Raises Refused unless it is exactly one."""
    named = named.strip()
    if named.isdecimal() and (row := session.get(Contestant, int(named))) is not None:
        return row
    if (row := by_address(session, named)) is not None:
        return row
    found = by_team(session, named)
    if len(found) > 1:
        raise Refused(f"{len(found)} rows of team {named!r}: {', '.join(row.address for row in found)}")
    if not found:
        raise Refused(f"nobody on the roster has the number, address or team {named!r}")
    return found[0]


def count(session: Session) -> int:
    """How many are on the roster."""
    return session.scalar(select(func.count(Contestant.id))) or 0


def standing(session: Session, contestant_id: int, *, now: datetime) -> Standing | None:
    """How one team stands; None when the number is nobody's."""
    return next(iter(standings(session, now=now, only=[contestant_id])), None)


def standings(session: Session, *, now: datetime, only: Collection[int] | None = None) -> list[Standing]:
    """How every team stands (or those with the numbers ``only``), by number.

    What is not released at ``now`` is not looked at.
    """
    # The release is a condition of the query: nothing that is not released leaves the table.
    wanted = (
        select(Decision.contestant_id, Decision.decision, Decision.release_at, Decision.slot_at)
        .add_columns((OutboxMail.state == MailState.SENT).label("told"))
        .outerjoin(OutboxMail, OutboxMail.id == Decision.mail_id)
        .where(Decision.release_at <= now)
        # The final round is later than the first, whatever the instants say.
        .order_by(Decision.round.desc(), Decision.release_at)
    )
    rows = select(*_COLUMNS).order_by(Contestant.id)
    if only is not None:
        wanted = wanted.where(Decision.contestant_id.in_(only))
        rows = rows.where(Contestant.id.in_(only))
    released = {decided.contestant_id: decided for decided in session.execute(wanted)}
    found = []
    for row in session.execute(rows):
        decided = released.get(row.id) if row.status is not Stage.WITHDRAWN else None
        found.append(
            Standing(
                id=row.id,
                team=row.team,
                person=Person(address=row.address, name=row.contact, language=Language(row.language)),
                kind=row.kind,
                status=row.status,
                stage=decided.decision if decided else row.status,
                since=decided.release_at if decided else row.added_at,
                slot_at=decided.slot_at if decided else None,
                reminded=row.consents and row.unsubscribed_at is None,
                told=bool(decided.told) if decided else True,
            )
        )
    return found


_COLUMNS = (
    Contestant.id,
    Contestant.team,
    Contestant.contact,
    Contestant.address,
    Contestant.kind,
    Contestant.language,
    Contestant.status,
    Contestant.consents,
    Contestant.unsubscribed_at,
    Contestant.added_at,
)


# -- decisions --------------------------------------------------------------------------------


def decide(
    session: Session,
    round: Round,
    decisions: Mapping[int, Decided],
    *,
    release_at: datetime,
    campaign: int | None,
    staff: str,
    now: datetime,
) -> None:
    """Store the decisions of a round in place of those that were stored before.

    Raises Refused once a mail has told one of them, for a decision that is not of this round, and for
    a number that is nobody's.
    """
    for contestant_id, decided in decisions.items():
        if ROUND_OF.get(decided.decision) is not round:
            raise Refused(
                f"contestant {contestant_id}: {decided.decision} is no decision of the {round} round"
            )
    known = set(session.scalars(select(Contestant.id).where(Contestant.id.in_(decisions))))
    if strangers := sorted(set(decisions) - known):
        raise Refused(f"nobody on the roster has the number {strangers[0]}")
    undecide(session, round)
    session.add_all(
        Decision(
            contestant_id=contestant_id,
            round=round,
            decision=decided.decision,
            release_at=release_at,
            slot_at=decided.slot_at,
            campaign=campaign,
            mail_id=None,
            by=staff,
            at=now,
        )
        for contestant_id, decided in sorted(decisions.items())
    )
    session.flush()


def undecide(session: Session, round: Round) -> None:
    """Forget the decisions of a round. Raises Refused once a mail has told one of them."""
    told = session.scalar(
        select(func.count(Decision.id))
        .join(OutboxMail, OutboxMail.id == Decision.mail_id)
        .where(
            Decision.round == round,
            OutboxMail.state.in_([MailState.IN_FLIGHT, MailState.SENT, MailState.UNKNOWN]),
        )
    )
    if told:
        raise Refused(f"{told} teams were told their {round} result; it cannot be taken back")
    session.execute(
        delete(Decision).where(Decision.round == round), execution_options={"synchronize_session": "fetch"}
    )


def mailed(session: Session, round: Round, mails: Mapping[int, int]) -> None:
    """Note which outbox row tells each team its result: contestant to outbox id."""
    for contestant_id, mail_id in mails.items():
        session.execute(
            update(Decision)
            .where(Decision.round == round, Decision.contestant_id == contestant_id)
            .values(mail_id=mail_id),
            execution_options={"synchronize_session": False},
        )


def releases(session: Session) -> dict[Round, datetime]:
    """When each round that was imported is released, the latest instant of it."""
    found = session.execute(select(Decision.round, func.max(Decision.release_at)).group_by(Decision.round))
    return {round: at for round, at in found}


# -- reminders --------------------------------------------------------------------------------


def unsubscribe(session: Session, contestant_id: int, *, now: datetime) -> bool:
    """Remind a person no more; False when nobody has the number. A second time changes nothing."""
    row = session.get(Contestant, contestant_id)
    if row is None:
        return False
    if row.unsubscribed_at is None:
        row.unsubscribed_at = now
        session.flush()
    return True
