"""An applicant writes three mails with a client that is not ours; a question twice; colleagues in one thread."""

import json
from base64 import b64encode
from collections.abc import Callable

from bot.storage import Storage
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import QUESTIONS, ask, letter, send
from tests.scenarios.passing import caught_for, pass_through, wait_for_mail
from tests.scenarios.serving import CONTEST
from tests.servers.sink import Sink
from tests.servers.swaks import Transcript

APPLICANT = "lab@example.org"
FIRST_ID = "<first@client.example.org>"
#: As Korean webmail writes it: the answer's author on top, the old mail under its heading.
FIRST_TEXT = """안녕하세요, 음성인식을 연구하는 연구실입니다.
접수 마감이 언제인가요?
감사합니다.

-----Original Message-----
From: "동료" <colleague@example.org>
To: lab@example.org
Sent: 2020-11-19 (목) 18:00:00
Subject: 공모전

> 소유권은 누구에게 있나요?
> 팩스로 접수해도 될까요?
"""


def first_mail() -> bytes:
    subject = f"=?euc-kr?B?{b64encode('접수 문의'.encode('euc-kr')).decode()}?="
    return letter(sender=APPLICANT, subject=subject, message_id=FIRST_ID, text=FIRST_TEXT, charset="euc-kr")


def test_three_mails_are_one_inquiry_with_two_threaded_answers(
    sqlite_url: str,
    migrated_sqlite: Storage,
    sink: Sink,
    serve: Start,
    swaks_send: Callable[..., Transcript],
) -> None:
    desk = serve(sqlite_url, sink=sink)

    def client_sends(raw: bytes) -> None:
        said = swaks_send(port=desk.smtp_port, sender=APPLICANT, recipient=CONTEST, raw=raw)
        assert said.exit_code == 0, said.text

    client_sends(first_mail())
    [first] = wait_for_mail(sink, APPLICANT)
    thanks = letter(sender=APPLICANT, text="빠른 답변 감사합니다!", answers=first.message)
    client_sends(thanks)
    rows.wait_until_handled(migrated_sqlite, 2)
    follow_up = letter(
        sender=APPLICANT,
        subject="Re: 접수 문의",
        message_id="<third@client.example.org>",
        text="그럼 어떻게 신청하나요?",
        answers=first.message,
    )
    client_sends(follow_up)
    _, second = wait_for_mail(sink, APPLICANT, 2)
    pass_through(desk, sink)

    first_id, second_id = first.message["Message-ID"], second.message["Message-ID"]
    assert [mail.message["In-Reply-To"] for mail in (first, second)] == [
        FIRST_ID,
        "<third@client.example.org>",
    ]
    assert first.message["References"].split() == [FIRST_ID]
    assert second.message["References"].split() == [FIRST_ID, first_id, "<third@client.example.org>"]
    assert first_id != second_id
    assert [mail.message["Subject"] for mail in (first, second)] == ["Re: 접수 문의"] * 2
    assert [mail.message["Auto-Submitted"] for mail in (first, second)] == ["auto-replied"] * 2
    assert len(caught_for(sink, APPLICANT)) == 2
    told = json.loads(desk.command("inquiries", "show", "1", "--json").stdout)
    assert [part["topic"] for part in told["parts"]] == ["application.period", "application.how"]
    assert [event["kind"] for event in told["events"]] == ["asked", "answered", "thanks", "asked", "answered"]
    assert [mark.inquiry_id for mark in rows.handled(migrated_sqlite)] == [1, 1, 1, 2]


def test_same_mail_handed_over_twice_is_answered_once(
    sqlite_url: str, migrated_sqlite: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(sqlite_url, sink=sink)
    raw = ask(desk.smtp_port, sender=APPLICANT, text=QUESTIONS[0])
    wait_for_mail(sink, APPLICANT)

    # As a mail server does whose connection broke before it read our 250.
    send(desk.smtp_port, raw, sender=APPLICANT)
    pass_through(desk, sink)

    assert [mark.verdict for mark in rows.handled(migrated_sqlite)] == ["question", "duplicate", "question"]
    assert len(caught_for(sink, APPLICANT)) == 1


def test_stranger_in_the_thread_opens_an_inquiry_of_his_own(
    sqlite_url: str, migrated_sqlite: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(sqlite_url, sink=sink)
    ask(desk.smtp_port, sender=APPLICANT, text=QUESTIONS[0])
    [answer] = wait_for_mail(sink, APPLICANT)

    stranger = "stranger@example.org"
    send(desk.smtp_port, letter(sender=stranger, text=QUESTIONS[1], answers=answer.message), sender=stranger)
    wait_for_mail(sink, stranger)

    assert [inquiry.applicant.address for inquiry in rows.inquiries(migrated_sqlite)] == [APPLICANT, stranger]
    assert len(caught_for(sink, APPLICANT)) == 1
