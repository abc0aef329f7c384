"""Is a mail from a person or a machine? Named rules, each with the section that obliges us."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import structlog

from bot.inbox import helpdesk, machines
from bot.inbox.inbound import Inbound
from bot.inbox.machines import Seen
from mailer import bounce, token

log = structlog.get_logger(__name__)


class MailVerdict(StrEnum):
    """What a mail is to the desk, in the order in which it is tested."""

    UNREADABLE = "unreadable"
    OWN = "own"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto_reply"
    LIST = "list"
    SPAM = "spam"
    REPLY = "reply"
    QUESTION = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskNames:
    """Who we are, so that we know our own mail."""

    addresses: tuple[str, ...]
    #: Of our Message-IDs and signed addresses.
    domain: str
    secret: bytes = field(repr=False)
    #: Whose Authentication-Results count (RFC 8601 §2.5); '' for nobody's.
    authserv_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What a mail is, by which rule, and whether an automatic answer may go out."""

    verdict: MailVerdict
    #: None where no rule spoke: a question or a reply of a person.
    rule: str | None
    #: For staff: what was found, and the section.
    reason: str
    may_answer: bool
    bounce: bounce.Bounce | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One mark of a machine: ``found`` says what it saw, '' for nothing."""

    name: str
    verdict: MailVerdict
    section: str
    found: Callable[[Seen], str]


_AUTO = MailVerdict.AUTO_REPLY
_LIST = MailVerdict.LIST
#: In the order of the contract; the first that finds something rules. A list often says bulk or no-reply
#: as well, so those two weaker marks come after its own.
RULES = (
    Rule(name="mdn", verdict=_AUTO, section="RFC 8098 §2.1", found=machines.mdn),
    Rule(name="feedback_report", verdict=_AUTO, section="RFC 5965 §2", found=machines.arf),
    Rule(name="success_dsn", verdict=_AUTO, section="RFC 3464 §2.3.3", found=machines.dsn),
    Rule(name="report", verdict=_AUTO, section="RFC 6522 §3", found=lambda seen: machines.report(seen, "")),
    Rule(name="auto_submitted", verdict=_AUTO, section="RFC 3834 §5", found=machines.auto_submitted),
    Rule(name="null_sender", verdict=_AUTO, section="RFC 3834 §2", found=machines.null_sender),
    Rule(name="robot_header", verdict=_AUTO, section="RFC 3834 §2", found=machines.robot_header),
    Rule(name="vacation_subject", verdict=_AUTO, section="RFC 3834 §3.1.5", found=machines.subject),
    Rule(name="calendar_reply", verdict=_AUTO, section="RFC 5546 §3.2.3", found=machines.calendar_reply),
    Rule(name="list_header", verdict=_LIST, section="RFC 2919 §3, RFC 2369 §3", found=machines.list_header),
    Rule(name="list_precedence", verdict=_LIST, section="RFC 3834 §2", found=machines.list_precedence),
    Rule(name="robot_sender", verdict=_AUTO, section="RFC 3834 §2", found=machines.robot_sender),
    Rule(name="list_sender", verdict=_AUTO, section="RFC 3834 §2", found=machines.list_sender),
    Rule(name="precedence", verdict=_AUTO, section="RFC 3834 §2", found=machines.precedence),
    Rule(name="help_desk", verdict=_AUTO, section="RFC 3834 §1", found=machines.help_desk),
    Rule(name="program_text", verdict=_AUTO, section="RFC 3834 §1", found=machines.program_text),
    Rule(name="absence_text", verdict=_AUTO, section="RFC 3834 §1", found=machines.absence_text),
    Rule(name="spam_verdict", verdict=MailVerdict.SPAM, section="RFC 8601 §5", found=machines.spam_verdict),
)
#: The section by which each voice of a bounce is read.
_VOICES = {
    bounce.Voice.DSN: "RFC 3464 §2.3",
    bounce.Voice.DSN_IN_TEXT: "RFC 3464 §2.3, in the text",
    bounce.Voice.FAILED_RECIPIENTS: "X-Failed-Recipients, RFC 5321 §6.1",
    bounce.Voice.WORDING: "wording, RFC 5321 §6.1",
    bounce.Voice.FLUFL: "flufl.bounce, RFC 5321 §6.1",
}


def classify(
    inbound: Inbound, *, envelope_sender: str | None, desk: DeskNames, recipients: Sequence[str] = ()
) -> Ruling:
    """Say what a mail is; only a question or a reply may be answered, and not each of them.

    ``envelope_sender`` is '' for the null sender and None when it is not known;
    ``recipients`` are those of the envelope, where a signed address may stand that To does not show.
    """
    own = _own(inbound, desk)
    if own:
        return Ruling(verdict=MailVerdict.OWN, rule="own", reason=f"{own} (RFC 3834 §2)", may_answer=False)
    seen = Seen(inbound=inbound, envelope_sender=envelope_sender, desk=desk)
    failed = _bounce(seen, recipients)
    if failed is not None:
        told = f"{'delayed' if failed.delayed else 'failed'}, status {failed.status or 'not given'}"
        return Ruling(
            verdict=MailVerdict.BOUNCE,
            rule=failed.voice.value,
            reason=f"delivery report: {told}, {failed.cause} ({_VOICES[failed.voice]})",
            may_answer=False,
            bounce=failed,
        )
    for rule in RULES:
        found = rule.found(seen)
        if found:
            reason = f"{found} ({rule.section})"
            return Ruling(verdict=rule.verdict, rule=rule.name, reason=reason, may_answer=False)
    return _of_person(seen, recipients)


def _of_person(seen: Seen, recipients: Sequence[str]) -> Ruling:
    inbound = seen.inbound
    verdict, why = MailVerdict.QUESTION, "a mail of a person"
    if inbound.in_reply_to or inbound.references:
        verdict, why = MailVerdict.REPLY, "In-Reply-To or References"
    elif any(_is_signed(address, seen.desk) for address in (*recipients, *inbound.to, *inbound.cc)):
        verdict, why = MailVerdict.REPLY, "sent to an address that we signed"
    unanswerable = _asks_for_silence(seen)
    if unanswerable is None:
        return Ruling(verdict=verdict, rule=None, reason=why, may_answer=True)
    rule, reason = unanswerable
    return Ruling(verdict=verdict, rule=rule, reason=reason, may_answer=False)


def _asks_for_silence(seen: Seen) -> tuple[str, str] | None:
    """Why a person's mail gets no automatic answer: rule and reason."""
    if seen.inbound.from_address is None:
        return "no_usable_from", "no single usable From address (RFC 5322 §3.6.2)"
    if marked := helpdesk.mark(seen.inbound.headers):
        return "help_desk_letter", f"a letter through a help desk ({marked}): a person answers (RFC 3834 §2)"
    for value in seen.values("x-auto-response-suppress"):
        words = set(re.split(r"[\s,;]+", value))
        if words & {"all", "autoreply", "oof"}:  # DR, RN and NRN are about receipts, which we do not send
            return "suppress", f"X-Auto-Response-Suppress: {value[:40]} (MS-OXCMAIL §2.1.3.2.20)"
    return None


def _own(inbound: Inbound, desk: DeskNames) -> str:
    sender = inbound.from_address
    if sender is not None:
        ours = {address.lower() for address in desk.addresses}
        local, _, domain = sender.lower().rpartition("@")
        if f"{local.partition('+')[0]}@{domain}" in ours or sender.lower() in ours:
            return "our own address as From"
        if _is_signed(sender, desk):
            return "an address that we signed as From"
    if inbound.message_id is not None and token.is_ours(inbound.message_id, desk.secret, desk.domain):
        return "our own Message-ID"
    return ""


def _is_signed(address: str, desk: DeskNames) -> bool:
    local, _, domain = address.lower().rpartition("@")
    return domain == desk.domain.lower() and token.read(local, desk.secret) is not None


def _bounce(seen: Seen, recipients: Sequence[str]) -> bounce.Bounce | None:
    inbound = seen.inbound
    returned = bounce.Returned(
        message=inbound.report,
        subject=inbound.subject or "",
        sender=inbound.from_address or inbound.header("from")[:320],
        sender_name=inbound.from_name or "",
        to=(*inbound.to, *inbound.cc, *recipients, *seen.desk.addresses),
        text=inbound.text,
        null_sender=bool(machines.null_sender(seen) or machines.daemon_path(seen)),
        signed=any(_is_signed(address, seen.desk) for address in recipients),
    )
    try:
        return bounce.read(returned)
    # A report is whatever another system wrote; one that cannot be read must still get a verdict.
    except Exception as error:
        log.warning("inbox.report_unread", error=type(error).__name__)
        return None
