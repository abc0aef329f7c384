"""Approved changes of the database lie over the files, and are read when the version moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot import reply
from bot import understanding as understandings
from bot.storage import Storage
from bot.tables import Overlay
from bot.understanding import Understanding
from faq import render
from faq.contest import Language
from faq.entry import Mode
from faq.library import Library, LibraryError
from intents.decide import Verdict
from tests.bot.office import DEADLINE, NOON, Office, eml, words

ENTRY = {
    "title": {"ko": "비자", "en": "Visa"},
    "source": ["7"],
    "asks": ["may_i"],
    "ko": {"phrasings": ["외국인도 비자를 받을 수 있나요?"], "answer": "비자는 돕지 않습니다."},
    "en": {"phrasings": ["Do you help with the visa?"], "answer": "We do not help with the visa."},
}
UNKNOWN = {
    "title": {"ko": "주차", "en": "Parking"},
    "near": ["application.form"],
    "asks": "may_i",
    "ko": ["주차장을 쓸 수 있나요?"],
    "en": ["May I use the car park?"],
}
MOVED = {"starts_on": "2020-11-02", "ends_on": "2020-12-07"}


def lay(storage: Storage, kind: str, subject: str, content: dict[str, Any]) -> None:
    row = Overlay(
        kind=kind,
        subject=subject,
        content=content,
        author="staff-a@example.org",
        approved_by="staff-b@example.org",
        at=NOON,
    )
    with storage.write.begin() as session:
        session.add(row)


@pytest.fixture
def laid(storage: Storage, edition: Library) -> Callable[..., Library]:
    """laid(kind, subject, content): the files with one approved change over them."""

    def overlaid(kind: str, subject: str, content: dict[str, Any]) -> Library:
        lay(storage, kind, subject, content)
        with storage.read() as session:
            return understandings.overlaid(edition, session)

    return overlaid


Laid = Callable[..., Library]


def test_nothing_approved_leaves_the_files(storage: Storage, edition: Library) -> None:
    with storage.read() as session:
        assert (understandings.overlaid(edition, session), understandings.version(session)) == (edition, 0)


def test_fact_is_changed(laid: Laid) -> None:
    library = laid("fact", "support.teams", {"statements": [{"value": 12, "source": "notice 3"}]})

    assert (library.contest.facts["support.teams"].value, library.version) == (12, 1)


def test_fact_may_fall_silent_with_a_remark(laid: Laid) -> None:
    remark = {"ko": "아직 정해지지 않았습니다.", "en": "It is not settled yet."}
    library = laid("fact", "support.teams", {"statements": [], "remark": remark})

    assert library.contest.facts["support.teams"].remark == remark


def test_milestone_is_moved(laid: Laid) -> None:
    milestone = laid("milestone", "application", {**MOVED, "at": "18:00"}).contest.milestones["application"]

    assert (str(milestone.ends_on), str(milestone.at)) == ("2020-12-07", "18:00:00")


def test_milestone_that_was_vague_gets_its_days(laid: Laid) -> None:
    days = {"starts_on": "2021-01-11", "ends_on": "2021-01-29"}

    assert laid("milestone", "build", days).contest.milestones["build"].approximate is None


def test_entry_is_added_with_its_version(laid: Laid) -> None:
    entry = laid("entry", "entry.visa", ENTRY).entries["entry.visa"]

    assert (entry.version, entry.texts[Language.EN].answer) == (1, "We do not help with the visa.")


def test_entry_is_replaced(laid: Laid) -> None:
    assert laid("entry", "rights.ownership", ENTRY).entries["rights.ownership"].version == 1


def test_phrasings_are_added(laid: Laid) -> None:
    content = {"language": "ko", "phrasings": ["막차는 언제 떠나나요?"]}
    entry = laid("phrasings", "application.period", content).entries["application.period"]

    assert entry.texts[Language.KO].phrasings[-1] == "막차는 언제 떠나나요?"


def test_unknown_is_added(laid: Laid) -> None:
    assert laid("unknown", "unknown.parking", UNKNOWN).unknowns["unknown.parking"].near == (
        "application.form",
    )


def test_mode_is_set(laid: Laid) -> None:
    assert laid("mode", "application.form", {"mode": "shadow"}).modes == {"application.form": Mode.SHADOW}


@pytest.mark.parametrize(
    ("kind", "subject", "content"),
    [
        ("weather", "sun", {}),
        ("fact", "support.moons", {"statements": []}),
        ("fact", "support.teams", {}),
        ("milestone", "parade", MOVED),
        ("milestone", "application", {"starts_on": "soon", "ends_on": "later"}),
        ("entry", "entry.visa", {"title": {"ko": "비자"}}),
        ("mode", "application.form", {"mode": "loud"}),
        ("unknown", "unknown.parking", {**UNKNOWN, "near": ["nowhere"]}),
    ],
)
def test_change_that_cannot_be_read_is_named(
    laid: Laid, kind: str, subject: str, content: dict[str, Any]
) -> None:
    with pytest.raises(LibraryError, match=r"(overlay row|change) 1\b"):
        laid(kind, subject, content)


Understands = Callable[..., Understanding]


def test_understanding_reloads_when_the_version_moves(storage: Storage, understands: Understands) -> None:
    understanding = understands(sessions=storage.read)
    before, _ = understanding.current()
    same, _ = understanding.current()
    lay(storage, "mode", "application.form", {"mode": "suggest"})
    after, _ = understanding.current()

    assert (before is same, before.version, after.version) == (True, 0, 1)


def test_changed_fact_is_told_in_the_next_answer(storage: Storage, understands: Understands) -> None:
    office = Office(storage=storage, understanding=understands(sessions=storage.read))
    office.take(eml(DEADLINE, id="<1@example.org>"))
    lay(storage, "milestone", "application", MOVED)
    handled = office.take(eml(DEADLINE, id="<2@example.org>"))

    assert "12월 7일(월)까지" in words(office.message(handled.outbox_id))


def test_added_entry_is_answered(storage: Storage, understands: Understands) -> None:
    understanding = understands(sessions=storage.read)
    lay(storage, "entry", "entry.visa", ENTRY)
    library, engine = understanding.current()
    decision = engine.decide("Do you help with the visa?")
    written = reply.build(decision, library, now=NOON)

    assert (decision.decision, decision.parts[0].topic) == (Verdict.ANSWER, "entry.visa")
    assert written is not None
    assert written.provenance["entries"] == {"entry.visa": 1}


def test_topic_in_shadow_is_not_answered(storage: Storage, understands: Understands) -> None:
    understanding = understands(sessions=storage.read)
    lay(storage, "mode", "application.period", {"mode": "shadow"})
    _, engine = understanding.current()

    assert engine.decide(DEADLINE).decision is Verdict.ESCALATE


def test_change_that_cannot_be_read_keeps_what_was_understood(
    storage: Storage, understands: Understands
) -> None:
    office = Office(storage=storage, understanding=understands(sessions=storage.read))
    lay(storage, "weather", "sun", {})
    handled = office.take(eml(DEADLINE))

    assert [part.topic for part in office.parts(handled.inquiry_id)] == ["application.period"]


def test_every_entry_of_the_edition_can_be_told(edition: Library) -> None:
    told = [
        render.answer(edition, entry, language, now=NOON).answer
        for entry in edition.entries.values()
        for language in Language
    ]

    assert all(told)


def test_answer_that_a_change_broke_waits_for_staff(
    storage: Storage, understands: Callable[..., Understanding]
) -> None:
    office = Office(storage=storage, understanding=understands(sessions=storage.read))
    statements = [{"value": "18:00", "source": "2"}, {"value": "24:00", "source": "3"}]
    remark = {"ko": "공고의 두 곳이 다릅니다.", "en": "Two places differ."}
    lay(office.storage, "fact", "application.hour", {"statements": statements, "remark": remark})

    handled = office.take(eml(DEADLINE))

    assert handled.withheld is not None
    assert handled.withheld.startswith("the answer is broken: ")
    assert (handled.outbox_id, [part.waits for part in office.parts(handled.inquiry_id)]) == (None, [True])
