import dataclasses
from datetime import datetime

import pytest

from faq import library, render
from faq.contest import SEOUL, Language
from faq.entry import Asks, Entry, Text
from faq.library import Library
from faq.render import Rendered, RenderError

KO, EN = Language.KO, Language.EN
RUNNING = datetime(2030, 11, 20, 10, 0, tzinfo=SEOUL)


def tell(
    small: Library, template: str, *, language: Language = KO, now: datetime = RUNNING, following: str = ""
) -> Rendered:
    text = Text(phrasings=("?",), answer=template, condition="", next=following)
    entry = Entry(id="any.topic", title={}, source=("2",), asks=(Asks.WHAT,), texts={KO: text, EN: text})
    return render.answer(small, entry, language, now=now)


def test_answer_is_told_in_both_languages(small: Library) -> None:
    entry = small.entries["application.period"]

    korean = render.answer(small, entry, KO, now=RUNNING)
    english = render.answer(small, entry, EN, now=RUNNING)

    assert korean == Rendered(
        answer="접수는 2030년 11월 4일(월)부터 11월 29일(금)까지(KST)입니다. 마감 시각은 공고에 없습니다. "
        "9일 남았습니다.",
        condition="",
        next="desk@example.org로 문의해 주세요.",
        source=("2", "3"),
        told={
            "application": "2030년 11월 4일(월)부터 11월 29일(금)까지(KST); 9일 남았습니다.",
            "application.hour": "마감 시각은 공고에 없습니다.",
            "contact.address": "desk@example.org",
        },
    )
    assert english.answer == (
        "Applications are open from Monday 4 November to Friday 29 November 2030 KST. "
        "The announcement gives no hour. 9 days left."
    )
    assert english.next == ""


def test_told_remembers_what_only_steered_the_answer(small: Library) -> None:
    template = "{% if past('result') or stated('build.start') %}a{% else %}b{% endif %}"

    rendered = tell(small, template)

    assert rendered.answer == "b"
    assert rendered.told == {"result": "", "build.start": ""}


def test_vanished_sentence_leaves_no_gap(small: Library) -> None:
    rendered = tell(small, "하나. {{ countdown('kickoff') }} 둘.\n\n{{ countdown('kickoff') }}\n\n셋.")

    assert rendered.answer == "하나. 둘.\n\n셋."


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2030, 11, 3, 23, 59, tzinfo=SEOUL), "ahead"),
        (datetime(2030, 11, 4, 0, 0, tzinfo=SEOUL), "running"),
        (datetime(2030, 11, 29, 0, 0, tzinfo=SEOUL), "running today"),
        (datetime(2030, 11, 29, 23, 59, tzinfo=SEOUL), "running today"),
        (datetime(2030, 11, 30, 0, 0, tzinfo=SEOUL), "past"),
    ],
)
def test_predicates_follow_the_milestone(small: Library, now: datetime, expected: str) -> None:
    words = ("past", "ahead", "running", "today")
    template = " ".join(f"{{% if {word}('application') %}}{word}{{% endif %}}" for word in words)

    assert tell(small, template, now=now).answer == expected


def test_vague_milestone_is_never_today(small: Library) -> None:
    outer_bound = datetime(2031, 1, 31, 12, 0, tzinfo=SEOUL)

    assert tell(small, "{{ today('kickoff') }}", now=outer_bound).answer == "False"
    assert tell(small, "{{ running('kickoff') }}", now=outer_bound).answer == "True"


def test_names_are_told_in_the_language(small: Library) -> None:
    template = "{{ contest_name() }}, {{ organiser() }}"

    assert tell(small, template).answer == "한들 데이터 공모전, 한들"
    assert tell(small, template, language=EN).answer == "Handle Data Contest, Handle Ltd"


def test_plain_text_is_not_escaped(small: Library) -> None:
    assert tell(small, "A & B < C").answer == "A & B < C"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ fact('application.hour') }}",
         "fact 'application.hour' is silent: use silent('application.hour')"),
        ("{{ fact('build.start') }}",
         "fact 'build.start' is contradictory: use contradiction('build.start')"),
        ("{{ silent('build.start') }}", "fact 'build.start' is contradictory, not silent"),
        ("{{ contradiction('application.hour') }}", "fact 'application.hour' is silent, not contradictory"),
        ("{{ fact('no.fact') }}", "unknown fact 'no.fact'"),
        ("{{ silent('no.fact') }}", "unknown fact 'no.fact'"),
        ("{{ contradiction('no.fact') }}", "unknown fact 'no.fact'"),
        ("{{ stated('no.fact') }}", "unknown fact 'no.fact'"),
        ("{{ day('picnic') }}", "unknown milestone 'picnic'"),
        ("{% if past('picnic') %}{% endif %}", "unknown milestone 'picnic'"),
        ("{{ fact('venue') | josa('을/가') }}", "'을/가' is no pair of particles such as 을/를"),
        ("{{ deadline }}", "UndefinedError: 'deadline' is undefined"),
        ("{{ range(3) }}", "UndefinedError: 'range' is undefined"),
        ("{{ day() }}", "TypeError: _Telling.day() missing 1 required positional argument: 'name'"),
        ("{{ 1 / 0 }}", "ZeroDivisionError: division by zero"),
        ("{{ fact('venue') | upper }}", "TemplateAssertionError: No filter named 'upper'."),
        ("{% if %}", "TemplateSyntaxError: Expected an expression, got 'end of statement block'"),
        ("{{ day.__self__.library }}",
         "SecurityError: access to attribute '__self__' of 'method' object is unsafe."),
    ],
)  # fmt: skip
def test_answer_that_cannot_be_told_names_its_template(small: Library, template: str, message: str) -> None:
    with pytest.raises(RenderError) as caught:
        tell(small, "fine", following=template)

    assert str(caught.value) == f"any.topic.ko.next: {message}"


def test_answer_refuses_an_instant_without_a_zone(small: Library) -> None:
    with pytest.raises(RenderError, match="has no zone"):
        tell(small, "fine", now=datetime(2030, 11, 20, 10, 0))


def test_packaged_answers_are_told_before_during_and_after_the_contest() -> None:
    packaged = library.load()
    years = [datetime(year, month, 20, 12, 0, tzinfo=SEOUL) for year, month in ((2020, 11), (2023, 1))]

    rendered = [
        render.answer(packaged, entry, language, now=now)
        for entry in packaged.entries.values()
        for language in Language
        for now in years
    ]

    assert [entry for entry in rendered if not entry.answer] == []
    assert dataclasses.asdict(rendered[0])["source"] != ()
