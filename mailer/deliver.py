"""One tick of a sender: claim, commit, send with no transaction open, record.

What became of one mail is recorded in the transaction that begins the next: one commit a mail, and
never more than one mail of a relay connection whose outcome is not on disk.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from mailer import bulk, claiming, gate, sending, trouble
from mailer.claiming import Claimed
from mailer.ledger import Ledger
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
    #: Given back unsent: the relay was away, an earlier mail to the same person or domain has to
    #: wait, or the sender is stopping.
    released: int = 0
    #: Lost to another sender or to the sweeper; they are being cared for there.
    lost: int = 0
    #: Ids of mails that were cancelled because their time had gone by; staff get a notice.
    skipped_late: tuple[int, ...] = ()
    #: True when the relay could not be reached: wait before the next tick.
    unreachable: bool = False


def deliver_due(
    ledger: Ledger,
    relay: Relay,
    channel: Channel,
    *,
    limit: int,
    now: datetime,
    real_now: Callable[[], datetime],
    lease: timedelta = LEASE,
    stopping: Callable[[], bool] = lambda: False,
    on_sent: Callable[[Sent], None] = lambda _sent: None,
    waits: Callable[[], bool] = lambda: True,
    taking: AbstractContextManager[object] | None = None,
) -> Tally:
    """Send up to ``limit`` mails that are due, one after the other.

    ``now`` is contest time; ``real_now`` is asked before and after each mail, as a slow relay may take
    minutes. When ``stopping`` turns true, or the relay cannot be reached, the rest goes back to the
    queue untouched; so do mails to a person whose earlier mail was deferred, and to a domain that
    pushes back. While the relay is known to be away, one mail at a time probes it.
    Unless ``waits``, asked first, nothing is taken; ``taking`` is entered for both, so that of several
    senders one looks after the other has taken.
    """

    def claim(session: Session) -> tuple[tuple[int, ...], int | None, list[Claimed], list[Claimed]]:
        skipped = claiming.skip_late(session, channel, now=now)
        room = trouble.room(session, real_now=real_now(), relay=trouble.relay_of(channel))
        most = limit if room is None else min(limit, room)
        if not most:
            return skipped, room, [], []
        due = claiming.claim_due(session, channel, limit=most, lease=lease, now=now, real_now=real_now())
        together: list[Claimed] = []
        if room is None:
            together = bulk.begin(session, due, real_now=real_now())
            if len(together) == limit:  # nothing but notices: more of them, as each turn has its price
                more = claiming.claim_due(
                    session, channel, limit=bulk.MORE, lease=lease, now=now, real_now=real_now()
                )
                due, together = due + more, together + bulk.begin(session, more, real_now=real_now())
        return skipped, room, due, together

    with taking or nullcontext():
        if not waits():
            return Tally()
        skipped, room, claimed, together = ledger.write(claim)
    for mail_id in skipped:
        log.warning("outbox.skipped_late", mail=mail_id)
    probing = room is not None
    tick = _Tick(ledger, relay, now=now, real_now=real_now, on_sent=on_sent, probing=probing)
    begun = {mail.id for mail in together}
    released = tick.run([mail for mail in claimed if mail.id not in begun], stopping) if claimed else 0
    released += tick.run_together(together, stopping) if together else 0
    return Tally(
        claimed=len(claimed),
        sent=tick.counted[MailState.SENT],
        deferred=tick.counted[MailState.RETRY],
        failed=tick.counted[MailState.FAILED],
        unknown=tick.counted[MailState.UNKNOWN],
        released=released,
        lost=tick.counted[None],
        skipped_late=skipped,
        unreachable=tick.unreachable or room == 0,
    )


#: A mail, what became of it, and the state of its row; None when the lease was lost.
_Recorded = tuple[Claimed, Outcome, MailState | None]


class _Tick:
    """The mails of one claim, on their way out one by one."""

    def __init__(
        self,
        ledger: Ledger,
        relay: Relay,
        *,
        now: datetime,
        real_now: Callable[[], datetime],
        on_sent: Callable[[Sent], None],
        probing: bool,
    ) -> None:
        self._ledger = ledger
        self._relay = relay
        self._now = now
        self._real_now = real_now
        self._on_sent = on_sent
        self._probing = probing
        #: The mail that was tried last, until its outcome is on disk.
        self._tried: tuple[Claimed, Outcome] | None = None
        #: People and domains whose later mails have to wait.
        self._waiting_for: set[str] = set()
        self.counted: Counter[MailState | None] = Counter()
        #: Given back one by one, as their campaign was stopped meanwhile.
        self.held = 0
        self.unreachable = False

    def run(self, claimed: Sequence[Claimed], stopping: Callable[[], bool]) -> int:
        """Send them, record what became of each; returns how many were given back untried."""
        waiting, aside = deque(claimed), []
        while waiting and not self.unreachable and not stopping():
            mail = waiting.popleft()
            if mail.recipient in self._waiting_for or mail.domain in self._waiting_for:
                aside.append(mail)
            elif self._begin(mail):
                self._tried = (mail, _send(self._relay, mail))  # no transaction is open here
                self._learn(*self._tried)
        given_back = [*aside, *waiting]
        if given_back or self._tried:
            self._tell(self._ledger.write(lambda session: self._end(session, given_back)))
        return len(given_back) + self.held

    def run_together(self, begun: Sequence[Claimed], stopping: Callable[[], bool]) -> int:
        """Send what is in flight together, record all of it at the end; returns how many were not tried."""
        waiting, aside = deque(begun), []
        tried: list[tuple[Claimed, Outcome]] = []
        while waiting and not self.unreachable and not stopping():
            mail = waiting.popleft()
            if mail.recipient in self._waiting_for or mail.domain in self._waiting_for:
                aside.append(mail)
            else:
                tried.append((mail, _send(self._relay, mail)))
                self._learn(*tried[-1])
        untried = [*aside, *waiting]
        for told in self._ledger.write(lambda session: self._settle(session, tried, untried)):
            self._tell(told)
        return len(untried)

    def _settle(
        self, session: Session, tried: Sequence[tuple[Claimed, Outcome]], untried: Sequence[Claimed]
    ) -> list[_Recorded]:
        taken = [(mail, outcome) for mail, outcome in tried if isinstance(outcome, Delivered)]
        real_now = self._real_now()
        marked = bulk.mark_delivered(
            session, [(mail, outcome.reply) for mail, outcome in taken], now=self._now, real_now=real_now
        )
        told: list[_Recorded] = [
            (mail, outcome, MailState.SENT if mail.id in marked else None) for mail, outcome in taken
        ]
        for mail, outcome in tried:
            if not isinstance(outcome, Delivered):
                self._tried = (mail, outcome)
                recorded = self._record(session)
                self._tried = None
                told += [recorded] if recorded else []
        bulk.give_back(session, untried, real_now=real_now)
        return told

    def _begin(self, mail: Claimed) -> bool:
        told, started = self._ledger.write(lambda session: self._next(session, mail))
        self._tell(told)
        if started is None:
            self.held += 1
            return False
        if not started:
            log.warning("outbox.lease_lost", mail=mail.id, at="begin")
            self.counted[None] += 1
        return started

    def _next(self, session: Session, mail: Claimed) -> tuple[_Recorded | None, bool | None]:
        recorded = self._record(session)
        if not gate.is_open(session, mail):
            sending.release(session, [mail])
            return recorded, None
        return recorded, sending.begin(session, mail, real_now=self._real_now())

    def _end(self, session: Session, given_back: Sequence[Claimed]) -> _Recorded | None:
        told = self._record(session)
        sending.release(session, given_back)
        return told

    def _learn(self, mail: Claimed, outcome: Outcome) -> None:
        if isinstance(outcome, Deferred):
            self._waiting_for.add(mail.recipient)
        if trouble.concerns_domain(outcome):
            self._waiting_for.add(mail.domain)
        # One mail has shown it; the others need not wait for a time-out each.
        self.unreachable = trouble.concerns_relay(outcome)

    def _record(self, session: Session) -> _Recorded | None:
        if self._tried is None:
            return None
        mail, outcome = self._tried
        real_now = self._real_now()
        if trouble.concerns_relay(outcome):
            relay = trouble.relay_of(mail.channel)
            trouble.note_relay(session, _text(outcome), real_now=real_now, relay=relay)
        elif self._probing:
            trouble.relay_is_back(session, relay=trouble.relay_of(mail.channel))
        if trouble.concerns_domain(outcome):
            trouble.note_domain(session, mail.domain, _text(outcome), real_now=real_now)
        state = _record(session, mail, outcome, now=self._now, real_now=real_now)
        return mail, outcome, state

    def _tell(self, told: _Recorded | None) -> None:
        """The outcome is on disk: count it and tell whoever watches."""
        if told is None:
            return
        self._tried = None
        mail, outcome, state = told
        self.counted[state] += 1
        if state is None:
            log.error("outbox.lease_lost", mail=mail.id, at="record", outcome=type(outcome).__name__)
            return
        _tell(mail, outcome, state)
        self._on_sent(Sent(mail_id=mail.id, recipient=mail.recipient, outcome=outcome, state=state))


def _text(outcome: Outcome) -> str:
    return outcome.text if isinstance(outcome, Deferred | Rejected) else ""


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
            done = sending.mark_delivered(session, claimed, reply, now=now, real_now=real_now)
            return MailState.SENT if done else None
        case Deferred(code=code, text=text, after=after):
            return sending.retry_later(session, claimed, code, text, real_now=real_now, after=after)
        case Rejected(code=code, text=text):
            done = sending.give_up(session, claimed, code, text, real_now=real_now)
            return MailState.FAILED if done else None
        case Unknown(cause=cause):  # a person decides
            done = sending.park(session, claimed, cause, real_now=real_now)
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
