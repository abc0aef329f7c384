"""The dialogues of staff: pure, from what was read to a view. Each carries its inquiry's number along."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.slack import cards, labels, richtext, story
from bot.slack.case import Case
from bot.slack.richtext import Block

View = dict[str, Any]

#: Characters that an input takes; a letter is kept whole up to here (Slack's own limit is 3,000).
INPUT_CHARS = 3_000
#: What the sender of a letter reads at most of a preview; nothing is ever cut from the letter.
PREVIEW_CHARS = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a view carries from one step to the next; never the words themselves."""

    #: The inquiry; 0 for none.
    number: int
    #: The card's channel and ts, for what is said beside it; '' for none.
    channel: str = ""
    ts: str = ""
    #: letter or detail.
    kind: str = "letter"
    #: Digest of the text that was shown in a preview.
    digest: str = ""
    #: Draft of the library, and the version it was looked over with.
    draft: int = 0
    version: int = 0


def carried(view: Mapping[str, Any]) -> Carried:
    """Read what a view carries."""
    return Carried(**json.loads(view.get("private_metadata") or '{"number": 0}'))


def values(view: Mapping[str, Any]) -> dict[str, str]:
    """What was typed and chosen, by action id; '' for what was left empty."""
    found: dict[str, str] = {}
    for block in ((view.get("state") or {}).get("values") or {}).values():
        for action_id, held in block.items():
            chosen = (held.get("selected_option") or {}).get("value")
            found[action_id] = str(chosen or held.get("value") or "")
    return found


def place_of(view: Mapping[str, Any], action_id: str) -> str:
    """The block that holds an input, for an error beside it."""
    for block_id, block in ((view.get("state") or {}).get("values") or {}).items():
        if action_id in block:
            return str(block_id)
    return action_id


def made(
    title: str,
    blocks: Sequence[Block],
    *,
    callback: str = "inq.info",
    carries: Carried | None = None,
    submit: str | None = None,
    notify: bool = False,
) -> View:
    """A dialogue; ``notify`` tells us when it is closed without being sent."""
    view: View = {
        "type": "modal",
        "callback_id": callback,
        "title": richtext.plain(title, 24),
        "close": richtext.plain("닫기 Close", 24),
        "blocks": list(blocks),
        "private_metadata": json.dumps(asdict(carries)) if carries else "",
        "notify_on_close": notify,
    }
    if submit:
        view["submit"] = richtext.plain(submit, 24)
    return view


def line(words: str) -> Block:
    """A paragraph of plain text."""
    return {"type": "section", "text": richtext.plain(words)}


def skeleton(title: str) -> View:
    """Opened at once, before anything is looked up: a trigger is good for three seconds."""
    return made(title, [line("불러오는 중입니다… Loading…")])


def notice(title: str, *said: str) -> View:
    """Something to read, and to close."""
    return made(title, [line(one) for one in said])


def text_input(
    label: str,
    action_id: str,
    *,
    initial: str = "",
    block_id: str | None = None,
    multiline: bool = True,
    optional: bool = False,
    keeps: bool = False,
    hint: str = "",
) -> Block:
    """A field for words; ``keeps`` tells us of each paragraph, so that a draft is kept."""
    element: Block = {"type": "plain_text_input", "action_id": action_id, "multiline": multiline}
    element["max_length"] = INPUT_CHARS
    if initial:
        element["initial_value"] = richtext.clean(initial)[:INPUT_CHARS]
    block: Block = {
        "type": "input",
        "block_id": block_id or action_id,
        "label": richtext.plain(label, 2000),
        "element": element,
        "optional": optional,
    }
    if keeps:
        block["dispatch_action"] = True
        element["dispatch_action_config"] = {"trigger_actions_on": ["on_enter_pressed"]}
    if hint:
        block["hint"] = richtext.plain(hint, 2000)
    return block


def select_input(
    label: str,
    action_id: str,
    options: Sequence[tuple[str, str]],
    *,
    initial: str = "",
    optional: bool = False,
) -> Block:
    """A field to choose from; options are value and words."""
    offered = [{"text": richtext.plain(words, 75), "value": value} for value, words in list(options)[:100]]
    element: Block = {"type": "static_select", "action_id": action_id, "options": offered}
    chosen = [one for one in offered if one["value"] == initial]
    if chosen:
        element["initial_option"] = chosen[0]
    return {
        "type": "input",
        "block_id": action_id,
        "label": richtext.plain(label, 2000),
        "element": element,
        "optional": optional,
    }


# -- answering --------------------------------------------------------------------------------------


def about(case: Case) -> list[Block]:
    """What is answered: the first line of the card and the applicant's words."""
    words = richtext.cut(richtext.clean(case.asked).strip(), 2_500) or "(본문 없음 no text)"
    said = [cards.title(case), f"신청자 {case.applicant}"]
    if case.deadline:
        said.append(f"⏰ {case.deadline}")
    return [richtext.context(" · ".join(said)), richtext.block(richtext.quote(richtext.text(words)))]


def answer(case: Case, carries: Carried, *, text: str, also: Sequence[str] = (), fault: str = "") -> View:
    """Write a letter; ``also`` are languages that duplicates read, in which the answer is wanted as well."""
    asks = carries.kind == "detail"
    blocks = about(case)
    blocks += [richtext.context(f"⚠️ {remark}") for remark in case.remarks]
    if fault:
        blocks.append(line(f"⚠️ {fault}"))
    label = f"{'추가로 물어볼 내용 Question' if asks else '답변 Answer'} ({case.language})"
    # Another block id, so that Slack takes the text that we give and not what it remembers.
    block_id = f"text:{zlib.crc32(text.encode())}"
    blocks.append(text_input(label, "inq.text", initial=text, block_id=block_id, keeps=True))
    for language in also:
        words = f"중복 문의에 보낼 답변 The same answer for duplicates ({language})"
        blocks.append(text_input(words, f"inq.also.{language}", optional=True))
    blocks.append(richtext.actions(richtext.button(labels.SAVE_DRAFT, "inq.save_draft", str(case.number))))
    title = "더 물어보기 Ask" if asks else "답변 Answer"
    return made(
        f"{title} #{case.number}", blocks,
        callback="inq.answer", carries=carries, submit="미리보기 Preview", notify=True,
    )  # fmt: skip


def collision(case: Case, carries: Carried, *, writer: str, minutes: str, draft: str = "") -> View:
    """Somebody else writes: look at the draft, or take over."""
    value = f"{case.number}:{carries.kind}"
    blocks = [
        *about(case),
        line(f"✏️ {writer} 님이 작성 중입니다 ({minutes}). {writer} is writing."),
    ]
    if draft:
        blocks.append(richtext.block(richtext.quote(richtext.text(richtext.cut(draft, 8_000)))))
    buttons = [richtext.button(labels.TAKE_OVER, "inq.take_over", value, style="primary")]
    if not draft:
        buttons.insert(0, richtext.button(labels.VIEW_DRAFT, "inq.view_draft", value))
    blocks.append(richtext.actions(*buttons))
    return made(f"작성 중 Writing #{case.number}", blocks, carries=carries)


def preview(
    case: Case,
    carries: Carried,
    *,
    door: str,
    recipient: str,
    place: str,
    text: str,
    also: Mapping[str, str],
    message: Sequence[Block] = (),
) -> View:
    """Exactly what the applicant will get, by which door, in which language.

    ``message`` are the blocks of an answer in Slack, as they will stand in the channel ``place``.
    """
    where = f"{door} · 받는 사람 To: {recipient} · 언어 Language: {case.language}"
    blocks = [richtext.context(where)]
    if place:
        in_channel: Block = {"type": "channel", "channel_id": place}
        to = richtext.text("1:1 대화 Direct message") if place.startswith("D") else in_channel
        blocks.append(richtext.block(richtext.section(richtext.text("💬 "), to)))
    blocks.append(richtext.context("첨부 없음 No attachments"))
    blocks += list(message) or shown(text)
    for language, words in also.items():
        blocks.append(richtext.context(f"중복 문의용 For duplicates ({language})"))
        blocks += shown(words)
    blocks.append(richtext.actions(richtext.button(labels.EDIT, "inq.edit", str(case.number))))
    blocks.append(
        richtext.context("보낸 뒤 30초 동안 되돌릴 수 있습니다. It may be taken back for 30 seconds.")
    )
    return made(
        f"미리보기 Preview #{case.number}", blocks,
        callback="inq.send", carries=carries, submit="보내기 Send", notify=True,
    )  # fmt: skip


def shown(text: str) -> list[Block]:
    """A long text as it stands, quoted."""
    parts = story.pieces(text[:PREVIEW_CHARS]) or [" "]
    return [richtext.block(richtext.quote(richtext.text(part))) for part in parts]


def sent(number: int, carries: Carried, *, until: str) -> View:
    """The letter is on its way, and may still be taken back."""
    blocks = [
        line(f"⏳ {until}까지 되돌릴 수 있습니다. Your letter leaves then; it may be taken back until then."),
        richtext.actions(richtext.button(labels.UNDO, "inq.undo", str(number), style="danger")),
    ]
    return made(f"보내는 중 Sending #{number}", blocks, carries=carries)


# -- what is beside answering ---------------------------------------------------------------------------


def assign(case: Case, carries: Carried, *, staff: Sequence[tuple[str, str]]) -> View:
    """Give the inquiry to somebody; ``staff`` are addresses and names."""
    fields = [select_input("담당자 Assignee", "inq.assignee", staff)]
    return made(
        f"담당자 지정 Assign #{case.number}", [*about(case), *fields],
        callback="inq.assign", carries=carries, submit="지정 Assign",
    )  # fmt: skip


def duplicate(case: Case, carries: Carried, *, like: Sequence[tuple[int, str]]) -> View:
    """Mark it as a duplicate of another inquiry: one of those that are like it, or by number."""
    blocks = about(case)
    if like:
        options = [(str(number), f"#{number} {' '.join(text.split())}") for number, text in like]
        blocks.append(select_input("비슷한 문의 Similar inquiries", "inq.like", options, optional=True))
    blocks.append(text_input("또는 번호 Or a number", "inq.number", multiline=False, optional=bool(like)))
    told = "답변은 각자의 채널과 언어로 나갑니다. Each gets it in their own channel and language."
    blocks.append(richtext.context(told))
    return made(
        f"중복 Duplicate #{case.number}",
        blocks,
        callback="inq.duplicate",
        carries=carries,
        submit="표시 Mark",
    )


def missing_languages(case: Case, carries: Carried, *, languages: Sequence[str], given: str) -> View:
    """The answer in the languages that duplicates read and nobody has written yet."""
    blocks = [
        line("중복 문의가 읽는 언어로 된 답변이 없습니다. Some duplicates read another language."),
        richtext.block(richtext.quote(richtext.text(richtext.cut(given, 8_000)))),
        *(text_input(f"답변 Answer ({one})", f"inq.also.{one}") for one in languages),
    ]
    return made(
        f"중복에 답하기 #{case.number}", blocks, callback="inq.dupes", carries=carries, submit="보내기 Send"
    )
