"""The same mail twice is one mail; the same Message-ID on two different mails is told to staff."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from bot import notice, triage
from bot.desk import Desk
from bot.inbox.parse import Inbound
from bot.tables import HandledMail, Inquiry

#: The first characters of a key stand for the Message-ID, the rest for what it was written on. So the
#: unique index of keys also finds mails with one id and different content.
ID_CHARS = 24
#: Sorts behind every hexadecimal digit.
BEHIND = "g"

_MOMENT = re.compile(rb"^(?:date|received):", re.I | re.M)
_HEADER_END = re.compile(rb"\r?\n\r?\n")


def key(mail: Inbound, raw: bytes) -> str | None:
    """One key for the same mail by whatever way it came: Message-ID, stable headers and body.

    A Message-ID alone is the sender's choice and could silence another's mail. Received and other
    trace headers differ by way, so only the headers that the author wrote count. A mail without an id
    is known by its Date and the rest, or, without a Date, by all its octets. Without a Date and a Received
    nothing says that two mails were not written at two times, so there is no key: None.
    """
    header, body = _split(raw)
    canonical = b"\n".join(line.rstrip() for line in body.splitlines()).rstrip()
    stable = [mail.from_address or "", mail.subject or "", str(mail.date or "")]
    content = "\x00".join(stable).encode("utf-8", "surrogateescape") + b"\x00" + canonical
    if mail.message_id:
        identity = mail.message_id.encode("utf-8", "surrogateescape")
    elif mail.date:
        identity = content
    elif _MOMENT.search(header):
        identity = content = raw
    else:
        return None
    return _hex(identity, ID_CHARS) + _hex(content, 64 - ID_CHARS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A mail that was handled before."""

    inbound_id: int
    dedup_key: str
    inquiry_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Handled mails that have a key or a Message-ID of those that were asked about."""

    #: By key.
    same: Mapping[str, Marked]
    #: By the key's part for the Message-ID: all of them, oldest first.
    named: Mapping[str, Sequence[Marked]]

    def first(self, key: str | None) -> Marked | None:
        """The mail that this one repeats, if it was handled before."""
        return self.same.get(key) if key else None

    def namesake(self, key: str | None) -> Marked | None:
        """The first mail that carries the same Message-ID and says something else."""
        others = self.named.get(key[:ID_CHARS], ()) if key else ()
        return next((other for other in others if other.dedup_key != key), None)


def find(session: Session, keys: Collection[str]) -> Known:
    """Look all these keys up at once."""
    if not keys:
        return Known(same={}, named={})
    ids = sorted({key[:ID_CHARS] for key in keys})
    bounds = {f"first{place}": one for place, one in enumerate(ids)}
    bounds |= {f"behind{place}": one + BEHIND for place, one in enumerate(ids)}
    same: dict[str, Marked] = {}
    named: dict[str, list[Marked]] = {}
    for row in session.connection().execute(_with_one_of(len(ids)), bounds):
        mark = Marked(inbound_id=row.inbound_id, dedup_key=row.dedup_key, inquiry_id=row.inquiry_id)
        same[mark.dedup_key] = mark
        named.setdefault(mark.dedup_key[:ID_CHARS], []).append(mark)
    return Known(same=same, named=named)


@cache
def _with_one_of(count: int) -> Select[int, str | None, int | None]:
    """Ask for the mails with one of so many ids; written once, as that takes longer than to run it."""
    of_one = (
        and_(
            HandledMail.dedup_key >= bindparam(f"first{place}"),
            HandledMail.dedup_key < bindparam(f"behind{place}"),
        )
        for place in range(count)
    )
    columns = (HandledMail.inbound_id, HandledMail.dedup_key, HandledMail.inquiry_id)
    return select(*columns).where(or_(*of_one)).order_by(HandledMail.inbound_id)


def flag(session: Session, desk: Desk, mark: HandledMail, other: Marked, *, now: datetime) -> None:
    """Write on both inquiries that two different mails carry one Message-ID, and tell staff once an id.

    Both are kept and worked on: broken programs do this, and so does who wants to pass for another.
    """
    for one, twin in ((mark, other), (other, mark))[: 1 + (mark.inquiry_id != other.inquiry_id)]:
        inquiry = session.get(Inquiry, one.inquiry_id) if one.inquiry_id else None
        if inquiry is not None:
            said = reason(one, twin)
            triage.record(
                session, inquiry, "same_message_id", actor="desk", now=now, reason=said, of=twin.inquiry_id
            )
    mark.reason = f"{mark.reason}; {reason(mark, other)}"
    assert mark.dedup_key is not None  # by it the other was found
    notice.of_namesakes(session, desk, reason(mark, other), key=mark.dedup_key[:ID_CHARS], now=now)


def reason(mark: HandledMail | Marked, other: HandledMail | Marked) -> str:
    """Say it for staff."""
    where = f" (inquiry {other.inquiry_id})" if other.inquiry_id else ""
    return f"inbound {mark.inbound_id} has the Message-ID of inbound {other.inbound_id}{where}, other content"


def _split(raw: bytes) -> tuple[bytes, bytes]:
    end = _HEADER_END.search(raw)
    return (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")


def _hex(octets: bytes, chars: int) -> str:
    return hashlib.sha256(octets).hexdigest()[:chars]
