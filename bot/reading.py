"""A stored mail, read: who wrote, by which rule, what is asked, what the reply would be. Writes nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import bindparam, select

from bot import copies, personal, reply, returned, threads, unsubscribe
from bot.desk import Desk
from bot.inbox import identity, parse, quote, rules
from bot.slack import heard, persons, place
from bot.storage import Storage
from bot.tables import InboundMail
from faq.contest import Language
from faq.library import Library
from faq.render import RenderError
from intents.decide import Decision, Part, Verdict
from intents.engine import Engine, Message
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
    #: Whose reminders it ends.
    unsubscribes: int | None = None


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
    #: Whose reminders it ends, beside what it asks.
    unsubscribes: int | None = None


Reading = Silent | Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a mail says, as far as it is decided on."""

    #: The author's new text.
    text: str
    #: None where it does not count: in a conversation that goes on.
    subject: str | None
    #: How many.
    attachments: int
    #: The thread before it, newest last.
    earlier: tuple[Earlier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A person's mail before it is decided on."""

    inbound_id: int
    ruling: rules.Ruling
    mail: parse.Inbound
    words: Words
    dedup_key: str | None
    belongs: threads.Belongs
    proof: identity.Proof
    unsubscribes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A mail as the door left it."""

    id: int
    #: By which door it came.
    door: str
    envelope_sender: str
    recipients: tuple[str, ...]
    raw: bytes = field(repr=False)


def fetch(storage: Storage, numbers: Sequence[int]) -> list[Stored]:
    """Take these mails out of the store, in the order in which they came."""
    with storage.read() as session:
        return [
            Stored(
                id=row.id,
                door=row.door,
                envelope_sender=row.envelope_sender,
                recipients=tuple(row.recipients),
                raw=row.raw,
            )
            for row in session.connection().execute(_STORED, {"numbers": list(numbers)})
        ]


_STORED = (
    select(
        InboundMail.id, InboundMail.door, InboundMail.envelope_sender, InboundMail.recipients, InboundMail.raw
    )
    .where(InboundMail.id.in_(bindparam("numbers", expanding=True)))
    .order_by(InboundMail.id)
)


def read(
    storage: Storage, understood: tuple[Library, Engine], desk: Desk, stored: Stored, *, now: datetime
) -> Reading:
    """Parse, classify, thread and decide one stored mail; no lock is held meanwhile."""
    opened = open_mail(storage, desk, stored)
    if isinstance(opened, Silent):
        return opened
    library, engine = understood
    (decision,) = decide_all(engine, [opened.words])
    return asked(opened, decision, library, now=now)


def open_mail(storage: Storage, desk: Desk, stored: Stored) -> Silent | Opened:
    """Parse, classify and thread one stored mail: all that comes before the decision."""
    inbound_id, raw, recipients = stored.id, stored.raw, stored.recipients
    try:
        mail, ruling, proof, text = _by_door(storage, desk, stored)
    except parse.Unreadable as error:
        return unreadable(inbound_id, rule="limits", reason=str(error))
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
    key = copies.key(mail, raw)
    unsubscribes = unsubscribe.asked_by_mail(recipients, mail.subject, desk.identity)
    if unsubscribes is not None and not text:
        # A program wrote it for its reader (RFC 8058 §3.1 beside the link): there is nothing to answer.
        reason = "ends reminders by mail"
        ruling = dataclasses.replace(ruling, rule="unsubscribe", reason=reason, may_answer=False)
        return Silent(
            inbound_id=inbound_id,
            ruling=ruling,
            mail=mail,
            text=_shown(text, mail),
            dedup_key=key,
            proof=proof,
            unsubscribes=unsubscribes,
        )
    if ruling.verdict not in (rules.MailVerdict.QUESTION, rules.MailVerdict.REPLY):
        return Silent(
            inbound_id=inbound_id,
            ruling=ruling,
            mail=mail,
            text=_shown(text, mail),
            dedup_key=key,
            belongs=belongs,
            returned=returned.row_of(recipients, desk.identity.secret),
            proof=proof,
        )
    words = Words(
        text=text,
        # In Slack the subject is only the beginning of the text.
        subject=None if belongs.inquiry_id or stored.door == heard.DOOR else mail.subject,
        attachments=len(mail.attachments),
        earlier=belongs.earlier,
    )
    return Opened(
        inbound_id=inbound_id,
        ruling=ruling,
        mail=mail,
        words=words,
        dedup_key=key,
        belongs=belongs,
        proof=proof,
        unsubscribes=unsubscribes,
    )


def _by_door(
    storage: Storage, desk: Desk, stored: Stored
) -> tuple[parse.Inbound, rules.Ruling, identity.Proof, str]:
    """What was written, what it is, by whom as far as it is known, and its new text.

    Raises parse.Unreadable.
    """
    if stored.door == heard.DOOR:
        said = heard.said(stored.raw)
        with storage.read() as session:
            mail = heard.inbound(said, persons.address(session, said))
            proof = persons.proof(session, said)
        return mail, heard.ruling(mail), proof, said.text
    mail = _of_mail_alone(parse.parse(stored.raw))
    ruling = rules.classify(
        mail, envelope_sender=stored.envelope_sender, desk=desk.names, recipients=stored.recipients
    )
    proof = identity.of(mail, authserv_id=desk.names.authserv_id)
    return mail, ruling, proof, quote.new_text(mail.text).strip()


def _of_mail_alone(mail: parse.Inbound) -> parse.Inbound:
    """A mail that calls itself a Slack user's or a Slack message is neither: such names are ours to give."""
    if place.is_stand_in(mail.from_address):
        mail = dataclasses.replace(mail, from_address=None)
    return dataclasses.replace(mail, message_id=None) if place.is_ours(mail.message_id) else mail


def asked(opened: Opened, decision: Decision, library: Library, *, now: datetime) -> Asked:
    """Put together what was decided on a mail and what the reply would be."""
    written, fault = None, None
    try:
        written = reply.build(decision, library, now=now)
    except RenderError as error:
        log.exception("reading.answer_broken", inbound=opened.inbound_id)
        fault = str(error)
    return Asked(
        inbound_id=opened.inbound_id,
        ruling=opened.ruling,
        mail=opened.mail,
        text=_shown(opened.words.text, opened.mail),
        dedup_key=opened.dedup_key,
        belongs=opened.belongs,
        decision=decision,
        proof=opened.proof,
        personal=personal.asked_for(decision, library),
        reply=written,
        fault=fault,
        unsubscribes=opened.unsubscribes,
    )


def _shown(text: str, mail: parse.Inbound) -> str:
    return text or (mail.subject or "")


def unreadable(inbound_id: int, *, rule: str, reason: str) -> Silent:
    """A mail that nobody but a person can make sense of."""
    verdict = rules.MailVerdict.UNREADABLE
    ruling = rules.Ruling(verdict=verdict, rule=rule, reason=reason, may_answer=False)
    return Silent(inbound_id=inbound_id, ruling=ruling)


def decide(
    engine: Engine, text: str, *, subject: str | None, attachments: int, earlier: Sequence[Earlier] = ()
) -> Decision:
    """Decide on one mail as ``decide_all`` does."""
    words = Words(text=text, subject=subject, attachments=attachments, earlier=tuple(earlier))
    (decision,) = decide_all(engine, [words])
    return decision


def decide_all(engine: Engine, those: Sequence[Words]) -> list[Decision]:
    """Decide on the new text of each mail; where it asks nothing, on the subject, if that counts."""
    messages = [Message(text=one.text, earlier=one.earlier) for one in those if one.text]
    of_texts = iter(engine.decide_all(messages))
    decisions = [next(of_texts) if one.text else None for one in those]
    # Some write the question into the subject and "as above" into the body.
    unasked = [
        (number, Message(text=one.subject))
        for number, (one, found) in enumerate(zip(those, decisions, strict=True))
        if one.subject and (found is None or found.decision is Verdict.IGNORE)
    ]
    of_subjects = engine.decide_all([subject for _, subject in unasked])
    for (number, _), found in zip(unasked, of_subjects, strict=True):
        if found.decision is not Verdict.IGNORE:
            decisions[number] = found
    return [found or _wordless(one.attachments) for one, found in zip(those, decisions, strict=True)]


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
