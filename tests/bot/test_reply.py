"""A decision and the facts become the words of a reply."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import reply
from bot.reply import Reply
from faq.contest import Language
from faq.library import Library
from intents.decide import Candidate, Decision, Feasibility, Part, Verdict, whole
from mailer.letter import SectionKind
from mailer.tables import MailKind
from tests.bot.office import IDENTITY, NOON

A = SectionKind.ANSWER
S = SectionKind.SUGGESTION
W = SectionKind.WAITS


def part(decision: Verdict, topic: str | None = None, *candidates: str, unknown: str | None = None) -> Part:
    return Part(
        text="a question",
        decision=decision,
        topic=topic,
        confidence=0.9,
        candidates=tuple(Candidate(topic=name, confidence=0.5) for name in candidates),
        reason=f"because {topic or unknown}",
        unknown=unknown,
    )


def answered(topic: str) -> Part:
    return part(Verdict.ANSWER, topic, topic)


def unknown(name: str) -> Part:
    return part(Verdict.ESCALATE, unknown=name)


ESCALATED = part(Verdict.ESCALATE)
IGNORED = part(Verdict.IGNORE)


def written(
    library: Library, *parts: Part, language: Language = Language.KO, days_later: int = 0
) -> Reply | None:
    decision = Decision(language=language, decision=whole(parts), parts=parts)
    return reply.build(decision, library, now=NOON + timedelta(days=days_later))


def build(library: Library, *parts: Part, language: Language = Language.KO, days_later: int = 0) -> Reply:
    found = written(library, *parts, language=language, days_later=days_later)
    assert found is not None
    return found


def outline(found: Reply) -> list[tuple[SectionKind, str]]:
    return [(section.kind, section.heading) for section in found.sections]


def test_nothing_is_said_to_what_asks_nothing(edition: Library) -> None:
    assert written(edition, IGNORED) is None


def test_sections_stand_in_the_order_of_the_questions(edition: Library) -> None:
    found = build(
        edition, unknown("unknown.travel"), answered("rights.ownership"), answered("application.form")
    )

    assert outline(found) == [(W, "교통비"), (A, "결과물의 권리"), (A, "기획안 양식")]


def test_answer_has_its_condition_its_next_step_and_its_source(edition: Library) -> None:
    section = build(edition, answered("application.period")).sections[0]

    assert (len(section.paragraphs), section.paragraphs[1], section.source) == (
        3,
        "마감 시각은 공고에 없습니다.",
        "공고 2절",
    )


def test_suggestion_is_the_short_answer(edition: Library) -> None:
    section = build(edition, part(Verdict.SUGGEST, None, "application.period")).sections[0]

    assert (section.kind, len(section.paragraphs)) == (S, 1)


def test_suggestions_are_three_at_most(edition: Library) -> None:
    topics = ("application.form", "application.period", "rights.ownership", "support.worth")
    found = build(edition, part(Verdict.SUGGEST, None, *topics))

    assert outline(found) == [(S, "기획안 양식"), (S, "접수 기간"), (S, "결과물의 권리")]


def test_same_topic_is_said_once(edition: Library) -> None:
    found = build(edition, answered("application.form"), answered("application.form"))

    assert outline(found) == [(A, "기획안 양식")]


def test_answer_comes_whole_when_it_was_suggested_before(edition: Library) -> None:
    found = build(
        edition,
        part(Verdict.SUGGEST, None, "application.period", "application.form"),
        answered("application.period"),
    )

    assert sorted(outline(found)) == [(A, "접수 기간"), (S, "기획안 양식")]


def test_known_unknown_is_told_with_the_nearest_answer(edition: Library) -> None:
    section = build(edition, unknown("unknown.travel")).sections[0]

    assert section.paragraphs == (
        "이 내용은 공고에 나와 있지 않아, 짐작해서 안내하지 않고 담당자에게 전달했습니다.",
        "가장 가까운 안내: 10개 팀에 각 7,000만원 상당을 지원합니다.",
    )


def test_known_unknown_without_a_neighbour_is_told_alone(edition: Library) -> None:
    alone = replace(edition.unknowns["unknown.travel"], near=())
    library = replace(edition, unknowns={**edition.unknowns, "unknown.travel": alone})

    assert len(build(library, unknown("unknown.travel")).sections[0].paragraphs) == 1


def test_what_has_no_words_comes_last_and_is_counted(edition: Library) -> None:
    found = build(edition, ESCALATED, answered("application.form"), ESCALATED)

    assert outline(found) == [(A, "기획안 양식"), (W, "문의하신 내용")]
    assert found.sections[1].paragraphs == ("미리 승인된 답변이 없는 질문이 2가지 있습니다.",)


def test_single_question_without_words_is_not_counted(edition: Library) -> None:
    assert build(edition, IGNORED, ESCALATED).sections[0].paragraphs == (
        "이 질문에는 미리 승인된 답변이 없습니다.",
    )


@pytest.mark.parametrize(
    ("language", "last"),
    [
        (
            Language.KO,
            "다음을 회신해 주시면 더 빨리 확인할 수 있습니다: 필요한 양, 원본 데이터의 권리",
        ),
        (
            Language.EN,
            "It helps us if you reply with: the amount needed, who holds the rights to the raw data",
        ),
    ],
)
def test_feasibility_asks_for_what_is_missing(edition: Library, language: Language, last: str) -> None:
    asked = replace(
        part(Verdict.ESCALATE, "cashmission.feasibility"),
        feasibility=Feasibility(
            modality=("video",),
            task=("labelling",),
            volume=None,
            personal_data=False,
            rights=None,
            missing=("volume", "rights"),
        ),
    )
    section = build(edition, asked, language=language).sections[0]

    assert (section.kind, section.paragraphs[-1]) == (W, last)


def test_feasibility_that_lacks_nothing_asks_for_nothing(edition: Library) -> None:
    asked = replace(
        part(Verdict.ESCALATE, "cashmission.feasibility"),
        feasibility=Feasibility(
            modality=("video",),
            task=("labelling",),
            volume="5건",
            personal_data=False,
            rights="동의",
            missing=(),
        ),
    )

    assert build(edition, asked).sections[0].paragraphs[-1].startswith("이렇게 이해했습니다: ")


@pytest.mark.parametrize(
    ("parts", "kind", "says"),
    [
        ((answered("application.form"),), MailKind.ANSWER, True),
        ((part(Verdict.SUGGEST, None, "application.form"),), MailKind.ANSWER, True),
        ((answered("application.form"), ESCALATED), MailKind.ANSWER, True),
        ((unknown("unknown.travel"),), MailKind.RECEIPT, True),
        ((ESCALATED,), MailKind.RECEIPT, False),
    ],
)
def test_kind_follows_from_what_is_said(
    edition: Library, parts: tuple[Part, ...], kind: MailKind, says: bool
) -> None:
    found = build(edition, *parts)

    assert (found.kind, found.says_something) == (kind, says)


def test_provenance_holds_versions_facts_and_reasons(edition: Library) -> None:
    newer = replace(edition.entries["support.worth"], version=4)
    library = replace(edition, entries={**edition.entries, "support.worth": newer})
    found = build(library, IGNORED, answered("support.worth"), unknown("unknown.late-submission"))

    assert found.provenance["entries"] == {"support.worth": 4, "application.period": 0}
    assert (found.provenance["facts"]["support.teams"], found.provenance["facts"]["support.worth"]) == (
        "10개 팀",
        "7,000만원",
    )
    assert found.provenance["reasons"] == ["because support.worth", "because unknown.late-submission"]


@pytest.mark.parametrize(
    ("days_later", "told"),
    [(0, "10일 남았습니다"), (10, "오늘"), (11, "이미 마감되었습니다")],
)
def test_answer_knows_the_time(edition: Library, days_later: int, told: str) -> None:
    said = build(edition, answered("application.period"), days_later=days_later).sections[0].paragraphs[0]

    assert told in said


def test_reply_speaks_the_language_of_the_decision(edition: Library) -> None:
    section = build(edition, answered("application.form"), language=Language.EN).sections[0]

    assert (section.heading, section.paragraphs, section.source) == (
        "Form of the proposal",
        ("The form is on the web site.",),
        "announcement, section 2",
    )


def test_text_is_that_of_the_mail_without_a_number(edition: Library) -> None:
    text = reply.as_text(build(edition, unknown("unknown.travel")), Language.KO, IDENTITY)

    assert text.splitlines()[0] == "안녕하세요."
    assert "문의를 잘 받았습니다.\n" in text
