"""What applicants press: that helped, I need a person, show me this one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackApiError
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import reviews, triage
from bot.slack import answers, buttons, persons, posting, richtext, wording
from bot.slack.deps import Deps
from bot.slack.inbox import Stored
from bot.slack.place import Place
from bot.slack.posting import Post
from bot.slack.tables import SlackMessage
from bot.tables import Inquiry, InquiryPart, InquiryState, Opinion
from faq import render
from faq.contest import Language
from intents.decide import Verdict
from mailer.letter import Section, SectionKind
from mailer.tables import MailKind, OutboxMail

#: Beginnings of the keys of outbox rows that carry buttons.
REPLY, SHOWN = "reply", "shown"

_VALUE = re.compile(r"(?P<kind>reply|shown):(?P<inbound>\d+)(?::(?P<topic>[\w.-]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What only the person who pressed is to see."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The question whose answer carries the button."""

    key: str
    #: The topic of a suggestion that was shown; None for the answer itself.
    topic: str | None
    inquiry: Inquiry
    parts: tuple[InquiryPart, ...]
    at: Place

    @property
    def language(self) -> Language:
        return Language(self.parts[0].language)


def subscribe(deps: Deps) -> None:
    """Act on what is pressed."""
    for number in range(3):
        deps.inbox.on(f"action:{buttons.SHOW}.{number}", lambda session, stored: show(deps, session, stored))
    deps.inbox.on(
        f"action:{buttons.HELPED}", lambda session, stored: say(deps, session, stored, Opinion.HELPFUL)
    )
    deps.inbox.on(
        f"action:{buttons.PERSON}", lambda session, stored: say(deps, session, stored, Opinion.NEED_PERSON)
    )


def register(app: AsyncApp, deps: Deps) -> None:
    """The buttons: acknowledged first, then settled."""

    async def pressed(ack: AsyncAck, context: AsyncBoltContext, body: dict[str, Any]) -> None:
        await ack()
        outcome = await deps.inbox.settle(context["stored"])
        deps.wake()
        if isinstance(outcome, Told):
            await _whisper(deps, body, outcome.text)

    app.action(re.compile(r"ask\.(helped|person|show\.[0-2])"))(pressed)


def say(deps: Deps, session: Session, stored: Stored, opinion: Opinion) -> Told | None:
    """Keep what the asker says of an answer; who needs a person gets one, the buttons say so."""
    asked = _find(session, _value(stored))
    refusal = _refused(session, asked, stored)
    if asked is None or refusal is not None:
        return refusal
    now = deps.clock.now()
    for part in asked.parts:
        reviews.feedback(session, deps.desk, asked.inquiry, part, opinion, now=now)
    if opinion is Opinion.HELPFUL and asked.topic is not None:
        _settled(deps, session, asked)
    name = "thanks_helped" if opinion is Opinion.HELPFUL else "thanks_person"
    _replace_buttons(deps, session, asked, wording.say(name, asked.language, inquiry=asked.inquiry.id))
    return None


def show(deps: Deps, session: Session, stored: Stored) -> Told | None:
    """Post the approved answer that was chosen among suggestions, once, into the thread."""
    key, _, topic = _value(stored).partition("|")
    asked = _find(session, key)
    refusal = _refused(session, asked, stored)
    if asked is None or refusal is not None:
        return refusal
    library = deps.library()
    entry = library.entries.get(topic)
    if entry is None:
        return Told(text=wording.say("gone", asked.language))
    now = deps.clock.now()
    rendered = render.answer(library, entry, asked.language, now=now)
    said = (rendered.answer, rendered.condition, rendered.next)
    section = Section(
        kind=SectionKind.ANSWER,
        heading=entry.title[asked.language],
        paragraphs=tuple(text for text in said if text),
        source=_source(rendered.source, asked.language),
    )
    inbound_id = asked.parts[0].inbound_id
    shown = f"{SHOWN}:{inbound_id}:{topic}"
    row = posting.enqueue(
        session,
        answers.shown(section, key=shown, language=asked.language, inquiry=asked.inquiry.id, at=asked.at),
        key=shown,
        kind=MailKind.ANSWER,
        recipient=asked.inquiry.applicant.address,
        now=now,
        language=asked.language.value,
        inquiry=asked.inquiry.id,
        provenance={
            "entries": {entry.id: entry.version},
            "facts": dict(rendered.told),
            "reasons": ["chosen"],
        },
    )
    if row is not None:
        triage.record(session, asked.inquiry, "shown", actor="applicant", now=now, topic=topic, outbox=row)
    return None


def _find(session: Session, key: str) -> _Asked | None:
    value = _VALUE.fullmatch(key)
    if value is None:
        return None
    inbound_id = int(value["inbound"])
    parts = session.scalars(
        select(InquiryPart).where(InquiryPart.inbound_id == inbound_id).order_by(InquiryPart.position)
    ).all()
    said = session.scalar(select(SlackMessage).where(SlackMessage.inbound_id == inbound_id))
    if not parts or said is None:
        return None
    # After a merge the questions belong to another inquiry than the one that they opened.
    inquiry = session.get(Inquiry, parts[0].inquiry_id)
    if inquiry is None:
        return None
    at = Place(team=said.team_id, channel=said.channel, ts=said.ts, thread_ts=said.thread_ts)
    return _Asked(key=key, topic=value["topic"], inquiry=inquiry, parts=tuple(parts), at=at)


def _refused(session: Session, asked: _Asked | None, stored: Stored) -> Told | None:
    """Everybody in a channel sees the buttons; they are the asker's."""
    if asked is None:
        return Told(text=wording.both("gone"))
    if stored.user_id not in persons.users_of(session, asked.inquiry.applicant.address):
        return Told(text=wording.both("not_yours"))
    return None


def _settled(deps: Deps, session: Session, asked: _Asked) -> None:
    """A suggestion that helped has answered the question, unless staff are at it already."""
    for part in asked.parts:
        if part.decision == Verdict.SUGGEST:
            part.waits = False
    session.flush()
    waiting = select(InquiryPart.id).where(InquiryPart.inquiry_id == asked.inquiry.id, InquiryPart.waits)
    if asked.inquiry.state is InquiryState.NEW and session.scalar(waiting.limit(1)) is None:
        triage.move(asked.inquiry, InquiryState.ANSWERED, now=deps.clock.now())


def _replace_buttons(deps: Deps, session: Session, asked: _Asked, said: str) -> None:
    """Put words where the buttons were, in the message as it was sent."""
    row = session.scalar(select(OutboxMail).where(OutboxMail.key == asked.key))
    posted = posting.where(session, asked.key)
    if row is None or row.body is None or posted is None:
        return
    sent = posting.decode(row.body).arguments
    kept = [one for one in sent["blocks"] if one.get("block_id") != buttons.BLOCK]
    post = Post(
        method="chat.update",
        arguments={
            "channel": posted.channel,
            "ts": posted.ts,
            "text": sent["text"],
            "blocks": [*kept, richtext.context(said)],
        },
    )
    posting.enqueue(
        session,
        post,
        key=f"opinion:{asked.key}",
        kind=MailKind.RECEIPT,
        recipient=row.recipient,
        now=deps.clock.now(),
        language=row.language,
        inquiry=None,  # an edit of what was said: it counts for no limit
        automatic=False,
    )


def _source(sections: tuple[str, ...], language: Language) -> str:
    cited = ", ".join(sections)
    return f"공고 {cited}절" if language is Language.KO else f"announcement, section {cited}"


def _value(stored: Stored) -> str:
    return str((stored.body.get("actions") or [{}])[0].get("value") or "")


async def _whisper(deps: Deps, body: dict[str, Any], text: str) -> None:
    channel = str((body.get("channel") or {}).get("id") or "")
    user = str((body.get("user") or {}).get("id") or "")
    thread = (body.get("message") or {}).get("thread_ts")
    if not channel or not user:
        return
    try:
        await deps.client.chat_postEphemeral(
            channel=channel,
            user=user,
            text=richtext.fallback(text),
            **({"thread_ts": thread} if thread else {}),
        )
    except SlackApiError:
        return  # only a remark; what counts is in the tables
