"""When a deferred mail is tried again, and when we stop trying."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(hours=4)
#: While the relay itself is away nothing is learnt about the mail: try again soon after it is back.
LONGEST_UNREACHABLE = timedelta(minutes=10)
#: RFC 5321 §4.5.4.1 asks for 4 to 5 days; an answer about a deadline is worth less each day, and a
#: person who is told on the third can still write another way.
PATIENCE = timedelta(days=3)
MOST_TRIES = 30


def next_try_at(
    mail_id: int,
    *,
    attempts: int,
    code: int | None,
    first_tried_at: datetime,
    real_now: datetime,
    after: timedelta | None = None,
) -> datetime | None:
    """Say when to try again after ``attempts`` deferrals, or None to give up.

    ``code`` None means that the relay was not reached; such tries are not counted against the mail, and
    neither are those after which the other side said itself when to come back (``after``).
    """
    if after is not None:
        return real_now + after if real_now - first_tried_at < PATIENCE else None
    if real_now - first_tried_at >= PATIENCE or (code is not None and attempts >= MOST_TRIES):
        return None
    return real_now + pause(mail_id, attempts=attempts, code=code)


def pause(mail_id: int, *, attempts: int, code: int | None) -> timedelta:
    """Double from one minute on, up to four hours, spread by a fifth so that mails do not march in step."""
    longest = LONGEST if code is not None else LONGEST_UNREACHABLE
    doubled = min(longest, SHORTEST * 1.25 * (1 << min(attempts - 1, 16)))
    # Deterministic, so that a test and an operator can foretell it.
    digest = hashlib.sha256(f"{mail_id}:{attempts}".encode()).digest()
    return max(SHORTEST, doubled * (1 - 0.2 * digest[0] / 255))
