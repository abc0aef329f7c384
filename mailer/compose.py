"""A letter becomes the bytes of a message, and nothing that was not meant gets into its header.

The header guard: values from outside are cleaned (the subject) or refused (everything else), each
value is encoded here and never by the library's structured headers, which decode what looks like
an encoded word and write the line break inside it (CVE-2024-6923). Then the bytes are parsed again
and must hold exactly the names and values that were meant.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header
from email.parser import BytesHeaderParser
from email.utils import format_datetime, formataddr
from functools import lru_cache

from faq.contest import SEOUL
from mailer import attach, token, unsubscribe, words
from mailer.address import one_address
from mailer.attach import Attachment
from mailer.errors import AddressError, ComposeError
from mailer.letter import Identity, Letter
from mailer.tables import MailKind

#: Characters of a subject that are kept; the rest becomes an ellipsis.
MAX_SUBJECT = 200
#: RFC 5322 §2.1.1, without the line end.
MAX_LINE = 998
#: Message-IDs of a References header: the first, which names the thread, and the newest.
MAX_REFERENCES = 21
#: Octets that all References may take together; ids are chosen by others.
MAX_REFERENCES_OCTETS = 4000

# Controls, line and paragraph separators, marks that turn the direction, halves of a character.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
# RFC 5322 §3.6.4, kept narrow. An encoded word in it would become a header of its own where somebody
# on the way reads the mail with a library that decodes it and writes it anew (CVE-2024-6923).
_MESSAGE_ID = re.compile(r"(?!.*=\?)<[!-;=?A-~]{1,120}@[!-;=?A-~]{1,120}>")
_PLAIN = re.compile(r"[ -~]*")
#: Kinds that answer a mail of the applicant; all other automatic mail is ``auto-generated`` (RFC 3834 §5).
_REPLIES = frozenset({MailKind.ANSWER, MailKind.RECEIPT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A message ready for the wire, with CRLF line ends."""

    body: bytes
    message_id: str
    #: As the reader sees it.
    subject: str
    envelope_sender: str
    recipient: str


def compose(
    letter: Letter, *, row_id: int, identity: Identity, now: datetime, result_of: int | None = None
) -> Composed:
    """Write the message of one outbox row; the same arguments give the same bytes.

    ``result_of`` is the campaign's recipient whose result it is: Message-ID and boundaries then derive from
    that, as they are approved before there is a row.

    Raises ComposeError naming the field that cannot be written, or the template and what it lacks.
    """
    if now.tzinfo is None:
        raise ComposeError("Date", "now is naive")
    language = letter.recipient.language
    name = identity.name[language]
    domain = _domain_of(identity)
    recipient = _address("To", letter.recipient.address)
    sender = _address("From", identity.address)
    subject = clean_subject(letter.subject) or name
    message_id = (
        token.message_id(row_id, identity.secret, domain)
        if result_of is None
        else token.result_id(result_of, identity.secret, domain)
    )
    said = words.render(
        letter.template,
        language,
        {"inquiry": letter.inquiry}
        | dict(letter.data)
        | {"contest": name, "address": identity.address, "subject": subject},
    )
    headers: list[tuple[str, str]] = [
        ("Date", format_datetime(now.astimezone(SEOUL))),
        ("From", _mailbox("From", name, sender)),
        ("Reply-To", _reply_to(letter, identity, sender)),
        ("To", recipient),
        ("Subject", subject),
        ("Message-ID", message_id),
        *_thread_headers(letter),
        ("Content-Language", language.value),
        *_automatic_headers(letter),
        *_list_headers(letter, identity),
    ]
    body = _write(headers, said, letter.attachments, message_id=message_id)
    _check(body, headers)
    return Composed(
        body=body,
        message_id=message_id,
        subject=subject,
        envelope_sender=f"{token.sign(token.BOUNCES, row_id, identity.secret)}@{domain}",
        recipient=recipient,
    )


def fingerprint(body: bytes) -> str:
    """SHA-256 of a composed message without its Date, the one line that tells when it was written.

    Raises ComposeError unless the message begins with that line, as ``compose`` writes it.
    """
    date, _, rest = body.partition(b"\r\n")
    if not date.startswith(b"Date: ") or rest[:1] in (b" ", b"\t"):
        raise ComposeError("Date", "is not the first line of the message")
    return hashlib.sha256(rest).hexdigest()


def clean_subject(text: str) -> str:
    """Make one visible line of a subject from outside: no controls, no separators, at most 200 characters."""
    line = " ".join(_UNSEEN.sub(" ", text).split())
    return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1].rstrip() + "…"


def references(ids: Sequence[str]) -> tuple[str, ...]:
    """Keep the well-formed ids, each once, the first and the newest twenty, within a sane length."""
    valid = list(dict.fromkeys(id for id in ids if _MESSAGE_ID.fullmatch(id)))
    if len(valid) > MAX_REFERENCES:
        valid = [valid[0], *valid[1 - MAX_REFERENCES :]]
    while len(valid) > 2 and sum(map(len, valid)) > MAX_REFERENCES_OCTETS:
        del valid[1]
    return tuple(valid)


def _reply_to(letter: Letter, identity: Identity, sender: str) -> str:
    """Where a reply goes: to the inquiry's signed address, as not every client keeps the thread's ids."""
    if letter.inquiry is None or not identity.takes_signed:
        return sender
    return f"{token.sign(token.INQUIRY, letter.inquiry, identity.secret)}@{_domain_of(identity)}"


def _thread_headers(letter: Letter) -> list[tuple[str, str]]:
    if letter.thread is None:
        return []
    parent = letter.thread.in_reply_to
    if not _MESSAGE_ID.fullmatch(parent):
        # A malformed id of theirs must not stop our answer; it only loses its place in the thread.
        return []
    # The parent comes last even if the thread names it earlier as well (RFC 5322 §3.6.4).
    ids = [id for id in letter.thread.references if id != parent]
    return [("In-Reply-To", parent), ("References", " ".join(references([*ids, parent])))]


def _automatic_headers(letter: Letter) -> list[tuple[str, str]]:
    """RFC 3834 §5, and Exchange's own mark; a person's letter carries neither."""
    if not letter.automatic:
        return []
    submitted = "auto-replied" if letter.kind in _REPLIES else "auto-generated"
    return [("Auto-Submitted", submitted), ("X-Auto-Response-Suppress", "All")]


def _list_headers(letter: Letter, identity: Identity) -> list[tuple[str, str]]:
    """How its reader ends such mails (RFC 8058), on the kinds that have an end."""
    if letter.unsubscribe is None:
        return []
    if unsubscribe.person(letter.unsubscribe, identity.secret) is None:
        raise ComposeError("List-Unsubscribe", "not a name that we signed")
    return unsubscribe.headers(letter.unsubscribe, identity)


def _address(field: str, text: str) -> str:
    try:
        return one_address(text)
    except AddressError as error:
        raise ComposeError(field, str(error)) from error


def _domain_of(identity: Identity) -> str:
    return _address("Message-ID", f"x@{identity.domain}").partition("@")[2]


def _mailbox(field: str, name: str, address: str) -> str:
    if _UNSEEN.search(name) or len(name) > 100:
        raise ComposeError(
            field, f"display name has control characters or is longer than 100: {name[:100]!r}"
        )
    if _is_plain(name):
        return formataddr((name, address))
    # RFC 2047 §5 (3): an encoded word may stand for a word of the phrase, not inside quotes. The
    # address goes to a line of its own, as lines with encoded words end at 76 (§2).
    return f"{_encoded(field, name)}\r\n <{address}>"


def _is_plain(text: str) -> bool:
    # Text that looks like an encoded word is encoded itself, or readers would decode it.
    return _PLAIN.fullmatch(text) is not None and "=?" not in text


@lru_cache(maxsize=256)
def _encoded(field: str, text: str) -> str:
    return Header(text, "utf-8", header_name=field, maxlinelen=76).encode(linesep="\r\n")


def _line(field: str, value: str) -> bytes:
    """One header field, folded at 76 columns; encoded only where it must be."""
    if field == "Subject" and not _is_plain(value):
        folded = _encoded(field, value)
    elif field == "References":
        folded = value.replace(" ", "\r\n ")  # an id a line; Header breaks inside long ones
    elif field == "List-Unsubscribe":
        folded = value.replace(", ", ",\r\n ")  # a link a line
    elif field == "Subject":
        folded = Header(value, "us-ascii", header_name=field, maxlinelen=76).encode(linesep="\r\n")
    else:
        folded = value
    return f"{field}: {folded}\r\n".encode("ascii")


def _write(
    headers: Sequence[tuple[str, str]],
    said: words.Words,
    attachments: Sequence[Attachment],
    *,
    message_id: str,
) -> bytes:
    for field, value in headers:
        if _UNSEEN.search(_unfolded(value) if field == "From" else value):
            raise ComposeError(field, "control character or line separator in the value")
    for attachment in attachments:
        attach.check(attachment)
    try:
        head = b"".join(_line(field, value) for field, value in headers)
    except (HeaderParseError, UnicodeError) as error:
        raise ComposeError("header", str(error)) from error
    return head + b"MIME-Version: 1.0\r\n" + _content(said, attachments, message_id)


def _content(said: words.Words, attachments: Sequence[Attachment], message_id: str) -> bytes:
    """The text in its forms (RFC 2046 §5.1.4), and around them, where there are files, a mixed whole."""
    boundary = _boundary(message_id)
    forms = b"".join(
        (
            f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode("ascii"),
            _part("plain", said.text, boundary),
            _part("html", said.html, boundary),
            attach.alternatives(attachments, boundary),
            f"--{boundary}--\r\n".encode("ascii"),
        )
    )
    if not attachments:
        return forms
    outer = _boundary(f"files of {message_id}")
    return b"".join(
        (
            f'Content-Type: multipart/mixed; boundary="{outer}"\r\n\r\n--{outer}\r\n'.encode("ascii"),
            forms + b"\r\n",
            attach.files(attachments, outer),
            f"--{outer}--\r\n".encode("ascii"),
        )
    )


def _part(subtype: str, text: str, boundary: str) -> bytes:
    """One form of the text as a body part (RFC 2046 §5.1), written here: it is the same each time."""
    head = (
        f'--{boundary}\r\nContent-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode("ascii") + _base64(text) + b"\r\n"


@lru_cache(maxsize=256)
def _base64(text: str) -> bytes:
    """Encode a text in its canonical form, whose line end is CRLF (RFC 2045 §6.8); kept like the words."""
    canonical = text.replace("\n", "\r\n").encode("utf-8")
    return base64.encodebytes(canonical).replace(b"\n", b"\r\n")


def _boundary(message_id: str) -> str:
    # From the row, so that rendering again gives the same bytes; "=_" cannot occur in base64.
    return "=_" + hashlib.sha256(message_id.encode("ascii")).hexdigest()[:24]


def _check(body: bytes, headers: Sequence[tuple[str, str]]) -> None:
    """Read the message as a stranger would and compare it with what was meant."""
    lines = body.split(b"\r\n")
    bare = body.count(b"\r") != len(lines) - 1 or body.count(b"\n") != len(lines) - 1
    if bare or max(map(len, lines)) > MAX_LINE:
        raise ComposeError("body", f"a bare line end, or a line longer than {MAX_LINE} octets")
    # A reader's header ends at the first empty line; what follows are the parts that were written above.
    head = body[: body.index(b"\r\n\r\n") + 4]
    read = BytesHeaderParser(policy=policy.compat32).parsebytes(head)
    meant = [field for field, _ in headers] + ["MIME-Version", "Content-Type"]
    if read.keys() != meant:
        raise ComposeError("header", f"reads back as {read.keys()}, meant {meant}")
    for field, value in headers:
        back = _unfolded(str(read[field]))
        if field == "Subject" and not _is_plain(value):
            back = str(make_header(decode_header(back)))
        if back != _unfolded(value):
            raise ComposeError(field, "reads back as something else")


def _unfolded(value: str) -> str:
    return re.sub(r"\r?\n(?=[ \t])", "", value)  # RFC 5322 §2.2.3
