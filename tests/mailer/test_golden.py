"""Every mail as its reader gets it, compared with tests/golden/ letter by letter.

After a wanted change: CONTESTDESK_GOLDEN=write pytest tests/mailer/test_golden.py, then read the diff.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from faq.contest import Language, Person
from mailer.compose import compose
from mailer.letter import Letter, Section, SectionKind
from mailer.tables import MailKind
from tests.mailer.letters import IDENTITY, NOON

GOLDEN = Path(__file__).resolve().parent.parent / "golden"

REPLY = {
    Language.KO: (
        Section(
            kind=SectionKind.ANSWER,
            heading="접수 마감이 언제예요?",
            paragraphs=(
                "접수 기간은 2020년 11월 2일(월)부터 11월 30일(월)까지입니다. 마감까지 10일 남았습니다.",
                "공고에는 마지막 날의 마감 시각이 나와 있지 않습니다. 여유를 두고 제출해 주세요.",
                "다음으로: dataset.or.kr에서 양식을 내려받아 5쪽 이하로 작성한 뒤 온라인으로 제출해 주세요.",
            ),
            source="공고 2절",
        ),
        Section(
            kind=SectionKind.ANSWER,
            heading="몇 팀을 뽑나요?",
            paragraphs=("모두 10개 팀을 선정합니다.",),
            source="공고 1절, 2절",
        ),
        Section(
            kind=SectionKind.SUGGESTION,
            heading="발표평가는 어떻게 진행되나요?",
            paragraphs=("발표평가는 2020년 12월 9일(수)에 진행합니다.",),
            source="공고 2절",
        ),
        Section(
            kind=SectionKind.SUGGESTION,
            heading="결과는 언제 발표되나요?",
            paragraphs=("1차 심사 결과는 2020년 12월 4일(금)에, 최종 결과는 12월 11일(금)에 발표합니다.",),
            source="공고 2절",
        ),
        Section(
            kind=SectionKind.WAITS,
            heading="해외에 있는 연구실도 지원할 수 있나요?",
            paragraphs=("해외에 있는 기관이 지원할 수 있는지는 공고에 적혀 있지 않습니다.",),
            source=None,
        ),
    ),
    Language.EN: (
        Section(
            kind=SectionKind.ANSWER,
            heading="When is the deadline?",
            paragraphs=(
                "Applications are open from Monday 2 to Monday 30 November 2020. There are 10 days left.",
                "The announcement gives no hour for the last day, so please submit with time to spare.",
                "Next: download the form from dataset.or.kr, fill in at most 5 pages and submit it online.",
            ),
            source="announcement, section 2",
        ),
        Section(
            kind=SectionKind.SUGGESTION,
            heading="How does the presentation work?",
            paragraphs=("The presentation takes place on Wednesday 9 December 2020.",),
            source="announcement, section 2",
        ),
        Section(
            kind=SectionKind.WAITS,
            heading="May a lab outside Korea apply?",
            paragraphs=("The announcement does not say whether bodies outside Korea may apply.",),
            source=None,
        ),
    ),
}
LETTER = {
    Language.KO: "네, 공동 연구실은 대표 연구실 한 곳의 이름으로 지원하시면 됩니다.\n\n"
    "기획안의 참여 인원란에 두 연구실을 모두 적어 주세요.",
    Language.EN: "Yes, two labs may apply together under the name of one of them.\n\n"
    "Please name both in the list of members.",
}
QUESTION = {
    Language.KO: "두 연구실이 함께 지원해도 되나요?",
    Language.EN: "May two labs apply together?",
}
NEAREST = {
    Language.KO: ("지원 자격 (eligibility.who)", "팀 구성 (application.team)"),
    Language.EN: ("Who may apply (eligibility.who)", "Teams (application.team)"),
}
REMARKS = {
    Language.KO: ("같은 주소의 다른 열린 문의: #9, #11",),
    Language.EN: ("Open inquiries of the same address: #9, #11",),
}
PURPOSE = {Language.KO: "답변 항목 승인", Language.EN: "approving an answer"}
GREETING = {Language.KO: "김연구", Language.EN: "Dr Kim"}


def data(template: str, language: Language) -> dict[str, Any]:
    match template:
        case "reply":
            return {"sections": REPLY[language], "greeting": None}
        case "receipt":
            waits = [section for section in REPLY[language] if section.kind is not SectionKind.ANSWER]
            return {"sections": tuple(waits), "greeting": GREETING[language]}
        case "letter":
            return {
                "body": LETTER[language],
                "staff": "staff-a",
                "question": QUESTION[language],
                "greeting": GREETING[language],
            }
        case "staff_notice":
            return {
                "waits": (QUESTION[language],),
                "nearest": NEAREST[language],
                "remarks": REMARKS[language],
            }
        case _:
            return {"code": "483 920", "purpose": PURPOSE[language], "minutes": 10}


def rendered(template: str, language: Language) -> dict[str, str]:
    letter = Letter(
        kind=MailKind.ANSWER,
        recipient=Person(address="lab@example.org", name=None, language=language),
        subject={Language.KO: "Re: 문의드립니다", Language.EN: "Re: a question"}[language],
        template=template,
        data=data(template, language),
        automatic=template != "letter",
        inquiry=12,
    )
    message = message_from_bytes(
        compose(letter, row_id=7, identity=IDENTITY, now=NOON).body, policy=policy.default
    )
    assert isinstance(message, EmailMessage)
    text, html = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
    return {"txt": text, "html": html}


EACH = pytest.mark.parametrize("template", ["reply", "receipt", "letter", "staff_notice", "code"])
BOTH = pytest.mark.parametrize("language", list(Language))


@EACH
@BOTH
@pytest.mark.parametrize("part", ["txt", "html"])
def test_mail_reads_as_agreed(template: str, language: Language, part: str) -> None:
    file = GOLDEN / f"{template}.{language}.{part}"
    words = rendered(template, language)[part]
    if os.environ.get("CONTESTDESK_GOLDEN") == "write":
        file.write_text(words, encoding="utf-8")

    assert words == file.read_text(encoding="utf-8")


@EACH
@BOTH
def test_text_says_the_same_as_html(template: str, language: Language) -> None:
    both = rendered(template, language)
    body = re.sub(r"(?s)<head>.*?</head>", "", both["html"])
    shown = re.sub(r"<[^>]+>", " ", re.sub(r"</?strong>", "", body))

    # Signs that only one of the two needs: bullets, quote marks, full stops and commas that join.
    def bare(text: str) -> set[str]:
        return set(re.sub(r"[■>·.,:()\-]", " ", text).split())

    assert bare(both["txt"]) == bare(shown)


@EACH
@BOTH
def test_html_loads_nothing_and_reads_on_a_phone(template: str, language: Language) -> None:
    html = rendered(template, language)["html"]
    sizes = [int(size) for size in re.findall(r"font-size:\s*(\d+)px", html)]

    assert not re.search(r"(?i)<(img|script|link|iframe|object|form)|url\(|https?://|@import", html)
    assert f'<html lang="{language}">' in html
    assert min(sizes) >= 16
    assert "prefers-color-scheme: dark" in html
    assert '<meta name="color-scheme" content="light dark">' in html


@pytest.mark.long
@EACH
@BOTH
@pytest.mark.parametrize("width", [390, 1000])
def test_mail_can_be_looked_at(
    render_html: Callable[..., Path], template: str, language: Language, width: int
) -> None:
    # Somebody looks at build/pictures/ after a change of words or style.
    html = rendered(template, language)["html"]

    picture = render_html(html, width=width, height=1650, name=f"{template}.{language}").read_bytes()

    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20], "big") == width


def luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(
    ("scheme", "backgrounds"),
    [
        ("light", ("#ffffff", "#eef1f5", "#edf3fc", "#edf1f6")),
        ("dark", ("#1c222b", "#12161c", "#223047", "#283140")),
    ],
)
def test_colours_have_the_contrast_of_wcag_aa(scheme: str, backgrounds: tuple[str, ...]) -> None:
    style = (Path(compose.__code__.co_filename).parent / "templates" / "style.css").read_text("utf-8")
    light, _, dark = style.partition("@media")
    colours = re.findall(r"(?<![-\w])color: (#[0-9a-f]{6})", light if scheme == "light" else dark)

    def ratio(one: str, other: str) -> float:
        high, low = sorted((luminance(one), luminance(other)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    # Every text colour against every ground, so that no pairing needs to be kept in mind.
    assert all(background in style for background in backgrounds)
    assert min(ratio(colour, ground) for colour in colours for ground in backgrounds) >= 4.5
