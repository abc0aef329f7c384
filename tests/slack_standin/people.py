"""What a person does in the workspace, and what Slack tells the app of it."""

import base64
from collections.abc import Sequence
from typing import Any

from tests.slack_standin import chat, files, payloads, views
from tests.slack_standin.delivery import Delivery, Kind, Team
from tests.slack_standin.refusals import SlackRefusal
from tests.slack_standin.state import Channel, OpenView, Payload

REQUIRED = "Please complete this required field."


def say(
    team: Team,
    *,
    user: str,
    channel: str,
    text: str,
    thread_ts: str | None = None,
    given: Sequence[Payload] = (),
    copies: int = 1,
    event_ids: int = 1,
    mention: bool = False,
    rich: Sequence[Payload] = (),
    team_id: str | None = None,
    app_id: str | None = None,
) -> Payload:
    """Write a message, as often told of as `copies` and `event_ids` say; return it."""
    workspace = team.workspace
    place = _place(team, channel)
    if user not in place.members:
        raise SlackRefusal("not_in_channel")
    bot = f"<@{workspace.bot_user_id}>"
    if mention:
        text = f"{bot} {text}"
    message: Payload = {
        "type": "message",
        "user": user,
        "text": text,
        "team": workspace.users[user].team_id,
        "client_msg_id": workspace.ids.new("M"),
        "ts": workspace.stamps.at(workspace.clock.now()),
        "blocks": list(rich) or _typed(workspace.ids.new("b"), text),
    }
    if workspace.users[user].is_bot:
        message["bot_id"] = f"B{user[1:]}"
    if thread_ts:
        message["thread_ts"] = thread_ts
    if given:
        message |= {"subtype": "file_share", "files": [_attach(team, place, user, one) for one in given]}
    chat.keep(place, message)
    workspace.changes.touch()
    event = payloads.message_event(workspace, place, message)
    for _ in range(event_ids):
        event_id = workspace.ids.new("Ev")
        for _ in range(copies):
            team.tell_of_message(place, event, event_id=event_id, team_id=team_id, app_id=app_id)
    if bot in text and place.kind != "im" and workspace.bot_user_id in place.members:
        # One post, two events, two event_ids.
        team.tell(
            {name: value for name, value in event.items() if name != "channel_type"}
            | {"type": "app_mention"},
            team_id=team_id,
            app_id=app_id,
        )
    return message


def edit(team: Team, *, user: str, channel: str, ts: str, text: str) -> None:
    """Change one's own message."""
    place = _place(team, channel)
    message = _message(place, ts)
    before = dict(message)
    message |= {
        "text": text,
        "blocks": _typed(team.workspace.ids.new("b"), text),
        "edited": {"user": user, "ts": team.workspace.stamps.at(team.workspace.clock.now())},
    }
    team.workspace.changes.touch()
    team.tell_of_message(place, payloads.changed_event(team.workspace, place, dict(message), before))


def delete(team: Team, *, user: str, channel: str, ts: str) -> None:
    """Remove a message: one's own, or as an admin anybody's."""
    place = _place(team, channel)
    message = _message(place, ts)
    del place.messages[ts]
    team.workspace.changes.touch()
    team.tell_of_message(place, payloads.deleted_event(team.workspace, place, message))


def react(team: Team, *, user: str, channel: str, ts: str, name: str) -> None:
    """Put a reaction under a message."""
    place = _place(team, channel)
    message = _message(place, ts)
    chat.react(team.workspace, message, user, name)
    event = {
        "type": "reaction_added",
        "user": user,
        "reaction": name,
        "item_user": message.get("user"),
        "item": {"type": "message", "channel": place.id, "ts": ts},
        "event_ts": team.workspace.stamps.at(team.workspace.clock.now()),
    }
    team.tell(event)


def open_home(team: Team, *, user: str, tab: str) -> None:
    """Look at the app's Home, or at its messages."""
    workspace = team.workspace
    event: Payload = {
        "type": "app_home_opened",
        "user": user,
        "channel": workspace.im(user).id,
        "tab": tab,
        "event_ts": workspace.stamps.at(workspace.clock.now()),
    }
    if tab == "home" and user in workspace.homes:
        event["view"] = views.as_told(workspace.homes[user])
    team.tell(event)


def command(team: Team, *, user: str, text: str, channel: str | None) -> Delivery:
    """Type a slash command."""
    place = _place(team, channel) if channel else team.workspace.im(user)
    name, _, rest = text.partition(" ")
    payload = payloads.command(team.workspace, user, place, name, rest)
    return team.deliveries.send(Kind.COMMAND, payload)


def shortcut(team: Team, *, user: str, callback_id: str, channel: str | None, ts: str | None) -> Delivery:
    """Choose a shortcut: of a message when one is given, else a global one."""
    workspace = team.workspace
    more: Payload = {
        "callback_id": callback_id,
        "action_ts": workspace.stamps.at(workspace.clock.now()),
    }
    kind = "shortcut"
    if channel and ts:
        kind = "message_action"
        place = _place(team, channel)
        message = _message(place, ts)
        more |= {
            "message_ts": ts,
            "channel": payloads.about_channel(place),
            "message": chat.without_metadata(message),
            "response_url": workspace.new_response_url(user, place.id, None, message.get("thread_ts")),
        }
    return _interact(team, user, kind, **more)


def press(
    team: Team, *, user: str, channel: str, ts: str, action_id: str, value: Any, block_id: str | None
) -> Delivery:
    """Use a control of a message: a button, an overflow, a select."""
    workspace = team.workspace
    place = _place(team, channel)
    message = place.messages.get(ts)
    hidden = next(
        (one.message for one in workspace.ephemerals if one.message["ts"] == ts and one.channel == place.id),
        None,
    )
    shown = message or hidden
    if shown is None:
        raise SlackRefusal("message_not_found")
    block, control = _control(shown, action_id, value, block_id)
    thread_ts = shown.get("thread_ts")
    container = {
        "type": "message",
        "message_ts": ts,
        "channel_id": place.id,
        "is_ephemeral": message is None,
    }
    if thread_ts:
        container["thread_ts"] = thread_ts
    more: Payload = {
        "container": container,
        "channel": payloads.about_channel(place),
        "state": {"values": {}},
        "response_url": workspace.new_response_url(user, place.id, ts, thread_ts),
        "actions": [_action(team, block, control, value)],
    }
    # Of an ephemeral message Slack does not tell the content.
    if message is not None:
        more["message"] = chat.without_metadata(message)
    return _interact(team, user, "block_actions", **more)


def press_in_view(
    team: Team, *, user: str, view_id: str, action_id: str, value: Any, block_id: str | None
) -> Delivery:
    """Use a control of a modal or of Home; what was typed or chosen stays in it."""
    known = views.find(team.workspace, view_id)
    block, control = _control(known.view, action_id, value, block_id)
    _put(known, block, control, value)
    more = {
        "container": {"type": "view", "view_id": view_id},
        "view": views.as_told(known),
        "actions": [_action(team, block, control, value)],
    }
    return _interact(team, user, "block_actions", **more)


def type_in(team: Team, *, view_id: str, values: Payload) -> None:
    """Type or choose in a modal without telling the app."""
    known = views.find(team.workspace, view_id)
    for name, value in values.items():
        block_id, _, action_id = name.rpartition("/")
        block, control = _control(known.view, action_id, None, block_id or None)
        _put(known, block, control, value)
    team.workspace.changes.touch()


def missing(team: Team, *, view_id: str) -> dict[str, str]:
    """What Slack itself asks for before it sends a form: block id → its words."""
    known = views.find(team.workspace, view_id)
    values = views.state(known)
    found = {}
    for block in known.view["blocks"]:
        if block["type"] != "input" or block.get("optional"):
            continue
        element = block["element"]
        state = values.get(block["block_id"], {}).get(element["action_id"], {})
        held = views.STATES.get(element["type"], ("value", ""))[0]
        if not state.get(held):
            found[block["block_id"]] = REQUIRED
    return found


def submit(team: Team, *, user: str, view_id: str) -> Delivery:
    """Press a modal's submit button; the app may answer with errors, another view, or nothing."""
    known = views.find(team.workspace, view_id)
    delivery = _interact(team, user, "view_submission", view=views.as_told(known), response_urls=[])
    delivery.done.add_done_callback(
        lambda done: None if done.cancelled() else _settle(team, known, done.result(), delivery)
    )
    return delivery


def close(team: Team, *, user: str, view_id: str) -> None:
    """Close a modal with its own button."""
    known = views.find(team.workspace, view_id)
    views.close(team.workspace, known, clear=bool(known.view["clear_on_close"]))
    if known.view["notify_on_close"]:
        _interact(team, user, "view_closed", view=views.as_told(known), is_cleared=False)


def _settle(team: Team, known: OpenView, answer: Payload | None, delivery: Delivery) -> None:
    """Do with a submitted modal what the app answered; without an ack it stays open."""
    if not delivery.acked:
        return
    action = (answer or {}).get("response_action")
    workspace = team.workspace
    try:
        match action:
            case "errors":
                pass
            case "clear":
                views.close(workspace, known, clear=True)
            case "update":
                views.replace(workspace, known, (answer or {}).get("view"))
            case "push":
                stack = workspace.stacks.get(known.user, [])
                views.show(workspace, known.user, (answer or {}).get("view"), stack=stack)
            case _:
                views.close(workspace, known, clear=False)
    except SlackRefusal as refused:
        # What rides an ack is refused where nobody hears it; tests do.
        delivery.problem = f"{refused.code}: {refused.more}"


def _interact(team: Team, user: str, kind: str, **more: Any) -> Delivery:
    payload = payloads.interaction(team.workspace, user, kind, **more)
    return team.deliveries.send(Kind.INTERACTIVE, payload)


def _action(team: Team, block: Payload, control: Payload, value: Any) -> Payload:
    kind = control["type"]
    action: Payload = {
        "action_id": control["action_id"],
        "block_id": block["block_id"],
        "type": kind,
        "action_ts": team.workspace.stamps.at(team.workspace.clock.now()),
    }
    if kind == "button":
        action |= {"text": control["text"]} | ({"value": control["value"]} if "value" in control else {})
    elif kind == "overflow":
        action["selected_option"] = _option(control, value)
    else:
        action |= {name: held for name, held in _held(control, value).items() if name != "type"}
    return action


def _held(control: Payload, value: Any) -> Payload:
    """What a control holds after somebody typed or chose."""
    kind = control["type"]
    held = views.STATES[kind][0]
    if held == "selected_option":
        value = _option(control, value) if value is not None else None
    elif held == "selected_options":
        value = [_option(control, one) for one in value]
    return {"type": kind, held: value}


def _put(known: OpenView, block: Payload, control: Payload, value: Any) -> None:
    if control["type"] in views.STATES:
        known.values.setdefault(block["block_id"], {})[control["action_id"]] = _held(control, value)


def _option(control: Payload, value: Any) -> Payload:
    """The option with this value. Raises SlackRefusal."""
    options: list[Payload] = control.get("options") or [
        one for group in control.get("option_groups", []) for one in group["options"]
    ]
    for one in options:
        if one["value"] == value:
            return one
    raise SlackRefusal("no_such_option", str(value))


def _control(shown: Payload, action_id: str, value: Any, block_id: str | None) -> tuple[Payload, Payload]:
    """The block and the control with this action id; of several buttons the one with the value."""
    found = [
        (block, control)
        for block in shown.get("blocks", [])
        for control in chat.controls(block)
        if control["action_id"] == action_id and block_id in {None, block["block_id"]}
    ]
    if not found:
        raise SlackRefusal("no_such_action", action_id)
    exact = [pair for pair in found if pair[1]["type"] == "button" and pair[1].get("value") == value]
    return (exact or found)[0]


def _place(team: Team, channel: str) -> Channel:
    if channel not in team.workspace.channels:
        raise SlackRefusal("channel_not_found")
    return team.workspace.channels[channel]


def _message(place: Channel, ts: str) -> Payload:
    if ts not in place.messages:
        raise SlackRefusal("message_not_found")
    return place.messages[ts]


def _attach(team: Team, place: Channel, user: str, given: Payload) -> Payload:
    content = base64.b64decode(given["content"])
    stored = files.keep(team.workspace, given["name"], given["mimetype"], content, user=user)
    if place.kind == "shared":
        # In a shared channel the app is told to ask first.
        return {"id": stored.about["id"], "mode": "file_access", "file_access": "check_file_info"}
    return stored.about


def _typed(block_id: str, text: str) -> list[Payload]:
    """What Slack's own clients send beside a text."""
    words = {"type": "text", "text": text}
    section = {"type": "rich_text_section", "elements": [words]}
    return [{"type": "rich_text", "block_id": block_id, "elements": [section]}] if text else []
