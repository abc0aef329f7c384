"""One inquiry as one card in the triage channel: pure, from a Case to the arguments of a message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.slack import labels, richtext
from bot.slack.case import Case, Who
from bot.slack.richtext import Block
from bot.tables import InquiryState
from faq.contest import SEOUL

#: Characters of the applicant's words on a card; the rest is in the thread.
SHOWN = 300
#: Cards of these take two lines.
DONE = frozenset({InquiryState.ANSWERED, InquiryState.CLOSED, InquiryState.DUPLICATE, InquiryState.SPAM})
#: What the menu offers; a menu takes five.
MENU = (
    ("assign", labels.ASSIGN),
    ("duplicate", labels.DUPLICATE),
    ("snooze", labels.SNOOZE),
    ("spam", labels.SPAM),
    ("close", labels.CLOSE),
)


#: On the card that takes the place of a deleted one.
AGAIN = richtext.context("삭제된 카드를 대신합니다. This takes the place of a card that was deleted.")


def arguments(case: Case, *, now: datetime) -> dict[str, Any]:
    """``text`` and ``blocks`` of the card as of ``now``."""
    blocks = _done(case, now=now) if case.state in DONE else _open(case, now=now)
    return {"text": spoken(case), "blocks": blocks}


def spoken(case: Case) -> str:
    """What a notification and a screen reader say of a card."""
    parts = [f"{labels.state(case.state)} #{case.number}", case.applicant, *case.about[:1]]
    if case.owner is not None and case.state not in DONE:
        parts.append(f"담당 {case.owner.name}")
    return richtext.fallback(f"{' · '.join(parts)}: {case.asked}")


def title(case: Case) -> str:
    """The first line of a card."""
    return " · ".join(
        (
            labels.state(case.state),
            f"#{case.number}",
            labels.ORIGINS[case.origin],
            labels.LANGUAGES.get(case.language, case.language),
            labels.instant(case.opened_at),
        )
    )


def _open(case: Case, *, now: datetime) -> list[Block]:
    blocks = [_line(title(case)), _words(case.asked), richtext.context(_about(case))]
    if case.remarks:
        blocks.append(richtext.context(*(f"⚠️ {remark}" for remark in case.remarks[:9])))
    if case.state is InquiryState.SENDING:
        blocks.append(richtext.context(_sending(case)))
        blocks.append(
            richtext.actions(richtext.button(labels.UNDO, "inq.undo", _value(case), style="danger"))
        )
    else:
        blocks.append(_buttons(case))
    if who := _at_work(case, now=now):
        blocks.append(richtext.context(*who))
    return blocks


def _done(case: Case, *, now: datetime) -> list[Block]:
    line = title(case)
    if case.duplicate_of is not None:
        line += f" → #{case.duplicate_of}"
    asked = " ".join(case.asked.split())
    buttons = [richtext.button(labels.REOPEN, "inq.reopen", _value(case))]
    if case.teaches and case.state is InquiryState.ANSWERED:
        buttons.append(richtext.button(labels.SAVE_FAQ, "inq.faq", _value(case)))
    if case.duplicates and case.state is InquiryState.ANSWERED:
        words = f"중복 {case.duplicates}건에도 답하기 Answer {case.duplicates} duplicates"
        buttons.append(richtext.button(words, "inq.dupes", _value(case), style="primary"))
    by = f" · {case.owner.name}" if case.owner else ""
    return [_line(f"{line}{by}\n{richtext.cut(asked, 120)}"), richtext.actions(*buttons)]


def _line(words: str) -> Block:
    return {"type": "section", "text": richtext.plain(words)}


def _words(asked: str) -> Block:
    shown = richtext.cut(richtext.clean(asked).strip(), SHOWN)
    return richtext.block(richtext.quote(richtext.text(shown or "(본문 없음 no text)")))


def _about(case: Case) -> str:
    said = [f"신청자 {case.applicant}"]
    if case.about:
        said.append(", ".join(case.about[:3]))
    if case.similar is not None:
        said.append(f"비슷한 FAQ: {case.similar.title} ({case.similar.confidence:.2f})")
    if case.deadline is not None:
        said.append(f"⏰ {case.deadline}")
    if case.snoozed_until is not None:
        said.append(f"😴 {labels.instant(case.snoozed_until)}까지")
    if case.duplicates:
        said.append(f"🔗 중복 {case.duplicates}건")
    return " · ".join(said)


def _sending(case: Case) -> str:
    if case.undo_until is None:
        return "답변이 발송 중입니다. The answer is on its way."
    until = f"{case.undo_until.astimezone(SEOUL):%H:%M:%S}"
    return f"{until}까지 되돌릴 수 있습니다. It may be taken back until then."


def _buttons(case: Case) -> Block:
    value = _value(case)
    claimed = case.state is InquiryState.CLAIMED
    buttons = [
        richtext.button(labels.RELEASE, "inq.release", value)
        if claimed
        else richtext.button(labels.CLAIM, "inq.claim", value, style="primary"),
        richtext.button(labels.ANSWER, "inq.answer", value, style="primary" if claimed else None),
        richtext.button(labels.ASK, "inq.ask", value),
    ]
    if case.similar is not None:
        buttons.append(richtext.button(labels.SEND_FAQ, "inq.send_faq", f"{value}:{case.similar.topic}"))
    if case.judges:
        buttons.append(richtext.button(labels.VERDICT, "inq.verdict", value))
    if case.state is InquiryState.NEEDS_INFO and case.undo_until is not None:
        buttons.append(richtext.button(labels.UNDO, "inq.undo", value, style="danger"))
    return richtext.actions(*buttons, _menu(value))


def _menu(value: str) -> Block:
    options = [
        {"text": richtext.plain(words, richtext.BUTTON_CHARS), "value": f"{value}:{name}"}
        for name, words in MENU
    ]
    return {"type": "overflow", "action_id": "inq.more", "options": options}


def _at_work(case: Case, *, now: datetime) -> list[str]:
    found = []
    if case.owner is not None:
        found.append(f"👀 {case.owner.name} 담당 {labels.instant(case.owner.since)}부터")
    if case.writer is not None:
        found.append(f"✏️ {_writes(case.writer, now=now)}")
    return found


def _writes(who: Who, *, now: datetime) -> str:
    return f"{who.name} 작성 중 writing ({labels.ago(who.since, now=now)})"


def _value(case: Case) -> str:
    return str(case.number)
