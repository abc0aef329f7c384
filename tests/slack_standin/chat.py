"""The methods chat.* and reactions.*."""

import copy
from typing import Any

from tests.slack_standin import blocks, payloads
from tests.slack_standin.delivery import Team
from tests.slack_standin.refusals import SlackRefusal
from tests.slack_standin.state import Channel, Ephemeral, Payload, Workspace

TEXT_MOST = 40_000
MARKDOWN_MOST = 12_000
#: What a message keeps of a call that posts or updates it.
KEPT = ("text", "blocks", "attachments", "metadata")


def post(team: Team, args: Payload) -> Payload:
    """chat.postMessage."""
    workspace = team.workspace
    channel = writable(workspace, args)
    thread_ts = args.get("thread_ts")
    if thread_ts and not channel.thread(str(thread_ts)):
        raise SlackRefusal("thread_not_found")
    message = add(team, channel, content(args) | ({"thread_ts": str(thread_ts)} if thread_ts else {}))
    return {"channel": channel.id, "ts": message["ts"], "message": without_metadata(message)}


def add(team: Team, channel: Channel, said: Payload) -> Payload:
    """Put a message of the app into a channel, and tell the app of it as Slack does."""
    workspace = team.workspace
    now = workspace.clock.now()
    message = {
        "type": "message",
        "user": workspace.bot_user_id,
        "bot_id": workspace.bot_id,
        "app_id": workspace.app_id,
        "team": workspace.team_id,
        "ts": workspace.stamps.at(now),
    } | name_blocks(workspace, said)
    keep(channel, message)
    workspace.statuses.pop((channel.id, str(message.get("thread_ts", ""))), None)
    workspace.changes.touch()
    team.tell_of_message(channel, payloads.message_event(workspace, channel, without_metadata(message)))
    return message


def keep(channel: Channel, message: Payload) -> None:
    """Store a message; a parent counts its answers."""
    channel.messages[message["ts"]] = message
    parent = channel.messages.get(message.get("thread_ts", ""))
    if parent is not None and parent is not message:
        parent["thread_ts"] = parent["ts"]
        parent["reply_count"] = parent.get("reply_count", 0) + 1
        parent["latest_reply"] = message["ts"]


def update(team: Team, args: Payload) -> Payload:
    """chat.update: the app's own messages only; what is not given stays, but blocks go with a new text."""
    workspace = team.workspace
    channel = place(workspace, args)
    message = own(workspace, channel, str(args.get("ts", "")))
    new = name_blocks(workspace, content(args))
    before = copy.deepcopy(message)
    if "text" in new and "blocks" not in new:
        message.pop("blocks", None)
    message.update(new)
    message["edited"] = {"user": workspace.bot_user_id, "ts": workspace.stamps.at(workspace.clock.now())}
    workspace.changes.touch()
    event = payloads.changed_event(workspace, channel, without_metadata(message), without_metadata(before))
    team.tell_of_message(channel, event)
    return {
        "channel": channel.id,
        "ts": message["ts"],
        "text": message.get("text", ""),
        "message": without_metadata(message),
    }


def delete(team: Team, args: Payload) -> Payload:
    """chat.delete."""
    workspace = team.workspace
    channel = place(workspace, args)
    message = own(workspace, channel, str(args.get("ts", "")))
    del channel.messages[message["ts"]]
    workspace.changes.touch()
    event = payloads.deleted_event(workspace, channel, without_metadata(message))
    team.tell_of_message(channel, event)
    return {"channel": channel.id, "ts": message["ts"]}


def post_ephemeral(team: Team, args: Payload) -> Payload:
    """chat.postEphemeral: one person sees it."""
    workspace = team.workspace
    channel = writable(workspace, args)
    user = str(args.get("user", ""))
    if user not in channel.members:
        raise SlackRefusal("user_not_in_channel")
    thread_ts = args.get("thread_ts")
    said = content(args) | ({"thread_ts": thread_ts} if thread_ts else {})
    return {"message_ts": add_ephemeral(workspace, channel.id, user, said)["ts"]}


def add_ephemeral(workspace: Workspace, channel: str, user: str, said: Payload) -> Payload:
    """Show a message to one person."""
    message = {
        "type": "message",
        "user": workspace.bot_user_id,
        "bot_id": workspace.bot_id,
        "is_ephemeral": True,
        "ts": workspace.stamps.at(workspace.clock.now()),
    } | name_blocks(workspace, said)
    workspace.ephemerals.append(Ephemeral(user=user, channel=channel, message=message))
    workspace.changes.touch()
    return message


def permalink(team: Team, args: Payload) -> Payload:
    """chat.getPermalink."""
    channel = place(team.workspace, args)
    ts = str(args.get("message_ts", ""))
    if ts not in channel.messages:
        raise SlackRefusal("message_not_found")
    path = f"{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": f"{team.workspace.url}/archives/{path}"}


def schedule(team: Team, args: Payload) -> Payload:
    """chat.scheduleMessage; with metadata it is never posted (slack.md §8.7)."""
    workspace = team.workspace
    channel = writable(workspace, args)
    said = content(args)
    at = float(args.get("post_at", 0))
    if at <= workspace.clock.now():
        raise SlackRefusal("time_in_past")
    if at > workspace.clock.now() + 120 * 24 * 3600:
        raise SlackRefusal("time_too_far")
    name = workspace.ids.new("Q")
    workspace.scheduled[name] = said

    def post_now() -> None:
        waiting = workspace.scheduled.pop(name, None)
        if waiting is not None and "metadata" not in waiting:
            add(team, channel, waiting)

    workspace.clock.call_at(at, post_now)
    return {"channel": channel.id, "scheduled_message_id": name, "post_at": int(at)}


def unschedule(team: Team, args: Payload) -> Payload:
    """chat.deleteScheduledMessage."""
    if team.workspace.scheduled.pop(str(args.get("scheduled_message_id", "")), None) is None:
        raise SlackRefusal("invalid_scheduled_message_id")
    return {}


def start_stream(team: Team, args: Payload) -> Payload:
    """chat.startStream."""
    channel = writable(team.workspace, args)
    if not channel.thread(str(args.get("thread_ts", ""))):
        raise SlackRefusal("thread_not_found")
    text = _markdown(args)
    said = {"text": text, "thread_ts": str(args["thread_ts"]), "streaming_state": "in_progress"}
    return {"channel": channel.id, "ts": add(team, channel, said)["ts"]}


def append_stream(team: Team, args: Payload) -> Payload:
    """chat.appendStream."""
    channel = place(team.workspace, args)
    message = own(team.workspace, channel, str(args.get("ts", "")))
    if message.get("streaming_state") != "in_progress":
        raise SlackRefusal("message_not_in_streaming_state")
    message["text"] += _markdown(args)
    team.workspace.changes.touch()
    return {"channel": channel.id, "ts": message["ts"]}


def stop_stream(team: Team, args: Payload) -> Payload:
    """chat.stopStream."""
    done = append_stream(team, args)
    message = own(team.workspace, place(team.workspace, args), done["ts"])
    message["streaming_state"] = "completed"
    if args.get("blocks"):
        message |= name_blocks(team.workspace, content(args | {"text": message["text"]}))
    return done | {"message": without_metadata(message)}


def add_reaction(team: Team, args: Payload) -> Payload:
    """reactions.add."""
    channel = place(team.workspace, args)
    message = channel.messages.get(str(args.get("timestamp", "")))
    if message is None:
        raise SlackRefusal("message_not_found")
    react(team.workspace, message, team.workspace.bot_user_id, str(args.get("name", "")))
    return {}


def react(workspace: Workspace, message: Payload, user: str, name: str) -> None:
    """Put somebody's reaction under a message. Raises SlackRefusal when it is there already."""
    reactions: list[Payload] = message.setdefault("reactions", [])
    known = next((one for one in reactions if one["name"] == name), None)
    if known is None:
        known = {"name": name, "users": [], "count": 0}
        reactions.append(known)
    if user in known["users"]:
        raise SlackRefusal("already_reacted")
    known["users"].append(user)
    known["count"] += 1
    workspace.changes.touch()


def place(workspace: Workspace, args: Payload) -> Channel:
    """The channel that a call names. Raises SlackRefusal."""
    channel = workspace.channels.get(str(args.get("channel") or args.get("channel_id") or ""))
    # A private channel does not exist for an app that is not in it.
    if channel is None or (channel.is_private and workspace.bot_user_id not in channel.members):
        raise SlackRefusal("channel_not_found")
    return channel


def writable(workspace: Workspace, args: Payload) -> Channel:
    """The channel to write to; a user's id stands for the conversation with that person."""
    named = str(args.get("channel", ""))
    if named in workspace.users:
        return workspace.im(named)
    channel = place(workspace, args)
    if workspace.bot_user_id not in channel.members:
        raise SlackRefusal("not_in_channel")
    return channel


def own(workspace: Workspace, channel: Channel, ts: str) -> Payload:
    """One of the app's own messages. Raises SlackRefusal."""
    message = channel.messages.get(ts)
    if message is None:
        raise SlackRefusal("message_not_found")
    if message.get("bot_id") != workspace.bot_id:
        raise SlackRefusal("cant_update_message")
    return message


def content(args: Payload) -> Payload:
    """What a message says, checked as Slack does (slack.md §7). Raises SlackRefusal."""
    said = {name: args[name] for name in KEPT if args.get(name)}
    if args.get("markdown_text"):
        if "text" in said or "blocks" in said:
            raise SlackRefusal("markdown_text_conflict")
        said["text"] = _markdown(args)
    if "blocks" in said:
        faults = blocks.of_message(said["blocks"])
        if faults:
            raise SlackRefusal("invalid_blocks", *faults)
        if blocks.is_too_long(said["blocks"]):
            raise SlackRefusal("msg_blocks_too_long")
    if not said.keys() & {"text", "blocks", "attachments"}:
        raise SlackRefusal("no_text")
    if len(said.get("text", "")) > TEXT_MOST:
        raise SlackRefusal("msg_too_long")
    metadata = said.get("metadata")
    if metadata is not None and not (
        isinstance(metadata, dict) and metadata.get("event_type") and "event_payload" in metadata
    ):
        raise SlackRefusal("invalid_metadata_format")
    return said


def name_blocks(workspace: Workspace, said: Payload) -> Payload:
    """A copy in which each block and each control has an id, as Slack gives them."""
    if "blocks" not in said:
        return dict(said)
    return said | {"blocks": [with_ids(workspace, block) for block in said["blocks"]]}


def with_ids(workspace: Workspace, block: Payload) -> Payload:
    """A copy of a block in which it and its controls have ids."""
    block = copy.deepcopy(block)
    block.setdefault("block_id", workspace.ids.new("b").lower())
    for control in controls(block):
        control.setdefault("action_id", workspace.ids.new("a").lower())
    return block


def controls(block: Payload) -> list[Payload]:
    """What a person can press, choose or type in, in a block."""
    found: list[Any] = [block.get("accessory"), block.get("element")]
    if block.get("type") == "actions":
        found += block.get("elements", [])
    return [one for one in found if isinstance(one, dict) and one.get("type") != "image"]


def without_metadata(message: Payload) -> Payload:
    """A copy as Slack hands it out unless metadata are asked for."""
    return {name: value for name, value in copy.deepcopy(message).items() if name != "metadata"}


def _markdown(args: Payload) -> str:
    text = str(args.get("markdown_text") or "")
    if len(text) > MARKDOWN_MOST:
        raise SlackRefusal("msg_too_long")
    return text
