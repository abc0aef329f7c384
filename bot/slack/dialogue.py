"""How acts of staff are acknowledged and shown: ack first, a window at once, then what came of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
import structlog
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from sqlalchemy.orm.exc import StaleDataError

from bot.refusal import Refused
from bot.slack import acts, lint, modals, opening, richtext
from bot.slack.client import code_of
from bot.slack.deps import Deps
from bot.slack.inbox import Stored
from bot.slack.modals import Carried
from bot.slack.outcomes import Done, Show
from bot.slack.permissions import Denied, Permissions

log = structlog.get_logger(__name__)

Listener = Callable[..., Awaitable[None]]

_REFUSED = "할 수 없습니다 Refused"
_AGAIN = "다른 사람이 동시에 바꾸었습니다. Somebody changed this at the same moment; look again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """Makes the listeners: one kind for each way in which a person waits."""

    deps: Deps
    permissions: Permissions

    def at_once(self) -> Listener:
        """A click that is done at once; only the person who clicked is told, and only if there is need."""

        async def listen(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
            await ack()
            outcome = await self.outcome(context)
            if isinstance(outcome, Show):
                await opening.open_view(self.deps, body, outcome.view, action_id=_pressed(body))
            else:
                await self.tell(body, _words(outcome))

        return listen

    def opening(self, title: str) -> Listener:
        """A click that opens a dialogue: empty at once, as its trigger dies in three seconds."""

        async def listen(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
            await ack()
            await self._open(body, context, title)

        return listen

    def menu(self, titles: Mapping[str, str]) -> Listener:
        """A choice of the menu: some open a dialogue, the others are done at once."""

        async def listen(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
            await ack()
            _, value, _ = acts.read(body)
            title = titles.get(value[-1] if value else "")
            if title is not None:
                await self._open(body, context, title)
            else:
                await self.tell(body, _words(await self.outcome(context)))

        return listen

    def within(self) -> Listener:
        """A click or a paragraph within a dialogue, which goes on in the view that comes of it."""

        async def listen(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
            await ack()
            await self._go_on(body.get("view") or {}, await self.outcome(context))

        return listen

    def undoing(self) -> Listener:
        """Undo, on a card or in the dialogue that sent."""

        async def listen(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
            await ack()
            outcome = await self.outcome(context)
            view = body.get("view") or {}
            if view.get("type") == "modal":
                await self._go_on(view, outcome)
            elif isinstance(outcome, Show):  # on Home there is no dialogue yet
                await opening.open_view(self.deps, body, outcome.view, action_id=_pressed(body))
            else:
                await self.tell(body, _words(outcome))

        return listen

    def reviewing(self, look_over: Callable[[int, Carried], Show]) -> Listener:
        """A click after which something long is looked over; the window says so meanwhile."""

        async def listen(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
            await ack()
            title = "FAQ 승인 Approve FAQ"
            opened = await self._skeleton(body, title)
            outcome = await self.outcome(context)
            if isinstance(outcome, Done):
                carried, value, _ = acts.read(body)
                outcome = await _or_refused(look_over, int(value[0]), carried)
            if opened:
                await self._go_on(opened, outcome)

        return listen

    def submitted(self, *, fresh: bool = False) -> Listener:
        """A dialogue that was submitted; ``fresh`` asks Slack anew who may."""

        async def listen(
            ack: AsyncAck, body: dict[str, Any], view: dict[str, Any], context: AsyncBoltContext
        ) -> None:
            outcome = await self.outcome(context, fresh=fresh)
            match outcome:
                case Show(view=following):
                    lint.check_view(following)
                    await ack(response_action="update", view=following)
                case Done(said=said):
                    await ack(response_action="clear")
                    await self.tell(body, said)
                case Refused() if inputs := _inputs(view):
                    await ack(response_action="errors", errors={inputs[0]: richtext.cut(str(outcome), 300)})
                case _:
                    await ack(response_action="update", view=modals.notice(_REFUSED, _words(outcome)))

        return listen

    def closed(self) -> Listener:
        """A dialogue that was closed without being sent."""

        async def listen(ack: AsyncAck, context: AsyncBoltContext) -> None:
            await ack()
            await self.outcome(context)

        return listen

    # -- what they share ------------------------------------------------------------------------------

    async def outcome(self, context: AsyncBoltContext, *, fresh: bool = False) -> object:
        """Look the person up, then act; what came of it, a refusal being a value here."""
        stored: Stored = context["stored"]
        await self.permissions.look_up(stored.user_id, fresh=fresh)
        try:
            return await self._settled(stored)
        except Refused as error:
            return error
        finally:
            self.deps.wake()

    async def _settled(self, stored: Stored) -> object:
        try:
            return await self.deps.inbox.settle(stored)
        except StaleDataError:
            # Somebody was faster by milliseconds: the verb is asked again, of the state as it is now.
            log.info("slack.stale", kind=stored.kind)
        try:
            return await self.deps.inbox.settle(stored)
        except StaleDataError:
            return Refused(_AGAIN)

    async def _open(self, body: dict[str, Any], context: AsyncBoltContext, title: str) -> None:
        opened = await self._skeleton(body, title)
        if opened is None:
            return
        await self._go_on(opened, await self.outcome(context))

    async def _skeleton(self, body: dict[str, Any], title: str) -> dict[str, Any] | None:
        return await opening.open_view(self.deps, body, modals.skeleton(title), action_id=_pressed(body))

    async def _go_on(self, shown: Mapping[str, Any], outcome: object) -> None:
        """Put the next view in the place of the one that is shown."""
        if isinstance(outcome, Show):
            await self._update(shown, outcome.view)
        elif words := _words(outcome):
            await self._update(shown, modals.notice(_REFUSED, words))

    async def _update(self, shown: Mapping[str, Any], view: dict[str, Any]) -> None:
        lint.check_view(view)
        view_id = str(shown.get("id"))
        try:
            await self.deps.client.views_update(view_id=view_id, hash=str(shown.get("hash") or ""), view=view)
        except SlackApiError as error:
            if code_of(error) != "hash_conflict":
                log.warning("slack.view_not_updated", error=code_of(error))
                return
            # Another update of ours was faster; this one is the newer.
            await self.deps.client.views_update(view_id=view_id, view=view)

    async def tell(self, body: Mapping[str, Any], said: str) -> None:
        """Say something to one person, where they clicked; nothing when there is nothing to say."""
        if not said:
            return
        carried, _, _ = acts.read(dict(body))
        # On Home and in a dialogue there is no channel of its own.
        channel = carried.channel or self.deps.settings.slack_triage_channel
        thread = carried.ts if carried.channel else ""
        user = str((body.get("user") or {}).get("id") or "")
        block = richtext.block(richtext.section(richtext.text(richtext.cut(said, 2_000))))
        try:
            await self.deps.client.chat_postEphemeral(
                channel=channel,
                user=user,
                text=richtext.fallback(said),
                blocks=[block],
                thread_ts=thread or None,
            )
        except SlackApiError as error:
            log.warning("slack.untold", error=code_of(error))


async def _or_refused(look_over: Callable[[int, Carried], Show], number: int, carried: Carried) -> object:
    try:
        return await anyio.to_thread.run_sync(look_over, number, carried)
    except Refused as error:
        return error


def _words(outcome: object) -> str:
    match outcome:
        case Denied(reason=reason):
            return reason
        case Refused():
            return str(outcome)
        case Done(said=said):
            return said
        case _:
            return ""


def _pressed(body: Mapping[str, Any]) -> str:
    action = (body.get("actions") or [{}])[0]
    return str(action.get("action_id") or body.get("callback_id") or "")


def _inputs(view: Mapping[str, Any]) -> list[str]:
    """The blocks of a view in which something is typed: an error needs a place."""
    return [str(block["block_id"]) for block in view.get("blocks") or [] if block.get("type") == "input"]
