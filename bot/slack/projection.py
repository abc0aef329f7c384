"""Keeps the triage channel true: a card for each inquiry, drawn anew when it changed, its story below.

A card is a projection of the rows. It is drawn just before it leaves, so that what changes many times
within a second costs one call, and the last drawing is the state as it is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from bot import letters, strangers, writing
from bot.slack import cards, case, home, posting, story
from bot.slack.case import Case
from bot.slack.posting import Post, Posted
from bot.slack.triage_tables import RefState, SlackRef
from bot.storage import Storage
from bot.tables import Event, Inquiry
from faq.library import Library
from mailer.tables import MailKind, MailState, OutboxMail

log = structlog.get_logger(__name__)

CARD, UPDATE = "card:", "card-update:"
#: Reasons for which Slack will not change a message: it is not there any more.
_GONE = frozenset({"message_not_found", "cant_update_message"})
#: Inquiries for which a card is made in one transaction.
_AT_ONCE = 50
#: More events than are written while one transaction is open.
_OPEN_NUMBERS = 1_000


@dataclass(slots=True, kw_only=True)
class Projection:
    """Draws the cards of one triage channel."""

    storage: Storage
    channel: str
    library: Callable[[], Library]
    now: Callable[[], datetime]
    #: Which version the row with this key showed when it left; lost in a crash, which costs one drawing.
    _shown: dict[str, int] = field(default_factory=dict)
    #: Up to this event all threads are told.
    _floor: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def work_off(self) -> bool:
        """Put into the outbox what the channel lacks; True when there was something."""
        with self.storage.read() as session:
            if not self._lacks(session):
                return False
        library = self.library()
        with self.storage.write.begin() as session:
            now = self.now()
            letters.settle(session, now=now)
            writing.expire(session, now=now)
            session.flush()
            self._note_drawn(session)
            self._post_cards(session, library, now=now)
            self._update_cards(session, library, now=now)
            self._tell(session, now=now)
            home.note_changes(session, now=now)
        return True

    # -- what is asked of the outbox ------------------------------------------------------------

    def leaving(self, session: Session, key: str, post: Post) -> Post | None:
        """Draw a card as it is now, just before it leaves."""
        inquiry = session.get(Inquiry, _number(key))
        if inquiry is None:
            return None
        seen = case.read(session, inquiry, self.library(), now=self.now())
        ref = _newest(session, inquiry.id)
        if key.startswith(UPDATE) and (ref is None or ref.ts is None or ref.state is not RefState.POSTED):
            return None
        with self._lock:
            self._shown[key] = seen.version
        again = ref is not None and ref.state is RefState.QUEUED and key.startswith(CARD) and "+" in key
        arguments = self._arguments(seen, again=again)
        return Post(method=post.method, arguments={**post.arguments, **arguments})

    def posted(self, session: Session, key: str, posted: Posted, now: datetime) -> None:
        """Note where a card stands, and what it shows as far as that is known."""
        ref = _newest(session, _number(key))
        if ref is None:
            return
        with self._lock:
            shown = self._shown.pop(key, None)
        ref.ts, ref.channel, ref.state = posted.ts, posted.channel, RefState.POSTED
        ref.rendered_version = max(ref.rendered_version, shown or 0)

    def refused(self, session: Session, key: str, error: str, now: datetime) -> None:
        """A card that somebody has deleted is posted again, once, and linked to its inquiry."""
        ref = _newest(session, _number(key))
        if ref is None:
            return
        if key.startswith(UPDATE) and error in _GONE:
            log.info("card.gone", inquiry=ref.inquiry_id)
            ref.state = RefState.GONE
            session.flush()
            self._post(session, ref.inquiry_id, self.library(), now=now)
            return
        log.error("card.refused", inquiry=ref.inquiry_id, error=error)

    # -- the parts --------------------------------------------------------------------------------

    def _lacks(self, session: Session) -> bool:
        now = self.now()
        looks = (
            select(Inquiry.id).where(*_WITHOUT_CARD).limit(1),
            _DRAWN.limit(1),
            _CHANGED.limit(1),
            _untold(self._floor).limit(1),
            select(Inquiry.id).where(Inquiry.state == "sending").limit(1),
            writing.gone(now=now).limit(1),
        )
        return any(session.scalar(look) is not None for look in looks)

    def _post_cards(self, session: Session, library: Library, *, now: datetime) -> None:
        without = session.scalars(
            select(Inquiry.id).where(*_WITHOUT_CARD).order_by(Inquiry.id).limit(_AT_ONCE)
        )
        for number in without.all():
            self._post(session, number, library, now=now)

    def _post(self, session: Session, number: int, library: Library, *, now: datetime) -> None:
        times = session.scalar(
            select(func.count()).select_from(SlackRef).where(SlackRef.inquiry_id == number)
        )
        key = f"{CARD}{number}" + (f"+{times}" if times else "")
        told = session.scalar(select(func.max(Event.id)).where(Event.inquiry_id == number)) or 0
        before = _newest(session, number)
        session.add(
            SlackRef(
                inquiry_id=number,
                state=RefState.QUEUED,
                channel=self.channel,
                ts=None,
                rendered_version=0,
                told_event=before.told_event if before else story.first_told(session, number, upto=told),
            )
        )
        session.flush()
        inquiry = session.get_one(Inquiry, number)
        seen = case.read(session, inquiry, library, now=now)
        post = Post(arguments={"channel": self.channel, **self._arguments(seen, again=bool(times))})
        posting.enqueue(
            session, post, key=key, kind=MailKind.STAFF_NOTICE, recipient=self.channel, now=now,
            provenance={"inquiry": number},
        )  # fmt: skip

    def _arguments(self, seen: Case, *, again: bool) -> dict[str, object]:
        drawn = cards.arguments(seen, now=self.now())
        if again:
            drawn["blocks"] = [*drawn["blocks"], cards.AGAIN]
        return drawn

    def _note_drawn(self, session: Session) -> None:
        """Drawings that are out: the cards show what they showed when they left."""
        for ref_id in session.scalars(_DRAWN).all():
            ref = session.get_one(SlackRef, ref_id)
            key, ref.drawing = ref.drawing or "", None
            with self._lock:
                shown = self._shown.pop(key, None)
            # Drawn by another process, or before a crash: at least what its key names.
            ref.rendered_version = max(ref.rendered_version, shown or int(key.rpartition(":")[2] or 0))
        session.flush()

    def _update_cards(self, session: Session, library: Library, *, now: datetime) -> None:
        for ref_id in session.scalars(_CHANGED).all():
            ref = session.get_one(SlackRef, ref_id)
            inquiry = session.get_one(Inquiry, ref.inquiry_id)
            seen = case.read(session, inquiry, library, now=now)
            drawn = {"channel": ref.channel, "ts": ref.ts, **cards.arguments(seen, now=now)}
            ref.drawing = f"{UPDATE}{inquiry.id}:{seen.version}"
            accepted = posting.enqueue(
                session, Post(method="chat.update", arguments=drawn), key=ref.drawing,
                kind=MailKind.STAFF_NOTICE, recipient=f"{ref.channel}:{inquiry.id}", now=now,
                provenance={"inquiry": inquiry.id},
            )  # fmt: skip
            if accepted is None:  # Slack has refused this very drawing; the next change makes another
                ref.rendered_version = seen.version

    def _tell(self, session: Session, *, now: datetime) -> None:
        newest = session.scalar(select(func.max(Event.id))) or 0
        for ref_id in session.scalars(_untold(self._floor)).all():
            ref = session.get_one(SlackRef, ref_id)
            last = ref.told_event
            for message in story.since(session, ref.inquiry_id, last):
                last = max(last, message.event_id)
                arguments = {**message.arguments, "channel": ref.channel, "thread_ts": ref.ts}
                posting.enqueue(
                    session, Post(arguments=arguments), key=message.key, kind=MailKind.STAFF_NOTICE,
                    recipient=ref.channel, now=now, provenance={"inquiry": ref.inquiry_id},
                )  # fmt: skip
            own = session.scalar(select(func.max(Event.id)).where(Event.inquiry_id == ref.inquiry_id))
            ref.told_event = max(last, own or 0)
        # Numbers of transactions that are still open may be lower than those seen.
        self._floor = max(0, newest - _OPEN_NUMBERS)


def _number(key: str) -> int:
    """The inquiry of a key: "card:12", "card:12+1", "card-update:12:5"."""
    return int(key.split(":")[1].partition("+")[0])


def _newest(session: Session, number: int) -> SlackRef | None:
    return session.scalar(
        select(SlackRef).where(SlackRef.inquiry_id == number).order_by(SlackRef.id.desc()).limit(1)
    )


def of_message(session: Session, channel: str, ts: str) -> int | None:
    """The inquiry whose card this message is, or was."""
    return session.scalar(select(SlackRef.inquiry_id).where(SlackRef.channel == channel, SlackRef.ts == ts))


def where(session: Session, number: int) -> Posted | None:
    """Where the card of an inquiry stands; None while it is not out."""
    ref = _newest(session, number)
    return Posted(channel=ref.channel, ts=ref.ts) if ref and ref.ts else None


#: What staff have to do with, and no card shows.
_WITHOUT_CARD = (
    Inquiry.state.in_(strangers.OPEN),
    ~exists().where(SlackRef.inquiry_id == Inquiry.id),
)
#: Cards that show an old version, and no newer drawing is on its way.
_CHANGED = (
    select(SlackRef.id)
    .join(Inquiry, Inquiry.id == SlackRef.inquiry_id)
    .where(
        SlackRef.state == RefState.POSTED,
        SlackRef.rendered_version < Inquiry.version,
        ~exists().where(OutboxMail.key == SlackRef.drawing, OutboxMail.state.in_(posting.ON_ITS_WAY)),
    )
    .order_by(SlackRef.id)
)

#: Cards whose newest drawing is out.
_DRAWN = (
    select(SlackRef.id)
    .join(OutboxMail, OutboxMail.key == SlackRef.drawing)
    .where(OutboxMail.state == MailState.SENT)
)


def _untold(floor: int) -> Select[int]:
    """Cards in whose thread something is missing; only events after number ``floor`` are looked at."""
    return (
        select(SlackRef.id)
        .join(Event, Event.inquiry_id == SlackRef.inquiry_id)
        .where(SlackRef.state == RefState.POSTED, Event.id > SlackRef.told_event, Event.id > floor)
        .distinct()
    )
