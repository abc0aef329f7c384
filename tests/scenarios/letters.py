"""Mails as people and robots write them, and how they are handed to the desk."""

import itertools
import smtplib
from email.message import Message

from tests.scenarios.serving import CONTEST

#: Each of these is a phrasing of the 2020 edition, so the desk is sure of its answer.
QUESTIONS = (
    "접수 마감이 언제인가요?",
    "어떻게 신청하나요?",
    "1차 심사 결과는 언제 나오나요?",
    "서류 심사 기간이 어떻게 되나요",
    "온라인 접수만 되는 건가요?",
    "양식은 어디서 다운받나요?",
    "오프라인 접수처가 있나요?",
    "팩스로 접수해도 될까요?",
    "선정 절차가 어떻게 되나요?",
    "서류심사는 누가 하나요?",
)
#: No approved text answers this one.
FOR_STAFF = "저희 연구실 강아지 사료비도 지원해 주시나요?"

_numbers = itertools.count(1)


def new_id() -> str:
    """A Message-ID that no other mail of this run has."""
    return f"<scenario-{next(_numbers)}@client.example.org>"


def letter(
    *,
    sender: str,
    text: str,
    subject: str = "문의드립니다",
    message_id: str | None = None,
    answers: Message | None = None,
    charset: str = "utf-8",
) -> bytes:
    """One plain mail to the contest; `answers` threads it as a reply to what the sender got."""
    lines = [
        f"From: {sender}",
        f"To: {CONTEST}",
        f"Subject: {subject}",
        "Date: Fri, 20 Nov 2020 10:00:00 +0900",
        f"Message-ID: {message_id or new_id()}",
    ]
    if answers is not None:
        parent = str(answers["Message-ID"]).strip()
        ids = [*str(answers["References"] or "").split(), parent]
        lines += [f"In-Reply-To: {parent}", f"References: {' '.join(ids)}"]
    lines += [
        "MIME-Version: 1.0",
        f'Content-Type: text/plain; charset="{charset}"',
        "Content-Transfer-Encoding: 8bit",
        "",
        *text.splitlines(),
        "",
    ]
    return "\r\n".join(lines).encode(charset)


def send(port: int, raw: bytes, *, sender: str, recipient: str = CONTEST) -> str:
    """Hand the bytes over by SMTP and return the final reply, which is the desk's promise."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.ehlo_or_helo_if_needed()
        for code, said in (client.mail(sender), client.rcpt(recipient)):
            assert code == 250, said
        code, said = client.data(raw)
        assert code == 250, said
    return said.decode()


def ask(
    port: int, *, sender: str, text: str, subject: str = "문의드립니다", message_id: str | None = None
) -> bytes:
    """Write one question and send it; returns the bytes."""
    raw = letter(sender=sender, text=text, subject=subject, message_id=message_id)
    send(port, raw, sender=sender)
    return raw
