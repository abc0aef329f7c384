"""A question waits, staff are told, a person answers, the applicant writes back."""

import json
from email.message import EmailMessage

import pytest

from bot.storage import Storage
from bot.tables import InquiryState
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import FOR_STAFF, QUESTIONS, ask, letter, send
from tests.scenarios.passing import wait_for_mail
from tests.scenarios.serving import STAFF
from tests.servers.sink import Sink

# Each starts the desk as processes of its own, more than once.
pytestmark = pytest.mark.long

APPLICANT = "lab@example.org"
PERSON = "staff-a@example.org"
WORDS = "네, 가능합니다.\n자세한 내용은 {{ 7*7 }} <b>첨부</b>를 봐 주세요."


def part(message: EmailMessage, kind: str) -> str:
    """The text ("plain") or the HTML ("html") of a mail."""
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content()).replace("\r\n", "\n")


def test_question_that_waits_is_answered_by_a_person_in_its_thread(
    migrated_url: str, storage: Storage, sink: Sink, serve: Start
) -> None:
    desk = serve(migrated_url, sink=sink)
    ask(desk.smtp_port, sender=APPLICANT, text=FOR_STAFF, subject="사료비", message_id="<q@example.org>")
    [notice] = wait_for_mail(sink, STAFF)
    [receipt] = wait_for_mail(sink, APPLICANT)
    assert notice.message["Auto-Submitted"] == "auto-generated"
    assert "contestdesk inquiries answer 1" in part(notice.message, "plain")

    assert desk.command("staff", "add", PERSON, "--name", "담당자 A").returncode == 0
    answered = desk.command("inquiries", "answer", "1", "--staff", PERSON, words=WORDS)
    assert answered.returncode == 0, answered.stderr
    _, written = wait_for_mail(sink, APPLICANT, 2)
    headers = written.header_names
    assert "Auto-Submitted" not in headers
    assert "X-Auto-Response-Suppress" not in headers
    assert written.message["In-Reply-To"] == "<q@example.org>"
    assert written.message["References"].split()[0] == "<q@example.org>"
    assert written.message["Subject"] == receipt.message["Subject"] == "Re: 사료비"
    assert WORDS in part(written.message, "plain")
    assert "&lt;b&gt;첨부&lt;/b&gt;" in part(written.message, "html")
    assert [inquiry.state for inquiry in rows.inquiries(storage)] == [InquiryState.ANSWERED]

    back = letter(sender=APPLICANT, text=QUESTIONS[1], answers=written.message, subject="Re: 사료비")
    send(desk.smtp_port, back, sender=APPLICANT)
    wait_for_mail(sink, APPLICANT, 3)
    told = json.loads(desk.command("inquiries", "show", "1", "--json").stdout)
    assert len(rows.inquiries(storage)) == 1
    assert [event["kind"] for event in told["events"]] == ["asked", "answered", "letter", "asked", "answered"]
    assert [event["actor"] for event in told["events"]][2] == PERSON


def test_letter_to_an_inquiry_that_is_not_there_is_refused_in_one_line(
    sqlite_url: str, sink: Sink, serve: Start
) -> None:
    desk = serve(sqlite_url, sink=sink)
    assert desk.command("staff", "add", PERSON).returncode == 0

    refused = desk.command("inquiries", "answer", "7", "--staff", PERSON, "--text", "네")

    assert refused.returncode == 1
    assert [line for line in refused.stderr.splitlines() if line.startswith("contestdesk: ")] == (
        refused.stderr.splitlines()
    )
