"""The records a mail is made of, before it is bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from faq.contest import Language, Person
from mailer.attach import Attachment
from mailer.tables import MailKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who writes: the contest's own address, name and domain."""

    #: The contest address, as in From and Reply-To.
    address: str
    name: Mapping[Language, str]
    #: Domain of our Message-IDs and bounce addresses.
    domain: str
    #: Signs tokens in addresses; never shown.
    secret: bytes = field(repr=False)
    #: True when mail to any signed address of the domain comes to us, so that a reply may go to one.
    takes_signed: bool = False
    #: Where our pages are seen from outside, such as https://desk.example.org; empty for nowhere.
    public_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """Where a reply hangs (RFC 5322 §3.6.4); ids with their angle brackets."""

    in_reply_to: str
    #: Oldest first, ending with ``in_reply_to``.
    references: tuple[str, ...]


class SectionKind(StrEnum):
    """What a section of a reply is to its reader."""

    ANSWER = "answer"
    SUGGESTION = "suggestion"
    #: A person will answer.
    WAITS = "waits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One question and what the desk says to it; plain text throughout."""

    kind: SectionKind
    #: The question in the applicant's words (cut) or the topic's title.
    heading: str
    paragraphs: tuple[str, ...]
    #: Such as "공고 2절"; None where nothing is cited.
    source: str | None
    #: Id of the entry, for doors where it can be chosen; None where there is none.
    topic: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """One thing that was told and is otherwise now; words throughout."""

    title: str
    was: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is said to whom and why; ``template`` and ``data`` give the words."""

    kind: MailKind
    recipient: Person
    subject: str
    #: Name of a template family, as words.NEEDS lists them.
    template: str
    data: Mapping[str, Any]
    #: True for everything that no person wrote: carries Auto-Submitted (RFC 3834 §5).
    automatic: bool
    thread: Thread | None = None
    inquiry: int | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    not_before: datetime | None = None
    embargo_until: datetime | None = None
    not_after: datetime | None = None
    #: Signed name of a person who may unsubscribe from such mails (mailer/unsubscribe.py); None for the rest.
    unsubscribe: str | None = None
    #: Files that go with it, in this order.
    attachments: tuple[Attachment, ...] = ()
