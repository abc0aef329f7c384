"""One tick of a sender: claim, commit, send with no transaction open, record.

Every engine that moves the outbox calls these two; both may be called twice for the same mail.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session, sessionmaker

from mailer import outbox
from mailer.outbox import Claimed
from mailer.relay import Deferred, Delivered, Outcome, Outgoing, Rejected, Relay, Unknown
from mailer.tables import Channel, MailState

log = structlog.get_logger(__name__)

#: Longer than one mail may take on a slow relay (10 minutes for the last reply, RFC 5321 §4.5.3.2.6).
LEASE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One mail was tried: for whoever watches."""

    mail_id: int
    recipient: str
    outcome: Outcome
    #: The state that the row has now.
    state: MailState


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What one tick did, in mails."""

    #: Taken from the outbox; zero when nothing was due.
    claimed: int = 0
    sent: int = 0
    #: To be tried again.
    deferred: int = 0
    #: Refused for good, or given up.
    failed: int = 0
    #: A person must look.
    unknown: int = 0
    #: Given back unsent: the relay was away, or the sender is stopping.
    released: int = 0
    #: Lost to another sender or to the sweeper; they are being cared for there.
    lost: int = 0
    #: Ids of mails that were cancelled because their time had gone by; staff get a notice.
    skipped_late: tuple[int, ...] = ()
    #: True when the relay could not be reached: wait before the next tick.
    unreachable: bool = False


def deliver_due(
    sessions: sessionmaker[Session],
    relay: Relay,
    channel: Channel,
    *,
    limit: int,
    now: datetime,
    real_now: Callable[[], datetime],
    lease: timedelta = LEASE,
    stopping: Callable[[], bool] = lambda: False,
    on_sent: Callable[[Sent], None] = lambda _sent: None,
) -> Tally:
    """Send up to ``limit`` mails that are due, one after the other.

    ``now`` is contest time; ``real_now`` is asked before and after each mail, as a slow relay may take
    minutes. When ``stopping`` turns true, or the relay cannot be reached, the rest goes back to the
    queue untouched.
    """
    with sessions.begin() as session:
        skipped = outbox.skip_late(session, channel, now=now)
        claimed = outbox.claim_due(session, channel, limit=limit, lease=lease, now=now, real_now=real_now())
    for mail_id in skipped:
        log.warning("outbox.skipped_late", mail=mail_id)
    counted: Counter[MailState | None] = Counter()
    unreachable = False
    waiting = deque(claimed)
    while waiting and not unreachable and not stopping():
        sent = deliver(sessions, relay, waiting.popleft(), now=now, real_now=real_now)
        counted[sent.state if sent else None] += 1
        if sent:
            # One mail has shown it; the others need not wait for a time-out each.
            unreachable = isinstance(sent.outcome, Deferred) and sent.outcome.code is None
            on_sent(sent)
    if waiting:
        with sessions.begin() as session:
            outbox.release(session, waiting)
    return Tally(
        claimed=len(claimed),
        sent=counted[MailState.SENT],
        deferred=counted[MailState.RETRY],
        failed=counted[MailState.FAILED],
        unknown=counted[MailState.UNKNOWN],
        released=len(waiting),
        lost=counted[None],
        skipped_late=skipped,
        unreachable=unreachable,
    )


def deliver(
    sessions: sessionmaker[Session],
    relay: Relay,
    claimed: Claimed,
    *,
    now: datetime,
    real_now: Callable[[], datetime],
) -> Sent | None:
    """Send one claimed mail and record what became of it; None when the claim is not ours any more."""
    with sessions.begin() as session:
        started = outbox.begin(session, claimed, real_now=real_now())
    if not started:
        log.warning("outbox.lease_lost", mail=claimed.id, at="begin")
        return None
    outcome = _send(relay, claimed)  # no transaction is open here
    with sessions.begin() as session:
        state = _record(session, claimed, outcome, now=now, real_now=real_now())
    if state is None:
        log.error("outbox.lease_lost", mail=claimed.id, at="record", outcome=type(outcome).__name__)
        return None
    _tell(claimed, outcome, state)
    return Sent(mail_id=claimed.id, recipient=claimed.recipient, outcome=outcome, state=state)


def _send(relay: Relay, claimed: Claimed) -> Outcome:
    mail = Outgoing(
        id=claimed.id,
        envelope_sender=claimed.envelope_sender,
        recipient=claimed.recipient,
        message_id=claimed.message_id,
        body=claimed.body,
    )
    try:
        return relay.send(mail)
    except Exception as error:
        # Whatever it was, it came while the row is in flight: the mail may be out. To call it
        # anything else would send it twice or lose it, and to pass it on would stop the sender.
        log.exception("outbox.relay_fault", mail=claimed.id)
        return Unknown(cause=f"fault in the relay: {type(error).__name__}")


def _record(
    session: Session, claimed: Claimed, outcome: Outcome, *, now: datetime, real_now: datetime
) -> MailState | None:
    match outcome:
        case Delivered(reply=reply):
            done = outbox.mark_delivered(session, claimed, reply, now=now, real_now=real_now)
            return MailState.SENT if done else None
        case Deferred(code=code, text=text):
            return outbox.retry_later(session, claimed, code, text, real_now=real_now)
        case Rejected(code=code, text=text):
            done = outbox.give_up(session, claimed, code, text, real_now=real_now)
            return MailState.FAILED if done else None
        case Unknown(cause=cause):  # a person decides
            done = outbox.park(session, claimed, cause, real_now=real_now)
            return MailState.UNKNOWN if done else None


def _tell(claimed: Claimed, outcome: Outcome, state: MailState) -> None:
    match outcome:
        case Delivered():
            log.info("outbox.sent", mail=claimed.id)
        case Deferred(code=code) if state is MailState.RETRY:
            log.info("outbox.deferred", mail=claimed.id, code=code)
        case Deferred(code=code):
            log.error("outbox.gave_up", mail=claimed.id, code=code)
        case Rejected(code=code):
            log.warning("outbox.rejected", mail=claimed.id, code=code)
        case Unknown():
            log.error("outbox.unknown", mail=claimed.id)
