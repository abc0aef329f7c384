"""The doors for tests: orders, looks, waiting."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.slack_standin import chat, load, looks, people, views
from tests.slack_standin.delivery import Delivery, Team
from tests.slack_standin.faults import Kind as FaultKind
from tests.slack_standin.refusals import SlackRefusal
from tests.slack_standin.state import Payload

#: Flags of a person, by the role in the workspace.
ROLES: dict[str, dict[str, bool]] = {
    "home": {},
    "guest": {"is_restricted": True},
    "single_guest": {"is_restricted": True, "is_ultra_restricted": True},
    "stranger": {"is_stranger": True},
    "bot": {"is_bot": True},
}
Order = Callable[..., Any]


async def obey(team: Team, name: str, args: Payload) -> Any:
    """Carry out one order. Raises SlackRefusal where a person in Slack could not do it."""
    if name.startswith("look/"):
        return looks.look(team, name.removeprefix("look/"), args)
    if name not in ORDERS:
        raise SlackRefusal("unknown_order", name)
    wait = args.pop("wait", True)
    done = ORDERS[name](team, **args)
    if inspect.isawaitable(done):
        done = await done
    if isinstance(done, Delivery):
        return await _answered(team, done, wait=wait)
    return done


async def _answered(team: Team, delivery: Delivery, *, wait: bool) -> Payload:
    """What a person sees after an interaction: whether it was heard, and what rode the ack."""
    payload = None
    if wait:
        payload = await asyncio.shield(delivery.done)
        # Whoever waited for the answer first has done with it what Slack does.
        await asyncio.sleep(0)
    tried = delivery.attempts[-1] if delivery.attempts else None
    errors = (payload or {}).get("errors") if (payload or {}).get("response_action") == "errors" else None
    return {
        "acked": delivery.acked,
        "payload": payload,
        "errors": errors or {},
        "ack_ms": tried.acked_ms if tried else None,
        "status": tried.status if tried else 0,
        "envelope_id": tried.envelope_id if tried else None,
        "problem": delivery.problem,
    }


def _add_user(team: Team, *, name: str, role: str, locale: str, email: str | None) -> str:
    return team.workspace.add_user(name, locale=locale, email=email, **ROLES[role]).id


def _change_user(team: Team, *, user: str, **flags: Any) -> None:
    for name, value in flags.items():
        setattr(team.workspace.users[user], name, value)
    team.workspace.changes.touch()


def _add_channel(team: Team, *, name: str, kind: str, members: list[str], with_bot: bool) -> str:
    bot = [team.workspace.bot_user_id] if with_bot else []
    return team.workspace.add_channel(name, kind, [*members, *bot]).id


def _join(team: Team, *, channel: str, user: str) -> None:
    team.workspace.channels[channel].members.append(user)
    team.workspace.changes.touch()


def _leave(team: Team, *, channel: str, user: str) -> None:
    team.workspace.channels[channel].members.remove(user)
    team.workspace.changes.touch()


def _im(team: Team, *, user: str) -> str:
    return team.workspace.im(user).id


def add_group(team: Team, *, handle: str, users: list[str]) -> str:
    """Make a user group; return its id."""
    group = team.workspace.ids.new("S", handle)
    team.workspace.groups[group] = {
        "id": group,
        "team_id": team.workspace.team_id,
        "is_usergroup": True,
        "name": handle,
        "handle": handle,
        "date_delete": 0,
        "users": list(users),
    }
    return group


def _set_group(team: Team, *, group: str, users: list[str], tell: bool) -> None:
    known = team.workspace.groups[group]
    before, known["users"] = set(known["users"]), list(users)
    team.workspace.changes.touch()
    if tell:
        event = {
            "type": "subteam_members_changed",
            "subteam_id": group,
            "team_id": team.workspace.team_id,
            "added_users": sorted(set(users) - before),
            "removed_users": sorted(before - set(users)),
            "event_ts": team.workspace.stamps.at(team.workspace.clock.now()),
        }
        team.tell(event)


def _say(team: Team, *, files: list[Payload], blocks: list[Payload], **args: Any) -> str:
    ts: str = people.say(team, given=files, rich=blocks, **args)["ts"]
    return ts


async def _submit(
    team: Team, *, user: str, view_id: str, values: Payload, private_metadata: str | None
) -> Any:
    people.type_in(team, view_id=view_id, values=values)
    if private_metadata is not None:
        # What a thief would try: Slack signs nothing of it.
        views.find(team.workspace, view_id).view["private_metadata"] = private_metadata
    lacking = people.missing(team, view_id=view_id)
    if lacking:
        return {"acked": False, "payload": None, "errors": lacking, "ack_ms": None, "envelope_id": None}
    return people.submit(team, user=user, view_id=view_id)


def _command(team: Team, **args: Any) -> Delivery:
    delivery = people.command(team, **args)
    channel = str(delivery.payload["channel_id"])
    user = str(delivery.payload["user_id"])

    def show(done: asyncio.Future[Payload | None]) -> None:
        said = None if done.cancelled() else done.result()
        if not said or not (said.get("text") or said.get("blocks")):
            return
        try:
            content = chat.content(said)
        except SlackRefusal as refused:
            delivery.problem = f"{refused.code}: {refused.more}"
            return
        if said.get("response_type") == "in_channel":
            chat.add(team, team.workspace.channels[channel], content)
        else:
            chat.add_ephemeral(team.workspace, channel, user, content)

    delivery.done.add_done_callback(show)
    return delivery


def _send_event(team: Team, *, event: Payload, team_id: str | None, app_id: str | None) -> str | None:
    delivery = team.tell(event, team_id=team_id, app_id=app_id)
    return str(delivery.payload["event_id"]) if delivery else None


def _fault(
    team: Team, *, kind: str, method: str, channel: str | None, times: int | None, details: Payload
) -> int:
    return team.workspace.faults.add(FaultKind(kind), method=method, channel=channel, times=times, **details)


def _clear_faults(team: Team) -> None:
    team.workspace.faults.clear()


def _release(team: Team) -> int:
    return team.workspace.faults.release()


def _limit(team: Team, *, enforced: bool) -> None:
    team.workspace.rates.enforced = enforced


def _advance(team: Team, *, seconds: float) -> float:
    team.workspace.clock.advance(seconds)
    team.workspace.changes.touch()
    return team.workspace.clock.now()


def _disconnect(team: Team, *, reason: str, socket: int | None) -> Awaitable[int]:
    return team.deliveries.sockets.disconnect(reason, socket)


def _close_sockets(team: Team, *, socket: int | None) -> Awaitable[int]:
    return team.deliveries.sockets.close(socket)


def _abort_sockets(team: Team, *, socket: int | None) -> int:
    return team.deliveries.sockets.abort(socket)


def _network(team: Team, *, up: bool) -> None:
    team.workspace.network = up
    if not up:
        team.deliveries.sockets.abort()


def _hold_events(team: Team) -> None:
    team.deliveries.held = []


def _release_events(team: Team, *, order: str) -> int:
    return team.deliveries.release(backwards=order == "reversed")


def _lose_acks(team: Team, *, times: int) -> None:
    team.deliveries.lose_acks = times


def _revoke(team: Team) -> None:
    """The token is dead; the app is told once."""
    bot = team.workspace.bot_user_id
    team.tell({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot]}})
    team.workspace.revoked = True
    team.workspace.changes.touch()


async def _use_http(team: Team, *, url: str, verify: bool) -> None:
    team.deliveries.request_url = url
    if verify and url:
        try:
            await team.deliveries.verify_url()
        except ValueError as error:
            raise SlackRefusal("url_not_verified", str(error)) from error


def _sign(team: Team, *, skew_seconds: float, bad: bool) -> None:
    team.deliveries.skew_seconds = skew_seconds
    team.deliveries.bad_signature = bad


async def _replay(team: Team, *, envelope_id: str) -> int:
    return await team.deliveries.replay(envelope_id)


async def _changes(team: Team, *, after: int, timeout: float) -> int:
    return await team.workspace.changes.after(after, timeout)


ORDERS: dict[str, Order] = {
    "abort_sockets": _abort_sockets,
    "add_channel": _add_channel,
    "add_group": add_group,
    "add_user": _add_user,
    "advance": _advance,
    "change_user": _change_user,
    "changes": _changes,
    "clear_faults": _clear_faults,
    "close_sockets": _close_sockets,
    "close_view": people.close,
    "command": _command,
    "delete": people.delete,
    "disconnect": _disconnect,
    "edit": people.edit,
    "fault": _fault,
    "hold_events": _hold_events,
    "im": _im,
    "join": _join,
    "leave": _leave,
    "limit": _limit,
    "load": load.run,
    "load_people": load.add_people,
    "lose_acks": _lose_acks,
    "network": _network,
    "open_home": people.open_home,
    "press": people.press,
    "press_in_view": people.press_in_view,
    "react": people.react,
    "release": _release,
    "release_events": _release_events,
    "replay": _replay,
    "revoke": _revoke,
    "say": _say,
    "send_event": _send_event,
    "set_group": _set_group,
    "shortcut": people.shortcut,
    "sign": _sign,
    "submit": _submit,
    "type_in": people.type_in,
    "use_http": _use_http,
}


async def control(team: Team, request: web.Request) -> web.Response:
    """Answer `POST /_control/TEAM/ORDER`: {"done": …}, or 400 and {"error": …}."""
    args: Payload = await request.json() if request.can_read_body else {}
    try:
        done = await obey(team, request.match_info["order"], args)
    except SlackRefusal as refused:
        return web.json_response({"error": refused.code, **refused.more}, status=400)
    except (KeyError, TypeError, ValueError) as error:
        # A test that orders nonsense wants to read why.
        return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
    return web.json_response({"done": done})
