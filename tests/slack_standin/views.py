"""The methods views.*, and the stack of modals of a person."""

import copy
from typing import Any

from tests.slack_standin import blocks, chat
from tests.slack_standin.delivery import Team
from tests.slack_standin.refusals import SlackRefusal
from tests.slack_standin.state import OpenView, Payload, Workspace

STACK_MOST = 3
#: A control's kind → the field of its state, and the field that it starts from.
STATES = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}


def open_view(team: Team, args: Payload) -> Payload:
    """views.open."""
    workspace = team.workspace
    user = use_trigger(workspace, args)
    return {"view": show(workspace, user, args.get("view"), stack=[])}


def push_view(team: Team, args: Payload) -> Payload:
    """views.push: onto the modals that the person has open."""
    workspace = team.workspace
    user = use_trigger(workspace, args)
    return {"view": show(workspace, user, args.get("view"), stack=workspace.stacks.get(user, []))}


def update_view(team: Team, args: Payload) -> Payload:
    """views.update: by id or external id, and only over the hash that is given."""
    known = find(team.workspace, str(args.get("view_id") or ""), str(args.get("external_id") or ""))
    check_hash(known, args)
    return {"view": replace(team.workspace, known, args.get("view"))}


def publish(team: Team, args: Payload) -> Payload:
    """views.publish: somebody's Home."""
    workspace = team.workspace
    user = str(args.get("user_id", ""))
    if user not in workspace.users:
        raise SlackRefusal("user_not_found")
    view = check(args.get("view"), "home")
    known = workspace.homes.get(user)
    if known is None:
        known = OpenView(user=user, view=complete(workspace, view, None))
        workspace.homes[user] = known
        workspace.changes.touch()
        return {"view": as_told(known)}
    check_hash(known, args)
    return {"view": replace(workspace, known, view)}


def use_trigger(workspace: Workspace, args: Payload) -> str:
    """Whose screen a trigger stands for; it is used up by that. Raises SlackRefusal."""
    trigger = workspace.triggers.get(str(args.get("trigger_id", "")))
    if trigger is None:
        raise SlackRefusal("invalid_trigger_id")
    if trigger.used:
        raise SlackRefusal("exchanged_trigger_id")
    if workspace.clock.now() >= trigger.expires_at:
        raise SlackRefusal("expired_trigger_id")
    trigger.used = True
    return trigger.user


def show(workspace: Workspace, user: str, view: Any, *, stack: list[OpenView]) -> Payload:
    """Put a modal on top of a person's stack. Raises SlackRefusal."""
    checked = check(view, "modal")
    if len(stack) >= STACK_MOST:
        raise SlackRefusal("push_limit_reached")
    below = stack[-1].view if stack else None
    opened = OpenView(user=user, view=complete(workspace, checked, below))
    workspace.stacks[user] = [*stack, opened]
    workspace.changes.touch()
    return as_told(opened)


def replace(workspace: Workspace, known: OpenView, view: Any) -> Payload:
    """Give a view new content; what was typed stays where block id and action id stay. Raises SlackRefusal."""
    checked = check(view, known.view["type"])
    new = complete(workspace, checked, None)
    for name in ("id", "previous_view_id", "root_view_id"):
        new[name] = known.view[name]
    names = {(block["block_id"], one["action_id"]) for block in new["blocks"] for one in chat.controls(block)}
    known.values = {
        block_id: {name: value for name, value in actions.items() if (block_id, name) in names}
        for block_id, actions in known.values.items()
    }
    known.view = new
    workspace.changes.touch()
    return as_told(known)


def check(view: Any, kind: str) -> Payload:
    """A view that Slack takes. Raises SlackRefusal."""
    faults = blocks.of_view(view)
    if not faults and view["type"] != kind:
        faults = [f"[ERROR] must be of type {kind} [json-pointer:/view/type]"]
    if faults:
        raise SlackRefusal("invalid_arguments", *faults)
    checked: Payload = view
    return checked


def check_hash(known: OpenView, args: Payload) -> None:
    """Refuse what was made from an older state of the view."""
    if args.get("hash") and args["hash"] != known.view["hash"]:
        raise SlackRefusal("hash_conflict")


def complete(workspace: Workspace, view: Payload, below: Payload | None) -> Payload:
    """A view as Slack keeps it."""
    new: Payload = {
        "submit": None,
        "close": None,
        "title": {"type": "plain_text", "text": "Home"},
        "callback_id": "",
        "private_metadata": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
    } | copy.deepcopy(view)
    new["blocks"] = [chat.with_ids(workspace, block) for block in view["blocks"]]
    new["id"] = workspace.ids.new("V")
    new |= {
        "team_id": workspace.team_id,
        "app_id": workspace.app_id,
        "bot_id": workspace.bot_id,
        "app_installed_team_id": workspace.team_id,
        "hash": f"{workspace.stamps.at(workspace.clock.now())}.h",
        "previous_view_id": below["id"] if below else None,
        "root_view_id": below["root_view_id"] if below else new["id"],
    }
    return new


def as_told(known: OpenView) -> Payload:
    """A view with the state of its controls."""
    return copy.deepcopy(known.view) | {"state": {"values": state(known)}}


def state(known: OpenView) -> dict[str, dict[str, Payload]]:
    """What the controls hold: what was typed or chosen, else what they started with."""
    values: dict[str, dict[str, Payload]] = {}
    for block in known.view["blocks"]:
        for control in chat.controls(block):
            kind = control["type"]
            if kind not in STATES:
                continue
            held, initial = STATES[kind]
            start = control.get(initial, [] if held.endswith("s") else None)
            typed = known.values.get(block["block_id"], {}).get(control["action_id"])
            values.setdefault(block["block_id"], {})[control["action_id"]] = typed or {
                "type": kind,
                held: start,
            }
    return values


def find(workspace: Workspace, view_id: str, external_id: str = "") -> OpenView:
    """An open modal or a Home. Raises SlackRefusal."""
    everywhere = [*workspace.homes.values(), *(one for stack in workspace.stacks.values() for one in stack)]
    for known in everywhere:
        if known.view["id"] == view_id or (external_id and known.view["external_id"] == external_id):
            return known
    raise SlackRefusal("not_found")


def close(workspace: Workspace, known: OpenView, *, clear: bool) -> None:
    """Take a modal off the screen, or all of that person's."""
    stack = workspace.stacks.get(known.user, [])
    workspace.stacks[known.user] = [] if clear else [one for one in stack if one is not known]
    workspace.changes.touch()
