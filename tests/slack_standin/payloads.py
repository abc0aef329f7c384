"""What Slack tells the app: events, actions, submits, commands."""

import uuid
from typing import Any

from tests.slack_standin.state import Channel, Payload, Workspace

#: The kind of a channel → its name in `message` events, and the subscription that brings them.
CHANNEL_TYPES = {
    "im": ("im", "message.im"),
    "private": ("group", "message.groups"),
    "public": ("channel", "message.channels"),
    "shared": ("channel", "message.channels"),
}


def event_callback(
    workspace: Workspace,
    event: Payload,
    *,
    event_id: str | None = None,
    team_id: str | None = None,
    app_id: str | None = None,
) -> Payload:
    """Wrap an event; another team's or app's ids make it somebody else's."""
    channel = workspace.channels.get(str(event.get("channel", "")))
    team = team_id or workspace.team_id
    return {
        "token": "verification",
        "team_id": team,
        "context_team_id": team,
        "context_enterprise_id": None,
        "api_app_id": app_id or workspace.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": event_id or workspace.ids.new("Ev"),
        "event_time": int(workspace.clock.now()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": team,
                "user_id": workspace.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": bool(channel and channel.kind == "shared"),
        "event_context": "4-" + uuid.uuid4().hex,
    }


def message_event(workspace: Workspace, channel: Channel, message: Payload) -> Payload:
    """Tell of a new message."""
    return message | {
        "channel": channel.id,
        "channel_type": CHANNEL_TYPES[channel.kind][0],
        "event_ts": message["ts"],
    }


def changed_event(workspace: Workspace, channel: Channel, now: Payload, before: Payload) -> Payload:
    """Tell that a message reads otherwise."""
    ts = workspace.stamps.at(workspace.clock.now())
    return {
        "type": "message",
        "subtype": "message_changed",
        "message": now,
        "previous_message": before,
        "channel": channel.id,
        "channel_type": CHANNEL_TYPES[channel.kind][0],
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
    }


def deleted_event(workspace: Workspace, channel: Channel, before: Payload) -> Payload:
    """Tell that a message is gone."""
    ts = workspace.stamps.at(workspace.clock.now())
    return {
        "type": "message",
        "subtype": "message_deleted",
        "previous_message": before,
        "deleted_ts": before["ts"],
        "channel": channel.id,
        "channel_type": CHANNEL_TYPES[channel.kind][0],
        "hidden": True,
        "ts": ts,
        "event_ts": ts,
    }


def interaction(workspace: Workspace, user: str, kind: str, **more: Any) -> Payload:
    """What every interaction tells: who, where from, and the right to open a view."""
    person = workspace.users[user]
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id},
        "team": {"id": workspace.team_id, "domain": workspace.name},
        "api_app_id": workspace.app_id,
        "token": "verification",
        "enterprise": None,
        "is_enterprise_install": False,
        "trigger_id": workspace.new_trigger(user),
    } | more


def about_channel(channel: Channel) -> Payload:
    """Name a channel as interactions do."""
    return {"id": channel.id, "name": "directmessage" if channel.kind == "im" else channel.name}


def command(workspace: Workspace, user: str, channel: Channel, name: str, text: str) -> Payload:
    """Tell of a slash command."""
    return {
        "token": "verification",
        "team_id": workspace.team_id,
        "team_domain": workspace.name,
        "channel_id": channel.id,
        "channel_name": about_channel(channel)["name"],
        "user_id": user,
        "user_name": workspace.users[user].name,
        "command": name,
        "text": text,
        "api_app_id": workspace.app_id,
        "is_enterprise_install": "false",
        "response_url": workspace.new_response_url(user, channel.id, None, None),
        "trigger_id": workspace.new_trigger(user),
    }
