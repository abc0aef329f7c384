"""One story, end to end: from a mail that nobody could answer to an answer for everybody."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.inbox.commit import Committer
from bot.inbox.smtp import Listener
from bot.storage import Storage
from bot.tables import InquiryState, StaffRole
from bot.understanding import Understanding
from bot.worker import Worker
from faq.entry import Mode
from mailer.tables import Channel, MailKind, MailState
from tests.bot.office import DESK, EDITION, LATE, OURS, THANKS, eml, unfolded, words
from tests.scenarios.serving import until
from tests.slack.test_triage_answers import write
from tests.slack.triage_room import Room
from tests.slack_standin.driver import Workspace

ANSWER = "마감 뒤에는 접수할 수 없습니다."
IN_ENGLISH = "Nothing is accepted after the deadline."


class Door:
    """The mail door and the worker behind it, as the desk runs them."""

    def __init__(self, room: Room, storage: Storage, understanding: Understanding) -> None:
        self.worker = Worker(
            storage, understanding, DESK, room.clock,
            on_handled=lambda _handled: room.deps.wake(), poll=timedelta(seconds=0.2),
        )  # fmt: skip
        self.committer = Committer(storage.write, on_stored=self.worker.loop.wake)
        self.listener = Listener(
            "127.0.0.1", 0, self.committer, size_limit_bytes=1024 * 1024, hostname="contest.test",
            accepts=DESK.accepts, clock=room.clock.now,
        )  # fmt: skip

    def open(self) -> None:
        self.worker.loop.start()
        self.committer.start()
        self.port = self.listener.start()

    def close(self) -> None:
        self.listener.stop(deadline_s=5)
        self.committer.stop(deadline_s=5)
        self.worker.loop.ask_to_stop()
        self.worker.loop.join(timedelta(seconds=5))

    def send(self, raw: bytes) -> None:
        """A mail server hands a mail over."""
        with smtplib.SMTP("127.0.0.1", self.port) as smtp:
            smtp.sendmail("lab@example.org", [OURS], raw)


@pytest.fixture
def learning(slack_storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Understanding:
    """An engine that follows what is approved."""
    return Understanding(
        folder=EDITION, encoders="none", default_mode=Mode.AUTO,
        cache=tmp_path_factory.mktemp("cache"), sessions=slack_storage.read,
    )  # fmt: skip


@pytest.fixture
def story_room(
    slack_storage: Storage, workspace: Workspace, learning: Understanding, tmp_path: Path
) -> Iterator[Room]:
    room = Room(slack_storage, workspace, learning, folder=tmp_path)
    with room.open():
        yield room


@pytest.fixture
def door(story_room: Room, slack_storage: Storage, learning: Understanding) -> Iterator[Door]:
    made = Door(story_room, slack_storage, learning)
    made.open()
    yield made
    made.close()


def test_story_from_a_mail_to_an_answer_for_everybody(story_room: Room, door: Door) -> None:
    room, workspace = story_room, story_room.workspace
    room.add_staff("staff-a", role=StaffRole.APPROVER)
    room.add_staff("staff-b", role=StaffRole.APPROVER)

    # A mail arrives by SMTP, is not answerable, its card appears.
    door.send(eml(LATE))
    card = room.card(1)
    receipts = [row.kind for row in room.office.to_applicants()]

    assert LATE in room.plain(card)
    assert receipts == [MailKind.RECEIPT]

    # One claims while another clicks too.
    for who in ("staff-a", "staff-b"):
        workspace.click(room.people[who], room.channel, card["ts"], "inq.claim", wait=False)
    room.card(1, until=lambda said: "Claimed" in said)
    owner = (room.inquiry(1).owner or "").partition("@")[0]
    other = {"staff-a": "staff-b", "staff-b": "staff-a"}[owner]

    assert f"Already taken by {owner}" in room.told(other, "이미 담당하고 있습니다")

    # An answer is written, sent, undone, sent again.
    preview = write(room, owner, ANSWER)
    workspace.submit(room.people[owner], preview["id"])
    sending = room.view(owner, until=lambda said: "되돌릴 수 있습니다" in said and "보내는 중" in said)
    room.clock.move(timedelta(seconds=20))
    workspace.click_in_view(room.people[owner], sending["id"], "inq.undo")
    form = room.view(owner, until=lambda said: "답변 Answer (" in said)
    room.send_mails()
    taken_back = [row.state for row in room.office.outbox(MailKind.LETTER)]
    workspace.submit(room.people[owner], form["id"])
    again = room.view(owner, until=lambda said: "받는 사람" in said)
    workspace.submit(room.people[owner], again["id"])
    room.card(1, until=lambda said: "Sending" in said)
    room.clock.move(timedelta(seconds=31))
    room.send_mails()
    room.card(1, until=lambda said: "Answered" in said)
    undone, letter = room.office.outbox(MailKind.LETTER)
    message = room.office.message(letter.id)

    assert taken_back == [MailState.CANCELLED]
    assert (undone.state, letter.state) == (MailState.CANCELLED, MailState.SENT)
    assert message["In-Reply-To"] == "<1@example.org>"
    assert unfolded(message, "References").split() == ["<1@example.org>"]
    assert ANSWER in words(message)

    # His "thanks" does not reopen.
    door.send(eml(THANKS, id="<2@example.org>", answers=message["Message-ID"], subject="Re: 문의"))
    until(lambda: "thanks" in room.office.events(1), "the thanks")
    workspace.wait_until(lambda: "thanks" in "".join(room.thread(1)), "the thanks below the card")

    assert room.inquiry(1).state is InquiryState.ANSWERED
    assert "Answered" in room.plain(room.card(1))

    # "Save as FAQ" is approved by a second person.
    room.click(owner, 1, "inq.faq")
    fields = room.view(owner, until=lambda said: "항목 ID" in said)
    filled_in = {"faq.answer.en": IN_ENGLISH, "faq.source": "운영팀 안내", "faq.topic": "application.late"}
    workspace.submit(room.people[owner], fields["id"], filled_in)
    asked = room.wait(lambda: room.below(1, "faq.review"), "the draft in the thread")
    workspace.click(room.people[other], room.channel, asked["ts"], "faq.review")
    review = room.view(other, until=lambda said: "회귀 검사" in said)
    workspace.submit(room.people[other], review["id"])
    room.view(other, until=lambda said: "승인했습니다" in said)

    # The same question by direct message is now answered from it.
    applicant = workspace.add_user("applicant")
    ts = workspace.say(applicant, workspace.im(applicant), LATE)
    replies = workspace.wait_until(
        lambda: [one for one in workspace.thread(workspace.im(applicant), ts)[1:] if one.get("bot_id")],
        "the answer",
    )
    [row] = [one for one in room.office.outbox(MailKind.ANSWER) if one.channel is Channel.SLACK]

    assert ANSWER in room.plain(replies[0])
    assert list(row.provenance["entries"]) == ["application.late"]
    assert room.inquiry(2).state is InquiryState.ANSWERED
