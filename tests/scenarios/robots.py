"""The other side of a loop: robots that answer whatever the desk sends them."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage

from tests.scenarios.letters import QUESTIONS, letter, new_id, send
from tests.scenarios.passing import pass_through
from tests.scenarios.serving import STAFF, Desk
from tests.servers.sink import Caught, Sink

#: A robot that is not stopped would go on for ever; after so many rounds it is called endless.
ROUNDS = 25

#: What a robot writes back: the mail, its envelope sender, and the recipient of the envelope.
Written = tuple[bytes, str, str]
Answer = Callable[[int, Caught], Written | None]


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What went over the wire until nothing came any more."""

    #: Mails of the robot, the first question among them.
    from_robot: int = 0
    #: Mails of the desk to the robot's addresses.
    from_desk: list[Caught] = field(default_factory=list)
    notices: int = 0
    ended: bool = False


def converse(desk: Desk, sink: Sink, first: bytes, sender: str, answer: Answer) -> Exchange:
    """Ask once, let the robot answer each mail that it gets, and count until it gets no more."""
    send(desk.smtp_port, first, sender=sender)
    exchange = Exchange(from_robot=1)
    for round_number in itertools.count(1):
        pass_through(desk, sink)
        got = [mail for mail in sink.messages() if _is_for_robot(mail)]
        new, exchange.from_desk = got[len(exchange.from_desk) :], got
        exchange.ended = not new
        if not new or round_number > ROUNDS:
            break
        for mail in new:
            written = answer(exchange.from_robot, mail)
            if written is not None:
                raw, envelope_sender, recipient = written
                send(desk.smtp_port, raw, sender=envelope_sender, recipient=recipient)
                exchange.from_robot += 1
    exchange.notices = len([mail for mail in sink.messages() if mail.recipients == (STAFF,)])
    return exchange


def _is_for_robot(mail: Caught) -> bool:
    return not any(address == STAFF or address.startswith("marker-") for address in mail.recipients)


def question(sender: str) -> bytes:
    """What sets a robot off: a question that the desk answers by itself."""
    return letter(sender=sender, text=QUESTIONS[0], subject="접수 문의")


def addressed(message: EmailMessage) -> str:
    """Where a robot answers to: From, as people's programs do."""
    return str(message["From"].addresses[0].addr_spec)


def vacation(sender: str, text: str) -> Answer:
    """A vacation responder that marks nothing, threads rightly and says the same each time."""

    def answer(_number: int, mail: Caught) -> Written:
        message = mail.message
        raw = letter(sender=sender, text=text, subject=str(message["Subject"]), answers=message)
        return raw, sender, addressed(message)

    return answer


def chatty(sender: str) -> Answer:
    """A robot in one thread that asks something new each time."""

    def answer(number: int, mail: Caught) -> Written:
        text = QUESTIONS[number % len(QUESTIONS)]
        raw = letter(sender=sender, text=text, subject=str(mail.message["Subject"]), answers=mail.message)
        return raw, sender, addressed(mail.message)

    return answer


def help_desk(sender: str, *, asks: bool) -> Answer:
    """A help desk: our subject behind its own ticket number, a new Message-ID, our ids dropped."""

    def answer(number: int, mail: Caught) -> Written:
        ticket = 8370 + number
        text = QUESTIONS[number % len(QUESTIONS)] if asks else _received(ticket)
        subject = f"[Ticket #{ticket}] {mail.message['Subject']}"
        return letter(sender=sender, text=text, subject=subject), sender, addressed(mail.message)

    return answer


def _received(ticket: int) -> str:
    return f"문의하신 건이 티켓 {ticket}번으로 등록되었습니다. 담당 엔지니어가 확인 후 연락드리겠습니다."


def bouncer() -> Answer:
    """An address that does not exist: its server returns a DSN to the envelope sender (RFC 3464)."""

    def answer(_number: int, mail: Caught) -> Written:
        lines = [
            "From: MAILER-DAEMON@mx.example.org",
            f"To: {mail.envelope_sender}",
            "Subject: Undelivered Mail Returned to Sender",
            f"Message-ID: {new_id()}",
            "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
            "",
            "--b",
            "Content-Type: text/plain",
            "",
            "<gone@example.org>: 550 5.1.1 no such user",
            "--b",
            "Content-Type: message/delivery-status",
            "",
            "Reporting-MTA: dns; mx.example.org",
            "",
            f"Final-Recipient: rfc822; {mail.recipients[0]}",
            "Action: failed",
            "Status: 5.1.1",
            "--b--",
            "",
        ]
        return "\r\n".join(lines).encode(), "", mail.envelope_sender

    return answer


def shape_shifter(name: str, *, keeps_ids: bool, keeps_subject: bool) -> Answer:
    """A robot that answers from another address each time."""

    def answer(number: int, mail: Caught) -> Written:
        sender = name.format(number=number)
        message = mail.message
        raw = letter(
            sender=sender,
            text=QUESTIONS[number % len(QUESTIONS)],
            subject=str(message["Subject"]) if keeps_subject else f"Case {number}",
            answers=message if keeps_ids else None,
        )
        return raw, sender, addressed(message)

    return answer
