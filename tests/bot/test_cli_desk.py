"""Staff at the command line: inquiries, outbox, staff, and what the tables need."""

from __future__ import annotations

import csv
import io
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory

from bot import storage as stores
from bot.storage import Storage, open_storage, upgrade
from bot.tables import Event, Inquiry, InquiryPart, InquiryState
from bot.understanding import Understanding
from mailer.tables import MailKind, MailState, OutboxMail
from tests.bot.command import Command, Ran
from tests.bot.office import DEADLINE, LATE, OTHER, Office, eml
from tests.servers.free_port import free_port

STAFF = ("--staff", "staff-a@example.org")


@pytest.fixture
def office(command: Command, migrated_file: Path, understanding: Understanding) -> Iterator[Office]:
    """A desk over the database that the commands of this test use."""
    path = command.folder / "var" / "contestdesk.db"
    path.parent.mkdir()
    path.write_bytes(migrated_file.read_bytes())
    storage = open_storage(f"sqlite:///{path}")
    yield Office(storage=storage, understanding=understanding)
    storage.close()


@pytest.fixture
def busy(office: Office) -> Office:
    """A desk with one inquiry that is answered, two that wait, and one staff member."""
    office.add_staff()
    office.take(eml(DEADLINE, id="<1@example.org>", subject="접수"))
    office.take(eml(LATE, id="<2@example.org>", subject="=SUM(A1)", sender="late@example.org"))
    office.take(eml(OTHER, id="<3@example.org>", sender="other@example.org"))
    return office


def lines(ran: Ran) -> list[dict[str, Any]]:
    assert (ran.code, ran.err) == (0, "")
    return [json.loads(line) for line in ran.out.splitlines()]


def refused(ran: Ran) -> str:
    assert (ran.code, ran.out, len(ran.complaints)) == (1, "", 1)
    return ran.complaints[0]


# -- inquiries ---------------------------------------------------------------------------------


def test_inquiries_list_shows_what_waits(command: Command, busy: Office) -> None:
    found = lines(command("inquiries", "list", "--json"))

    assert [(line["id"], line["state"], line["parts"][0]["unknown"]) for line in found] == [
        (2, "new", "unknown.late-submission"),
        (3, "new", None),
    ]
    assert set(found[0]) == {"id", "state", "owner", "origin", "language", "opened_at", "parts"}


def test_inquiries_list_all_shows_the_rest(command: Command, busy: Office) -> None:
    assert [line["id"] for line in lines(command("inquiries", "list", "--all", "--json"))] == [1, 2, 3]


def test_inquiries_list_is_a_table_for_people(command: Command, busy: Office) -> None:
    ran = command("inquiries", "list")

    assert (ran.code, LATE in ran.out, DEADLINE in ran.out) == (0, True, False)


def test_inquiries_list_says_when_nothing_waits(command: Command, office: Office) -> None:
    assert command("inquiries", "list").out == "nothing waits\n"


def test_words_of_strangers_do_not_steer_the_terminal(command: Command, office: Office) -> None:
    office.take(eml(OTHER, subject="\x1b[31mred", sender='"[bold]x\x1b]0;t\x07" <lab@example.org>'))
    outputs = [command("inquiries", "list").out, command("inquiries", "show", "1").out]

    assert [out.count("\x1b") + out.count("\x07") for out in outputs] == [0, 0]


def test_wide_spaces_are_shown_as_they_are(command: Command, office: Office) -> None:
    office.add_staff()
    office.take(eml(LATE))
    command("inquiries", "note", "1", *STAFF, "--text", "접수\u3000문의\u00a0건")

    assert "접수\u3000문의\u00a0건" in command("inquiries", "show", "1").out


def test_inquiries_show_tells_everything(command: Command, busy: Office) -> None:
    (document,) = lines(command("inquiries", "show", "2", "--json"))

    assert (document["applicant"], document["subject"]) == ("late@example.org", "=SUM(A1)")
    assert [event["kind"] for event in document["events"]] == ["asked", "answered"]


def test_inquiries_show_is_readable(command: Command, busy: Office) -> None:
    ran = command("inquiries", "show", "2")

    assert (ran.code, "from late@example.org: =SUM(A1)" in ran.out, f"[escalate] {LATE}" in ran.out) == (
        0,
        True,
        True,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "9"),
        ("answer", "9", *STAFF, "--text", "네."),
        ("note", "9", *STAFF, "--text", "x"),
        ("close", "9", *STAFF),
        ("reopen", "9", *STAFF),
    ],
)
def test_inquiry_that_is_not_there_is_refused(
    command: Command, busy: Office, arguments: tuple[str, ...]
) -> None:
    assert refused(command("inquiries", *arguments)) == (
        "contestdesk: there is no inquiry 9; contestdesk inquiries list --all shows them"
    )


@pytest.mark.parametrize("verb", ["answer", "note", "close", "reopen"])
def test_only_staff_may_act(command: Command, busy: Office, verb: str) -> None:
    text = ("--text", "네.") if verb in ("answer", "note") else ()

    assert refused(command("inquiries", verb, "2", "--staff", "eve@example.org", *text)) == (
        "contestdesk: eve@example.org is not staff; add the person with: contestdesk staff add eve@example.org"
    )


def test_inquiries_answer_puts_a_letter_into_the_outbox(command: Command, busy: Office) -> None:
    ran = command("inquiries", "answer", "2", *STAFF, "--text", "네, 됩니다.")
    letter = busy.outbox(MailKind.LETTER)[0]

    assert (ran.code, ran.err, ran.out) == (
        0,
        "",
        f"inquiry 2: the letter is in the outbox as {letter.id}\n",
    )
    assert (letter.recipient, busy.inquiry(2).state) == ("late@example.org", InquiryState.ANSWERED)


def test_inquiries_answer_reads_standard_input(command: Command, busy: Office) -> None:
    command("inquiries", "answer", "2", *STAFF, given="네, 됩니다.\n".encode())

    assert busy.happened(2)[-1].data["text"] == "네, 됩니다."


def test_inquiries_answer_without_words_is_refused(command: Command, busy: Office) -> None:
    assert refused(command("inquiries", "answer", "2", *STAFF)) == (
        "contestdesk: the answer is empty; give it with --text or on standard input"
    )
    assert busy.outbox(MailKind.LETTER) == []


def test_inquiries_answer_that_is_not_utf8_is_refused(command: Command, busy: Office) -> None:
    told = [
        refused(command("inquiries", "answer", "2", *STAFF, given=b"\xb3\xd7.")),
        refused(command("inquiries", "answer", "2", *STAFF, "--text", "\udcb3\udcd7.")),
    ]

    assert (told, busy.outbox(MailKind.LETTER)) == (["contestdesk: the text is not UTF-8"] * 2, [])


def test_inquiries_note_is_kept(command: Command, busy: Office) -> None:
    ran = command("inquiries", "note", "2", *STAFF, "--text", "확인 중")

    assert (ran.out, busy.events(2)[-1], busy.outbox(MailKind.LETTER)) == ("inquiry 2: noted\n", "note", [])


def test_inquiries_close_and_reopen(command: Command, busy: Office) -> None:
    said = [command("inquiries", verb, "2", *STAFF).out for verb in ("close", "reopen")]

    assert (said, busy.events(2)[-2:]) == (
        ["inquiry 2: closed\n", "inquiry 2: open again\n"],
        ["closed", "reopened"],
    )


def test_inquiries_reopen_of_an_open_one_is_refused(command: Command, busy: Office) -> None:
    assert refused(command("inquiries", "reopen", "2", *STAFF)) == (
        "contestdesk: inquiry 2 is open already (new)"
    )


def test_export_is_csv_with_a_row_a_question(command: Command, busy: Office) -> None:
    ran = command("inquiries", "export", "--out", "all.csv")
    raw = (command.folder / "all.csv").read_bytes()
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))

    assert (ran.code, raw[:3], [(row["id"], row["question"], row["waits"]) for row in rows]) == (
        0,
        b"\xef\xbb\xbf",
        [("1", DEADLINE, "False"), ("2", LATE, "True"), ("3", OTHER, "True")],
    )


def test_export_neutralises_formulas(command: Command, busy: Office) -> None:
    starts = ["=", "+", "-", "@", "\t", "\r", "plain "]
    with busy.storage.write.begin() as session:
        first = session.get_one(InquiryPart, 2)
        for number, start in enumerate(starts):
            columns = {
                column.key: getattr(first, column.key)
                for column in InquiryPart.__table__.columns
                if column.key != "id"
            }
            session.add(InquiryPart(**columns | {"position": number + 5, "text": f"{start}cmd"}))
    rows = list(csv.DictReader(io.StringIO(command("inquiries", "export").out, newline="")))
    found = [row for row in rows if row["id"] == "2"]

    assert [row["subject"] for row in found] == ["'=SUM(A1)"] * 8
    assert [row["question"] for row in found[1:]] == [
        *(f"'{start}cmd" for start in starts[:-1]),
        "plain cmd",
    ]


def test_export_json_is_an_object_an_inquiry(command: Command, busy: Office) -> None:
    assert [line["applicant"] for line in lines(command("inquiries", "export", "--json"))] == [
        "lab@example.org",
        "late@example.org",
        "other@example.org",
    ]


def test_export_that_cannot_be_written_is_named(command: Command, busy: Office) -> None:
    assert refused(command("inquiries", "export", "--out", "nowhere/all.csv")) == (
        "contestdesk: nowhere/all.csv: No such file or directory"
    )


# -- outbox ------------------------------------------------------------------------------------


def set_state(office: Office, number: int, state: MailState) -> None:
    with office.storage.write.begin() as session:
        session.get_one(OutboxMail, number).state = state


def test_outbox_list_has_the_lines_of_the_contract(command: Command, busy: Office) -> None:
    found = lines(command("outbox", "list", "--json"))

    assert set(found[0]) == {
        "id", "channel", "kind", "state", "recipient", "subject", "message_id", "inquiry", "attempts", "last_reply",
    }  # fmt: skip
    assert [(line["kind"], line["state"], line["inquiry"]) for line in found] == [
        ("answer", "queued", 1),
        ("receipt", "queued", 2),
        ("staff_notice", "queued", None),
        ("receipt", "queued", 3),
        ("staff_notice", "queued", None),
    ]


def test_outbox_list_is_narrowed_by_state(command: Command, busy: Office) -> None:
    set_state(busy, 2, MailState.UNKNOWN)
    set_state(busy, 3, MailState.FAILED)
    found = lines(command("outbox", "list", "--json", "--state", "unknown", "--state", "failed"))

    assert [line["id"] for line in found] == [2, 3]


def test_outbox_list_of_no_such_state_is_wrong_usage(command: Command) -> None:
    assert command("outbox", "list", "--state", "lost").code == 2


def test_outbox_show_tells_why_and_what(command: Command, busy: Office) -> None:
    (document,) = lines(command("outbox", "show", "1", "--json"))
    shown = command("outbox", "show", "1").out

    assert (document["key"], document["tries"], document["provenance"]["entries"]) == (
        "reply:1",
        [],
        {"application.period": 0},
    )
    assert "\nAuto-Submitted: auto-replied\n" in shown


def test_outbox_resend_queues_an_unknown_mail_again(command: Command, busy: Office) -> None:
    set_state(busy, 1, MailState.UNKNOWN)
    before = busy.message(1)["Message-ID"]
    ran = command("outbox", "resend", "1")

    assert (ran.code, ran.out, busy.outbox()[0].state) == (0, "mail 1 is queued again\n", MailState.QUEUED)
    assert busy.message(1)["Message-ID"] == before


def test_outbox_resend_of_a_queued_mail_is_refused(command: Command, busy: Office) -> None:
    assert refused(command("outbox", "resend", "1")).startswith("contestdesk: outbox mail 1 is queued ")


def test_outbox_cancel_keeps_a_mail_from_leaving(command: Command, busy: Office) -> None:
    ran = command("outbox", "cancel", "1")

    assert (ran.out, busy.outbox()[0].state) == ("mail 1 is cancelled\n", MailState.CANCELLED)


@pytest.mark.parametrize("verb", ["show", "resend", "cancel"])
def test_outbox_mail_that_is_not_there_is_refused(command: Command, busy: Office, verb: str) -> None:
    assert refused(command("outbox", verb, "99")) == "contestdesk: no outbox mail 99"


def test_outbox_that_is_empty_says_so(command: Command, office: Office) -> None:
    assert command("outbox", "list").out == "the outbox is empty\n"


# -- staff -------------------------------------------------------------------------------------


def test_staff_are_added_listed_and_removed(command: Command) -> None:
    added = command("staff", "add", "Staff-A@example.org", "--name", "담당자 A", "--role", "approver")
    listed = lines(command("staff", "list", "--json"))
    removed = command("staff", "remove", "staff-a@example.org")

    assert (added.out, removed.out) == (
        "staff-a@example.org is approver\n",
        "staff-a@example.org is no longer staff\n",
    )
    assert listed == [
        {"address": "staff-a@example.org", "name": "담당자 A", "role": "approver", "slack_id": None}
    ]
    assert command("staff", "list").out == "no staff yet: contestdesk staff add ADDRESS\n"


def test_staff_without_an_address_is_refused(command: Command) -> None:
    assert refused(command("staff", "add", "somebody")) == (
        "contestdesk: 'somebody' is not one address such as staff-a@example.org"
    )


def test_staff_of_no_such_role_is_wrong_usage(command: Command) -> None:
    assert command("staff", "add", "a@example.org", "--role", "king").code == 2


def test_staff_who_is_none_cannot_be_removed(command: Command) -> None:
    assert refused(command("staff", "remove", "a@example.org")).startswith(
        "contestdesk: a@example.org is not staff"
    )


# -- what was not answered ---------------------------------------------------------------------


def test_unknowns_are_counted_with_the_nearest_entry(command: Command, busy: Office) -> None:
    busy.take(eml(LATE, id="<4@example.org>", sender="more@example.org"))
    found = lines(command("faq", "unknowns", "--json"))

    assert [(gap["unknown"], gap["count"], gap["waiting"], gap["examples"]) for gap in found] == [
        ("unknown.late-submission", 2, 2, [LATE, LATE]),
        (None, 1, 1, [OTHER]),
    ]
    assert found[0]["nearest"] == "application.period"


def test_unknowns_say_when_there_are_none(command: Command, office: Office) -> None:
    assert command("faq", "unknowns").out == "no gaps yet\n"


# -- tables, settings, doors -------------------------------------------------------------------


def test_db_upgrade_says_where_the_tables_are(command: Command) -> None:
    said = [command("db", "upgrade").out for _ in range(2)]

    newest = ScriptDirectory.from_config(stores.alembic_config()).get_current_head()
    assert said == [f"at revision {newest}\n"] * 2


def test_doctor_is_content_with_a_desk_that_can_run(command: Command, office: Office) -> None:
    ran = command("doctor")

    assert (ran.code, [line[:4] for line in ran.out.splitlines()]) == (0, ["ok  "] * 11)


def test_doctor_json_lists_its_checks(command: Command, office: Office) -> None:
    (document,) = lines(command("doctor", "--json"))

    assert (document["ok"], [check["check"] for check in document["checks"]]) == (
        True,
        [
            *("settings", "database", "installation", "relay", "inbox", "slack"),
            *("templates", "facts", "encoders", "risk", "clock"),
        ],
    )


def test_doctor_finds_tables_that_are_missing(command: Command) -> None:
    ran = command("doctor", "--json")

    assert (ran.code, [check["check"] for check in json.loads(ran.out)["checks"] if not check["ok"]]) == (
        1,
        ["database"],
    )


def test_doctor_finds_a_relay_that_does_not_answer(command: Command, office: Office) -> None:
    relay = f"smtp://127.0.0.1:{free_port()}"
    ran = command("doctor", SMTP_RELAY_URL=relay, MAIL_ALLOW_LIST="@example.org")

    assert (ran.code, [line.split(":")[0] for line in ran.out.splitlines() if line.startswith("FAIL")]) == (
        1,
        ["FAIL relay"],
    )


def test_doctor_goes_on_after_a_check_that_fails(command: Command) -> None:
    ran = command("doctor", CONTEST_DIR="nowhere", DATABASE_URL="nonsense")

    assert [line.split(":")[0] for line in ran.out.splitlines() if line.startswith("FAIL")] == [
        "FAIL database",
        "FAIL installation",
        "FAIL facts",
    ]


def test_unknown_setting_is_one_line(command: Command) -> None:
    assert refused(command("staff", "list", COLOUR="red")) == (
        "contestdesk: CONTESTDESK_COLOUR: no such setting; .env.example lists them all"
    )


def test_each_fault_of_the_settings_is_a_line(command: Command) -> None:
    ran = command("staff", "list", SIZE_LIMIT_MB="0", SMTP_LISTEN="x")

    assert (ran.code, [line.split(":")[1] for line in ran.complaints]) == (
        1,
        [" CONTESTDESK_SMTP_LISTEN", " CONTESTDESK_SIZE_LIMIT_MB"],
    )


@pytest.mark.parametrize("arguments", [("staff", "list"), ("ask", DEADLINE, "--database"), ("serve",)])
def test_database_that_is_unreachable_is_one_line(command: Command, arguments: tuple[str, ...]) -> None:
    port = free_port()
    told = refused(command(*arguments, DATABASE_URL=f"postgresql://desk:hush@127.0.0.1:{port}/desk"))

    assert told.startswith(
        f"contestdesk: database unreachable at postgresql+psycopg://desk:***@127.0.0.1:{port}/desk: "
    )


@pytest.mark.parametrize("name", ["SMTP_LISTEN", "HTTP_LISTEN"])
def test_port_that_is_taken_is_one_line(command: Command, office: Office, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        free = {"SMTP_LISTEN": "127.0.0.1:0", "HTTP_LISTEN": "127.0.0.1:0", "LOG_FORMAT": "json"}
        ran = replace(command, settings=free | {name: f"127.0.0.1:{port}"})("serve")
    told = [line for line in ran.complaints if not line.startswith("{")]

    assert (ran.code, ran.out, len(told)) == (1, "", 1)
    assert (f"cannot listen on 127.0.0.1:{port}" in told[0], f"CONTESTDESK_{name}" in told[0]) == (True, True)


def test_role_that_is_none_is_wrong_usage(command: Command) -> None:
    assert command("serve", "--role", "king").code == 2


def test_commands_work_on_postgresql(command: Command, server_office: Office) -> None:
    url = server_office.storage.engine.url.render_as_string(hide_password=False)
    here = replace(command, settings={"DATABASE_URL": url})
    server_office.add_staff()
    server_office.take(eml(LATE))
    answered = here("inquiries", "answer", "1", *STAFF, "--text", "네.")
    found = lines(here("outbox", "list", "--json"))

    assert (answered.code, [line["kind"] for line in found]) == (0, ["receipt", "staff_notice", "letter"])


def test_tables_are_made_by_the_first_command(command: Command) -> None:
    command("staff", "list")
    storage: Storage = open_storage(f"sqlite:///{command.folder / 'var' / 'contestdesk.db'}")
    upgrade(storage)
    with storage.read() as session:
        counts = [session.query(row).count() for row in (Inquiry, Event)]
    storage.close()

    assert counts == [0, 0]
