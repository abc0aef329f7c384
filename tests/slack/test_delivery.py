"""What we say in Slack arrives once, in order, whatever Slack or we do meanwhile (checks 6, 7, 20-23, 30)."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.clock import real_now
from bot.slack import buttons, posting, richtext
from bot.slack.limiter import Limiter
from bot.slack.posting import Post
from bot.slack.relay import SlackRelay
from bot.slack.transport import Watch
from bot.storage import Storage
from mailer import deliver
from mailer.ledger import Ledger
from mailer.tables import Channel, MailKind, MailState, OutboxMail
from tests.bot.office import DEADLINE, FORM, NOON
from tests.slack.help_desk import HelpDesk
from tests.slack_standin.driver import Standin, Workspace
from tests.slack_standin.reading import plain

Make = Callable[..., HelpDesk]


def put(
    storage: Storage, key: str, words: str, *, channel: str, method: str = posting.POST, **more: str
) -> int | None:
    block = richtext.block(*richtext.paragraphs(words))
    post = Post(method=method, arguments={"channel": channel, "text": words, "blocks": [block], **more})
    with storage.write.begin() as session:
        return posting.enqueue(
            session, post, key=key, kind=MailKind.STAFF_NOTICE, recipient=channel, now=NOON
        )


def states(storage: Storage) -> list[MailState]:
    with storage.read() as session:
        return list(session.scalars(select(OutboxMail.state).order_by(OutboxMail.id)))


def test_answer_of_a_stopped_process_is_sent_by_the_next_one(workspace: Workspace, make_desk: Make) -> None:
    """Check 6; kill -9 in the middle is in test_slack_kills.py."""
    first = make_desk(workspace, sends=False)
    first.start()
    channel, ts = first.ask(workspace.add_user("lab-a"), DEADLINE)
    workspace.wait_until(lambda: [row for row in first.rows() if row.key == "reply:1"])
    first.stop()

    second = make_desk(workspace, settings={"slack_triage_channel": first.triage_channel})
    second.start()
    second.answers(channel, ts)
    second.settled()

    assert len(workspace.messages(channel, thread_ts=ts)) == 2


@pytest.mark.parametrize(
    "fault", ["lost_reply", "drop", *(pytest.param(name, marks=pytest.mark.long) for name in ("500", "html"))]
)
def test_post_whose_reply_is_lost_is_looked_for_and_stands_there_once(
    help_desk: HelpDesk, fault: str
) -> None:
    """Check 7; and where nothing was applied, it is said after all."""
    workspace = help_desk.workspace
    user = workspace.add_user("lab-a")
    workspace.fault(fault, method="chat.postMessage", channel=workspace.im(user))

    channel, ts = help_desk.ask(user, DEADLINE)
    help_desk.answers(channel, ts)
    help_desk.settled()

    assert len(workspace.messages(channel, thread_ts=ts)) == 2
    with help_desk.storage.read() as session:
        assert posting.where(session, "reply:1") is not None


@pytest.mark.long
def test_order_is_kept_in_a_channel_and_nothing_is_lost_to_its_limit(
    standin: Standin, make_desk: Make
) -> None:
    """Check 20, the delivery: bursts are spread over time; here with a small part of Slack's second."""
    workspace = standin.workspace()
    desk = make_desk(workspace, pace_s=0.005)
    channel = workspace.add_channel("cards")
    desk.start()

    for number in range(60):
        put(desk.storage, f"burst:{number}", f"card {number}", channel=channel)
    desk.side.wake()
    workspace.wait_until(lambda: len(workspace.messages(channel)) == 60)
    desk.settled()

    # The newest comes first in what the API gives, or last: the order of ts is the order of arrival.
    shown = [plain(message) for message in sorted(workspace.messages(channel), key=lambda one: one["ts"])]
    assert shown == [f"card {number}" for number in range(60)]
    assert set(states(desk.storage)) == {MailState.SENT}


@pytest.mark.long
def test_burst_under_the_limit_of_slack_itself_meets_no_429(standin: Standin, make_desk: Make) -> None:
    """Check 20 with the limit enforced: about one message a second and channel."""
    workspace = standin.workspace(limits=True)
    desk = make_desk(workspace, pace_s=1.05)
    channel = workspace.add_channel("cards")
    desk.start()

    for number in range(5):
        put(desk.storage, f"burst:{number}", f"card {number}", channel=channel)
    desk.side.wake()
    workspace.wait_until(lambda: len(workspace.messages(channel)) == 5)
    desk.settled()

    assert [call for call in workspace.calls("chat.postMessage") if call["status"] == 429] == []


def test_limiter_gives_a_channel_one_turn_a_second_and_others_theirs() -> None:
    now = [100.0]
    limiter = Limiter(clock=lambda: now[0])

    waits = [limiter.take("chat.postMessage", "C1") for _ in range(3)]
    other = limiter.take("chat.postMessage", "C2")
    update = limiter.take("chat.update", "C1")

    assert waits == pytest.approx([0.0, 1.05, 2.10])
    assert (other, update) == (0.0, 0.0)


def test_limiter_holds_a_method_back_as_long_as_slack_says() -> None:
    now = [100.0]
    limiter = Limiter(clock=lambda: now[0])

    limiter.hold("chat.update", 30)
    waits = [limiter.take("chat.update", "C1"), limiter.take("chat.postMessage", "C1")]
    now[0] = 131.0

    assert waits == [30.0, 0.0]
    assert limiter.take("chat.update", "C1") == 0.0


def test_long_wait_that_slack_asks_for_ends_with_the_newest_state(
    workspace: Workspace, make_desk: Make
) -> None:
    """Check 21: Retry-After 30 on chat.update; the clocks of row and limiter are moved by hand."""
    desk = make_desk(workspace, sends=False)
    desk.start()
    channel, storage = workspace.add_channel("cards"), desk.storage
    passed = [0.0]
    relay = SlackRelay(
        lambda: desk.side.wire,
        storage,
        posting.Outgoing(),
        Limiter(clock=lambda: passed[0]),
        now=lambda: NOON,
    )

    def tick() -> deliver.Tally:
        return deliver.deliver_due(
            Ledger(storage.write),
            relay,
            Channel.SLACK,
            limit=10,
            now=NOON,
            real_now=lambda: real_now() + timedelta(seconds=passed[0]),
        )

    put(storage, "card:1", "new", channel=channel)
    tick()
    with storage.read() as session:
        stands = posting.where(session, "card:1")
    assert stands is not None
    workspace.fault("429", method="chat.update", retry_after=30)
    for state in ("claimed", "answered"):
        put(storage, f"card:1:{state}", state, channel=channel, method="chat.update", ts=stands.ts)

    first = tick()
    passed[0] = 20.0
    early = tick()
    passed[0] = 31.0
    late = tick()

    assert (first.deferred, first.sent) == (1, 0)
    assert (early.claimed, late.sent) == (0, 2)
    assert plain(workspace.message(channel, stands.ts)) == "answered"


def test_window_that_opens_too_late_leaves_a_button_to_try_again(help_desk: HelpDesk) -> None:
    """Check 22."""
    workspace = help_desk.workspace
    user = workspace.add_user("lab-a")
    channel = workspace.im(user)
    button = richtext.actions(richtext.button("본인 확인 Verify", buttons.LINK, "ko"))
    with help_desk.storage.write.begin() as session:
        posting.enqueue(
            session,
            Post(arguments={"channel": channel, "text": "본인 확인", "blocks": [button]}),
            key="offer:1",
            kind=MailKind.ANSWER,
            recipient=channel,
            now=NOON,
        )
    help_desk.side.wake()
    [offer] = workspace.wait_until(lambda: workspace.messages(channel))
    workspace.fault("error", method="views.open", error="expired_trigger_id")

    workspace.click(user, channel, offer["ts"], buttons.LINK)
    [again] = workspace.wait_until(lambda: workspace.ephemerals(user, channel))
    workspace.click(user, channel, again["ts"], buttons.LINK)
    opened = workspace.wait_until(lambda: workspace.views(user))

    assert "다시 눌러 주세요" in plain(again)
    assert [view["callback_id"] for view in opened] == ["link.address"]


@pytest.mark.parametrize("how", ["refresh", "close", pytest.param("abort", marks=pytest.mark.long)])
def test_sockets_come_back_by_themselves_and_every_event_is_answered(
    standin: Standin, make_desk: Make, how: str
) -> None:
    """Check 23."""
    workspace = standin.workspace(retry_delays=(0.2, 1, 2, 4, 8))
    desk = make_desk(workspace)
    desk.start()
    workspace.wait_for_sockets(2)
    user = workspace.add_user("lab-a")
    match how:
        case "refresh":
            workspace.disconnect()
        case "close":
            workspace.close_sockets()
        case _:
            workspace.abort_sockets()

    asked = [desk.ask(user, text) for text in (DEADLINE, FORM)]
    for channel, ts in asked:
        desk.answers(channel, ts)
    workspace.wait_for_sockets(2)
    desk.settled()

    assert [len(workspace.messages(channel, thread_ts=ts)) for channel, ts in asked] == [2, 2]


@pytest.mark.parametrize("away", [False, True])
def test_silent_sockets_are_built_anew_and_end_the_process_only_while_slack_is_there(
    workspace: Workspace, make_desk: Make, away: bool
) -> None:
    """Check 23, the watchdog: sockets that look open and say nothing."""
    ended = threading.Event()
    # Without pings nothing is heard on a quiet socket; a real one is pinged every five seconds.
    watch = Watch(silent_s=0.4, ping_s=600, give_up=ended.set)
    desk = make_desk(workspace, watch=watch)
    desk.start()
    if away:
        workspace.fault("503", method="auth.test", times=None)

    gave_up = ended.wait(2 if away else 20)
    built = len(workspace.calls("apps.connections.open"))

    assert gave_up is not away
    assert built > 2


@pytest.mark.long
def test_service_recovers_from_a_lost_network_unaided(standin: Standin, make_desk: Make) -> None:
    """Check 23: nothing reaches Slack for a while, in either direction."""
    workspace = standin.workspace(retry_delays=(0.2, 1, 2, 4, 8, 8))
    desk = make_desk(workspace)
    desk.start()
    user = workspace.add_user("lab-a")
    channel, before = desk.ask(user, DEADLINE)
    desk.answers(channel, before)
    workspace.network(False)
    put(desk.storage, "while:away", "said while away", channel=channel)
    desk.side.wake()

    _, during = desk.ask(user, FORM)
    workspace.wait_until(lambda: not workspace.sockets() or None, "no socket")
    workspace.network(True)
    desk.answers(channel, during)
    desk.settled()

    assert len(workspace.messages(channel, thread_ts=during)) == 2
    assert [plain(one) for one in workspace.messages(channel)].count("said while away") == 1


def test_stop_under_load_drains_and_the_next_process_loses_nothing(standin: Standin, make_desk: Make) -> None:
    """Check 30."""
    workspace = standin.workspace(retry_delays=(0.1, 0.5, 1, 2, 4))
    users = [workspace.add_user(f"lab-{number}") for number in range(5)]
    first = make_desk(workspace)
    first.start()
    asked = [first.ask(user, text) for user in users for text in (DEADLINE, FORM)]
    drained = first.stop()
    left = workspace.sockets()

    second = make_desk(workspace, settings={"slack_triage_channel": first.triage_channel})
    second.start()
    for channel, ts in asked:
        second.answers(channel, ts)
    second.settled()

    assert drained
    assert left == []
    assert {len(workspace.messages(channel, thread_ts=ts)) for channel, ts in asked} == {2}
