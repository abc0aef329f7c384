"""The stand-in's Web API by Slack's own client: what it grants, keeps, limits and refuses."""

import asyncio
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.slack_standin.driver import OPENER, AsyncWorkspace, Standin, Workspace, plain

BLOCKS = [{"type": "section", "text": {"type": "plain_text", "text": "카드"}}]


@pytest.fixture
def workspace(standin: Standin) -> Iterator[Workspace]:
    """A fresh workspace in which the app may do everything, whatever the desk's manifest asks for."""
    made = standin.workspace(everything=True)
    yield made
    standin.end(made)


def client(workspace: Workspace, token: str | None = None) -> WebClient:
    """Slack's client without retries of its own."""
    return WebClient(token or workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])


def refusal(error: pytest.ExceptionInfo[SlackApiError]) -> str:
    return str(error.value.response["error"])


def test_message_is_posted_updated_and_deleted(workspace: Workspace) -> None:
    channel = workspace.add_channel("triage", kind="private")
    api = client(workspace)
    ts = api.chat_postMessage(channel=channel, text="새 문의", blocks=BLOCKS)["ts"]
    api.reactions_add(channel=channel, timestamp=ts, name="eyes")
    link = api.chat_getPermalink(channel=channel, message_ts=ts)["permalink"]
    posted = workspace.message(channel, ts)
    api.chat_update(channel=channel, ts=ts, text="닫힘")
    updated = workspace.message(channel, ts)
    api.chat_delete(channel=channel, ts=ts)

    assert (plain(posted), plain(updated)) == ("카드", "닫힘")
    assert posted["reactions"] == [{"name": "eyes", "users": [workspace.bot_user_id], "count": 1}]
    assert link.endswith(ts.replace(".", ""))
    assert workspace.messages(channel) == []


def test_metadata_is_told_only_when_asked_for(workspace: Workspace) -> None:
    channel = workspace.add_channel("triage")
    api = client(workspace)
    metadata = {"event_type": "row", "event_payload": {"key": "answer:7"}}
    top = api.chat_postMessage(channel=channel, text="물음")["ts"]
    ts = api.chat_postMessage(channel=channel, text="답", thread_ts=top, metadata=metadata)["ts"]
    asked = api.conversations_replies(channel=channel, ts=top, include_all_metadata=True)["messages"]
    unasked = api.conversations_replies(channel=channel, ts=top)["messages"]
    history = api.conversations_history(channel=channel, include_all_metadata=True)["messages"]

    assert [one.get("metadata") for one in asked] == [None, metadata]
    assert [one.get("metadata") for one in unasked] == [None, None]
    assert [one["ts"] for one in history] == [top]
    assert history[0]["latest_reply"] == ts


def test_history_comes_in_pages_newest_first(workspace: Workspace) -> None:
    channel = workspace.add_channel("triage")
    api = client(workspace)
    sent = [api.chat_postMessage(channel=channel, text=f"{number}")["ts"] for number in range(5)]
    pages = [
        [one["ts"] for one in page["messages"]]
        for page in api.conversations_history(channel=channel, limit=2)
    ]
    within = api.conversations_history(channel=channel, oldest=sent[1], latest=sent[3])["messages"]

    assert pages == [[sent[4], sent[3]], [sent[2], sent[1]], [sent[0]]]
    assert [one["ts"] for one in within] == [sent[2]]


@pytest.mark.parametrize(
    ("method", "arguments", "code"),
    [
        ("chat.postMessage", {"channel": "C0NOWHERE", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "OUTSIDE", "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": "HERE"}, "no_text"),
        ("chat.postMessage", {"channel": "HERE", "text": "x", "thread_ts": "1.0"}, "thread_not_found"),
        ("chat.postMessage", {"channel": "HERE", "text": "x", "blocks": [{}]}, "invalid_blocks"),
        ("chat.postMessage", {"channel": "HERE", "blocks": [*BLOCKS] * 51}, "invalid_blocks"),
        ("chat.postMessage", {"channel": "HERE", "text": "x" * 40_001}, "msg_too_long"),
        (
            "chat.postMessage",
            {
                "channel": "HERE",
                "text": "x",
                "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "x" * 3000}}] * 5,
            },
            "msg_blocks_too_long",
        ),
        ("chat.update", {"channel": "HERE", "ts": "1.0", "text": "x"}, "message_not_found"),
        ("chat.postEphemeral", {"channel": "HERE", "user": "U0NOBODY", "text": "x"}, "user_not_in_channel"),
        ("conversations.history", {"channel": "OUTSIDE"}, "not_in_channel"),
        ("conversations.info", {"channel": "HIDDEN"}, "channel_not_found"),
        ("views.open", {"trigger_id": "TR0", "view": {"type": "modal"}}, "invalid_trigger_id"),
        ("views.update", {"view_id": "V0", "view": {"type": "modal"}}, "not_found"),
        ("views.publish", {"user_id": "U0NOBODY", "view": {"type": "home"}}, "user_not_found"),
        ("users.info", {"user": "U0NOBODY"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "nobody@example.org"}, "users_not_found"),
        ("usergroups.users.list", {"usergroup": "S0"}, "no_such_subteam"),
        ("admin.users.list", {}, "unknown_method"),
        ("apps.connections.open", {}, "not_allowed_token_type"),
    ],
)
def test_call_is_refused_as_slack_refuses_it(
    workspace: Workspace, method: str, arguments: dict[str, Any], code: str
) -> None:
    places = {
        "HERE": workspace.add_channel("here"),
        "OUTSIDE": workspace.add_channel("outside", with_bot=False),
        "HIDDEN": workspace.add_channel("hidden", kind="private", with_bot=False),
    }
    if "channel" in arguments:
        arguments = arguments | {"channel": places.get(arguments["channel"], arguments["channel"])}

    with pytest.raises(SlackApiError) as error:
        client(workspace).api_call(method, json=arguments)

    assert refusal(error) == code


def test_people_carry_their_flags_and_a_stranger_shows_no_address(workspace: Workspace) -> None:
    api = client(workspace)
    kim = workspace.add_user("kim", locale="en-US")
    guest = workspace.add_user("guest", role="guest")
    stranger = workspace.add_user("stranger", role="stranger")
    workspace.change_user(kim, deleted=True)
    seen = {name: api.users_info(user=name, include_locale=True)["user"] for name in (kim, guest, stranger)}

    assert (seen[kim]["deleted"], seen[kim]["locale"]) == (True, "en-US")
    assert seen[kim]["profile"]["email"] == "kim@example.org"
    assert seen[guest]["is_restricted"] is True
    assert seen[stranger]["is_stranger"] is True
    assert seen[stranger]["team_id"] != workspace.team_id
    assert "email" not in seen[stranger]["profile"]


def test_groups_and_members_are_listed_and_a_change_is_told(workspace: Workspace) -> None:
    api = client(workspace)
    staff = [workspace.add_user("staff-a"), workspace.add_user("staff-b")]
    group = workspace.add_group("triage", staff)
    channel = workspace.add_channel("triage", kind="private", members=staff)
    before = api.usergroups_users_list(usergroup=group)["users"]
    workspace.set_group(group, staff[:1])
    [told] = workspace.deliveries("events_api")

    assert before == staff
    assert api.usergroups_users_list(usergroup=group)["users"] == staff[:1]
    assert api.conversations_members(channel=channel)["members"] == [*staff, workspace.bot_user_id]
    assert told["payload"]["event"]["removed_users"] == staff[1:]


def test_scope_that_was_not_granted_is_missed(standin: Standin) -> None:
    workspace = standin.workspace(scopes=["chat:write", "channels:history"], events=["app_mention"])
    user = workspace.add_user("kim")
    channel = workspace.add_channel("help", members=[user])
    hidden = workspace.add_channel("hidden", kind="private")
    api = client(workspace)
    workspace.say(user, channel, "들리나요", mention=True)
    api.conversations_history(channel=channel)

    for method, arguments in (
        ("conversations.history", {"channel": hidden}),
        ("users.info", {"user": user}),
        ("usergroups.users.list", {"usergroup": "S0"}),
    ):
        with pytest.raises(SlackApiError) as error:
            api.api_call(method, json=arguments)
        assert refusal(error) == "missing_scope"
    assert [one["type"] for one in workspace.deliveries()] == ["app_mention"]


def test_two_workspaces_do_not_know_each_other(standin: Standin, workspace: Workspace) -> None:
    other = standin.workspace()
    channel = workspace.add_channel("here")

    with pytest.raises(SlackApiError) as error:
        client(other).chat_postMessage(channel=channel, text="x")

    assert refusal(error) == "channel_not_found"
    assert other.team_id != workspace.team_id
    standin.end(other)
    with pytest.raises(SlackApiError) as error:
        client(other).auth_test()
    assert refusal(error) == "invalid_auth"


def test_a_channel_takes_one_message_a_second_and_another_is_free(workspace: Workspace) -> None:
    workspace.limit(True)
    here, there = workspace.add_channel("here"), workspace.add_channel("there")
    api = client(workspace)
    api.chat_postMessage(channel=here, text="하나")
    api.chat_postMessage(channel=there, text="하나")
    with pytest.raises(SlackApiError) as error:
        api.chat_postMessage(channel=here, text="둘")
    workspace.advance(1)
    api.chat_postMessage(channel=here, text="둘")

    assert refusal(error) == "ratelimited"
    assert error.value.response.status_code == 429
    assert error.value.response.headers["Retry-After"] == "1"
    assert [plain(one) for one in workspace.messages(here)] == ["하나", "둘"]


def test_a_method_of_tier_two_is_limited_by_the_minute(workspace: Workspace) -> None:
    workspace.limit(True)
    api = client(workspace)
    for _ in range(20):
        api.usergroups_list()
    with pytest.raises(SlackApiError) as error:
        api.usergroups_list()
    workspace.advance(60)

    assert int(error.value.response.headers["Retry-After"]) > 50
    assert api.usergroups_list()["ok"]


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        ("429", SlackApiError),
        ("500", SlackApiError),
        ("503", SlackApiError),
        ("html", SlackApiError),
        ("error", SlackApiError),
        ("drop", HTTPException),
    ],
)
def test_fault_strikes_once_and_one_channel_alone(
    workspace: Workspace, kind: str, raised: type[Exception]
) -> None:
    here, there = workspace.add_channel("here"), workspace.add_channel("there")
    workspace.fault(kind, method="chat.postMessage", channel=here, times=1, error="fatal_error")
    api = client(workspace)
    api.chat_postMessage(channel=there, text="x")
    with pytest.raises(raised):
        api.chat_postMessage(channel=here, text="x")
    api.chat_postMessage(channel=here, text="y")

    assert [plain(one) for one in workspace.messages(here)] == ["y"]


def test_revoked_token_is_refused_and_told(workspace: Workspace) -> None:
    workspace.revoke()

    with pytest.raises(SlackApiError) as error:
        client(workspace).auth_test()

    assert refusal(error) == "token_revoked"
    assert [one["type"] for one in workspace.deliveries()] == ["tokens_revoked"]


def test_file_is_uploaded_in_three_calls_and_read_back_with_the_token(workspace: Workspace) -> None:
    channel = workspace.add_channel("triage")
    api = client(workspace)
    top = api.chat_postMessage(channel=channel, text="물음")["ts"]
    done = api.files_upload_v2(filename="plan.txt", content="기획안", channel=channel, thread_ts=top)
    [_, shared] = workspace.thread(channel, top)
    about = api.files_info(file=done["file"]["id"])["file"]
    with OPENER.open(about["url_private"]) as page:
        without = page.headers.get_content_type()
    request = urllib.request.Request(
        about["url_private"], headers={"Authorization": f"Bearer {workspace.bot_token}"}
    )
    with OPENER.open(request) as content:
        read = content.read().decode()

    assert (without, read) == ("text/html", "기획안")
    assert shared["files"][0]["id"] == about["id"]
    assert workspace.uploaded(about["id"]).decode() == "기획안"


def test_file_in_a_shared_channel_has_to_be_asked_for(workspace: Workspace) -> None:
    user = workspace.add_user("stranger", role="stranger")
    channel = workspace.add_channel("help", kind="shared", members=[user])
    workspace.say(user, channel, "첨부합니다", files=[("plan.pdf", "application/pdf", b"%PDF-")])
    [told] = workspace.deliveries()
    [attached] = told["payload"]["event"]["files"]
    about = client(workspace).files_info(file=attached["id"])["file"]

    assert attached["file_access"] == "check_file_info"
    assert (about["name"], about["size"]) == ("plan.pdf", 5)
    assert told["payload"]["is_ext_shared_channel"] is True


def test_message_with_metadata_is_scheduled_and_never_posted(workspace: Workspace) -> None:
    channel = workspace.add_channel("triage")
    api = client(workspace)
    now = float(api.chat_postMessage(channel=channel, text="지금")["ts"])
    metadata = {"event_type": "row", "event_payload": {}}
    api.chat_scheduleMessage(channel=channel, text="나중", post_at=int(now) + 60)
    api.chat_scheduleMessage(channel=channel, text="사라짐", post_at=int(now) + 60, metadata=metadata)
    workspace.advance(61)

    assert [plain(one) for one in workspace.messages(channel)] == ["지금", "나중"]


def test_event_of_another_team_or_app_carries_its_ids(workspace: Workspace) -> None:
    user = workspace.add_user("kim")
    channel = workspace.im(user)
    workspace.say(user, channel, "질문", team_id="T0OTHER")
    workspace.say(user, channel, "질문", app_id="A0OTHER")
    told = [one["payload"] for one in workspace.deliveries()]

    assert [one["team_id"] for one in told] == ["T0OTHER", workspace.team_id]
    assert [one["api_app_id"] for one in told] == [workspace.app_id, "A0OTHER"]


def test_edit_and_deletion_are_told_as_subtypes(workspace: Workspace) -> None:
    user = workspace.add_user("kim")
    channel = workspace.im(user)
    ts = workspace.say(user, channel, "마감이")
    workspace.edit(user, channel, ts, "마감이 언제인가요?")
    workspace.delete(user, channel, ts)
    _, changed, deleted = [one["payload"]["event"] for one in workspace.deliveries()]

    assert (changed["subtype"], changed["message"]["text"]) == ("message_changed", "마감이 언제인가요?")
    assert changed["previous_message"]["text"] == "마감이"
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)


def test_prompts_in_a_thread_are_lost_without_a_word(workspace: Workspace) -> None:
    user = workspace.add_user("kim")
    channel = workspace.im(user)
    api = client(workspace)
    prompts = [{"title": "마감일", "message": "마감일이 언제인가요?"}]
    ts = workspace.say(user, channel, "안녕하세요")
    api.assistant_threads_setSuggestedPrompts(channel_id=channel, thread_ts=ts, prompts=prompts)
    lost = workspace.prompts(channel)
    api.assistant_threads_setSuggestedPrompts(channel_id=channel, prompts=prompts)
    api.assistant_threads_setStatus(channel_id=channel, thread_ts=ts, status="읽는 중")

    assert (lost, workspace.prompts(channel)) == ([], prompts)
    assert workspace.status(channel, ts) == "읽는 중"


def test_waiting_ends_with_the_change_that_was_waited_for(workspace: Workspace) -> None:
    channel = workspace.add_channel("triage")
    asked = threading.Event()

    def condition() -> list[dict[str, Any]]:
        asked.set()
        return workspace.messages(channel)

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(workspace.wait_until, condition)
        assert asked.wait(10)
        client(workspace).chat_postMessage(channel=channel, text="왔다")
        [found] = waiting.result(10)

    assert plain(found) == "왔다"


def test_verbs_can_be_awaited(workspace: Workspace) -> None:
    async def story() -> tuple[str, list[dict[str, Any]]]:
        awaited = AsyncWorkspace(workspace)
        user = await awaited.add_user("kim")
        channel = await awaited.im(user)
        ts = await awaited.say(user, channel, "질문")
        return ts, await awaited.wait_until(lambda: workspace.messages(channel))

    ts, found = asyncio.run(story())

    assert [one["ts"] for one in found] == [ts]
