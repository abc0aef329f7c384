"""Windows are opened at once: what Slack gives for it dies within three seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError

from bot.slack import lint, richtext, wording
from bot.slack.client import code_of
from bot.slack.deps import Deps
from faq.contest import Language

log = structlog.get_logger(__name__)

#: Slack's words for a trigger that came too late or was used.
LATE = frozenset({"expired_trigger_id", "exchanged_trigger_id", "trigger_expired", "trigger_exchanged"})


async def open_view(
    deps: Deps,
    body: Mapping[str, Any],
    view: Mapping[str, Any],
    *,
    action_id: str,
    language: Language | None = None,
) -> dict[str, Any] | None:
    """Open a window and return it as Slack knows it; None when it was too late.

    The person then sees a button, for themselves alone, that opens it anew: it carries the ``action_id``
    and the value of the one that was pressed.
    """
    lint.check_view(view)
    try:
        opened = await deps.client.views_open(trigger_id=str(body.get("trigger_id")), view=dict(view))
    except SlackApiError as error:
        log.warning("slack.window_not_opened", error=code_of(error))
        if code_of(error) not in LATE:
            raise
        await _offer_again(deps, body, action_id, language)
        return None
    shown = opened.get("view")
    return shown if isinstance(shown, dict) else {}


async def _offer_again(
    deps: Deps, body: Mapping[str, Any], action_id: str, language: Language | None
) -> None:
    channel = str(
        (body.get("channel") or {}).get("id") or (body.get("container") or {}).get("channel_id") or ""
    )
    user = str((body.get("user") or {}).get("id") or "")
    if not channel or not user:
        return  # on the Home tab there is no place for it; the button is still there
    pressed = (body.get("actions") or [{}])[0]
    message = body.get("message") or {}
    said = wording.say("again", language) if language else wording.both("again")
    button = richtext.button(
        wording.say("again_button", Language.KO), action_id, str(pressed.get("value") or "")
    )
    thread = message.get("thread_ts")
    await deps.client.chat_postEphemeral(
        channel=channel,
        user=user,
        text=richtext.fallback(said),
        blocks=[richtext.block(richtext.section(richtext.text(said))), richtext.actions(button)],
        **({"thread_ts": thread} if thread else {}),
    )
