"""What is left alone for a while: the relay when it is away, a domain that pushes back.

Kept in the table, so that all senders of one database know. All instants are real time.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailer.relay import Deferred, Outcome
from mailer.tables import Channel, Trouble

#: The relay itself, as a scope beside the domains; Slack's, which no domain can be named like.
RELAY = ""
SLACK = "slack:"

#: The relay is tried again soon, by one mail: nothing is known about the mails, and each waits for it.
RELAY_SHORTEST = timedelta(seconds=2)
RELAY_LONGEST = timedelta(minutes=1)
#: A domain that says "slow down" counts our tries, so it is left alone for longer.
DOMAIN_SHORTEST = timedelta(minutes=5)
DOMAIN_LONGEST = timedelta(hours=1)
#: A domain that was good for so long begins anew.
FORGOTTEN_AFTER = timedelta(hours=2)

_POLICY = re.compile(r"\b4\.7\.\d{1,3}\b")  # RFC 3463 §3.8: security or policy
_GREYLISTED = re.compile(r"gr[ea]y-?\s?list", re.IGNORECASE)


def concerns_domain(outcome: Outcome) -> bool:
    """True when a deferral is about whose mail we send there, not about this mail: 421 or 4.7.x.

    Greylisting (RFC 6647) says 4.7.1 as well, but of one sender and recipient.
    """
    if not isinstance(outcome, Deferred) or outcome.code is None:
        return False
    if _GREYLISTED.search(outcome.text):
        return False
    return outcome.code == 421 or _POLICY.search(outcome.text) is not None


def concerns_relay(outcome: Outcome) -> bool:
    """True when the relay was not reached, or hung up: nothing was learnt about the mail."""
    return isinstance(outcome, Deferred) and outcome.code is None


def relay_of(channel: Channel) -> str:
    """The scope of a channel's relay: that one is away says nothing about the other."""
    return SLACK if channel is Channel.SLACK else RELAY


def room(session: Session, *, real_now: datetime, relay: str = RELAY) -> int | None:
    """Say how many mails may be tried: no limit (None), none while the relay is left alone, one as a probe.

    Whoever gets the probe has the relay to itself until the next one is due.
    """
    # Asked for each claim, and hardly ever is there trouble.
    if session.connection().scalar(_SINCE, {"scope": relay}) is None:
        return None
    trouble = session.get(Trouble, relay, with_for_update=True, populate_existing=True)
    if trouble is None:
        return None
    if trouble.until > real_now:
        return 0
    trouble.until = real_now + _pause(trouble.strikes, RELAY_SHORTEST, RELAY_LONGEST)
    return 1


_SINCE = select(Trouble.since).where(Trouble.scope == bindparam("scope"))


def note_relay(session: Session, reply: str, *, real_now: datetime, relay: str = RELAY) -> None:
    """Remember that the relay is away; ``since`` stays what it was."""
    _note(session, relay, reply, shortest=RELAY_SHORTEST, longest=RELAY_LONGEST, real_now=real_now)


def note_domain(session: Session, domain: str, reply: str, *, real_now: datetime) -> None:
    """Remember that a domain pushes back; twice the pause each time."""
    _note(session, domain, reply, shortest=DOMAIN_SHORTEST, longest=DOMAIN_LONGEST, real_now=real_now)


def relay_is_back(session: Session, *, relay: str = RELAY) -> datetime | None:
    """Forget that the relay was away; returns since when it had been."""
    return session.scalar(
        delete(Trouble).where(Trouble.scope == relay).returning(Trouble.since),
        execution_options={"synchronize_session": False},
    )


def alarm_due(session: Session, *, after: timedelta, real_now: datetime) -> Trouble | None:
    """Give the relay's trouble when it has lasted for ``after`` and nobody was told yet; only once."""
    told = session.scalar(
        update(Trouble)
        .where(Trouble.scope == RELAY, Trouble.since <= real_now - after, Trouble.told_at.is_(None))
        .values(told_at=real_now)
        .returning(Trouble.scope),
        execution_options={"synchronize_session": False},
    )
    return None if told is None else session.get(Trouble, RELAY, populate_existing=True)


def relay_away_since(session: Session) -> datetime | None:
    """Say since when the relay has been away; None when all is well."""
    return session.scalar(select(Trouble.since).where(Trouble.scope == RELAY))


def _note(
    session: Session,
    scope: str,
    reply: str,
    *,
    shortest: timedelta,
    longest: timedelta,
    real_now: datetime,
) -> None:
    trouble = session.get(Trouble, scope, with_for_update=True, populate_existing=True)
    if trouble is None or (scope not in (RELAY, SLACK) and real_now - trouble.until > FORGOTTEN_AFTER):
        strikes, since = 1, real_now
    else:
        strikes, since = trouble.strikes + 1, trouble.since
    until = real_now + _pause(strikes, shortest, longest)
    fields = {"since": since, "until": until, "strikes": strikes, "reply": reply}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # Two senders may learn it at the same moment; the second only confirms it.
    session.execute(
        insert(Trouble)
        .values(scope=scope, **fields)
        .on_conflict_do_update(index_elements=[Trouble.scope], set_=fields),
        execution_options={"synchronize_session": False},
    )


def _pause(strikes: int, shortest: timedelta, longest: timedelta) -> timedelta:
    return min(longest, shortest * (1 << min(strikes - 1, 16)))
