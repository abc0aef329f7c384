"""Drafts: what may be approved, by whom, and what an approval writes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot import draft_file, drafting, drafts, reviews, staff, triage
from bot import understanding as understandings
from bot.drafts import Kind, Proposal
from bot.refusal import Refused
from bot.tables import Draft, DraftState, Overlay, Review, Staff, StaffRole
from faq.contest import Language
from faq.entry import Mode
from faq.library import Library
from tests.bot.office import DEADLINE, IDENTITY, LATE, NOON, OTHER, Office, eml

ENTRY: dict[str, Any] = {
    "title": {"ko": "주차", "en": "Parking"},
    "source": ["6"],
    "asks": ["may_i"],
    "ko": {
        "phrasings": ["주차장을 쓸 수 있나요?"],
        "answer": "주차는 돕지 않습니다.",
        "condition": "",
        "next": "",
    },
    "en": {"phrasings": ["May I park there?"], "answer": "There is no parking.", "condition": "", "next": ""},
}
PHRASINGS = {"language": "ko", "phrasings": ["막차는 언제 떠나나요?"]}
AUTHOR, APPROVER = "staff-a@example.org", "staff-b@example.org"


def changed(path: str, value: Any) -> dict[str, Any]:
    """The entry with one value replaced: "ko.answer"."""
    content = copy.deepcopy(ENTRY)
    *folders, last = path.split(".")
    place = content
    for name in folders:
        place = place[name]
    place[last] = value
    return content


@pytest.fixture
def people(office: Office) -> tuple[Staff, Staff]:
    return office.add_staff(AUTHOR, StaffRole.APPROVER), office.add_staff(APPROVER, StaffRole.APPROVER)


def write(office: Office, kind: Kind, subject: str, content: dict[str, Any]) -> int:
    with office.storage.write.begin() as session:
        author = staff.member(session, AUTHOR)
        return drafts.add(
            session, Proposal(kind=kind, subject=subject, content=content), staff=author, now=NOON
        ).id


def approve(office: Office, number: int, *, by: str = APPROVER, version: int = 0) -> int:
    with office.storage.write.begin() as session:
        return drafts.approve(
            session,
            drafts.find(session, number),
            staff=staff.member(session, by),
            version=version,
            now=NOON,
        )


def faults(office: Office, edition: Library, number: int) -> list[str]:
    with office.storage.read() as session:
        return drafts.faults(drafts.find(session, number), understandings.overlaid(edition, session), edition)


def laid(office: Office, edition: Library) -> Library:
    with office.storage.read() as session:
        return understandings.overlaid(edition, session)


def test_approved_entry_is_in_force(office: Office, people: tuple[Staff, Staff], edition: Library) -> None:
    number = write(office, Kind.ENTRY, "support.parking", ENTRY)
    version = approve(office, number)

    assert (
        laid(office, edition).entries["support.parking"].texts[Language.KO].answer == "주차는 돕지 않습니다."
    )
    with office.storage.read() as session:
        row, draft = session.get_one(Overlay, version), drafts.find(session, number)
    assert (row.author, row.approved_by, draft.state, draft.overlay_id) == (
        AUTHOR,
        APPROVER,
        DraftState.APPROVED,
        version,
    )


@pytest.mark.parametrize(
    ("kind", "subject", "content"),
    [
        (Kind.ENTRY, "support.parking", ENTRY),
        (Kind.FACT, "support.teams", {"statements": [{"value": 12, "source": "3"}]}),
        (Kind.MILESTONE, "application", {"starts_on": "2020-11-02", "ends_on": "2020-12-07"}),
    ],
)
def test_author_cannot_approve_what_applicants_are_told(
    office: Office, people: tuple[Staff, Staff], kind: Kind, subject: str, content: dict[str, Any]
) -> None:
    number = write(office, kind, subject, content)

    with pytest.raises(Refused, match="another approver"):
        approve(office, number, by=AUTHOR)
    assert office.count(Overlay) == 0


def test_author_may_approve_phrasings(office: Office, people: tuple[Staff, Staff]) -> None:
    assert approve(office, write(office, Kind.PHRASINGS, "application.period", PHRASINGS), by=AUTHOR) == 1


def test_draft_is_approved_once(office: Office, people: tuple[Staff, Staff]) -> None:
    number = write(office, Kind.PHRASINGS, "application.period", PHRASINGS)
    approve(office, number)

    with pytest.raises(Refused, match="approved already, by staff-b"):
        approve(office, number, version=1)


def test_approval_of_what_was_seen_before_another_change_is_refused(
    office: Office, people: tuple[Staff, Staff]
) -> None:
    numbers = [write(office, Kind.PHRASINGS, "application.period", PHRASINGS) for _ in range(2)]
    approve(office, numbers[0], version=0)

    with pytest.raises(Refused, match="same moment"):
        approve(office, numbers[1], version=0)


def test_rejected_draft_stays_on_record(office: Office, people: tuple[Staff, Staff]) -> None:
    number = write(office, Kind.ENTRY, "support.parking", ENTRY)
    with office.storage.write.begin() as session:
        draft = drafts.find(session, number)
        drafts.reject(session, draft, staff=staff.member(session, APPROVER), reason="공고와 다름", now=NOON)
    with office.storage.read() as session:
        waiting, every = drafts.listed(session), drafts.listed(session, everything=True)

    assert ([one.id for one in waiting], [(one.state, one.reason) for one in every]) == (
        [],
        [(DraftState.REJECTED, "공고와 다름")],
    )


def test_edit_makes_the_editor_the_author(office: Office, people: tuple[Staff, Staff]) -> None:
    number = write(office, Kind.ENTRY, "support.parking", ENTRY)
    with office.storage.write.begin() as session:
        draft = drafts.find(session, number)
        before = drafts.content_hash(draft)
        proposal = Proposal(
            kind=Kind.ENTRY, subject="support.cars", content=changed("ko.next", "걸어오세요.")
        )
        drafts.edit(session, draft, proposal, staff=staff.member(session, APPROVER), now=NOON)
        after = drafts.content_hash(draft)

    assert before != after
    with pytest.raises(Refused, match="another approver"):
        approve(office, number, by=APPROVER)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (changed("ko.answer", "11월 30일까지 받습니다."), "entries:support.parking.ko: literal fact: '11월'"),
        (changed("en.answer", "{{ fact('moon') }}"), "entries:support.parking.en: unknown fact 'moon'"),
        (changed("ko.answer", "{{ fact("), "entries:support.parking.ko: broken template: unexpected 'end of"),
        (changed("en.answer", ""), "the answer in 'en' is empty"),
        (changed("source", []), "'source' is empty: name the section"),
        (changed("en.phrasings", []), "there is no phrasing in 'en'"),
        (changed("ko.phrasings", ["010-1234-5678로 전화 주세요"]), "a phrasing holds an address or a number"),
        (changed("ko.phrasings", ["lab@example.org 로 주세요"]), "a phrasing holds an address or a number"),
        (changed("ko.phrasings", [DEADLINE]), "entries:support.parking.ko: phrasing twice"),
        (changed("settles", "unknown.moon"), "change 1 (EntryChange): unknown known unknown 'unknown.moon'"),
    ],
)
def test_fault_keeps_an_entry_from_approval(
    office: Office, people: tuple[Staff, Staff], edition: Library, content: dict[str, Any], fault: str
) -> None:
    found = faults(office, edition, write(office, Kind.ENTRY, "support.parking", content))

    assert found[0].startswith(fault)


def test_sound_drafts_have_no_fault(office: Office, people: tuple[Staff, Staff], edition: Library) -> None:
    numbers = [
        write(office, Kind.ENTRY, "support.parking", ENTRY),
        write(office, Kind.PHRASINGS, "application.period", PHRASINGS),
        write(office, Kind.FACT, "support.teams", {"statements": [{"value": 12, "source": "3"}]}),
        write(office, Kind.MODE, "application.period", {"mode": "suggest"}),
    ]

    assert [faults(office, edition, number) for number in numbers] == [[], [], [], []]


def test_known_unknown_that_is_answered_becomes_an_entry(
    office: Office, people: tuple[Staff, Staff], edition: Library
) -> None:
    content = {**ENTRY, "settles": "unknown.travel"}
    number = write(office, Kind.ENTRY, "support.travel", content)
    sound = faults(office, edition, number)
    approve(office, number)
    library = laid(office, edition)

    assert (sound, "unknown.travel" in library.unknowns, "support.travel" in library.entries) == (
        [],
        False,
        True,
    )


def test_fact_that_is_new_can_be_told(office: Office, people: tuple[Staff, Staff], edition: Library) -> None:
    fact = {"statements": [{"value": 5, "source": "공지"}], "added": True, "unit": "teams"}
    approve(office, write(office, Kind.FACT, "parking.teams", fact))
    entry = changed("ko.answer", "{{ fact('parking.teams') }}까지 세울 수 있습니다.")

    assert faults(office, edition, write(office, Kind.ENTRY, "support.parking", entry)) == []


def test_fact_may_be_a_day(office: Office, people: tuple[Staff, Staff], edition: Library) -> None:
    fact = {"statements": [{"day": "2020-12-04", "source": "공지"}], "added": True}
    approve(office, write(office, Kind.FACT, "parking.day", fact))

    assert str(laid(office, edition).contest.facts["parking.day"].value) == "2020-12-04"
    assert not isinstance(laid(office, edition).contest.facts["parking.day"].value, str)


def test_mode_takes_effect_at_once(office: Office, people: tuple[Staff, Staff], edition: Library) -> None:
    with office.storage.write.begin() as session:
        by = staff.member(session, APPROVER)
        drafts.set_mode(session, "application.period", "shadow", staff=by, now=NOON)

    assert laid(office, edition).modes == {"application.period": Mode.SHADOW}


# -- from a letter ------------------------------------------------------------------------------


def answered(office: Office, question: str, letter: str) -> int:
    """An inquiry whose question staff answered."""
    number = office.take(eml(question)).inquiry_id
    assert number is not None
    with office.storage.write.begin() as session:
        inquiry = triage.find(session, number)
        triage.answer(
            session, inquiry, letter, staff=staff.member(session, AUTHOR), identity=IDENTITY, now=NOON
        )
    return number


def proposed(office: Office, edition: Library, number: int, topic: str | None = None) -> Proposal:
    with office.storage.read() as session:
        return drafting.from_inquiry(session, edition, triage.find(session, number), topic=topic)


def test_letter_becomes_an_entry_that_settles_the_known_unknown(
    office: Office, people: tuple[Staff, Staff], edition: Library
) -> None:
    found = proposed(office, edition, answered(office, LATE, "늦게 낸 것은 받지 않습니다."))

    assert (found.kind, found.subject, found.content["settles"]) == (
        Kind.ENTRY,
        "application.late_submission",
        "unknown.late-submission",
    )
    assert found.content["ko"]["answer"] == "늦게 낸 것은 받지 않습니다."
    assert found.content["ko"]["phrasings"] == [
        "마감이 지난 뒤에 늦게 내도 되나요?",
        "지각 제출도 받아 주시나요?",
    ]
    assert found.content["title"] == {"ko": "마감 뒤 제출", "en": "Submitting late"}


def test_letter_says_nothing_in_the_other_language(
    office: Office, people: tuple[Staff, Staff], edition: Library
) -> None:
    found = proposed(office, edition, answered(office, LATE, "늦게 낸 것은 받지 않습니다."))
    number = write(office, found.kind, found.subject, dict(found.content))

    assert faults(office, edition, number) == [
        "'source' is empty: name the section or the notice that the answer rests on",
        "the answer in 'en' is empty",
    ]


def test_question_becomes_a_phrasing_of_an_existing_topic(
    office: Office, people: tuple[Staff, Staff], edition: Library
) -> None:
    number = answered(office, OTHER, "채용은 담당하지 않습니다.")
    found = proposed(office, edition, number, topic="application.form")

    assert (found.kind, found.subject, found.content) == (
        Kind.PHRASINGS,
        "application.form",
        {"language": "ko", "phrasings": [OTHER]},
    )


def test_letter_is_no_template_and_holds_no_address(
    office: Office, people: tuple[Staff, Staff], edition: Library
) -> None:
    number = answered(office, LATE, "{{ fact('x') }} {% if %} {# a #} lab@example.org")

    answer = proposed(office, edition, number).content["ko"]["answer"]

    assert ("{{" in answer, "{%" in answer, "{#" in answer, "@" in answer) == (False, False, False, False)


def test_inquiry_without_a_letter_teaches_nothing(
    office: Office, people: tuple[Staff, Staff], edition: Library
) -> None:
    number = office.take(eml(LATE)).inquiry_id
    assert number is not None

    with pytest.raises(Refused, match="has no letter of staff yet"):
        proposed(office, edition, number)


def test_approved_letter_is_a_labelled_question(
    office: Office, people: tuple[Staff, Staff], edition: Library
) -> None:
    found = proposed(office, edition, answered(office, LATE, "받지 않습니다."), topic="unknown.travel")
    with office.storage.write.begin() as session:
        draft = drafts.add(session, found, staff=staff.member(session, AUTHOR), now=NOON)
        before = reviews.labelled(session)
        drafts.approve(session, draft, staff=staff.member(session, APPROVER), version=0, now=NOON)
        after = reviews.labelled(session)

    assert (before, [(line.text, line.label) for line in after]) == ([], [(LATE, "unknown.travel")])
    assert office.count(Review) == 1


# -- as files -----------------------------------------------------------------------------------


FILES: dict[str, dict[str, Any]] = {
    "entry": ENTRY,
    "phrasings": PHRASINGS,
    "unknown": {
        "title": {"ko": "주차", "en": "Parking"},
        "near": ["application.form"],
        "asks": "may_i",
        "ko": ["주차돼요?"],
        "en": ["May I park?"],
    },
    "fact": {"statements": [{"value": 12, "source": "3"}, {"day": "2020-12-04", "source": "4"}]},
    "milestone": {"starts_on": "2020-11-02", "ends_on": "2020-12-07", "at": "18:00"},
    "mode": {"mode": "suggest"},
}


@pytest.mark.parametrize("kind", list(Kind))
def test_draft_file_comes_back_as_it_was_written(tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "draft.yaml"
    path.write_text(draft_file.written(kind, "application.period", FILES[kind]), encoding="utf-8")

    assert draft_file.read(path) == Proposal(kind=kind, subject="application.period", content=FILES[kind])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("kind: weather\nid: x\n", "draft.yaml:1: expected one of entry"),
        ("kind: mode\nmode: auto\n", "draft.yaml:1: a draft needs 'kind' and 'id'"),
        ("kind: mode\nid: x\nmode: loud\n", "draft.yaml:3: expected one of shadow"),
        ("kind: phrasings\nid: x\nlanguage: ko\nphrasings: [3]\n", "draft.yaml:4: expected words, found '3'"),
        ("kind: fact\nid: x\nstatements: [{source: a}]\n", "draft.yaml:3: a statement needs either"),
        ("kind: mode\nid: x\nmode: auto\nby: me\n", "draft.yaml:4: unknown key 'by'"),
    ],
)
def test_fault_of_a_draft_file_names_its_line(tmp_path: Path, text: str, fault: str) -> None:
    path = tmp_path / "draft.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(Refused) as refused:
        draft_file.read(path)
    assert str(refused.value).startswith(fault)


def test_every_process_learns_of_an_approval(
    office: Office, people: tuple[Staff, Staff], understands: Callable[..., Any]
) -> None:
    understanding = understands(sessions=office.storage.read)
    before = understanding.current()[0].version
    approve(office, write(office, Kind.PHRASINGS, "application.period", PHRASINGS))

    assert (before, understanding.current()[0].version) == (0, 1)
    with office.storage.read() as session:
        assert session.scalars(select(Draft.state)).all() == [DraftState.APPROVED]
