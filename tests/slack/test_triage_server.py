"""The same desk on PostgreSQL, where transactions really run beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import storage as stores
from bot.tables import InquiryState
from bot.understanding import Understanding
from mailer.tables import MailKind, MailState
from tests.bot.office import LATE, OTHER, eml
from tests.servers.postgres import Postgres
from tests.slack.test_triage_answers import send
from tests.slack.triage_room import Room
from tests.slack_standin.driver import Workspace

pytestmark = pytest.mark.long


@pytest.fixture
def server_room(
    postgres: Postgres,
    migrated_template: str,
    workspace: Workspace,
    small_understanding: Understanding,
    tmp_path: Path,
) -> Iterator[Room]:
    name = postgres.create_database(template=migrated_template)
    storage = stores.open_storage(postgres.url(name))
    room = Room(storage, workspace, small_understanding, folder=tmp_path)
    with room.open():
        yield room
    storage.close()
    postgres.drop_database(name)


def test_check_9_everybody_claims_at_once(server_room: Room) -> None:
    room = server_room
    names = [f"staff-{letter}" for letter in "abcdef"]
    users = [room.add_staff(name) for name in names]
    room.take(eml(LATE))
    card = room.card(1)
    for user in users:
        room.workspace.click(user, room.channel, card["ts"], "inq.claim", wait=False)
    room.card(1, until=lambda said: "Claimed" in said)
    winner = (room.inquiry(1).owner or "").partition("@")[0]
    for loser in names:
        if loser != winner:
            assert f"Already taken by {winner}" in room.told(loser, "이미 담당하고 있습니다")

    assert room.office.events(1).count("claimed") == 1


def test_answer_is_sent_and_taken_back_on_the_server_too(server_room: Room) -> None:
    room = server_room
    room.add_staff("staff-a")
    room.take(eml(LATE))
    room.take(eml(OTHER, id="<2@example.org>", sender="b@example.org"))
    send(room, "staff-a", "하나.", number=1)
    send(room, "staff-a", "둘.", number=2)
    room.click("staff-a", 2, "inq.undo")
    room.told("staff-a", "되돌렸습니다")
    room.clock.move(timedelta(seconds=31))
    room.send_mails()
    room.card(1, until=lambda said: "Answered" in said)
    room.card(2, until=lambda said: "Claimed" in said)

    assert [row.state for row in room.office.outbox(MailKind.LETTER)] == [MailState.SENT, MailState.CANCELLED]
    assert [room.inquiry(number).state for number in (1, 2)] == [
        InquiryState.ANSWERED,
        InquiryState.CLAIMED,
    ]
