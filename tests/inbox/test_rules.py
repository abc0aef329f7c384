"""Persons and machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.inbox import rules
from bot.inbox.parse import parse
from bot.inbox.rules import MailVerdict
from mailer import token

MAILS = Path(__file__).parent.parent / "data" / "mail"
SECRET = b"a secret for tests only, 32 octets"
DESK = rules.DeskNames(addresses=("contest@contest.test",), domain="contest.test", secret=SECRET)


def classify(raw: bytes, envelope_sender: str | None = "lab@example.org") -> rules.Ruling:
    return rules.classify(parse(raw), envelope_sender=envelope_sender, desk=DESK)


@pytest.mark.parametrize(
    ("name", "verdict", "rule", "may_answer"),
    [
        ("own_address", "own", "own", False),
        ("dsn_failed", "bounce", "dsn", False),
        ("dsn_delayed", "bounce", "dsn", False),
        ("dsn_success", "auto_reply", "success_dsn", False),
        ("mdn", "auto_reply", "mdn", False),
        ("arf", "auto_reply", "feedback_report", False),
        ("vacation_en", "auto_reply", "auto_submitted", False),
        ("vacation_ko", "auto_reply", "vacation_subject", False),
        ("vacation_exchange", "auto_reply", "vacation_subject", False),
        ("noreply", "auto_reply", "robot_sender", False),
        ("list", "list", "list_header", False),
        ("spam", "question", None, True),  # nobody vouches for the flag: tests/inbox/test_spam.py
        ("reply_outlook", "reply", None, True),
        ("question_euckr_quoted", "question", None, True),
        ("question_suppress", "question", "suppress", False),
        ("question_unsubscribe_alone", "question", None, True),
        ("question_robot_topic", "question", None, True),
        ("forwarded_dsn", "question", None, True),
    ],
)
def test_mail_gets_its_verdict(name: str, verdict: str, rule: str | None, may_answer: bool) -> None:
    ruling = classify((MAILS / f"{name}.eml").read_bytes())

    assert (ruling.verdict, ruling.rule, ruling.may_answer) == (verdict, rule, may_answer)


def test_bounce_says_who_and_what() -> None:
    ruling = classify((MAILS / "dsn_failed.eml").read_bytes(), "")

    assert ruling.bounce is not None
    assert (ruling.bounce.recipient, ruling.bounce.status, ruling.bounce.permanent) == (
        "gone@example.org",
        "5.1.1",
        True,
    )
    assert ruling.reason == "delivery report: failed, status 5.1.1, no such mailbox (RFC 3464 §2.3)"


@pytest.mark.parametrize(
    ("headers", "rule"),
    [
        ("Auto-Submitted: auto-generated", "auto_submitted"),
        ("Auto-Submitted: Auto-Replied; owner=x", "auto_submitted"),
        ("X-Autoreply: yes", "robot_header"),
        ("X-Autorespond: x", "robot_header"),
        ("Precedence: auto_reply", "precedence"),
        ("Precedence: Bulk", "precedence"),
        ("Precedence: junk", "precedence"),
        ("Precedence: list", "list_precedence"),
        ("Mailing-List: contact x", "list_header"),
        (
            "List-Unsubscribe: <https://x.test>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "list_header",
        ),
        ("Content-Type: multipart/report; report-type=tlsrpt", "report"),
    ],
)
def test_machine_header_is_seen(headers: str, rule: str) -> None:
    raw = f"From: lab@example.org\r\nSubject: x\r\n{headers}\r\n\r\nx".encode()

    assert classify(raw).rule == rule


@pytest.mark.parametrize(
    "headers",
    [
        "Auto-Submitted: no",
        "X-Autoreply: no",
        "Precedence: first-class",
        "X-Auto-Response-Suppress: DR, RN, NRN",
        "X-Spam-Flag: NO",
        "X-Spam-Flag: YES",
        "List-Unsubscribe: <https://x.test>",
        "List-Id:",
    ],
)
def test_header_of_a_person_silences_nobody(headers: str) -> None:
    ruling = classify(f"From: lab@example.org\r\nSubject: x\r\n{headers}\r\n\r\nx".encode())

    assert (ruling.verdict, ruling.may_answer) == (MailVerdict.QUESTION, True)


@pytest.mark.parametrize(
    "address",
    [
        "no-reply",
        "noreply",
        "donotreply",
        "do-not-reply",
        "noreply+a1",
        "contest-noreply",
        "MAILER-DAEMON",
        "postmaster",
    ],
)
def test_robot_sender_is_seen(address: str) -> None:
    assert classify(f"From: {address}@example.org\r\n\r\nx".encode()).rule == "robot_sender"


@pytest.mark.parametrize("address", ["owner-news", "news-request", "news-owner"])
def test_list_robot_is_seen_by_its_envelope(address: str) -> None:
    assert classify(b"From: lab@example.org\r\n\r\nx", f"{address}@example.org").rule == "list_sender"


@pytest.mark.parametrize("address", ["norepl", "reply", "anoreplyb", "owner", "request", "casino", "noh"])
def test_person_with_an_odd_address_is_a_person(address: str) -> None:
    ruling = classify(f"From: {address}@example.org\r\n\r\nx".encode())

    assert ruling.verdict is MailVerdict.QUESTION


def test_null_sender_is_a_machine() -> None:
    assert classify(b"From: lab@example.org\r\n\r\nx", "").rule == "null_sender"


def test_return_path_counts_only_where_the_envelope_is_unknown() -> None:
    raw = b"Return-Path: <>\r\nFrom: lab@example.org\r\n\r\nx"

    assert (classify(raw, None).rule, classify(raw).rule) == ("null_sender", None)


@pytest.mark.parametrize(
    "subject",
    [
        "자동응답: 접수 마감이 언제인가요?",
        "[자동회신] 문의하신 내용",
        "자동 회신 메일입니다.",
        "자동응답 메일",
        "부재중 자동응답",
        "부재중입니다",
        "[부재중] 11월 30일까지",
        "(부재 중) Re: 문의",
        "휴가 중입니다",
        "출장중",
        "Out of Office",
        "Out of Office: Re: x",
        "Out of office until 30 November",
        "Out of Office AutoReply: x",
        "Automatic reply: when is the deadline?",
        "Auto-Reply: x",
        "Auto response: x",
        "I am out of the office",
        "On vacation until Monday",
        "OOO: x",
        "Vacation reply",
        "Abwesenheitsnotiz: x",
        "Réponse automatique : x",
    ],
)
def test_vacation_subject_is_seen(subject: str) -> None:
    assert (
        classify(f"From: lab@example.org\r\nSubject: {subject}\r\n\r\nx".encode()).rule == "vacation_subject"
    )


@pytest.mark.parametrize(
    "subject",
    [
        "자동응답 시스템 데이터 문의",
        "자동응답 메시지 데이터 구축 문의",
        "Re: [자동응답] 부재중입니다",
        "부재중 전화 데이터 수집 가능한가요?",
        "출장 중인데 제출이 가능한가요?",
        "휴가 중: 제출 문의",
        "Automatic replies data set for a chatbot",
        "Out of office hours submission?",
        "Autoreply corpus question",
        "Vacation photos as data",
        "마감 문의",
    ],
)
def test_subject_about_the_contest_is_a_question(subject: str) -> None:
    ruling = classify(f"From: lab@example.org\r\nSubject: {subject}\r\n\r\nx".encode())

    assert ruling.verdict is MailVerdict.QUESTION


def test_our_message_id_coming_back_is_own() -> None:
    ours = token.message_id(7, SECRET, "contest.test")
    forged = "<m7.aaaaaaaaaaaaaaaa@contest.test>"
    raw = "From: lab@example.org\r\nMessage-ID: {}\r\n\r\nx"

    verdicts = [classify(raw.format(key).encode()).verdict for key in (ours, forged)]
    assert verdicts == [MailVerdict.OWN, MailVerdict.QUESTION]


@pytest.mark.parametrize("address", ["Contest@Contest.Test", "contest+x@contest.test"])
def test_our_address_in_any_form_is_own(address: str) -> None:
    assert classify(f"From: {address}\r\n\r\nx".encode()).verdict is MailVerdict.OWN


def test_signed_address_makes_a_reply() -> None:
    signed = f"{token.sign(token.INQUIRY, 5, SECRET)}@contest.test"
    in_header = classify(f"From: lab@example.org\r\nTo: {signed}\r\n\r\nx".encode())
    in_envelope = rules.classify(
        parse(b"From: lab@example.org\r\n\r\nx"), envelope_sender=None, desk=DESK, recipients=(signed,)
    )

    assert [in_header.verdict, in_envelope.verdict] == [MailVerdict.REPLY, MailVerdict.REPLY]


def test_doubtful_sender_is_not_answered() -> None:
    ruling = classify(b"From: <a@example.org>b@evil.test\r\n\r\nx")

    assert (ruling.verdict, ruling.rule, ruling.may_answer) == ("question", "no_usable_from", False)


def test_every_rule_names_its_section() -> None:
    assert [rule.name for rule in rules.RULES if not rule.section] == []
    assert len({rule.name for rule in rules.RULES}) == len(rules.RULES)
