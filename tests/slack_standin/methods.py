"""One call of the Web API, from its token to its answer."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from tests.slack_standin import chat, files, lookups, views
from tests.slack_standin.delivery import Team
from tests.slack_standin.faults import AFTERWARDS, Fault, Held, Kind
from tests.slack_standin.refusals import SlackRefusal
from tests.slack_standin.state import Call, Payload

METHODS: dict[str, Callable[[Team, Payload], Payload]] = {
    "apps.connections.open": lookups.open_connection,
    "assistant.threads.setStatus": lookups.set_status,
    "assistant.threads.setSuggestedPrompts": lookups.set_prompts,
    "assistant.threads.setTitle": lookups.set_title,
    "auth.revoke": lookups.auth_revoke,
    "auth.test": lookups.auth_test,
    "bots.info": lookups.bot_info,
    "chat.appendStream": chat.append_stream,
    "chat.delete": chat.delete,
    "chat.deleteScheduledMessage": chat.unschedule,
    "chat.getPermalink": chat.permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post,
    "chat.scheduleMessage": chat.schedule,
    "chat.startStream": chat.start_stream,
    "chat.stopStream": chat.stop_stream,
    "chat.update": chat.update,
    "conversations.history": lookups.history,
    "conversations.info": lookups.conversation_info,
    "conversations.list": lookups.conversation_list,
    "conversations.members": lookups.conversation_members,
    "conversations.open": lookups.open_conversation,
    "conversations.replies": lookups.replies,
    "files.completeUploadExternal": files.complete,
    "files.getUploadURLExternal": files.upload_url,
    "files.info": files.info,
    "reactions.add": chat.add_reaction,
    "usergroups.list": lookups.groups,
    "usergroups.users.list": lookups.group_users,
    "users.info": lookups.user_info,
    "users.lookupByEmail": lookups.user_by_email,
    "views.open": views.open_view,
    "views.publish": views.publish,
    "views.push": views.push_view,
    "views.update": views.update_view,
}
#: What a method needs; of several, one.
SCOPES = {
    # set_status needs only chat:write today (slack.md §6).
    "assistant.threads.setStatus": ("chat:write", "assistant:write"),
    "assistant.threads.setSuggestedPrompts": ("assistant:write",),
    "assistant.threads.setTitle": ("assistant:write",),
    "bots.info": ("users:read",),
    "conversations.open": ("im:write",),
    "files.completeUploadExternal": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "files.info": ("files:read",),
    "reactions.add": ("reactions:write",),
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "users.info": ("users:read",),
    "users.lookupByEmail": ("users:read.email",),
} | {name: ("chat:write",) for name in METHODS if name.startswith("chat.") and name != "chat.getPermalink"}
#: What reading needs hangs on the kind of channel.
READS = {"conversations.history": "history", "conversations.replies": "history"} | {
    f"conversations.{name}": "read" for name in ("info", "members")
}
PREFIXES = {"public": "channels", "shared": "channels", "private": "groups", "im": "im"}
#: What a form sends as JSON inside a field.
JSON_FIELDS = {"attachments", "blocks", "chunks", "files", "loading_messages", "metadata", "prompts", "view"}


async def answer(teams: Mapping[str, Team], request: web.Request) -> web.StreamResponse:
    """Carry out one call: faults first, then what Slack itself would refuse."""
    method = request.match_info["method"]
    args = await read_args(request)
    token = str(args.pop("token", "") or request.headers.get("Authorization", "").removeprefix("Bearer "))
    team = teams.get(token)
    if team is None:
        return _refuse("invalid_auth" if token else "not_authed")
    if not team.workspace.network:
        return _cut(request)
    call = Call(method=method, args=args, at=team.workspace.clock.now())
    team.workspace.calls.append(call)
    channel = str(args.get("channel") or args.get("channel_id") or "") or None
    fault = team.workspace.faults.take(method, channel)
    try:
        reply = await _before(team, fault, call) or _carry_out(team, call, token, channel)
        if fault and fault.kind is Kind.HOLD_AFTER:
            await _hold(team, fault.kind, call)
    except ConnectionAbortedError:
        return _cut(request)
    if fault and fault.kind is Kind.LOST_REPLY:
        return _cut(request)
    call.status = reply.status
    # A call that failed or that is being waited for is news as well.
    team.workspace.changes.touch()
    return reply


async def read_args(request: web.Request) -> Payload:
    """What a call says: query, then form or JSON body."""
    args: Payload = dict(request.query)
    if request.content_type == "application/json":
        text = await request.text()
        args |= json.loads(text) if text else {}
    else:
        args |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return {name: _value(name, value) for name, value in args.items() if value is not None}


def _value(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name in JSON_FIELDS:
        try:
            return json.loads(value)
        except ValueError:
            return value
    if name.startswith(("include_", "inclusive", "unfurl_", "reply_broadcast", "link_names")):
        return value.lower() in {"1", "true"}
    return value


async def _before(team: Team, fault: Fault | None, call: Call) -> web.Response | None:
    """What strikes before a call is carried out; None when it goes on. Raises ConnectionAbortedError."""
    if fault is None or fault.kind in AFTERWARDS:
        return None
    details = fault.details
    match fault.kind:
        case Kind.RATE:
            return _too_often(call, int(details.get("retry_after", 1)))
        case Kind.BROKEN | Kind.AWAY:
            return web.Response(status=int(fault.kind), text="something went wrong")
        case Kind.HTML:
            return web.Response(text="<!DOCTYPE html><title>Slack</title>", content_type="text/html")
        case Kind.ERROR:
            call.error = str(details["error"])
            return _refuse(call.error)
        case Kind.DROP:
            raise ConnectionAbortedError
        case Kind.SLOW:
            await asyncio.sleep(float(details["seconds"]))
        case Kind.HOLD_BEFORE:
            await _hold(team, fault.kind, call)
    return None


async def _hold(team: Team, kind: Kind, call: Call) -> None:
    held = Held(method=call.method, args=call.args, kind=kind, free=asyncio.Event())
    team.workspace.faults.held.append(held)
    team.workspace.changes.touch()
    await held.free.wait()


def _carry_out(team: Team, call: Call, token: str, channel: str | None) -> web.Response:
    try:
        _admit(team, call.method, token, channel)
        wait = team.workspace.rates.wait_for(call.method, channel, team.workspace.clock.now())
        if wait:
            return _too_often(call, wait)
        done = {"ok": True} | METHODS[call.method](team, call.args)
        scopes = team.workspace.installed.scopes
        return web.json_response(
            done, headers={"X-OAuth-Scopes": ",".join(sorted(scopes))} if scopes else None
        )
    except SlackRefusal as refused:
        call.error = refused.code
        return _refuse(refused.code, **refused.more)


def _admit(team: Team, method: str, token: str, channel: str | None) -> None:
    """Check that the token may do this at all. Raises SlackRefusal."""
    workspace = team.workspace
    if method not in METHODS:
        raise SlackRefusal("unknown_method", req_method=method)
    if workspace.revoked:
        raise SlackRefusal("token_revoked")
    if (method == "apps.connections.open") != (token == workspace.app_token):
        raise SlackRefusal("not_allowed_token_type")
    needed: tuple[str, ...] = SCOPES.get(method, ())
    if method in READS and channel in workspace.channels:
        needed = (f"{PREFIXES[workspace.channels[channel].kind]}:{READS[method]}",)
    if needed and not workspace.grants(*needed):
        provided = ",".join(sorted(workspace.installed.scopes or ()))
        raise SlackRefusal("missing_scope", needed=needed[0], provided=provided)


def _too_often(call: Call, seconds: int) -> web.Response:
    call.error = "ratelimited"
    body = {"ok": False, "error": "ratelimited"}
    return web.json_response(body, status=429, headers={"Retry-After": str(seconds)})


def _refuse(code: str, **more: Any) -> web.Response:
    return web.json_response({"ok": False, "error": code} | more)


def _cut(request: web.Request) -> web.Response:
    """End the connection without an answer."""
    if request.transport:
        request.transport.abort()
    return web.Response(status=500)
