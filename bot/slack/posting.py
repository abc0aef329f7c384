"""What we say in Slack, put into the one outbox; and who wants to know when it is out.

The row's body is a JSON document: the Web API method, its arguments, and for a message the metadata by
which it is found again when the reply to the post was lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.slack import lint, place, richtext
from bot.slack.tables import SlackPost
from mailer import postings
from mailer.postings import Posting
from mailer.tables import MailKind, MailState, OutboxMail

C = TypeVar("C")

#: Type of the metadata of each message of ours; its payload holds the key of the outbox row.
EVENT_TYPE = "contestdesk_row"
POST = "chat.postMessage"
#: Rows that wait, are held, or may be out without our knowing.
ON_ITS_WAY = (
    MailState.QUEUED,
    MailState.CLAIMED,
    MailState.IN_FLIGHT,
    MailState.RETRY,
    MailState.UNKNOWN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A call of the Web API."""

    method: str = POST
    #: channel, text, blocks, thread_ts ... as the method takes them.
    arguments: Mapping[str, Any]

    @property
    def channel(self) -> str:
        """Where it goes; '' for a method that has none."""
        return str(self.arguments.get("channel") or self.arguments.get("channel_id") or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Where a message of ours stands."""

    channel: str
    ts: str


OnPosted = Callable[[Session, str, Posted, datetime], object]
OnRefused = Callable[[Session, str, str, datetime], object]
OnLeaving = Callable[[Session, str, Post], Post | None]


@dataclass(slots=True, kw_only=True)
class Outgoing:
    """Callbacks by the beginning of a row's key; each may be called twice and must not mind."""

    posted: dict[str, OnPosted] = field(default_factory=dict)
    refused: dict[str, OnRefused] = field(default_factory=dict)
    leaving: dict[str, OnLeaving] = field(default_factory=dict)

    def on_posted(self, prefix: str, call: OnPosted) -> None:
        """Call ``call(session, key, posted, now)`` in the transaction that notes where a row stands."""
        self.posted[prefix] = call

    def on_refused(self, prefix: str, call: OnRefused) -> None:
        """Call ``call(session, key, error, now)`` when Slack has refused a row for good."""
        self.refused[prefix] = call

    def on_leaving(self, prefix: str, call: OnLeaving) -> None:
        """Call ``call(session, key, post)`` just before a row leaves; None: there is nothing to say now."""
        self.leaving[prefix] = call

    def written(self, session: Session, key: str, post: Post) -> Post | None:
        """The call as it is to be made now."""
        call = _of(self.leaving, key)
        return post if call is None else call(session, key, post)

    def note(
        self, session: Session, key: str, posted: Posted, *, team: str, inquiry: int | None, now: datetime
    ) -> None:
        """Keep where a row stands, and tell who asked for it."""
        insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        session.execute(
            insert(SlackPost)
            .values(
                key=key,
                team_id=team,
                channel=posted.channel,
                ts=posted.ts,
                inquiry=inquiry,
                posted_at=now,
            )
            .on_conflict_do_nothing(index_elements=[SlackPost.key])
        )
        call = _of(self.posted, key)
        if call is not None:
            call(session, key, posted, now)

    def tell_refused(self, session: Session, key: str, error: str, *, now: datetime) -> None:
        """Tell who asked for it that Slack will not take this row."""
        call = _of(self.refused, key)
        if call is not None:
            call(session, key, error, now)


def _of(calls: Mapping[str, C], key: str) -> C | None:
    return next((call for prefix, call in calls.items() if key.startswith(prefix)), None)


def enqueue(
    session: Session,
    post: Post,
    *,
    key: str,
    kind: MailKind,
    recipient: str,
    now: datetime,
    language: str = "ko",
    inquiry: int | None = None,
    automatic: bool = True,
    not_before: datetime | None = None,
    embargo_until: datetime | None = None,
    not_after: datetime | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> int | None:
    """Accept a call for sending and return its row's id; None when the event named by ``key`` has its row.

    ``recipient`` is whose order it keeps: an applicant's address, or the channel.

    Raises:
        LintError: Slack would refuse it, or it could call people.
    """
    lint.check(post.method, post.arguments)
    arguments = dict(post.arguments)
    if post.method == POST:
        arguments |= {"unfurl_links": False, "unfurl_media": False, "metadata": metadata(key)}
    posting = Posting(
        key=key,
        kind=kind,
        recipient=recipient,
        body=encode(Post(method=post.method, arguments=arguments)),
        subject=richtext.cut(richtext.unescape(str(arguments.get("text") or post.method)), 200),
        language=language,
        automatic=automatic,
        inquiry=inquiry,
        provenance=provenance or {},
        not_before=not_before,
        embargo_until=embargo_until,
        not_after=not_after,
    )
    return postings.enqueue(session, posting, message_domain=place.DOMAIN, now=now)


def metadata(key: str) -> dict[str, Any]:
    """What a message carries so that it is found again by its row's key."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def key_of(message: Mapping[str, Any]) -> str | None:
    """The row's key that a message in Slack carries; None for what is not ours."""
    carried = message.get("metadata") or {}
    if carried.get("event_type") != EVENT_TYPE:
        return None
    key = (carried.get("event_payload") or {}).get("key")
    return str(key) if key else None


def encode(post: Post) -> bytes:
    """The row's body."""
    document = {"method": post.method, "arguments": dict(post.arguments)}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def decode(body: bytes) -> Post:
    """Read a row's body."""
    document = json.loads(body)
    return Post(method=str(document["method"]), arguments=document["arguments"])


def where(session: Session, key: str) -> Posted | None:
    """Where the row with this key stands in Slack; None until it is out."""
    row = session.get(SlackPost, key)
    return Posted(channel=row.channel, ts=row.ts) if row else None


def is_on_its_way(session: Session, key: str) -> bool:
    """True while a row with this key waits, is held, or may be out without our knowing."""
    state = session.scalar(select(OutboxMail.state).where(OutboxMail.key == key))
    return state in ON_ITS_WAY
