"""A desk without doors: mails are put into its table and settled one by one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.header import Header
from email.message import Message
from pathlib import Path

from sqlalchemy import func, select

from bot import conversation, staff
from bot.conversation import Handled
from bot.desk import Desk
from bot.inbox.rules import DeskNames
from bot.storage import Storage
from bot.tables import Event, HandledMail, InboundMail, Inquiry, InquiryPart, Staff, StaffRole
from bot.understanding import Understanding
from faq.contest import SEOUL, Language
from mailer.letter import Identity
from mailer.tables import MailKind, OutboxMail

#: Ten days before the edition of these tests closes.
NOON = datetime(2020, 11, 20, 12, 0, tzinfo=SEOUL)
EDITION = Path(__file__).parent.parent / "data" / "edition_bot"
OURS = "contest@contest.test"
STAFF_ADDRESS = "staff@contest.test"
SECRET = b"a secret of these tests"

#: Words that the edition decides clearly by letters alone.
DEADLINE = "접수 마감이 언제예요?"
FORM = "기획안 양식은 어디서 받나요?"
WORTH = "얼마나 지원하나요?"
OWNER = "데이터 소유권은 누구에게 있나요?"
LATE = "마감이 지난 뒤에 늦게 내도 되나요?"
#: A person's wish that no entry and no known unknown covers.
OTHER = "채용 담당자 연락처를 알려 주세요."
THANKS = "빠른 답변 감사합니다."

IDENTITY = Identity(
    address=OURS,
    name={Language.KO: "한들 데이터 공모전", Language.EN: "Handle Data Contest"},
    domain="contest.test",
    secret=SECRET,
)
DESK = Desk(
    identity=IDENTITY,
    names=DeskNames(addresses=(OURS,), domain="contest.test", secret=SECRET),
    staff_address=STAFF_ADDRESS,
)


def eml(
    text: str,
    *,
    id: str | None = "<1@example.org>",
    sender: str = "lab@example.org",
    subject: str = "문의",
    answers: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Write a mail as a client does: CRLF, UTF-8; ``answers`` is the Message-ID that it replies to."""
    fields = {
        "From": sender,
        "To": OURS,
        "Date": "Fri, 20 Nov 2020 11:59:00 +0900",
        **({"Subject": Header(subject, "utf-8").encode()} if subject else {}),
        **({"Message-ID": id} if id else {}),
        **({"In-Reply-To": answers, "References": answers} if answers else {}),
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"{head}\r\n{text}\r\n".replace("\r\n", "\n").replace("\n", "\r\n").encode()


def put(
    storage: Storage,
    raw: bytes,
    *,
    envelope_sender: str = "lab@example.org",
    recipients: Sequence[object] = (OURS,),
) -> int:
    """Store a mail as the door does, and return its number."""
    row = InboundMail(
        received_at=NOON,
        door="smtp",
        envelope_sender=envelope_sender,
        recipients=list(recipients),
        peer="192.0.2.1",
        size_bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        raw=raw,
    )
    with storage.write.begin() as session:
        session.add(row)
    return row.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """One database, one engine, one desk."""

    storage: Storage
    understanding: Understanding
    desk: Desk = DESK

    def settle(self, inbound_id: int, *, now: datetime = NOON) -> Handled | None:
        """Handle a stored mail."""
        return conversation.handle(self.storage, self.understanding, self.desk, inbound_id, now=now)

    def take(
        self,
        raw: bytes,
        *,
        now: datetime = NOON,
        envelope_sender: str = "lab@example.org",
        recipients: Sequence[str] = (OURS,),
    ) -> Handled:
        """Store a mail and handle it."""
        inbound_id = put(self.storage, raw, envelope_sender=envelope_sender, recipients=recipients)
        handled = self.settle(inbound_id, now=now)
        assert handled is not None
        return handled

    def add_staff(self, address: str = "staff-a@example.org", role: StaffRole = StaffRole.TRIAGE) -> Staff:
        """Make somebody staff."""
        with self.storage.write.begin() as session:
            return staff.add(session, address, name="담당자 A", role=role, slack_id=None, now=NOON)

    def inquiry(self, number: int | None) -> Inquiry:
        """An inquiry as the table has it now."""
        with self.storage.read() as session:
            return session.get_one(Inquiry, number)

    def parts(self, number: int | None) -> list[InquiryPart]:
        """The questions of an inquiry, in order."""
        query = select(InquiryPart).where(InquiryPart.inquiry_id == number).order_by(InquiryPart.id)
        with self.storage.read() as session:
            return list(session.scalars(query))

    def events(self, number: int | None) -> list[str]:
        """What happened to an inquiry: the kinds of its events, in order."""
        return [event.kind for event in self.happened(number)]

    def happened(self, number: int | None) -> list[Event]:
        """The events of an inquiry, in order."""
        with self.storage.read() as session:
            return list(session.scalars(select(Event).where(Event.inquiry_id == number).order_by(Event.id)))

    def mark(self, inbound_id: int) -> HandledMail:
        """The mark of a handled mail."""
        with self.storage.read() as session:
            return session.get_one(HandledMail, inbound_id)

    def outbox(self, *kinds: MailKind) -> list[OutboxMail]:
        """Outbox rows of these kinds (all without one), oldest first."""
        query = select(OutboxMail).order_by(OutboxMail.id)
        with self.storage.read() as session:
            return [row for row in session.scalars(query) if not kinds or row.kind in kinds]

    def to_applicants(self) -> list[OutboxMail]:
        """Outbox rows that go to somebody other than staff."""
        return [row for row in self.outbox() if row.kind is not MailKind.STAFF_NOTICE]

    def notices(self) -> list[OutboxMail]:
        """Outbox rows that tell staff what waits."""
        return self.outbox(MailKind.STAFF_NOTICE)

    def message(self, number: int | None) -> Message:
        """The message of an outbox row, parsed as its reader's program does."""
        with self.storage.read() as session:
            return message_from_bytes(session.get_one(OutboxMail, number).body or b"")

    def count(self, row: type) -> int:
        """How many rows of this kind there are."""
        with self.storage.read() as session:
            return session.scalar(select(func.count()).select_from(row)) or 0


def unfolded(message: Message, name: str) -> str:
    """A header without its line breaks."""
    return " ".join(message[name].split())


def words(message: Message) -> str:
    """The plain text of a message."""
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            return payload.decode("utf-8")
    return ""
