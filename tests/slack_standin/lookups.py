"""The methods auth.*, apps.*, users.*, usergroups.*, conversations.*, assistant.*."""

from typing import TypeVar

from tests.slack_standin import chat
from tests.slack_standin.delivery import Team
from tests.slack_standin.refusals import SlackRefusal
from tests.slack_standin.state import Channel, Payload, User, Workspace

T = TypeVar("T")

PROMPTS_MOST = 4
PAGE_MOST = 999


def auth_test(team: Team, args: Payload) -> Payload:
    """auth.test: without bot and user id an app would answer itself."""
    workspace = team.workspace
    return {
        "url": f"{workspace.url}/",
        "team": workspace.name,
        "user": workspace.users[workspace.bot_user_id].name,
        "team_id": workspace.team_id,
        "user_id": workspace.bot_user_id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


def auth_revoke(team: Team, args: Payload) -> Payload:
    """auth.revoke."""
    team.workspace.revoked = True
    team.workspace.changes.touch()
    return {"revoked": True}


def bot_info(team: Team, args: Payload) -> Payload:
    """bots.info, of this app alone."""
    workspace = team.workspace
    if args.get("bot") != workspace.bot_id:
        raise SlackRefusal("bot_not_found")
    about = {"id": workspace.bot_id, "app_id": workspace.app_id, "user_id": workspace.bot_user_id}
    return {"bot": about | {"name": workspace.users[workspace.bot_user_id].name, "deleted": False}}


def open_connection(team: Team, args: Payload) -> Payload:
    """apps.connections.open: where to connect, with a ticket that works once."""
    ticket = team.deliveries.sockets.new_ticket()
    host = team.workspace.url.replace("http://", "ws://")
    return {"url": f"{host}/link/{team.workspace.team_id}?ticket={ticket}&app_id={team.workspace.app_id}"}


def user_info(team: Team, args: Payload) -> Payload:
    """users.info."""
    user = _user(team.workspace, str(args.get("user", "")))
    return {"user": _about_user(team.workspace, user, locale=bool(args.get("include_locale")))}


def user_by_email(team: Team, args: Payload) -> Payload:
    """users.lookupByEmail."""
    for user in team.workspace.users.values():
        if user.email and user.email == args.get("email") and not user.deleted:
            return {"user": _about_user(team.workspace, user, locale=False)}
    raise SlackRefusal("users_not_found")


def groups(team: Team, args: Payload) -> Payload:
    """usergroups.list."""
    with_users = bool(args.get("include_users"))
    return {
        "usergroups": [
            {name: value for name, value in group.items() if with_users or name != "users"}
            for group in team.workspace.groups.values()
        ]
    }


def group_users(team: Team, args: Payload) -> Payload:
    """usergroups.users.list."""
    group = team.workspace.groups.get(str(args.get("usergroup", "")))
    if group is None:
        raise SlackRefusal("no_such_subteam")
    return {"users": list(group["users"])}


def open_conversation(team: Team, args: Payload) -> Payload:
    """conversations.open with one person."""
    people = args.get("users") or ""
    named = people if isinstance(people, list) else str(people).split(",")
    if len(named) != 1:
        raise SlackRefusal("method_not_supported_for_channel_type")
    user = _user(team.workspace, named[0])
    if user.deleted:
        raise SlackRefusal("user_disabled")
    return {"channel": {"id": team.workspace.im(user.id).id}}


def conversation_info(team: Team, args: Payload) -> Payload:
    """conversations.info."""
    channel = chat.place(team.workspace, args)
    shared = channel.kind == "shared"
    about = {
        "id": channel.id,
        "name": channel.name,
        "is_channel": channel.kind in {"public", "shared"},
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "im",
        "is_private": channel.is_private,
        "is_archived": False,
        "is_shared": shared,
        "is_ext_shared": shared,
        "is_member": team.workspace.bot_user_id in channel.members,
        "context_team_id": team.workspace.team_id,
        "locale": "ko-KR",
    }
    if channel.kind == "im":
        about["user"] = next(one for one in channel.members if one != team.workspace.bot_user_id)
    if args.get("include_num_members"):
        about["num_members"] = len(channel.members)
    return {"channel": about}


def conversation_list(team: Team, args: Payload) -> Payload:
    """conversations.list: what the app may see."""
    return {
        "channels": [
            conversation_info(team, {"channel": channel.id})["channel"]
            for channel in team.workspace.channels.values()
            if not channel.is_private or team.workspace.bot_user_id in channel.members
        ],
        "response_metadata": {"next_cursor": ""},
    }


def conversation_members(team: Team, args: Payload) -> Payload:
    """conversations.members."""
    channel = chat.place(team.workspace, args)
    page, cursor = _page(channel.members, args)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


def history(team: Team, args: Payload) -> Payload:
    """conversations.history: newest first, without the answers in threads."""
    channel = _readable(team.workspace, args)
    found = [one for one in reversed(channel.top_level()) if _is_within(one, args)]
    page, cursor = _page(found, args)
    return {
        "messages": [_as_asked(one, args) for one in page],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def replies(team: Team, args: Payload) -> Payload:
    """conversations.replies: a message and its answers, oldest first."""
    channel = _readable(team.workspace, args)
    thread = channel.thread(str(args.get("ts", "")))
    if not thread:
        raise SlackRefusal("thread_not_found")
    found = [one for one in thread if one["ts"] == args.get("ts") or _is_within(one, args)]
    page, cursor = _page(found, args)
    return {
        "messages": [_as_asked(one, args) for one in page],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def set_status(team: Team, args: Payload) -> Payload:
    """assistant.threads.setStatus."""
    channel = chat.place(team.workspace, args)
    team.workspace.statuses[channel.id, str(args.get("thread_ts", ""))] = str(args.get("status", ""))
    team.workspace.changes.touch()
    return {}


def set_prompts(team: Team, args: Payload) -> Payload:
    """assistant.threads.setSuggestedPrompts; with a thread nothing happens, silently (slack.md §8.1)."""
    channel = chat.place(team.workspace, args)
    prompts = args.get("prompts")
    if not isinstance(prompts, list) or not prompts or len(prompts) > PROMPTS_MOST:
        raise SlackRefusal("invalid_arguments", f"[ERROR] 1 to {PROMPTS_MOST} prompts")
    if not args.get("thread_ts"):
        team.workspace.prompts[channel.id] = prompts
        team.workspace.changes.touch()
    return {}


def set_title(team: Team, args: Payload) -> Payload:
    """assistant.threads.setTitle."""
    chat.place(team.workspace, args)
    return {}


def _user(workspace: Workspace, user: str) -> User:
    if user not in workspace.users:
        raise SlackRefusal("user_not_found")
    return workspace.users[user]


def _about_user(workspace: Workspace, user: User, *, locale: bool) -> Payload:
    about: Payload = {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "real_name": user.name,
        "deleted": user.deleted,
        "is_bot": user.is_bot,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_stranger": user.is_stranger,
        "is_app_user": False,
        "tz": "Asia/Seoul",
        "profile": {"real_name": user.name, "display_name": user.name, "team": user.team_id},
    }
    if user.email and workspace.grants("users:read.email"):
        about["profile"]["email"] = user.email
    if locale:
        about["locale"] = user.locale
    return about


def _readable(workspace: Workspace, args: Payload) -> Channel:
    channel = chat.place(workspace, args)
    if workspace.bot_user_id not in channel.members:
        raise SlackRefusal("not_in_channel")
    return channel


def _is_within(message: Payload, args: Payload) -> bool:
    oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or "inf")
    ts = float(message["ts"])
    if args.get("inclusive"):
        return oldest <= ts <= latest
    return oldest < ts < latest


def _as_asked(message: Payload, args: Payload) -> Payload:
    return dict(message) if args.get("include_all_metadata") else chat.without_metadata(message)


def _page(found: list[T], args: Payload) -> tuple[list[T], str]:
    """A page of what was found, and the cursor of the next one, empty after the last."""
    start = int(args.get("cursor") or 0)
    size = min(PAGE_MOST, int(args.get("limit") or 100))
    end = start + size
    return found[start:end], str(end) if end < len(found) else ""
