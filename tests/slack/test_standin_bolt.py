"""The stand-in, seen by a real slack-bolt app: what Slack would send, and what it would do."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler

from tests.slack.bolt_app import over_http, over_sockets
from tests.slack_standin.driver import Standin, StandinError, Workspace, pings, plain

BUTTONS = [
    {"type": "section", "text": {"type": "plain_text", "text": "답변입니다"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "write",
                "value": "7",
                "text": {"type": "plain_text", "text": "답변 Answer"},
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [
                    {"text": {"type": "plain_text", "text": word}, "value": word}
                    for word in ("spam", "close")
                ],
            },
        ],
    },
]


@pytest.fixture
def workspace(standin: Standin) -> Iterator[Workspace]:
    """A fresh workspace in which the app may do everything, whatever the desk's manifest asks for."""
    made = standin.workspace(everything=True)
    yield made
    standin.end(made)


def modal(**more: Any) -> dict[str, Any]:
    view: dict[str, Any] = {
        "type": "modal",
        "callback_id": "letter",
        "title": {"type": "plain_text", "text": "답변 쓰기"},
        "submit": {"type": "plain_text", "text": "보내기"},
        "blocks": [
            {
                "type": "input",
                "block_id": "body",
                "label": {"type": "plain_text", "text": "본문"},
                "element": {"type": "plain_text_input", "action_id": "text", "initial_value": "초안"},
            }
        ],
    }
    return view | more


def answers(app: AsyncApp) -> None:
    """Answer in the thread with buttons; a button opens a modal; the modal is checked."""

    @app.event("message")
    async def on_message(event: dict[str, Any], client: Any) -> None:
        if "subtype" not in event:
            await client.chat_postMessage(
                channel=event["channel"], thread_ts=event["ts"], text="답변입니다", blocks=BUTTONS
            )

    @app.action("write")
    async def on_write(ack: Any, body: dict[str, Any], client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal())

    @app.view("letter")
    async def on_letter(ack: Any, view: dict[str, Any]) -> None:
        text = view["state"]["values"]["body"]["text"]["value"]
        if text == "나쁜 답":
            await ack(response_action="errors", errors={"body": "다시 쓰세요"})
        elif text == "보기":
            await ack(response_action="push", view=modal(title={"type": "plain_text", "text": "미리 보기"}))
        else:
            await ack(response_action="update", view=modal(blocks=BUTTONS[:1], submit=None))


def asked(workspace: Workspace) -> tuple[str, str, str]:
    """Somebody, the conversation with the app, and the app's answer to a question there."""
    user = workspace.add_user("kim")
    channel = workspace.im(user)
    ts = workspace.say(user, channel, "마감이 언제인가요?")
    [answer] = workspace.wait_until(lambda: workspace.thread(channel, ts)[1:], "the answer")
    return user, channel, str(answer["ts"])


def tried(workspace: Workspace) -> list[Any]:
    """The tries at the only delivery."""
    [told] = workspace.deliveries()
    return list(told["attempts"])


def test_question_by_dm_is_answered_in_its_thread(workspace: Workspace) -> None:
    with over_sockets(workspace, answers):
        _, channel, ts = asked(workspace)
        answer = workspace.message(channel, ts)
        # What the app hears of its own answer is acked as well.
        workspace.wait_until(lambda: not workspace.unacked(), "everything is acked")

    assert plain(answer) == "답변입니다\n[답변 Answer] [spam | close]"
    assert answer["bot_id"] == workspace.bot_id


def test_button_opens_a_modal_that_takes_errors_a_second_view_and_an_update(workspace: Workspace) -> None:
    with over_sockets(workspace, answers):
        user, channel, ts = asked(workspace)
        assert workspace.click(user, channel, ts, "write", value="7").acked
        [opened] = workspace.wait_until(lambda: workspace.views(user), "the modal")
        refused = workspace.submit(user, opened["id"], {"text": "나쁜 답"})
        pushed = workspace.submit(user, opened["id"], {"text": "보기"})
        [_, above] = pushed.views
        workspace.close_view(user, above["id"])
        updated = workspace.submit(user, opened["id"], {"text": "네"})

    assert opened["state"]["values"]["body"]["text"]["value"] == "초안"
    assert refused.errors == {"body": "다시 쓰세요"}
    assert above["previous_view_id"] == opened["id"]
    assert plain(above) == "미리 보기\n본문: 초안\n[보내기]"
    assert plain(updated.views[0]) == "답변 쓰기\n답변입니다"


def test_required_input_is_held_back_by_the_client(workspace: Workspace) -> None:
    with over_sockets(workspace, answers):
        user, channel, ts = asked(workspace)
        workspace.click(user, channel, ts, "write", value="7")
        [opened] = workspace.wait_until(lambda: workspace.views(user), "the modal")
        held = workspace.submit(user, opened["id"], {"text": ""})

    assert (held.acked, list(held.errors)) == (False, ["body"])


def test_view_that_slack_would_refuse_in_an_ack_is_told_as_a_problem(workspace: Workspace) -> None:
    def register(app: AsyncApp) -> None:
        answers(app)

        @app.view("bad")
        async def on_bad(ack: Any) -> None:
            await ack(response_action="update", view=modal(title={"type": "plain_text", "text": "길" * 25}))

        @app.action("more")
        async def on_more(ack: Any, body: dict[str, Any], client: Any) -> None:
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=modal(callback_id="bad"))

    with over_sockets(workspace, register):
        user, channel, ts = asked(workspace)
        workspace.choose(user, channel, ts, "more", "spam")
        [opened] = workspace.wait_until(lambda: workspace.views(user), "the modal")
        answer = workspace.submit(user, opened["id"])

    assert answer.problem.startswith("invalid_arguments")
    assert answer.views[0]["title"]["text"] == "답변 쓰기"


def test_one_post_that_mentions_the_app_is_two_events(workspace: Workspace) -> None:
    kinds: list[str] = []

    def register(app: AsyncApp) -> None:
        for kind in ("message", "app_mention"):

            @app.event(kind)
            async def on_event(event: dict[str, Any]) -> None:
                kinds.append(event["type"])

    user = workspace.add_user("kim")
    channel = workspace.add_channel("help", members=[user])
    with over_sockets(workspace, register):
        workspace.say(user, channel, "질문", mention=True)
        workspace.wait_until(lambda: len(kinds) == 2, "both events")
    told = workspace.deliveries("events_api")

    assert sorted(kinds) == ["app_mention", "message"]
    assert len({one["event_id"] for one in told}) == 2
    assert len({one["payload"]["event"]["ts"] for one in told}) == 1


def test_event_that_is_never_acked_comes_three_more_times(workspace: Workspace) -> None:
    seen: list[str] = []

    def register(app: AsyncApp) -> None:
        @app.middleware
        async def hears_all(body: dict[str, Any], next_: Any) -> None:
            seen.append(body["event_id"])
            await next_()

    # Without a listener bolt answers 404, which is no ack over a socket.
    user = workspace.add_user("kim")
    with over_sockets(workspace, register):
        workspace.say(user, workspace.im(user), "질문")
        for pause in (0, 60, 300, 0):
            workspace.wait_until(lambda: seen and len(seen) == len(tried(workspace)), "the delivery")
            workspace.advance(3.1)
            workspace.advance(pause)
        [told] = workspace.wait_until(
            lambda: [one for one in workspace.deliveries() if one["over"]], "the last deadline"
        )

    assert len(set(seen)) == 1
    assert [(one["retry"], one["reason"]) for one in told["attempts"]] == [
        (0, ""),
        (1, "timeout"),
        (2, "timeout"),
        (3, "timeout"),
    ]
    assert told["acked"] is False


def test_lost_ack_brings_the_same_event_again(workspace: Workspace) -> None:
    seen: list[str] = []

    def register(app: AsyncApp) -> None:
        @app.event("message")
        async def on_message(body: dict[str, Any]) -> None:
            seen.append(body["event_id"])

    user = workspace.add_user("kim")
    with over_sockets(workspace, register):
        workspace.lose_acks(1)
        workspace.say(user, workspace.im(user), "질문")
        workspace.wait_until(lambda: seen, "the first delivery")
        workspace.advance(3.1)
        workspace.wait_until(lambda: len(seen) == 2 and not workspace.unacked(), "the second delivery")

    assert seen[0] == seen[1]


def test_copies_and_further_event_ids_of_one_message(workspace: Workspace) -> None:
    user = workspace.add_user("kim")
    channel = workspace.im(user)
    workspace.say(user, channel, "질문", copies=3)
    workspace.say(user, channel, "질문", event_ids=3)
    told = workspace.deliveries("events_api")
    ids = [one["event_id"] for one in told]

    assert len(set(ids[:3])) == 1
    assert len(set(ids[3:])) == 3
    assert len({one["payload"]["event"]["ts"] for one in told}) == 2


def test_held_events_come_in_the_other_order(workspace: Workspace) -> None:
    seen: list[str] = []

    def register(app: AsyncApp) -> None:
        @app.event("message")
        async def on_message(event: dict[str, Any]) -> None:
            seen.append(event["text"])

    user = workspace.add_user("kim")
    channel = workspace.im(user)
    with over_sockets(workspace, register):
        workspace.hold_events()
        for word in ("하나", "둘", "셋"):
            workspace.say(user, channel, word)
        assert workspace.release_events("reversed") == 3
        workspace.wait_until(lambda: len(seen) == 3, "all three")

    assert seen == ["셋", "둘", "하나"]


@pytest.mark.parametrize("how", ["refresh_requested", "link_disabled", "close", "abort"])
def test_app_comes_back_and_hears_what_was_under_way(standin: Standin, how: str) -> None:
    workspace = standin.workspace(everything=True, retry_delays=[0.1] * 100)
    free = threading.Event()
    heard: list[str] = []

    def register(app: AsyncApp) -> None:
        @app.event("message")
        async def on_message(event: dict[str, Any]) -> None:
            heard.append(event["text"])

        @app.middleware
        async def slow_at_first(next_: Any) -> None:
            # The first delivery dies with its socket.
            await asyncio.to_thread(free.wait)
            await next_()

    user = workspace.add_user("kim")
    channel = workspace.im(user)
    with over_sockets(workspace, register):
        [before] = workspace.sockets()
        workspace.say(user, channel, "질문")
        match how:
            case "close":
                workspace.close_sockets()
            case "abort":
                workspace.abort_sockets()
            case _:
                workspace.disconnect(how)
        workspace.wait_until(lambda: workspace.sockets() not in ([], [before]), "another socket", timeout=15)
        free.set()
        workspace.wait_until(lambda: heard and not workspace.unacked(), "the event")
    [told] = workspace.deliveries()

    assert told["acked"] is True
    assert set(heard) == {"질문"}


def test_two_sockets_take_turns_and_one_is_enough(workspace: Workspace) -> None:
    user = workspace.add_user("kim")
    channel = workspace.im(user)
    with over_sockets(workspace, answers, sockets=2):
        first, second = workspace.sockets()
        for _ in range(4):
            workspace.say(user, channel, "질문")
        workspace.wait_until(lambda: not workspace.unacked(), "all acks")
        used = {one["attempts"][0]["socket"] for one in workspace.deliveries()}
        workspace.abort_sockets(first)
        ts = workspace.say(user, channel, "질문")
        workspace.wait_until(lambda: workspace.thread(channel, ts)[1:], "an answer")

    assert used == {first, second}


def test_429_is_waited_for_by_the_clients_own_handler(workspace: Workspace) -> None:
    user = workspace.add_user("kim")
    channel = workspace.im(user)
    workspace.fault("429", method="chat.postMessage", retry_after=1)
    handlers = [AsyncRateLimitErrorRetryHandler(max_retry_count=1)]
    with over_sockets(workspace, answers, retry_handlers=handlers):
        ts = workspace.say(user, channel, "질문")
        workspace.wait_until(lambda: workspace.thread(channel, ts)[1:], "the answer")
    calls = workspace.calls("chat.postMessage")

    assert [one["status"] for one in calls] == [429, 200]


def test_429_while_connecting_is_outlived(workspace: Workspace) -> None:
    workspace.fault("429", method="apps.connections.open", retry_after=1)
    with over_sockets(
        workspace, answers, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)]
    ):
        sockets = workspace.sockets()

    assert len(sockets) == 1


def test_trigger_is_good_for_three_seconds_and_once(workspace: Workspace) -> None:
    said: list[str] = []
    free = threading.Event()

    def register(app: AsyncApp) -> None:
        answers(app)

        @app.action("more")
        async def on_more(ack: Any, body: dict[str, Any], client: Any) -> None:
            await ack()
            await asyncio.to_thread(free.wait)
            for _ in range(2):
                try:
                    await client.views_open(trigger_id=body["trigger_id"], view=modal())
                    said.append("ok")
                except SlackApiError as error:
                    said.append(error.response["error"])

    with over_sockets(workspace, register):
        user, channel, ts = asked(workspace)
        free.set()
        workspace.choose(user, channel, ts, "more", "spam")
        workspace.wait_until(lambda: len(said) == 2, "both tries")
        free.clear()
        workspace.choose(user, channel, ts, "more", "spam")
        workspace.advance(3.1)
        free.set()
        workspace.wait_until(lambda: len(said) == 4, "the late tries")

    assert said == ["ok", "exchanged_trigger_id", "expired_trigger_id", "expired_trigger_id"]


def test_command_answers_to_the_person_and_by_its_url_five_times(workspace: Workspace) -> None:
    statuses: list[int] = []

    def register(app: AsyncApp) -> None:
        @app.command("/inquiry")
        async def on_command(ack: Any, respond: Any, command: dict[str, Any]) -> None:
            await ack(f"찾는 말: {command['text']}")
            for number in range(6):
                statuses.append((await respond(f"결과 {number}")).status_code)

    user = workspace.add_user("kim")
    with over_sockets(workspace, register):
        answer = workspace.command(user, "/inquiry find 마감")
        workspace.wait_until(lambda: len(statuses) == 6 and len(workspace.ephemerals(user)) == 6, "all six")
    shown = [plain(one) for one in workspace.ephemerals(user)]

    assert answer.acked
    assert statuses == [200] * 5 + [404]
    assert sorted(shown) == [*(f"결과 {number}" for number in range(5)), "찾는 말: find 마감"]


def test_shortcut_brings_the_message_and_home_is_published_over_its_hash(workspace: Workspace) -> None:
    brought: list[str] = []
    refused: list[str] = []

    def register(app: AsyncApp) -> None:
        @app.shortcut("inq.create")
        async def on_shortcut(ack: Any, shortcut: dict[str, Any]) -> None:
            await ack()
            brought.append(shortcut["message"]["text"])

        @app.event("app_home_opened")
        async def on_home(event: dict[str, Any], client: Any) -> None:
            view = {"type": "home", "blocks": BUTTONS}
            await client.views_publish(user_id=event["user"], view=view)
            try:
                await client.views_publish(user_id=event["user"], view=view, hash="1.0.h")
            except SlackApiError as error:
                refused.append(error.response["error"])

    user = workspace.add_user("kim")
    channel = workspace.add_channel("help", members=[user])
    with over_sockets(workspace, register):
        ts = workspace.say(user, channel, "이것을 등록")
        workspace.shortcut(user, "inq.create", channel, ts)
        workspace.open_home(user)
        workspace.wait_until(lambda: brought and refused, "both")
    home = workspace.home(user)

    assert brought == ["이것을 등록"]
    assert refused == ["hash_conflict"]
    assert home is not None
    assert plain(home).startswith("Home\n답변입니다")


def test_lost_reply_leaves_the_message_and_a_drop_does_not(workspace: Workspace) -> None:
    user = workspace.add_user("kim")
    channel = workspace.im(user)
    with over_sockets(workspace, answers):
        workspace.fault("drop", method="chat.postMessage")
        first = workspace.say(user, channel, "질문")
        workspace.wait_until(lambda: workspace.calls("chat.postMessage"), "the first try")
        workspace.fault("lost_reply", method="chat.postMessage")
        second = workspace.say(user, channel, "질문")
        workspace.wait_until(lambda: len(workspace.calls("chat.postMessage")) == 2, "the second try")

    assert len(workspace.thread(channel, first)) == 1
    assert len(workspace.thread(channel, second)) == 2
    assert [one["status"] for one in workspace.calls("chat.postMessage")] == [0, 0]


def test_held_call_goes_on_when_it_is_released(workspace: Workspace) -> None:
    user = workspace.add_user("kim")
    channel = workspace.im(user)
    workspace.fault("hold_before", method="chat.postMessage")
    workspace.fault("hold_after", method="chat.postMessage")
    with over_sockets(workspace, answers):
        ts = workspace.say(user, channel, "질문")
        workspace.wait_until(workspace.held, "the held call")
        before = len(workspace.thread(channel, ts))
        workspace.release()
        workspace.wait_until(lambda: workspace.thread(channel, ts)[1:], "the answer")
        again = workspace.say(user, channel, "질문")
        [held] = workspace.wait_until(workspace.held, "the call that is held afterwards")
        after = len(workspace.thread(channel, again))

    assert (before, after) == (1, 2)
    assert held["kind"] == "hold_after"


def test_nothing_goes_in_or_out_while_the_network_is_down(workspace: Workspace) -> None:
    user = workspace.add_user("kim")
    channel = workspace.im(user)
    with over_sockets(workspace, answers):
        workspace.network(False)
        workspace.wait_until(lambda: not workspace.sockets(), "no socket")
        ts = workspace.say(user, channel, "질문")
        workspace.network(True)
        workspace.wait_for_sockets(1)
        workspace.advance(61)
        workspace.wait_until(lambda: workspace.thread(channel, ts)[1:], "the answer")
    [told] = [one for one in workspace.deliveries() if "client_msg_id" in one["payload"]["event"]]

    assert told["attempts"][0]["reason"] == ""
    assert told["attempts"][-1]["reason"] == "closed"


def test_requests_over_http_are_signed_and_a_forged_or_old_one_is_refused(workspace: Workspace) -> None:
    user = workspace.add_user("kim")
    channel = workspace.im(user)
    with over_http(workspace, answers):
        ts = workspace.say(user, channel, "질문")
        [answer] = workspace.wait_until(lambda: workspace.thread(channel, ts)[1:], "the answer")
        clicked = workspace.click(user, channel, answer["ts"], "write", value="7")
        [opened] = workspace.wait_until(lambda: workspace.views(user), "the modal")
        submitted = workspace.submit(user, opened["id"], {"text": "나쁜 답"})
        replayed = workspace.replay(workspace.deliveries("events_api")[0]["envelope_id"])
        workspace.bad_signature(True)
        forged = workspace.click(user, channel, answer["ts"], "write", value="7")
        workspace.skew(-360)
        old = workspace.click(user, channel, answer["ts"], "write", value="7")

    assert (clicked.status, submitted.errors) == (200, {"body": "다시 쓰세요"})
    assert (replayed, forged.status, old.status) == (200, 401, 401)


def test_http_retry_tells_its_number_and_reason(workspace: Workspace) -> None:
    headers: list[str] = []

    def register(app: AsyncApp) -> None:
        @app.middleware
        async def hears_all(req: Any, next_: Any) -> None:
            headers.append(
                "/".join(req.headers.get(f"x-slack-retry-{one}", ["-"])[0] for one in ("num", "reason"))
            )
            await next_()

    user = workspace.add_user("kim")
    with over_http(workspace, register):
        workspace.say(user, workspace.im(user), "질문")
        workspace.wait_until(lambda: len(headers) == 2, "the second try")

    assert headers == ["-/-", "1/http_error"]


def test_ping_tokens_are_found_where_slack_would_act_on_them(workspace: Workspace) -> None:
    def register(app: AsyncApp) -> None:
        @app.event("message")
        async def on_message(event: dict[str, Any], client: Any) -> None:
            if "bot_id" not in event:
                await client.chat_postMessage(channel=event["channel"], text=f"받음: {event['text']}")

    user = workspace.add_user("kim")
    channel = workspace.im(user)
    with over_sockets(workspace, register):
        ts = workspace.say(user, channel, "<!channel> 모두")
        workspace.wait_until(lambda: len(workspace.messages(channel)) == 2, "the answer")
    question, answer = workspace.messages(channel)

    assert question["ts"] == ts
    assert pings(question) == []
    assert pings(answer) == ["<!channel>"]


def test_order_that_nobody_could_give_is_refused(workspace: Workspace) -> None:
    user = workspace.add_user("kim")
    elsewhere = workspace.add_channel("elsewhere")

    with pytest.raises(StandinError, match="not_in_channel"):
        workspace.say(user, elsewhere, "질문")
