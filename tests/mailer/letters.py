"""Letters to write, and a relay to give them to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from faq.contest import SEOUL, Language, Person
from mailer import claiming, outbox, sending
from mailer.letter import Identity, Letter, Section, SectionKind
from mailer.relay import Delivered, Outcome, Outgoing
from mailer.tables import Channel, MailKind, MailState

NOON = datetime(2020, 11, 20, 12, 0, tzinfo=SEOUL)
#: Real time; on purpose years away from contest time, as in the demo.
REAL = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)

IDENTITY = Identity(
    address="contest@desk.test",
    name={Language.KO: "인공지능 데이터셋 지원사업", Language.EN: "AI dataset support programme"},
    domain="desk.test",
    secret=b"a secret of the tests, 32 octets",
)

SECTIONS = (
    Section(
        kind=SectionKind.ANSWER,
        heading="접수 마감이 언제예요?",
        paragraphs=("접수는 11월 30일(월)까지입니다.", "공고에 마감 시각은 나와 있지 않습니다."),
        source="공고 2절",
    ),
)


def hello(*, to: str = "lab@example.org", subject: str = "Re: 접수 마감", **changes: Any) -> Letter:
    """Make an ordinary answer."""
    fields: dict[str, Any] = {
        "kind": MailKind.ANSWER,
        "recipient": Person(address=to, name=None, language=Language.KO),
        "subject": subject,
        "template": "reply",
        "data": {"sections": SECTIONS, "greeting": None},
        "automatic": True,
    }
    return Letter(**(fields | changes))


def queue(sessions: sessionmaker[Session], *letters: Letter) -> list[int]:
    """Accept these letters, each for an event of its own."""
    with sessions.begin() as session:
        before = len(outbox.listing(session))
        ids = [
            outbox.enqueue(session, letter, key=f"answer:{before + n}", identity=IDENTITY, now=NOON)
            for n, letter in enumerate(letters)
        ]
    return [id for id in ids if id is not None]


def claim(
    sessions: sessionmaker[Session], *, real_now: datetime = REAL, now: datetime = NOON, limit: int = 10
) -> list[claiming.Claimed]:
    """Claim mail for five minutes, in a transaction of its own."""
    with sessions.begin() as session:
        return claiming.claim_due(
            session,
            Channel.MAIL,
            limit=limit,
            lease=timedelta(minutes=5),
            now=now,
            real_now=real_now,
        )


def begun(sessions: sessionmaker[Session], *, real_now: datetime = REAL) -> claiming.Claimed:
    """Claim the one mail that is due and put it in flight."""
    (claimed,) = claim(sessions, real_now=real_now)
    with sessions.begin() as session:
        assert sending.begin(session, claimed, real_now=real_now)
    return claimed


def states(sessions: sessionmaker[Session]) -> list[MailState]:
    """Give the state of every row, oldest first."""
    with sessions.begin() as session:
        return [mail.state for mail in outbox.listing(session)]


class Scripted:
    """A relay that keeps what it gets, and answers what the test says."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        #: Asked for each mail; by default the relay takes it.
        self.answer: Callable[[Outgoing], Outcome] = lambda mail: Delivered(reply=f"250 kept as Q{mail.id}")

    def send(self, mail: Outgoing) -> Outcome:
        """Keep the mail and answer."""
        self.sent.append(mail)
        return self.answer(mail)

    def doctor(self) -> str:
        """All is well here."""
        return "scripted"

    def close(self) -> None:
        """Nothing is held open."""
