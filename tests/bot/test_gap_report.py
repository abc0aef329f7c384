"""What was asked in vain, by kind, with a draft; once a week by mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr
from sqlalchemy import update

from bot import draft_file, drafts, gap_report, reviews, staff, triage
from bot.app import App, Role
from bot.clock import ContestClock
from bot.drafts import Kind, Proposal
from bot.gap_report import Cluster
from bot.refusal import Refused
from bot.settings import Settings
from bot.tables import InquiryPart, Opinion, Overlay, StaffRole
from faq.contest import SEOUL
from faq.library import Library
from tests.bot.office import DEADLINE, DESK, EDITION, LATE, NOON, OTHER, Office, eml, words

#: NOON is a Friday; the week is reported on the Monday after it.
MONDAY = datetime(2020, 11, 23, 9, 0, tzinfo=SEOUL)


def ask(office: Office, *texts: str, now: datetime = NOON, first: int = 1) -> None:
    for number, text in enumerate(texts, first):
        office.take(eml(text, id=f"<{number}@example.org>", sender=f"lab{number}@example.org"), now=now)


def found(
    office: Office, edition: Library, *, since: datetime | None = None, until: datetime | None = None
) -> list[Cluster]:
    with office.storage.read() as session:
        return gap_report.clusters(session, edition, since=since, until=until)


def test_questions_of_one_known_unknown_are_one_gap(office: Office, edition: Library) -> None:
    ask(office, LATE, "지각 제출도 받아 주시나요?", DEADLINE)

    assert [(gap.unknown, gap.count, gap.waiting) for gap in found(office, edition)] == [
        ("unknown.late-submission", 2, 2)
    ]


def test_alike_questions_without_an_unknown_are_one_gap(office: Office, edition: Library) -> None:
    ask(office, OTHER, "채용 담당자의 연락처를 알려주세요.", "사무실에서 커피를 파나요?")
    with office.storage.write.begin() as session:
        session.execute(update(InquiryPart).values(unknown=None))

    assert [(gap.unknown, gap.count) for gap in found(office, edition)] == [(None, 2), (None, 1)]


def test_gap_tells_no_address(office: Office, edition: Library) -> None:
    ask(office, "채용 담당자 연락처를 lab@example.org 나 010-1234-5678로 알려 주세요.")
    (gap,) = found(office, edition)

    assert gap.examples == ("채용 담당자 연락처를 … 나 …로 알려 주세요.",)
    assert ("@" in gap.draft, "1234" in gap.draft) == (False, False)


def test_draft_of_a_gap_holds_questions_and_states_nothing(office: Office, edition: Library) -> None:
    ask(office, LATE)
    document = yaml.safe_load(found(office, edition)[0].draft)

    assert (document["kind"], document["id"], document["settles"]) == (
        "entry",
        "application.late_submission",
        "unknown.late-submission",
    )
    assert document["ko"]["phrasings"] == [LATE, "지각 제출도 받아 주시나요?"]
    assert [document[language]["answer"] for language in ("ko", "en")] == ["", ""]


def test_draft_of_a_gap_is_refused_until_it_is_filled_in(
    office: Office, edition: Library, tmp_path: Path
) -> None:
    ask(office, LATE)
    path = tmp_path / "draft.yaml"
    text = found(office, edition)[0].draft
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match="the words are empty"):
        draft_file.read(path)
    filled = text.replace("answer: ''", "answer: 늦게 낸 것은 받지 않습니다.").replace(
        "source: []", "source: ['2']"
    )
    path.write_text(filled, encoding="utf-8")

    assert draft_file.read(path).subject == "application.late_submission"


def test_only_the_time_asked_for_is_looked_at(office: Office, edition: Library) -> None:
    ask(office, LATE)
    ask(office, OTHER, now=NOON + timedelta(days=7), first=2)
    later = NOON + timedelta(days=1)

    assert [gap.unknown for gap in found(office, edition, since=later)] == [None]
    assert [gap.unknown for gap in found(office, edition, until=later)] == ["unknown.late-submission"]


def test_answer_that_did_not_help_is_a_gap(office: Office, edition: Library) -> None:
    ask(office, DEADLINE)
    before = found(office, edition)
    with office.storage.write.begin() as session:
        inquiry = triage.find(session, 1)
        part = reviews.part_of(inquiry, 1)
        reviews.feedback(session, DESK, inquiry, part, Opinion.NEED_PERSON, now=NOON)

    assert (before, [gap.nearest for gap in found(office, edition)]) == ([], ["application.period"])


def test_what_a_letter_has_taught_is_no_gap(office: Office, edition: Library) -> None:
    office.add_staff(role=StaffRole.APPROVER)
    ask(office, LATE, "지각 제출도 받아 주시나요?")
    with office.storage.write.begin() as session:
        by = staff.member(session, "staff-a@example.org")
        content = {"language": "ko", "phrasings": [LATE]}
        part = reviews.part_of(triage.find(session, 1), 1)
        proposal = Proposal(
            kind=Kind.PHRASINGS, subject="application.period", content=content, part_id=part.id
        )
        drafts.approve(
            session, drafts.add(session, proposal, staff=by, now=NOON), staff=by, version=0, now=NOON
        )

    assert [gap.examples for gap in found(office, edition)] == [("지각 제출도 받아 주시나요?",)]


def mail(office: Office, now: datetime) -> int | None:
    return gap_report.mail_weekly(office.storage, office.desk, EDITION, now=now)


def test_week_is_mailed_once_on_monday_morning(office: Office) -> None:
    ask(office, LATE, OTHER)
    early = mail(office, MONDAY - timedelta(minutes=1))
    number = mail(office, MONDAY)
    again = [mail(office, MONDAY + timedelta(days=days)) for days in (0, 3)]

    assert (early, number is not None, again) == (None, True, [None, None])
    text = words(office.message(number))
    assert "지난주(2020-11-16 ~ 2020-11-22)에 승인된 답변이 없던 질문: 2건, 2종류" in text
    assert f"마감 뒤 제출 (1건, 대기 1건): {LATE}" in text
    assert "contestdesk faq gaps --since 2020-11-16" in text


def test_mail_of_a_week_names_the_week(office: Office) -> None:
    ask(office, LATE)
    mail(office, MONDAY)

    assert [row.key for row in office.outbox() if row.key.startswith("gaps:")] == ["gaps:2020-W47"]


def test_week_without_a_gap_has_no_mail(office: Office) -> None:
    ask(office, DEADLINE)

    assert (mail(office, MONDAY), office.notices()) == (None, [])


def test_change_that_cannot_be_read_does_not_keep_the_mail_back(office: Office) -> None:
    ask(office, LATE)
    with office.storage.write.begin() as session:
        session.add(Overlay(kind="weather", subject="sun", content={}, author="a", approved_by="b", at=NOON))

    assert mail(office, MONDAY) is not None


def test_clock_mails_the_week(small_office: Office, tmp_path: Path) -> None:
    ask(small_office, LATE)
    url = f"sqlite:///{tmp_path / 'small.sqlite'}"
    settings = Settings(
        contest_dir=EDITION,
        data_dir=tmp_path,
        database_url=SecretStr(url),
        staff_address=small_office.desk.staff_address,
    )
    app = App(settings, roles=[Role.CLOCK], clock=ContestClock.starting_at(MONDAY))
    app.start()
    app.stop()

    assert [row.key for row in small_office.outbox() if row.key.startswith("gaps:")] == ["gaps:2020-W47"]


def test_many_gaps_are_one_readable_mail(office: Office) -> None:
    ask(office, LATE)
    with office.storage.write.begin() as session:
        long = "아주 긴 질문입니다. " * 100
        session.execute(update(InquiryPart).values(text=long))

    assert len(words(office.message(mail(office, MONDAY)))) < 2000
