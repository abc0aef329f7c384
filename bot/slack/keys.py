"""What a payload is, and the key by which it is one, however often and by whatever way it comes.

Keys say what a person did, not how Slack told it: a message is one under any number of event ids, as the
mention and as the message, with and without a retry header.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Message subtypes that are still a person speaking.
SPOKEN = frozenset({None, "file_share", "thread_broadcast", "me_message"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A payload, by kind and key."""

    kind: str
    key: str
    team_id: str
    app_id: str
    user_id: str
    event_id: str | None = None


def name(body: Mapping[str, Any]) -> Named | None:
    """Say what a payload is; None for what is not kept: a menu that asks for options, a handshake."""
    kind = body.get("type")
    if kind == "event_callback":
        return _event(body)
    if "command" in body:
        return _named(
            body, f"command:{body['command']}", f"cmd:{body.get('user_id')}:{body.get('trigger_id')}"
        )
    if kind == "block_actions":
        return _action(body)
    if kind in ("view_submission", "view_closed"):
        return _view(body, str(kind))
    if kind in ("shortcut", "message_action"):
        key = f"sc:{_user(body)}:{body.get('action_ts') or body.get('trigger_id')}"
        return _named(body, f"shortcut:{body.get('callback_id')}", key)
    return None


def _event(body: Mapping[str, Any]) -> Named:
    event = body.get("event") or {}
    kind = str(event.get("type"))
    event_id = str(body.get("event_id") or "")
    team = str(body.get("team_id") or "")
    key = f"ev:{event_id}"
    if kind in ("message", "app_mention") and event.get("subtype") in SPOKEN and event.get("ts"):
        key = f"msg:{team}:{event.get('channel')}:{event['ts']}"
    user = event.get("user") or (event.get("message") or {}).get("user") or ""
    return Named(
        kind=f"event:{kind}",
        key=key,
        team_id=team,
        app_id=str(body.get("api_app_id") or ""),
        user_id=str(user) if isinstance(user, str) else "",
        event_id=event_id or None,
    )


def _action(body: Mapping[str, Any]) -> Named:
    action = (body.get("actions") or [{}])[0]
    action_id = str(action.get("action_id"))
    when = action.get("action_ts") or body.get("trigger_id")
    return _named(body, f"action:{action_id}", f"act:{_user(body)}:{when}:{action_id}")


def _view(body: Mapping[str, Any], kind: str) -> Named:
    view = body.get("view") or {}
    callback = view.get("callback_id")
    if kind == "view_closed":
        return _named(body, f"closed:{callback}", f"closed:{view.get('id')}:{view.get('hash')}")
    # With what was typed: after an error the same view is submitted again with the same hash.
    typed = json.dumps((view.get("state") or {}).get("values") or {}, sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(typed.encode()).hexdigest()[:16]
    return _named(
        body, f"view:{callback}", f"view:{view.get('id')}:{view.get('hash')}:{_user(body)}:{digest}"
    )


def _named(body: Mapping[str, Any], kind: str, key: str) -> Named:
    return Named(
        kind=kind[:300],
        key=key if len(key) <= 255 else key[:200] + hashlib.sha256(key.encode()).hexdigest()[:40],
        team_id=str(body.get("team_id") or (body.get("team") or {}).get("id") or ""),
        app_id=str(body.get("api_app_id") or ""),
        user_id=_user(body),
    )


def _user(body: Mapping[str, Any]) -> str:
    return str(body.get("user_id") or (body.get("user") or {}).get("id") or "")
