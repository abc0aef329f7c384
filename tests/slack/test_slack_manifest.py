"""The manifest says what the code uses, no more and no less (check 29)."""

import ast
import asyncio
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from slack_bolt.request.async_request import AsyncBoltRequest

import bot.slack
from bot.slack import app as slack_app
from bot.slack import commands, manifest
from tests.slack.help_desk import HelpDesk
from tests.slack_standin.driver import Workspace

#: What each Web API method needs (docs.slack.dev/reference/methods); '' for none.
SCOPES = {
    "api.test": "",
    "apps.connections.open": "",
    "assistant.threads.setStatus": "chat:write",
    "assistant.threads.setSuggestedPrompts": "assistant:write",
    "auth.test": "",
    "bots.info": "users:read",
    "chat.delete": "chat:write",
    "chat.getPermalink": "",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "channels:history",
    "conversations.info": "channels:read",
    "conversations.members": "channels:read",
    "conversations.open": "im:write",
    "conversations.replies": "channels:history",
    "files.info": "files:read",
    "files.uploadV2": "files:write",
    "reactions.add": "reactions:write",
    "reactions.remove": "reactions:write",
    "usergroups.users.list": "usergroups:read",
    "users.info": "users:read",
    "views.open": "",
    "views.publish": "",
    "views.push": "",
    "views.update": "",
}
#: A method for channels is used in private ones and in direct messages as well.
ALSO = {
    "channels:history": {"groups:history", "im:history"},
    "channels:read": {"groups:read", "im:read"},
}
#: Which scope lets an event come.
EVENTS = {
    "app_home_opened": "",
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "subteam_members_changed": "usergroups:read",
    "app_uninstalled": "",
    "tokens_revoked": "",
}
#: Asked for beside methods and events: commands, and the files that a message names (heard.py).
FEATURES = {"commands", "files:read"}

NUMBERS = count(1600000000)


def sources() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(Path(bot.slack.__file__).parent.glob("*.py")):
        yield path.name, ast.parse(path.read_text("utf-8"))


def used_methods() -> set[str]:
    """Methods that the code calls: of a client, or by name for the outbox."""
    by_python = {name.replace(".", "_").lower(): name for name in SCOPES}
    found = set()
    for _, tree in sources():
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(attr=name) if name.lower() in by_python:
                    found.add(by_python[name.lower()])
                case ast.Constant(value=str(text)) if text in SCOPES:
                    found.add(text)
    return found


def test_every_scope_is_used_and_every_used_scope_is_asked_for() -> None:
    needed = {SCOPES[method] for method in used_methods()} - {""}
    needed |= {other for scope in list(needed) for other in ALSO.get(scope, ())}
    needed |= {
        EVENTS[event] for event in manifest.read()["settings"]["event_subscriptions"]["bot_events"]
    } - {""}

    assert manifest.scopes() == needed | FEATURES


def listened(verb: str) -> set[str]:
    """What listeners are registered for by name: app.event("..."), app.command("...")."""
    found = set()
    for _, tree in sources():
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="app"), attr=attr),
                    args=[ast.Constant(value=str(name)), *_],
                ) if attr == verb:
                    found.add(name)
    return found


def kinds(desk: HelpDesk, prefix: str) -> set[str]:
    deps = desk.side.deps
    assert deps is not None
    return {kind.removeprefix(prefix) for kind in deps.inbox.kinds if kind.startswith(prefix)}


def test_every_event_has_a_handler_and_every_handler_its_event(help_desk: HelpDesk) -> None:
    subscribed = {
        event.partition(".")[0] for event in manifest.read()["settings"]["event_subscriptions"]["bot_events"]
    }

    assert kinds(help_desk, "event:") | listened("event") == subscribed


def test_every_command_and_shortcut_has_a_listener_and_is_in_the_manifest(help_desk: HelpDesk) -> None:
    features = manifest.read()["features"]

    assert {commands.COMMAND} == {one["command"] for one in features["slash_commands"]}
    assert kinds(help_desk, "shortcut:") == {one["callback_id"] for one in features["shortcuts"]}


def test_every_kind_of_payload_is_acknowledged_whoever_listens(help_desk: HelpDesk) -> None:
    """Each action, view, shortcut, command and event that somebody handles, and one that nobody does."""
    deps = help_desk.side.deps
    assert deps is not None
    workspace = help_desk.workspace
    user = workspace.add_user("lab-a")
    sent = [payload(kind, workspace, user) for kind in sorted(deps.inbox.kinds)]
    sent += [payload(f"{what}:nobody.listens", workspace, user) for what in ("action", "view", "closed")]
    sent += [
        payload("shortcut:nobody.listens", workspace, user),
        payload("command:/nothing", workspace, user),
    ]
    sent.append(payload("event:channel_rename", workspace, user))

    async def dispatch() -> list[int]:
        app = slack_app.build_app(deps)
        requests = [AsyncBoltRequest(mode="socket_mode", body=body) for body in sent]
        return [one.status for one in await asyncio.gather(*map(app.async_dispatch, requests))]

    statuses = help_desk.side.wire.wait(dispatch())

    assert statuses == [200] * len(sent)


def payload(kind: str, workspace: Workspace, user: str) -> dict[str, Any]:
    """What Slack would send, as far as a listener must have it."""
    what, _, name = kind.partition(":")
    number = next(NUMBERS)
    around = {
        "team": {"id": workspace.team_id},
        "user": {"id": user, "team_id": workspace.team_id},
        "api_app_id": workspace.app_id,
        "trigger_id": f"{number}.trigger",
        "channel": {"id": "C0NOWHERE"},
    }
    view = {"id": f"V{number}", "hash": "1", "callback_id": name, "type": "modal", "state": {"values": {}}}
    match what:
        case "event":
            event = {"type": name, "user": user, "tab": "messages", "channel": "C0NOWHERE"}
            if name not in ("message", "app_mention"):
                event.pop("channel")
            return {
                "type": "event_callback",
                "team_id": workspace.team_id,
                "api_app_id": workspace.app_id,
                "event_id": f"Ev{number}",
                "event": event | {"ts": f"{number}.000100", "text": "hello"},
            }
        case "action":
            action = {"type": "button", "action_id": name, "block_id": "b", "action_ts": f"{number}.1"}
            return {"type": "block_actions", "actions": [action | {"value": "x"}], **around}
        case "view":
            return {"type": "view_submission", "view": view, **around}
        case "closed":
            return {"type": "view_closed", "view": view, "is_cleared": False, **around}
        case "shortcut":
            message = {"type": "message", "user": user, "ts": "1.1", "text": "hello"}
            told = {"callback_id": name, "action_ts": f"{number}.1", "message": message}
            return {"type": "message_action", "response_url": "", **told, **around}
    told = {"team_id": workspace.team_id, "user_id": user, "channel_id": "C0NOWHERE", "text": "help"}
    return {"command": name, "api_app_id": workspace.app_id, "trigger_id": f"{number}", **told}


def test_manifest_asks_for_nothing_that_was_ruled_out() -> None:
    forbidden = re.compile(r"^(chat:write\.public|channels:join|admin\b.*)$")

    assert [scope for scope in manifest.scopes() if forbidden.match(scope)] == []
    assert "user" not in manifest.read()["oauth_config"]["scopes"]
