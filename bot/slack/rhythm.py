"""What the clock brings to the triage channel: nudges in office hours, and the digest at 09:30."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import morning, nudging, office_hours, staff
from bot.morning import Morning
from bot.nudging import Due, Step
from bot.slack import labels, posting, projection, richtext
from bot.slack.deps import Deps
from bot.slack.posting import Post
from bot.slack.richtext import Block
from bot.tables import Inquiry, InquiryState, StaffRole
from faq.contest import SEOUL, Language
from faq.library import Library
from mailer.tables import MailKind, OutboxMail

log = structlog.get_logger(__name__)

NUDGE = "nudge:"
DIGEST_AT = time(9, 30)
#: A desk that was down then tells it until so much later.
DIGEST_LATE = timedelta(hours=2)
#: Inquiries that one digest names.
NAMED = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Asks what is due and keeps nothing itself."""

    deps: Deps

    def work_off(self) -> None:
        """Put what is due into the outbox: each ping once, one message for what is due together."""
        now = self.deps.clock.now()
        if not office_hours.is_open(now):
            return
        library = self.deps.library()
        with self.deps.storage.write.begin() as session:
            told = self.nudge(session, now=now) + self.digest(session, library, now=now)
        if told:
            for call in self.deps.wakes:
                call()

    def nudge(self, session: Session, *, now: datetime) -> int:
        """Remind of what nobody takes on; returns how many messages that makes."""
        due = nudging.due(session, now=now)
        messages = 0
        for step in Step:
            those = [one for one in due if one.step is step]
            if not those:
                continue
            messages += self._remind(session, step, those, now=now)
            for one in those:
                nudging.take(session, one, now=now)
        return messages

    def digest(self, session: Session, library: Library, *, now: datetime) -> int:
        """Tell the figures of the morning, once a workday."""
        local = now.astimezone(SEOUL)
        at = datetime.combine(local.date(), DIGEST_AT, tzinfo=SEOUL)
        if not at <= now < at + DIGEST_LATE:
            return 0
        key = f"digest:{local:%Y-%m-%d}"
        if session.scalar(select(OutboxMail.id).where(OutboxMail.key == key)) is not None:
            return 0
        shown = digest(morning.figures(session, now=now), library, now=now)
        return self._post(session, key, self.deps.settings.slack_triage_channel, shown, now=now)

    def _remind(self, session: Session, step: Step, due: Sequence[Due], *, now: datetime) -> int:
        number = due[0].inquiry_id if len(due) == 1 else 0
        named = hashlib.sha256(" ".join(one.name for one in due).encode()).hexdigest()[:24]
        key = f"{NUDGE}{number}:{step}:{named}"
        channel = self.deps.settings.slack_triage_channel
        if step is Step.APPROVER:
            approvers = [
                one.slack_id
                for one in staff.active(session)
                if one.slack_id and one.role is not StaffRole.TRIAGE
            ]
            shown = reminder(due, group=None)
            return sum(self._post(session, f"{key}:{user}", user, shown, now=now) for user in approvers)
        group = self.deps.settings.slack_staff_groups.get("triage") if step is Step.GROUP else None
        thread: dict[str, str] = {}
        if len(due) == 1 and (where := projection.where(session, due[0].inquiry_id)):
            thread = {"thread_ts": where.ts}
        return self._post(session, key, channel, reminder(due, group=group) | thread, now=now)

    def _post(
        self, session: Session, key: str, channel: str, arguments: dict[str, Any], *, now: datetime
    ) -> int:
        accepted = posting.enqueue(
            session,
            Post(arguments={"channel": channel, **arguments}),
            key=key,
            kind=MailKind.STAFF_NOTICE,
            recipient=channel,
            now=now,
        )
        return int(accepted is not None)


def still_due(session: Session, key: str, post: Post) -> Post | None:
    """A nudge just before it leaves: what somebody has taken on meanwhile needs none."""
    number = int(key.split(":")[1])
    inquiry = session.get(Inquiry, number) if number else None
    return None if inquiry is not None and inquiry.state is not InquiryState.NEW else post


def reminder(due: Sequence[Due], *, group: str | None) -> dict[str, Any]:
    """The message that reminds of one inquiry or of several; ``group`` is called by name."""
    said = (
        f"#{due[0].inquiry_id} 문의를 아직 아무도 맡지 않았습니다({labels.span(due[0].waited)})."
        if len(due) == 1
        else f"아직 아무도 맡지 않은 문의 {len(due)}건. {len(due)} inquiries wait for somebody."
    )
    called = [{"type": "usergroup", "usergroup_id": group}, richtext.text(" ")] if group else []
    blocks = [richtext.block(richtext.section(*called, richtext.text(f"⏰ {said}")))]
    if len(due) > 1:
        lines = [f"#{one.inquiry_id} · {labels.span(one.waited)}" for one in due[:NAMED]]
        blocks.append(richtext.block(richtext.bullets(lines)))
    else:
        blocks.append(_buttons(due[0].inquiry_id))
    return {"text": richtext.fallback(f"⏰ {said}"), "blocks": blocks}


def _buttons(number: int) -> Block:
    """Take it on or put it off; assigning is in the menu of the card."""
    return richtext.actions(
        richtext.button(labels.CLAIM, "inq.claim", str(number), style="primary"),
        richtext.button(labels.SNOOZE, "inq.snooze", str(number)),
    )


def digest(figures: Morning, library: Library, *, now: datetime) -> dict[str, Any]:
    """The message of the morning."""
    counted = " · ".join(
        f"{labels.state(state)} {figures.counts[state]}" for state in InquiryState if state in figures.counts
    )
    day = f"{now.astimezone(SEOUL):%m/%d}"
    said = f"아침 현황 Morning digest {day}: {counted or '기다리는 문의 없음 nothing waits'}"
    blocks: list[Block] = [{"type": "section", "text": richtext.plain(said)}]
    if figures.oldest:
        lines = [
            f"#{one.inquiry_id} {labels.state(one.state)} · {labels.ago(one.opened_at, now=now)}"
            f" · {richtext.cut(' '.join(one.text.split()), 100)}"
            for one in figures.oldest
        ]
        blocks += [_small("가장 오래된 문의 Oldest"), richtext.block(richtext.bullets(lines))]
    if figures.first_answer is not None:
        blocks.append(
            _small(f"첫 답변까지 중앙값 Median first answer, 7 d: {labels.span(figures.first_answer)}")
        )
    if figures.unanswered:
        blocks.append(_small("답이 없는 주제 Asked in vain"))
        titles = [
            f"{_title(library, one.name)} · {one.count}건 · #{one.inquiry_id}" for one in figures.unanswered
        ]
        blocks.append(richtext.block(richtext.bullets(titles)))
        blocks.append(
            _small("답변한 뒤 카드의 “FAQ로 저장”으로 FAQ를 만드세요. Answer one, then save it as FAQ.")
        )
    return {"text": richtext.fallback(said), "blocks": blocks}


def _title(library: Library, name: str) -> str:
    found = library.entries.get(name) or library.unknowns.get(name)
    return found.title[Language.KO] if found else name


def _small(words: str) -> Block:
    return richtext.context(words)
