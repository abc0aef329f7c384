"""One way of mailing many, in a process of its own: our outbox, or what others would write.

    python -m bot.bench.bulk JSON

It prints one JSON object: seconds, seconds of the sending alone, and the peak of its memory.
"""

from __future__ import annotations

import asyncio
import json
import re
import smtplib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import jinja2

from faq.contest import Language, Person
from mailer import words
from mailer.compose import compose
from mailer.letter import Identity, Letter
from mailer.tables import Channel, MailKind

#: Connections of ours, and of the loop that we are held against.
CONNECTIONS = 4
#: Letters that are written into the outbox in one transaction.
BATCH = 500
DOMAIN = "bench.example.org"
NOW = datetime(2020, 12, 4, 5, 0, tzinfo=UTC)
IDENTITY = Identity(
    address="contest@contest.test",
    name={Language.KO: "인공지능 데이터셋 지원사업", Language.EN: "AI dataset support programme"},
    domain="contest.test",
    secret=b"a secret of the bench",
)
BODY = "접수해 주셔서 감사합니다.\n\n심사 일정이 바뀌어 알려 드립니다. 자세한 내용은 공고를 확인해 주세요."


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one process is to do."""

    #: outbox, aiosmtplib, smtplib or script.
    way: str
    port: int
    count: int
    #: Where the outbox lies.
    folder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What it came to."""

    #: From the first letter to be written until the last one is out (and, in the outbox, on record).
    total_s: float
    #: From the first one that is sent on.
    sending_s: float
    #: Peak of the process's memory, in MB.
    peak_mb: float


def letter(number: int) -> Letter:
    """A notice to one of the many."""
    return Letter(
        kind=MailKind.BULLETIN,
        recipient=Person(address=f"lab-{number}@{DOMAIN}", name=f"연구실 {number}", language=Language.KO),
        subject="심사 일정 안내",
        template="letter",
        data={"body": BODY, "staff": "담당자", "question": None, "greeting": f"연구실 {number}"},
        automatic=True,
    )


def _given(name: str) -> dict[str, str | None]:
    return {
        "contest": IDENTITY.name[Language.KO],
        "address": IDENTITY.address,
        "subject": "심사 일정 안내",
        "inquiry": None,
        "body": BODY,
        "staff": "담당자",
        "question": None,
        "greeting": name,
    }


def bodies(count: int) -> Iterator[tuple[str, bytes]]:
    """The same mails, written one after the other."""
    for number in range(count):
        composed = compose(letter(number), row_id=number + 1, identity=IDENTITY, now=NOW)
        yield composed.recipient, composed.body


# -- ours -------------------------------------------------------------------------------------


def by_outbox(order: Order) -> Outcome:
    """Write rows in batches, then let the senders empty the outbox, each on a connection of its own."""
    from bot import storage  # noqa: PLC0415  the peers shall not carry its weight
    from mailer import outbox  # noqa: PLC0415  likewise

    store = storage.open_storage(f"sqlite:///{order.folder}/bulk.sqlite")
    storage.upgrade(store)
    began = time.perf_counter()
    for first in range(0, order.count, BATCH):
        requests = [
            outbox.Request(key=f"bulletin:{number}", letter=letter(number))
            for number in range(first, min(first + BATCH, order.count))
        ]
        with store.write.begin() as session:
            outbox.enqueue_all(session, requests, identity=IDENTITY, now=NOW)
    sending = time.perf_counter()
    sent = _empty(order, store.write)
    ended = time.perf_counter()
    store.close()
    if sent != order.count:
        raise SystemExit(f"{sent} of {order.count} mails are on record as sent")
    return Outcome(total_s=ended - began, sending_s=ended - sending, peak_mb=_peak_mb())


def _empty(order: Order, sessions: object) -> int:
    from mailer import deliver  # noqa: PLC0415  as above
    from mailer.ledger import Ledger  # noqa: PLC0415  as above
    from mailer.relay import SmtpRelay  # noqa: PLC0415  as above

    ledger = Ledger(sessions)  # type: ignore[arg-type]  # typed where it is opened
    sent = [0] * CONNECTIONS

    def hand(number: int) -> None:
        relay = SmtpRelay(f"smtp://127.0.0.1:{order.port}")
        while True:
            tally = deliver.deliver_due(
                ledger, relay, Channel.MAIL, limit=20, now=NOW, real_now=lambda: datetime.now(UTC)
            )
            if not tally.claimed:
                break
            sent[number] += tally.sent
        relay.close()

    threads = [threading.Thread(target=hand, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(sent)


# -- the others -------------------------------------------------------------------------------


def by_aiosmtplib(order: Order) -> Outcome:
    """A bare loop over four connections: the mails lie ready, nothing is written down."""
    import aiosmtplib  # noqa: PLC0415  a peer; nobody else knows it

    began = time.perf_counter()
    ready = iter(list(bodies(order.count)))

    async def hand() -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=order.port, use_tls=False, start_tls=False)
        await client.connect()
        for recipient, body in ready:
            await client.sendmail(IDENTITY.address, [recipient], body)
        await client.quit()

    async def run() -> None:
        await asyncio.gather(*(hand() for _ in range(CONNECTIONS)))

    sending = time.perf_counter()
    asyncio.run(run())
    ended = time.perf_counter()
    return Outcome(total_s=ended - began, sending_s=ended - sending, peak_mb=_peak_mb())


def by_smtplib(order: Order) -> Outcome:
    """One kept connection, the mails lie ready."""
    began = time.perf_counter()
    ready = list(bodies(order.count))
    sending = time.perf_counter()
    with smtplib.SMTP("127.0.0.1", order.port) as client:
        for recipient, body in ready:
            client.sendmail(IDENTITY.address, [recipient], body)
    ended = time.perf_counter()
    return Outcome(total_s=ended - began, sending_s=ended - sending, peak_mb=_peak_mb())


def by_script(order: Order) -> Outcome:
    """What a user writes: a template, a loop, a connection a mail."""
    # The same words and the same page; how ours is made ready beforehand is not the script's concern.
    said = words.render("letter", Language.KO, _given("@name@"))
    template = jinja2.Environment(autoescape=False).from_string(said.text.replace("@name@", "{{ name }}"))
    page = jinja2.Environment(autoescape=True).from_string(said.html.replace("@name@", "{{ name }}"))
    began = time.perf_counter()
    for number in range(order.count):
        message = EmailMessage()
        message["From"] = IDENTITY.address
        message["To"] = f"lab-{number}@{DOMAIN}"
        message["Subject"] = "심사 일정 안내"
        given = {"name": f"연구실 {number}"}
        message.set_content(template.render(given))
        message.add_alternative(page.render(given), subtype="html")
        with smtplib.SMTP("127.0.0.1", order.port) as client:
            client.send_message(message)
    ended = time.perf_counter()
    return Outcome(total_s=ended - began, sending_s=ended - began, peak_mb=_peak_mb())


WAYS: dict[str, Callable[[Order], Outcome]] = {
    "outbox": by_outbox,
    "aiosmtplib": by_aiosmtplib,
    "smtplib": by_smtplib,
    "script": by_script,
}


def _peak_mb() -> float:
    # Not ru_maxrss: that of a young process is its parent's.
    status = Path("/proc/self/status").read_text("ascii")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024  # type: ignore[index]  # always there


def main() -> None:
    """Do what the order says."""
    import logging  # noqa: PLC0415  for this process alone

    import structlog  # noqa: PLC0415  likewise

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    given = json.loads(sys.argv[1])
    order = Order(**given)
    Path(order.folder).mkdir(parents=True, exist_ok=True)
    sys.stdout.write(json.dumps(asdict(WAYS[order.way](order))) + "\n")


if __name__ == "__main__":
    main()
