"""``/inquiry queue|find TEXT|#id``: a look at the queue, for the one who asks alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import finding, triage
from bot.refusal import Refused
from bot.slack import cards, case, home, labels, richtext
from bot.slack.deps import Deps
from bot.slack.permissions import Denied, Permissions
from bot.slack.richtext import Block
from bot.tables import Staff, StaffRole

COMMAND = "/inquiry"
#: Lines of a list.
LINES = 10
HELP = (
    "/inquiry queue: 내 담당과 미배정 문의 my claims and what nobody has",
    "/inquiry find 마감: 문의 찾기, 조사는 상관없습니다 search",
    "/inquiry #12: 문의 한 건 one inquiry",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a command says."""

    text: str
    blocks: list[Block]


def register(app: AsyncApp, deps: Deps, permissions: Permissions) -> None:
    """Listen to the command; it changes nothing, so it is read and told in one breath."""

    async def asked(ack: AsyncAck, command: dict[str, Any]) -> None:
        user = str(command.get("user_id") or "")
        await permissions.look_up(user)
        told = await anyio.to_thread.run_sync(answer, deps, permissions, user, str(command.get("text") or ""))
        await ack(text=told.text, blocks=told.blocks)

    app.command(COMMAND)(asked)


def answer(deps: Deps, permissions: Permissions, user: str, text: str) -> Told:
    """What the command says to this person."""
    with deps.storage.read() as session:
        member = permissions.permitted(session, user, StaffRole.TRIAGE)
        if isinstance(member, Denied):
            return _lines("할 수 없습니다 Refused", [member.reason])
    name, _, rest = text.strip().partition(" ")
    number = text.strip().lstrip("#")
    if number.isdecimal():
        return _one(deps, int(number))
    if name == "find" and rest.strip():
        return _found(deps, rest.strip())
    if name in ("", "queue"):
        return _queue(deps, member)
    return _lines("사용법 Usage", list(HELP))


def _one(deps: Deps, number: int) -> Told:
    now = deps.clock.now()
    with deps.storage.read() as session:
        try:
            seen = case.read(session, triage.find(session, number), deps.library(), now=now)
        except Refused:
            return _lines("문의 없음 None", [f"#{number} 문의는 없습니다. There is no inquiry #{number}."])
    drawn = cards.arguments(seen, now=now)
    return Told(text=drawn["text"], blocks=drawn["blocks"])


def _found(deps: Deps, sought: str) -> Told:
    with deps.storage.read() as session:
        found = finding.find(session, sought, limit=LINES)
    lines = [f"#{one.inquiry_id} {labels.state(one.state)} {_short(one.text)}" for one in found]
    return _lines(f"찾은 문의 Found: {len(found)}", lines or ["없습니다. Nothing is like it."])


def _queue(deps: Deps, member: Staff) -> Told:
    with deps.storage.read() as session:
        queue = home.queue(session, member)
    now = deps.clock.now()
    rows = [
        *(("내 담당 Mine", row) for row in queue.mine),
        *(("미배정 Unclaimed", row) for row in queue.unclaimed),
    ]
    lines = [
        f"{title} #{row.number} {labels.state(row.state)} · {labels.ago(row.opened_at, now=now)}"
        f" · {_short(row.text)}"
        for title, row in rows
    ]
    counted = (
        f"내 담당 Mine {len(queue.mine)} · 미배정 Unclaimed {len(queue.unclaimed)}"
        f" · 보류 Snoozed {len(queue.snoozed)}"
    )
    more = [f"… 외 {len(lines) - LINES}건 more: Home 탭"] if len(lines) > LINES else []
    return _lines(counted, [*lines[:LINES], *more] or ["기다리는 문의가 없습니다. Nothing waits."])


def _lines(title: str, lines: list[str]) -> Told:
    return Told(
        text=richtext.fallback(f"{title}: {' / '.join(lines)}"),
        blocks=[
            {"type": "section", "text": richtext.plain(title)},
            richtext.block(richtext.bullets([richtext.cut(line, 300) for line in lines])),
        ],
    )


def _short(text: str) -> str:
    return richtext.cut(" ".join(richtext.clean(text).split()), 120)
