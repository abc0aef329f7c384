"""A message that nobody asked us becomes an inquiry because staff say so; a person answers it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import threads, triage
from bot.refusal import Refused
from bot.slack import heard, persons, place
from bot.slack.acts import Act
from bot.slack.deps import Deps
from bot.slack.heard import Said
from bot.slack.outcomes import Done
from bot.slack.tables import SlackMessage
from bot.tables import (
    Applicant,
    HandledMail,
    InboundMail,
    Inquiry,
    InquiryPart,
    InquiryState,
    Origin,
    ThreadMessage,
)
from intents import utterance
from intents.decide import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingVerbs:
    """The message shortcut "file as inquiry"."""

    deps: Deps

    def file(self, act: Act) -> Done:
        """Make the message an inquiry that waits for staff; twice is once.

        Raises:
            Refused: a bot wrote it, or it lies in the triage channel, or it has no words.
        """
        body = act.stored.body
        message, channel = body.get("message") or {}, str((body.get("channel") or {}).get("id") or "")
        user = message.get("user")
        if message.get("bot_id") or not isinstance(user, str):
            raise Refused("사람이 쓴 메시지만 등록할 수 있습니다. Only messages of people can be filed.")
        if channel == self.deps.settings.slack_triage_channel:
            raise Refused("담당자 채널의 메시지입니다. This is a message of the triage channel.")
        team = self.deps.workspace.team_id
        known = act.session.get(SlackMessage, (team, channel, str(message.get("ts"))))
        if known is not None:
            return Done(said=self._known(act.session, known))
        event = {**message, "channel": channel}
        raw = heard.canonical(event, team=team, bot_user=self.deps.workspace.bot_user_id, shared=False)
        said = heard.said(raw)
        if not said.text:
            raise Refused("메시지에 글이 없습니다. The message has no words.")
        inquiry = self._open(act, said, raw)
        return Done(said=f"문의 #{inquiry.id}로 등록했습니다. Filed as inquiry #{inquiry.id}.")

    def _known(self, session: Session, known: SlackMessage) -> str:
        number = session.scalar(
            select(HandledMail.inquiry_id).where(HandledMail.inbound_id == known.inbound_id)
        )
        return f"이미 등록된 메시지입니다. It is inquiry #{number} already." if number else "처리 중 In work"

    def _open(self, act: Act, said: Said, raw: bytes) -> Inquiry:
        session, now = act.session, act.now
        address = persons.address(session, said)
        mail = heard.inbound(said, address)
        language = utterance.language_of(said.text)
        row = InboundMail(
            received_at=now,
            door=heard.DOOR,
            envelope_sender=address,
            recipients=[],
            peer=said.place.channel,
            size_bytes=len(raw),
            sha256=hashlib.sha256(raw).hexdigest(),
            raw=raw,
        )
        person = threads.applicants(session, {address}).get(address) or Applicant(
            address=address, name=None, language=language, first_seen_at=now
        )
        inquiry = Inquiry(
            state=InquiryState.NEW,
            applicant=person,
            language=language,
            origin=Origin.SLACK,
            subject=mail.subject or "",
            opened_at=now,
            updated_at=now,
        )
        session.add_all((row, inquiry))
        session.flush()
        proof = persons.proof(session, said)
        session.add_all(
            (
                HandledMail(
                    inbound_id=row.id, handled_at=now, verdict="question", rule=None,
                    reason="filed by staff", from_address=address, subject=mail.subject,
                    message_id=mail.message_id, dedup_key=None, inquiry_id=inquiry.id, identity=proof.level,
                ),
                SlackMessage(
                    team_id=said.place.team, channel=said.place.channel, ts=said.place.ts,
                    thread_ts=said.place.thread_ts, user_id=said.user, inbound_id=row.id, taken_at=now,
                ),
                ThreadMessage(
                    inquiry_id=inquiry.id, message_id=place.message_id(said.place), at=now, ours=False
                ),
                InquiryPart(**_part(inquiry.id, row.id, said.text, language)),
            )
        )  # fmt: skip
        triage.record(
            session, inquiry, "asked", actor="applicant", now=now,
            inbound=row.id, text=said.text, identity=proof.level,
        )  # fmt: skip
        triage.record(session, inquiry, "filed", actor=act.staff.address, now=now)
        return inquiry


def _part(inquiry_id: int, inbound_id: int, text: str, language: str) -> dict[str, Any]:
    return {
        "inquiry_id": inquiry_id,
        "inbound_id": inbound_id,
        "position": 0,
        "text": text,
        "language": language,
        "decision": Verdict.ESCALATE,
        "topic": None,
        "unknown": None,
        "nearest": None,
        "confidence": 0.0,
        "candidates": [],
        "feasibility": None,
        "asks_back": None,
        "applicant": None,
        "reason": "filed by staff",
        "waits": True,
    }
