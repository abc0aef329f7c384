"""Who may hear what: check 18, and what staff are told about the sender."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot import desk, inquiries, settings, strangers, triage
from bot.inbox import identity
from bot.inbox.identity import Level
from bot.tables import InquiryState
from bot.understanding import Understanding
from faq.library import Library
from mailer.tables import MailKind
from tests.bot.office import DEADLINE, DESK, EDITION, FORM, LATE, Office, eml, words

OUR_SERVER = "mx.contest.test"
MINE = "제 지원서가 잘 접수됐는지 확인해 주세요."
#: Added to the small edition.
PERSONAL = f"""
unknown.receipt-confirmation:
  title: {{ko: 접수 완료의 확인, en: Whether it arrived}}
  near: [application.period]
  asks: how_to
  personal: true
  ko: [{MINE}, 제출한 신청서가 들어갔는지 봐주세요.]
  en: [Did my application arrive?, Is my application in your system?]
"""
FIELD = "Authentication-Results"
PROVEN = f"{OUR_SERVER}; dmarc=pass header.from=example.org"
REFUTED = f"{OUR_SERVER}; dmarc=fail header.from=example.org"
#: No one of these may prove a sender: check 18.
WORTHLESS = {
    "dmarc_fail": ({FIELD: REFUTED}, Level.REFUTED),
    "no_result": ({}, Level.UNPROVEN),
    "forged_authserv_id": ({FIELD: "mx.example.net; dmarc=pass header.from=example.org"}, Level.UNPROVEN),
}


@pytest.fixture(scope="module")
def with_personal(
    understands: Callable[..., Understanding], tmp_path_factory: pytest.TempPathFactory
) -> Understanding:
    folder = tmp_path_factory.mktemp("edition") / "personal"
    shutil.copytree(EDITION, folder)
    (folder / "unknowns" / "personal.yaml").write_text(PERSONAL, "utf-8")
    return understands(folder=folder)


@pytest.fixture
def behind(office: Office, with_personal: Understanding) -> Office:
    """A desk behind a mail server that judges senders."""
    names = replace(DESK.names, authserv_id=OUR_SERVER)
    return replace(office, desk=replace(DESK, names=names), understanding=with_personal)


def personal_event(office: Office, number: int | None) -> dict[str, object]:
    [event] = [event for event in office.happened(number) if event.kind == "asks_personal"]
    return event.data


@pytest.mark.parametrize("case", WORTHLESS)
def test_check_18_who_is_not_proven_gets_a_generic_answer_and_staff_a_log(behind: Office, case: str) -> None:
    headers, level = WORTHLESS[case]
    proven = behind.take(eml(MINE, id="<p@example.org>", headers={FIELD: PROVEN}))
    handled = behind.take(eml(MINE, headers=headers))
    logged = personal_event(behind, handled.inquiry_id)
    generic, usual = (
        words(behind.message(one.outbox_id)).replace(f"{one.inquiry_id}번", "") for one in (handled, proven)
    )

    assert (logged["topics"], logged["identity"], logged["may_hear"]) == (
        ["unknown.receipt-confirmation"],
        level,
        False,
    )
    assert behind.mark(handled.inbound_id).identity is level
    assert generic == usual
    assert "개인 정보는 알려 주지 마세요" in words(behind.message(behind.notices()[-1].id))


def test_check_18_the_proven_are_told_apart_for_staff(behind: Office) -> None:
    handled = behind.take(eml(MINE, headers={FIELD: PROVEN}))
    logged = personal_event(behind, handled.inquiry_id)

    assert (logged["identity"], logged["may_hear"], logged["reason"]) == (
        Level.PROVEN,
        True,
        "dmarc=pass for example.org",
    )
    assert "보낸 주소가 확인되었습니다" in words(behind.message(behind.notices()[0].id))


def test_desk_without_authserv_id_proves_nobody(office: Office) -> None:
    handled = office.take(eml(MINE, headers={FIELD: PROVEN}))

    assert office.mark(handled.inbound_id).identity is Level.UNPROVEN


def test_general_question_logs_nothing_personal(behind: Office) -> None:
    handled = behind.take(eml(DEADLINE))

    assert behind.events(handled.inquiry_id) == ["asked", "answered"]


def test_unreadable_mail_has_no_identity(behind: Office) -> None:
    handled = behind.take(b"")

    assert behind.mark(handled.inbound_id).identity is None


def test_silent_mail_has_its_identity(behind: Office) -> None:
    handled = behind.take(eml(DEADLINE, headers={"Auto-Submitted": "auto-replied", FIELD: PROVEN}))

    assert behind.mark(handled.inbound_id).identity is Level.PROVEN


def test_refuted_mail_does_not_join_the_thread_of_the_address_that_it_bears(behind: Office) -> None:
    first = behind.take(eml(LATE, headers={FIELD: PROVEN}))
    forged = behind.take(eml(FORM, id="<2@example.org>", answers="<1@example.org>", headers={FIELD: REFUTED}))

    assert forged.inquiry_id != first.inquiry_id
    assert behind.events(forged.inquiry_id)[0] == "claims_thread"
    assert behind.events(first.inquiry_id) == ["asked", "answered"]


def test_conversation_shows_its_least_sure_mail(behind: Office) -> None:
    first = behind.take(eml(DEADLINE, headers={FIELD: PROVEN}))
    behind.take(eml(FORM, id="<2@example.org>", answers="<1@example.org>"))
    with behind.storage.read() as session:
        document = inquiries.as_document(session, triage.find(session, first.inquiry_id or 0))

    assert document["identity"] == Level.UNPROVEN


def told(office: Office) -> str:
    return words(office.message(office.notices()[-1].id)).replace("\r\n", "\n")


def test_notice_names_open_inquiries_of_the_same_address(office: Office) -> None:
    one, two = (office.take(eml(LATE, id=f"<{n}@example.org>")) for n in range(2))
    answered = office.take(eml(DEADLINE, id="<a@example.org>"))
    office.take(eml(LATE, id="<other@example.org>", sender="other@example.org"))
    third = office.take(eml(LATE, id="<3@example.org>"))
    with office.storage.read() as session:
        document = inquiries.as_document(session, triage.find(session, third.inquiry_id or 0))

    assert office.inquiry(answered.inquiry_id).state is InquiryState.ANSWERED
    assert f"같은 주소의 다른 열린 문의: #{one.inquiry_id}, #{two.inquiry_id}\n" in told(office)
    assert (document["same_sender"], document["same_sender_count"]) == ([one.inquiry_id, two.inquiry_id], 2)


def test_notice_says_whose_thread_a_stranger_claims(office: Office) -> None:
    first = office.take(eml(LATE))
    office.take(eml(LATE, id="<2@example.org>", sender="eve@example.org", answers="<1@example.org>"))

    assert f"#{first.inquiry_id}의 대화에 속한다고 하지만" in told(office)


def test_notice_says_nothing_where_nothing_is_odd(office: Office) -> None:
    office.take(eml(LATE))

    assert "보낸 사람" not in told(office)


def test_mails_without_a_usable_from_are_not_of_one_sender(office: Office) -> None:
    office.take(eml(LATE, sender=""))
    office.take(eml(LATE, id="<2@example.org>", sender=""))

    assert "같은 주소" not in told(office)


def test_only_so_many_inquiries_of_one_address_are_named(office: Office) -> None:
    for n in range(strangers.NAMED + 3):
        last = office.take(eml(LATE, id=f"<{n}@example.org>"))
    with office.storage.read() as session:
        sender = strangers.of(session, triage.find(session, last.inquiry_id or 0))

    assert (sender.others, sender.others_count) == (tuple(range(3, 13)), 12)
    assert strangers.remarks(sender)[-1].endswith("#12 외 2건")


def test_personal_unknown_is_answered_as_every_unknown(behind: Office) -> None:
    handled = behind.take(eml(MINE, headers={FIELD: PROVEN}))

    assert [row.kind for row in behind.to_applicants()] == [MailKind.RECEIPT]
    assert identity.may_hear_personal(behind.mark(handled.inbound_id).identity)


@pytest.mark.parametrize("name", ["mx example.org", "mx.example.org; dmarc=pass", '"mx"', "(mx)"])
def test_authserv_id_must_be_one_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(settings.SettingsError, match="CONTESTDESK_AUTHSERV_ID: write one server name"):
        settings.read(authserv_id=name)


def test_authserv_id_reaches_the_desk(
    edition: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = settings.read(authserv_id=OUR_SERVER)

    assert desk.of(given, edition.contest).names.authserv_id == OUR_SERVER


def test_heavy_mail_keeps_its_identity(behind: Office) -> None:
    """Such a mail is read by a process of its own, and comes back without what it carries."""
    raw = eml(DEADLINE, headers={FIELD: PROVEN, "Content-Type": "multipart/mixed; boundary=b"})
    head = raw.partition(b"\r\n\r\n")[0]
    text = f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{DEADLINE}\r\n".encode()
    parts = b"--b\r\nContent-Type: application/pdf\r\n\r\n" + (b"x" * 76 + b"\r\n") * 30_000
    handled = behind.take(b"\r\n\r\n".join((head, text + parts + b"--b--\r\n")))

    assert behind.mark(handled.inbound_id).identity is Level.PROVEN
