"""A stored mail, read: who wrote, by which rule, what is asked, what the reply would be. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import select

from bot import copies, personal, reply, returned, threads
from bot.desk import Desk
from bot.inbox import identity, parse, quote, rules
from bot.storage import Storage
from bot.tables import InboundMail
from faq.contest import Language
from faq.library import Library
from faq.render import RenderError
from intents.decide import Decision, Part, Verdict
from intents.engine import Engine
from intents.thread import Earlier

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """A machine's mail, or one that cannot be read: nothing goes out."""

    inbound_id: int
    ruling: rules.Ruling
    #: None when the bytes cannot be read.
    mail: parse.Inbound | None = None
    #: The author's new text, or the subject where there is none.
    text: str = ""
    dedup_key: str | None = None
    belongs: threads.Belongs = threads.NOTHING
    #: The outbox row whose bounce address it was sent to.
    returned: int | None = None
    #: What is known about its sender; None when the bytes cannot be read.
    proof: identity.Proof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A person's mail, and what may be done with it."""

    inbound_id: int
    ruling: rules.Ruling
    mail: parse.Inbound
    text: str
    dedup_key: str | None
    belongs: threads.Belongs
    decision: Decision
    #: What is known about its sender.
    proof: identity.Proof
    #: Topics and known unknowns that lie in the records of one applicant.
    personal: tuple[str, ...]
    #: None when there is nothing to reply to, or the reply cannot be rendered.
    reply: reply.Reply | None
    #: Why it cannot be rendered: a fault of an entry, which must not cost the applicant his place.
    fault: str | None = None


Reading = Silent | Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A mail as the door left it."""

    id: int
    envelope_sender: str
    recipients: tuple[str, ...]
    raw: bytes = field(repr=False)


def fetch(storage: Storage, numbers: Sequence[int]) -> list[Stored]:
    """Take these mails out of the store, in the order in which they came."""
    wanted = (
        select(InboundMail.id, InboundMail.envelope_sender, InboundMail.recipients, InboundMail.raw)
        .where(InboundMail.id.in_(numbers))
        .order_by(InboundMail.id)
    )
    with storage.read() as session:
        return [
            Stored(
                id=row.id, envelope_sender=row.envelope_sender, recipients=tuple(row.recipients), raw=row.raw
            )
            for row in session.execute(wanted)
        ]


def read(
    storage: Storage, understood: tuple[Library, Engine], desk: Desk, stored: Stored, *, now: datetime
) -> Reading:
    """Parse, classify, thread and decide one stored mail; no lock is held meanwhile."""
    inbound_id, raw, recipients = stored.id, stored.raw, stored.recipients
    try:
        mail = parse.parse(raw)
    except parse.Unreadable as error:
        return unreadable(inbound_id, rule="limits", reason=str(error))
    ruling = rules.classify(
        mail, envelope_sender=stored.envelope_sender, desk=desk.names, recipients=recipients
    )
    proof = identity.of(mail, authserv_id=desk.names.authserv_id)
    belongs = threads.NOTHING
    if threads.may_belong(mail, recipients):
        with storage.read() as session:
            belongs = threads.find(
                session,
                mail,
                recipients,
                identity=desk.identity,
                refuted=proof.level is identity.Level.REFUTED,
            )
    text = quote.new_text(mail.text).strip()
    shown = text or (mail.subject or "")
    key = copies.key(mail, raw)
    if ruling.verdict not in (rules.MailVerdict.QUESTION, rules.MailVerdict.REPLY):
        return Silent(
            inbound_id=inbound_id,
            ruling=ruling,
            mail=mail,
            text=shown,
            dedup_key=key,
            belongs=belongs,
            returned=returned.row_of(recipients, desk.identity.secret),
            proof=proof,
        )
    library, engine = understood
    decision = decide(
        engine,
        text,
        subject=None if belongs.inquiry_id else mail.subject,
        attachments=len(mail.attachments),
        earlier=belongs.earlier,
    )
    written, fault = None, None
    try:
        written = reply.build(decision, library, now=now)
    except RenderError as error:
        log.exception("reading.answer_broken", inbound=inbound_id)
        fault = str(error)
    return Asked(
        inbound_id=inbound_id,
        ruling=ruling,
        mail=mail,
        text=shown,
        dedup_key=key,
        belongs=belongs,
        decision=decision,
        proof=proof,
        personal=personal.asked_for(decision, library),
        reply=written,
        fault=fault,
    )


def unreadable(inbound_id: int, *, rule: str, reason: str) -> Silent:
    """A mail that nobody but a person can make sense of."""
    verdict = rules.MailVerdict.UNREADABLE
    ruling = rules.Ruling(verdict=verdict, rule=rule, reason=reason, may_answer=False)
    return Silent(inbound_id=inbound_id, ruling=ruling)


def decide(
    engine: Engine, text: str, *, subject: str | None, attachments: int, earlier: Sequence[Earlier] = ()
) -> Decision:
    """Decide on the new text; where it asks nothing, on the subject, if that counts (a first mail)."""
    decision = engine.decide(text, earlier=earlier) if text else None
    if subject and (decision is None or decision.decision is Verdict.IGNORE):
        # Some write the question into the subject and "as above" into the body.
        asked = engine.decide(subject)
        if asked.decision is not Verdict.IGNORE:
            return asked
    return decision or _wordless(attachments)


def _wordless(attachments: int) -> Decision:
    """A mail without a word: perhaps only an attachment; a person has to look."""
    part = Part(
        text="",
        decision=Verdict.ESCALATE,
        topic=None,
        confidence=0.0,
        candidates=(),
        reason=f"no words in the mail, {attachments} attachments",
    )
    return Decision(language=Language.KO, decision=Verdict.ESCALATE, parts=(part,))
