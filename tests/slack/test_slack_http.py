"""HTTP instead of sockets: the same listeners behind a signed page (check 24)."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot import http
from bot.http import HttpDoor
from bot.settings import Listen
from bot.slack.tables import SlackEvent
from tests.bot.office import DEADLINE, FORM
from tests.slack.help_desk import HelpDesk
from tests.slack_standin.driver import Workspace

Make = Callable[..., HelpDesk]


@pytest.fixture
def desk(workspace: Workspace, make_desk: Make) -> Iterator[HelpDesk]:
    made = make_desk(workspace, settings={"slack_http": True, "slack_app_token": ""})
    made.start()
    route = made.side.route()
    assert route is not None
    door = HttpDoor(http.build(made.storage, pages=[route]), Listen("127.0.0.1:0"))
    workspace.use_http(f"http://127.0.0.1:{door.start()}/slack/events")
    yield made
    door.stop(timedelta(seconds=5))


def statuses(desk: HelpDesk) -> list[int | None]:
    return [attempt.get("status") for one in desk.workspace.deliveries() for attempt in one["attempts"]]


def stored(desk: HelpDesk) -> int:
    with desk.storage.read() as session:
        return len(session.scalars(select(SlackEvent)).all())


def test_signed_event_is_taken_and_its_replay_has_no_second_effect(desk: HelpDesk) -> None:
    workspace = desk.workspace
    channel, ts = desk.ask(workspace.add_user("lab-a"), DEADLINE)
    desk.answers(channel, ts)
    [first, *_] = workspace.deliveries("events_api")

    again = workspace.replay(first["envelope_id"])
    _, later = desk.ask(workspace.add_user("lab-b"), FORM)
    desk.settled()

    assert again == 200
    assert len(workspace.messages(channel, thread_ts=ts)) == 2
    assert later


def test_button_pressed_over_http_is_acknowledged(desk: HelpDesk) -> None:
    workspace = desk.workspace
    user = workspace.add_user("lab-a")
    channel, ts = desk.ask(user, DEADLINE)
    [answer] = desk.answers(channel, ts)

    clicked = workspace.click(user, channel, answer["ts"], "ask.helped")

    assert clicked.acked


@pytest.mark.parametrize("how", ["signature", "age"])
def test_bad_signature_and_old_request_are_refused(desk: HelpDesk, how: str) -> None:
    workspace = desk.workspace
    user = workspace.add_user("lab-a")
    if how == "signature":
        workspace.bad_signature(True)
    else:
        workspace.skew(-360)

    desk.ask(user, DEADLINE)
    workspace.wait_until(lambda: 401 in statuses(desk))

    assert set(statuses(desk)) - {0} == {401}  # 0: a redelivery that is under way
    assert stored(desk) == 0
