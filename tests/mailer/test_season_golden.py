"""The mails of the season as their readers get them, compared with tests/golden/ letter by letter.

After a wanted change: CONTESTDESK_GOLDEN=write pytest tests/mailer/test_season_golden.py, then read the diff.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from faq.contest import Language, Person
from mailer.compose import compose
from mailer.letter import Corrected, Letter
from mailer.tables import MailKind
from mailer.words import NEEDS
from tests.mailer.letters import IDENTITY, NOON

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
KO, EN = Language.KO, Language.EN

GREETING = {KO: "김연구", EN: "Dr Kim"}
#: One ends in a consonant, the other is read letter by letter.
TEAM = {KO: "한들연구실", EN: "Handle Lab"}
SLOT = {KO: "2020년 12월 9일(수) 14:20 KST", EN: "Wednesday 9 December 2020, 14:20 KST"}
LAST_DAY = {KO: "2020년 11월 30일(월)", EN: "Monday 30 November 2020"}
LATER = {KO: "2020년 12월 7일(월) KST", EN: "Monday 7 December 2020 KST"}
SILENCE = {
    KO: "마지막 날 몇 시까지인지는 공고에 적혀 있지 않습니다.",
    EN: "The announcement gives no hour for the last day.",
}
APPLICATIONS = {KO: "접수", EN: "Applications"}
PRESENTATION = {KO: "발표평가", EN: "Presentation"}
LINK = "https://desk.test/u/unsubscribe+12.abcdefghijklmnop"


def reminder(language: Language, **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "milestone": APPLICATIONS[language],
        "stage": "drafting",
        "day": LAST_DAY[language],
        "period": True,
        "hour": None,
        "silence": SILENCE[language],
        "days_left": 3,
        "hours_left": None,
        "slot": None,
        "site": "dataset.or.kr",
        "unsubscribe": LINK,
    }
    return usual | changes


def shortlisted(language: Language, **changes: Any) -> dict[str, Any]:
    form = {
        KO: "공고의 한 곳은 PPT를 활용한다고, 다른 곳은 발표 형식이 자유라고 적고 있어, 자세한 내용은 추후 안내를 확인해 주세요.",
        EN: "One part of the announcement asks for PPT, another says the form is free, so please wait for the detailed guidance.",
    }
    usual: dict[str, Any] = {
        "slot": SLOT[language],
        "venue": {KO: "온라인", EN: "online"}[language],
        "minutes": {KO: "10분", EN: "10 minutes"}[language],
        "form": form[language],
        "file": {KO: "발표 안내.pdf", EN: "presentation.pdf"}[language],
    }
    return usual | changes


def correction(language: Language) -> dict[str, Any]:
    changed = Corrected(
        title={KO: "접수 마지막 날", EN: "Applications: last day"}[language],
        was=f"{LAST_DAY[language]} KST",
        now=LATER[language],
    )
    asked = {KO: "2020년 11월 20일(금) 답변", EN: "our answer of Friday 20 November 2020"}[language]
    return {"changes": (changed,), "asked": asked}


def invite(language: Language, **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "title": PRESENTATION[language],
        "when": SLOT[language],
        "was": None,
        "place": {KO: "온라인", EN: "online"}[language],
        "silence": None,
        "change": "new",
    }
    return usual | changes


def moved(language: Language) -> dict[str, Any]:
    was = {KO: "2020년 12월 9일(수) 11:00 KST", EN: "Wednesday 9 December 2020, 11:00 KST"}
    return invite(language, change="moved", was=was[language])


#: File name in tests/golden/ → what the family named before the dash is filled with.
CASES: Mapping[str, Callable[[Language], dict[str, Any]]] = {
    "reminder": reminder,
    "reminder-hours": lambda language: reminder(
        language, hour="18:00 KST", silence=None, days_left=0, hours_left=3
    ),
    "reminder-today": lambda language: reminder(language, days_left=0),
    "reminder-slot": lambda language: reminder(
        language,
        milestone=PRESENTATION[language],
        stage="shortlisted",
        day=SLOT[language],
        period=False,
        days_left=1,
        slot=SLOT[language],
        site=None,
    ),
    "shortlisted": shortlisted,
    "shortlisted-bare": lambda language: shortlisted(
        language, slot=None, venue=None, minutes=None, form=None, file=None
    ),
    "not_shortlisted": lambda _: {},
    "selected": lambda language: {
        "kickoff": {KO: "12월 말부터 1월 초", EN: "late December to early January"}[language],
        "file": {KO: "협약 안내.pdf", EN: "agreement.pdf"}[language],
    },
    "not_selected": lambda _: {},
    "slot_ack": lambda language: {"slot": SLOT[language], "attends": True},
    "slot_ack-absent": lambda language: {"slot": SLOT[language], "attends": False},
    "slot_nudge": lambda language: {"slot": SLOT[language]},
    "correction": correction,
    "invite": invite,
    "invite-moved": moved,
    "invite-cancelled": lambda language: invite(language, change="cancelled"),
}
#: Families that greet without a team.
TEAMLESS = frozenset({"correction", "invite"})


def rendered(case: str, language: Language, **changes: Any) -> dict[str, str]:
    family = case.partition("-")[0]
    data = {"greeting": GREETING[language]} | CASES[case](language)
    if family not in TEAMLESS:
        data["team"] = TEAM[language]
    letter = Letter(
        kind=MailKind.REMINDER,
        recipient=Person(address="lab@example.org", name=None, language=language),
        subject={KO: "안내", EN: "News"}[language],
        template=family,
        data=data | changes,
        automatic=True,
    )
    message = message_from_bytes(
        compose(letter, row_id=7, identity=IDENTITY, now=NOON).body, policy=policy.default
    )
    assert isinstance(message, EmailMessage)
    text, html = (part.get_content().replace("\r\n", "\n") for part in message.iter_parts())
    return {"txt": text, "html": html}


EACH = pytest.mark.parametrize("case", CASES)
BOTH = pytest.mark.parametrize("language", list(Language))


@EACH
@BOTH
@pytest.mark.parametrize("part", ["txt", "html"])
def test_season_mail_reads_as_agreed(case: str, language: Language, part: str) -> None:
    file = GOLDEN / f"{case}.{language}.{part}"
    words = rendered(case, language)[part]
    if os.environ.get("CONTESTDESK_GOLDEN") == "write":
        file.write_text(words, encoding="utf-8")

    assert words == file.read_text(encoding="utf-8")


@EACH
@BOTH
def test_season_text_says_the_same_as_html(case: str, language: Language) -> None:
    both = rendered(case, language)
    body = re.sub(r"(?s)<head>.*?</head>", "", both["html"])
    # A link shows a word and leads to an address; the text shows the address.
    linked = re.sub(r'(?s)<a [^>]*href="([^"]*)"[^>]*>.*?</a>', r"\1", body)
    shown = re.sub(r"<[^>]+>", " ", re.sub(r"</?strong>", "", linked))

    def bare(text: str) -> set[str]:
        return set(re.sub(r"[■>·.,:()\-]|&#34;|\"", " ", text).split())

    assert bare(both["txt"]) == bare(shown)


@EACH
@BOTH
def test_season_html_loads_nothing_and_reads_on_a_phone(case: str, language: Language) -> None:
    html = rendered(case, language)["html"]
    sizes = [int(size) for size in re.findall(r"font-size:\s*(\d+)px", html)]

    assert not re.search(r"(?i)<(img|script|iframe|object|form)|url\(|src=|@import", html)
    assert set(re.findall(r"https?://[^\"<\s]+", html)) <= {LINK}
    assert f'<html lang="{language}">' in html
    assert min(sizes) >= 16
    assert "prefers-color-scheme: dark" in html


@pytest.mark.parametrize(
    ("team", "expected"),
    [
        ("한들연구실", "한들연구실이 1차"),
        ("데이터나루", "데이터나루가 1차"),
        ("Handle Lab", "Handle Lab이 1차"),
        ("KAIST", "KAIST가 1차"),
        ("Seoul Vision", "Seoul Vision이(가) 1차"),
        ("한빛(서울)", "한빛(서울)이 1차"),
    ],
)
def test_particle_fits_the_name_of_the_team(team: str, expected: str) -> None:
    both = rendered("shortlisted", KO, team=team)

    assert expected in both["txt"]
    assert expected in both["html"]


@EACH
@BOTH
def test_name_from_outside_is_shown_and_not_obeyed(case: str, language: Language) -> None:
    hostile = "<b>{{ address }}</b>"
    family = case.partition("-")[0]
    both = rendered(case, language, **({"greeting": hostile} if family in TEAMLESS else {"team": hostile}))

    assert "{{ address }}" in both["txt"]
    assert "<b>" not in both["html"]
    assert "&lt;b&gt;{{ address }}&lt;/b&gt;" in both["html"]


#: What no mail of the season may say: scores, ranks, other teams, money to come (issue F, item 7).
UNSAID = re.compile(r"점수|순위|등수|투자|score|rank|invest|KRW|만원", re.IGNORECASE)


@pytest.mark.parametrize("family", [name for name in CASES if name in NEEDS])
@BOTH
def test_season_mail_promises_nothing(family: str, language: Language) -> None:
    both = rendered(family, language)

    assert not UNSAID.search(both["txt"])


@pytest.mark.parametrize("case", ["not_shortlisted", "not_selected"])
@BOTH
def test_refusal_cannot_be_read_as_good_news(case: str, language: Language) -> None:
    text = rendered(case, language)["txt"]

    assert not re.search(r"축하|통과|선정되었습니다|[Cc]ongratulations|has been selected|has passed", text)
    assert re.search(r"포함되지 않았습니다|is not among the teams", text)


@pytest.mark.long
@BOTH
@pytest.mark.parametrize("width", [390, 1000])
def test_season_mails_can_be_looked_at(
    render_html: Callable[..., Path], language: Language, width: int
) -> None:
    # One page for all of them, as starting the browser takes most of the time; somebody looks at
    # build/pictures/ after a change of words or style.
    pages = [
        re.sub(r"(?s).*<body[^>]*>(.*)</body>.*", r"\1", rendered(case, language)["html"]) for case in CASES
    ]
    frame = rendered("invite", language)["html"]
    whole = re.sub(r"(?s)(<body[^>]*>).*(</body>)", lambda found: found[1] + "".join(pages) + found[2], frame)

    picture = render_html(whole, width=width, height=1650, name=f"season.{language}").read_bytes()

    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20], "big") == width
