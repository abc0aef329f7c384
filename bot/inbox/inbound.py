"""A mail as the desk knows it, once its octets are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is not the text; never unpacked, never executed, never sent on."""

    #: Without folders; '' when the mail gives none.
    name: str
    #: Of the decoded content.
    size_bytes: int
    #: Media type as declared, such as ``application/pdf``.
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A mail that was parsed: every text decoded, NFC, without controls."""

    #: With its angle brackets, as ``in_reply_to`` and ``references`` (RFC 5322 §3.6.4).
    message_id: str | None
    in_reply_to: tuple[str, ...]
    #: Oldest first.
    references: tuple[str, ...]
    #: The one address of the one From field; None when there is no such one (see ``defects``).
    from_address: str | None
    from_name: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str | None
    #: Aware; None when it cannot be read.
    date: datetime | None
    #: The whole text: text/plain where there is one, else the HTML as text.
    text: str
    #: Of the text part; None when there is no text.
    charset: str | None
    is_html: bool
    attachments: tuple[Attachment, ...]
    #: Lower-case name to decoded values, in order.
    headers: Mapping[str, tuple[str, ...]]
    #: What was odd: from_missing, from_many, from_malformed, charset_guessed, text_cut, and the parser's own.
    defects: tuple[str, ...]
    #: The parsed structure, for those who read reports (RFC 3464). Of a heavy mail, which a child
    #: process has read, the contents of attachments are left out.
    report: Message[str, str] = field(repr=False, compare=False)

    def header(self, name: str) -> str:
        """The first value of a header (lower-case name), '' when there is none."""
        return self.headers.get(name, ("",))[0]
