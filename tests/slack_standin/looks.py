"""What tests and the page may look at."""

import base64
from collections.abc import Callable
from typing import Any

from tests.slack_standin import views
from tests.slack_standin.delivery import Delivery, Kind, Team
from tests.slack_standin.refusals import SlackRefusal
from tests.slack_standin.state import Payload


def identity(team: Team) -> Payload:
    """Who the workspace and its app are, tokens included: nothing here is worth a secret."""
    workspace = team.workspace
    return {
        "name": workspace.name,
        "team_id": workspace.team_id,
        "app_id": workspace.app_id,
        "bot_id": workspace.bot_id,
        "bot_user_id": workspace.bot_user_id,
        "bot_token": workspace.bot_token,
        "app_token": workspace.app_token,
        "signing_secret": workspace.signing_secret,
    }


def messages(team: Team, args: Payload) -> list[Payload]:
    """A channel's messages, or with thread_ts a message and its answers, metadata included."""
    channel = team.workspace.channels[args["channel"]]
    return channel.thread(args["thread_ts"]) if args.get("thread_ts") else channel.top_level()


def ephemerals(team: Team, args: Payload) -> list[Payload]:
    """What only this person sees."""
    return [
        one.message | {"channel": one.channel}
        for one in team.workspace.ephemerals
        if one.user == args["user"] and args.get("channel") in {None, one.channel}
    ]


def open_views(team: Team, args: Payload) -> list[Payload]:
    """The modals of this person, the one on top last."""
    return [views.as_told(one) for one in team.workspace.stacks.get(args["user"], [])]


def home(team: Team, args: Payload) -> Payload | None:
    """This person's Home."""
    known = team.workspace.homes.get(args["user"])
    return views.as_told(known) if known else None


def status(team: Team, args: Payload) -> str:
    """What the app says that it is doing in a thread."""
    return team.workspace.statuses.get((args["channel"], args["thread_ts"]), "")


def prompts(team: Team, args: Payload) -> list[Payload]:
    """The suggested prompts of a conversation."""
    return team.workspace.prompts.get(args["channel"], [])


def stored_files(team: Team, args: Payload) -> list[Payload]:
    """All files."""
    return [one.about for one in team.workspace.files.values()]


def uploaded(team: Team, args: Payload) -> str:
    """The bytes of a file, in base64."""
    return base64.b64encode(team.workspace.files[args["file"]].content).decode()


def calls(team: Team, args: Payload) -> list[Payload]:
    """The calls of the Web API, oldest first."""
    return [
        {"method": one.method, "args": one.args, "status": one.status, "error": one.error, "at": one.at}
        for one in team.workspace.calls
        if args.get("method") in {None, one.method}
    ]


def deliveries(team: Team, args: Payload) -> list[Payload]:
    """What the app was told, oldest first."""
    return [
        _delivery(one)
        for one in team.deliveries.all
        if args.get("kind") in {None, one.kind.value} and not (args.get("unacked") and one.acked)
    ]


def sockets(team: Team, args: Payload) -> list[int]:
    """The open connections of Socket Mode."""
    return [one.id for one in team.deliveries.sockets.open if not one.leaving]


def held(team: Team, args: Payload) -> list[Payload]:
    """The calls that wait to be released."""
    return [
        {"method": one.method, "args": one.args, "kind": one.kind.value} for one in team.workspace.faults.held
    ]


def people(team: Team, args: Payload) -> list[Payload]:
    """Everybody."""
    return [
        {
            "id": one.id,
            "name": one.name,
            "locale": one.locale,
            "is_bot": one.is_bot,
            "is_guest": one.is_restricted or one.is_ultra_restricted,
            "is_stranger": one.is_stranger,
        }
        for one in team.workspace.users.values()
    ]


def channels(team: Team, args: Payload) -> list[Payload]:
    """The channels that this person sees, or all."""
    return [
        {"id": one.id, "name": one.name, "kind": one.kind, "members": one.members}
        for one in team.workspace.channels.values()
        if args.get("user") is None or args["user"] in one.members
    ]


def groups(team: Team, args: Payload) -> list[Payload]:
    """The user groups."""
    return list(team.workspace.groups.values())


def screen(team: Team, args: Payload) -> Payload:
    """Everything that this person sees, for the page."""
    mine = channels(team, args)
    return {
        "count": team.workspace.changes.count,
        "people": people(team, args),
        "groups": groups(team, args),
        "bot": team.workspace.bot_user_id,
        "channels": [
            one
            | {
                "messages": list(team.workspace.channels[one["id"]].messages.values()),
                "statuses": {
                    thread: said
                    for (channel, thread), said in team.workspace.statuses.items()
                    if channel == one["id"] and said
                },
                "prompts": prompts(team, {"channel": one["id"]}),
            }
            for one in mine
        ],
        "ephemerals": ephemerals(team, {"user": args["user"]}),
        "views": open_views(team, args),
        "home": home(team, args),
        "now": team.workspace.clock.now(),
    }


def _delivery(one: Delivery) -> Payload:
    payload = one.payload
    return {
        "kind": one.kind.value,
        "type": payload.get("event", payload).get("type", "") if one.kind is not Kind.COMMAND else "command",
        "event_id": payload.get("event_id"),
        "payload": payload,
        "acked": one.acked,
        "over": one.over,
        "problem": one.problem,
        "envelope_id": one.attempts[-1].envelope_id if one.attempts else None,
        "attempts": [
            {
                "envelope_id": attempt.envelope_id,
                "retry": attempt.retry,
                "reason": attempt.reason,
                "acked_ms": attempt.acked_ms,
                "status": attempt.status,
                "socket": attempt.socket,
            }
            for attempt in one.attempts
        ],
    }


LOOKS: dict[str, Callable[[Team, Payload], Any]] = {
    "calls": calls,
    "channels": channels,
    "deliveries": deliveries,
    "ephemerals": ephemerals,
    "files": stored_files,
    "groups": groups,
    "held": held,
    "home": home,
    "messages": messages,
    "people": people,
    "prompts": prompts,
    "screen": screen,
    "sockets": sockets,
    "status": status,
    "uploaded": uploaded,
    "views": open_views,
}


def look(team: Team, what: str, args: Payload) -> Any:
    """One of these looks by its name. Raises SlackRefusal for what is not there."""
    if what not in LOOKS:
        raise SlackRefusal("unknown_look", what)
    return LOOKS[what](team, args)
