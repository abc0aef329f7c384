"""One-time codes: an approval is by the person in whose mailbox the code arrived.

A code belongs to one person, one purpose and one content: what was changed since must be approved
anew. Only a keyed hash is kept. Times are real time, for a simulated clock may stand or leap.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.refusal import Refused
from bot.tables import OneTimeCode, Staff
from faq.contest import Language, Person
from mailer import outbox
from mailer.letter import Identity, Letter
from mailer.tables import MailKind

#: Letters and digits that nobody takes for one another; 8 of 30 are 39 bits.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 8
GOOD_FOR = timedelta(minutes=10)
#: Wrong codes after which the one that was sent is void.
TRIES = 5
#: Codes that one person gets within an hour: nobody's mailbox is to be filled by others.
PER_HOUR = 10


class Redeemed(StrEnum):
    """What came of a code that was typed in; only ``YES`` approves."""

    YES = "yes"
    WRONG = "wrong"
    #: It was the last try, or there is none that is still good.
    VOID = "void"
    EXPIRED = "expired"
    #: What it should approve is no longer what it was when the code was sent.
    CHANGED = "changed"


#: What to tell the person who typed it.
SAID = {
    Redeemed.WRONG: "this code is wrong; look at the newest mail and try again",
    Redeemed.VOID: "there is no code that is still good; ask for a new one by leaving out --code",
    Redeemed.EXPIRED: "the code is too old; ask for a new one by leaving out --code",
    Redeemed.CHANGED: "this was changed after the code was sent; look at it and ask for a new code",
}


def fresh() -> str:
    """Make a code that nobody can guess."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def shown(code: str) -> str:
    """As a mail shows it, in two halves."""
    return f"{code[:4]}-{code[4:]}"


def bare(typed: str) -> str:
    """A code as somebody typed it, without case, dashes and blanks."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def content_hash(document: object) -> str:
    """SHA-256 over the canonical JSON of what is approved."""
    told = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()


def send(
    session: Session,
    staff: Staff,
    *,
    purpose: str,
    said: str,
    content: str,
    identity: Identity,
    now: datetime,
    real_now: datetime,
) -> int:
    """Mail a new code to a staff member and return the outbox id; earlier ones for this purpose are void.

    ``purpose`` names the thing for us ("draft:12"), ``said`` for the reader, ``content`` is its hash.

    Raises:
        Refused: this person got too many codes within the hour.
    """
    hour_ago = real_now - timedelta(hours=1)
    sent = session.scalar(
        select(func.count())
        .select_from(OneTimeCode)
        .where(OneTimeCode.staff == staff.address, OneTimeCode.sent_at > hour_ago)
    )
    if (sent or 0) >= PER_HOUR:
        raise Refused(f"{staff.address} got {sent} codes within an hour; wait, and look at the newest one")
    session.execute(
        update(OneTimeCode)
        .where(
            OneTimeCode.staff == staff.address,
            OneTimeCode.purpose == purpose,
            OneTimeCode.spent_at.is_(None),
        )
        .values(spent_at=real_now)
    )
    code = fresh()
    row = OneTimeCode(
        staff=staff.address,
        purpose=purpose,
        content=content,
        digest=_digest(code, staff.address, purpose, content, secret=identity.secret),
        sent_at=real_now,
        expires_at=real_now + GOOD_FOR,
        tries=0,
    )
    session.add(row)
    session.flush()
    letter = Letter(
        kind=MailKind.CODE,
        recipient=Person(address=staff.address, name=staff.name, language=Language.KO),
        subject="[Contest Desk] 확인 코드",
        template="code",
        data={
            "code": shown(code),
            "purpose": said,
            "minutes": int(GOOD_FOR.total_seconds() // 60),
        },
        automatic=True,
        provenance={"purpose": purpose, "content": content},
    )
    accepted = outbox.enqueue(session, letter, key=f"code:{row.id}", identity=identity, now=now)
    if accepted is None:  # the key is this row's own id
        raise Refused(f"the code {row.id} is already in the outbox")
    return accepted


def redeem(
    session: Session,
    staff: Staff,
    typed: str,
    *,
    purpose: str,
    content: str,
    identity: Identity,
    real_now: datetime,
) -> Redeemed:
    """Use up a code that was typed in (case and dashes do not matter), or say why it is not good.

    The outcome is a value so that the caller commits it: a wrong try that was rolled back would not
    count.
    """
    newest = session.scalar(
        select(OneTimeCode)
        .where(
            OneTimeCode.staff == staff.address,
            OneTimeCode.purpose == purpose,
            OneTimeCode.spent_at.is_(None),
        )
        .order_by(OneTimeCode.id.desc())
        .limit(1)
        .with_for_update()
    )
    if newest is None:
        return Redeemed.VOID
    if real_now >= newest.expires_at:
        return Redeemed.EXPIRED
    if newest.content != content:
        newest.spent_at = real_now
        return Redeemed.CHANGED
    newest.tries += 1
    expected = _digest(bare(typed), staff.address, purpose, content, secret=identity.secret)
    if hmac.compare_digest(expected, newest.digest):
        newest.spent_at = real_now
        return Redeemed.YES
    if newest.tries >= TRIES:
        newest.spent_at = real_now
        return Redeemed.VOID
    return Redeemed.WRONG


def _digest(code: str, *bound_to: str, secret: bytes) -> str:
    told = "\x00".join(("code", code, *bound_to))
    return hmac.new(secret, told.encode(), hashlib.sha256).hexdigest()
