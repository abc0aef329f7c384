"""Tells staff, once, that no mail has left or come in for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from bot import notice
from bot.desk import Desk
from bot.inbox import place
from bot.storage import Storage
from mailer import trouble

log = structlog.get_logger(__name__)

#: Shorter outages end by themselves.
AFTER = timedelta(minutes=15)
#: A password that has expired does not mend itself, and applicants hear nothing meanwhile.
MAILBOX_AFTER = timedelta(minutes=5)


def relay_away(storage: Storage, desk: Desk, *, now: datetime, real_now: datetime) -> bool:
    """Raise the alarm when the relay has been away for a quarter of an hour; True when it was raised now.

    The notice waits in the outbox like every mail, so it is what staff find afterwards; the log line and
    the metric are what wakes them.
    """
    with storage.write.begin() as session:
        found = trouble.alarm_due(session, after=AFTER, real_now=real_now)
        if found is None:
            return False
        since, reply = found.since, found.reply
        notice.of_relay(session, desk, since=since, reply=reply, now=now)
    log.error("relay.away", since=since.isoformat(), reply=reply)
    return True


def mailbox_away(storage: Storage, desk: Desk, *, now: datetime, real_now: datetime) -> int:
    """Raise the alarm for each watched folder that could not be read for five minutes; says for how many."""
    with storage.write.begin() as session:
        due = place.alarm_due(session, after=MAILBOX_AFTER, real_now=real_now)
        for row in due:
            since, failure = row.failing_since or real_now, row.failure or ""
            notice.of_mailbox(session, desk, folder=row.folder, since=since, failure=failure, now=now)
            log.error("mailbox.away", folder=row.folder, since=since.isoformat(), failure=failure)
    return len(due)
