"""What applicants write in the demo: sample mails, one of a robot, and questions in Slack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One mail and what a newcomer should look for."""

    title: str
    sender: str
    name: str
    subject: str
    text: str
    #: More headers, as a robot sets them.
    headers: tuple[tuple[str, str], ...] = ()
    #: True when it replies to our answer to the sample before it.
    follows: bool = False


SAMPLES = (
    Sample(
        title="a question in Korean",
        sender="lab@example.org",
        name="김연구",
        subject="접수 마감 문의",
        text="안녕하세요, 음성인식을 연구하는 연구실입니다.\n접수 마감이 언제인가요?\n감사합니다.",
    ),
    Sample(
        title="thanks, in the same thread: logged, not answered",
        sender="lab@example.org",
        name="김연구",
        subject="Re: 접수 마감 문의",
        text="빠른 답변 감사합니다!",
        follows=True,
    ),
    Sample(
        title="eligibility, in English",
        sender="startup@example.org",
        name="Jane Park",
        subject="Eligibility",
        text="Hello,\n\nwe are a small AI startup in Daejeon. Can companies apply?\n\nBest regards,\nJane",
    ),
    Sample(
        title="two questions in one mail, one of them not in the announcement",
        sender="team@example.org",
        name="이데이터",
        subject="문의드립니다",
        text="안녕하세요.\n1. 발표평가는 몇 분 동안 하나요?\n2. 기획안을 영어로 써도 되나요?\n감사합니다.",
    ),
    Sample(
        title="can CashMission build my dataset? A person decides",
        sender="vision@example.org",
        name="박비전",
        subject="데이터셋 구축 가능 여부",
        text="수어 동작 영상 5만 건을 촬영하고 라벨링하려고 합니다. 캐시미션으로 수집이 가능할까요?",
    ),
    Sample(
        title="an out-of-office note: never answered",
        sender="away@example.org",
        name="최부재",
        subject="[자동응답] 부재중입니다",
        text="현재 휴가 중입니다. 다음 주 월요일부터 메일을 확인하겠습니다.",
        headers=(("Auto-Submitted", "auto-replied"),),
    ),
    Sample(
        title="something that no approved answer covers",
        sender="curious@example.org",
        name="정궁금",
        subject="질문",
        text="작년에 선정된 팀들이 만든 데이터셋을 미리 받아 볼 수 있을까요?",
    ),
    Sample(
        title="a relay that is short of room: tried again later",
        sender="temperror@example.org",
        name="",
        subject="양식은 어디서 받나요?",
        text="기획안 양식은 어디에서 내려받을 수 있나요?",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSample:
    """One question in Slack and what a newcomer should look for."""

    title: str
    #: A name in the stand-in's workspace.
    person: str
    text: str
    #: Empty: in the conversation with the desk alone.
    channel: str = ""


SLACK_SAMPLES = (
    SlackSample(
        title="a question in Slack, in Korean",
        person="kim-yeongu",
        text="발표평가는 언제 하나요?",
    ),
    SlackSample(
        title="another one, in English",
        person="jane-park",
        text="How do I submit the application?",
    ),
    SlackSample(
        title="in the help channel, something that no approved answer covers: a card for staff",
        person="kim-yeongu",
        channel="contest-help",
        text="심사위원 명단을 미리 알 수 있을까요?",
    ),
)


def write(sample: Sample, *, to: str, at: datetime, reply_to: str | None) -> EmailMessage:
    """The mail as a client would write it; ``reply_to`` is the Message-ID that it answers."""
    mail = EmailMessage()
    local, _, domain = sample.sender.partition("@")
    mail["From"] = str(Address(sample.name, local, domain))
    mail["To"] = to
    mail["Subject"] = sample.subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = make_msgid(domain="example.org")
    if sample.follows and reply_to:
        mail["In-Reply-To"] = reply_to
        mail["References"] = reply_to
    for name, value in sample.headers:
        mail[name] = value
    mail.set_content(sample.text)
    return mail
