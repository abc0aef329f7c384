"""What a bounce says: who was not reached, why, and whether the address is dead.

Several voices are asked, the surest first: the report that RFC 3464 describes, its fields within a text,
the header of Exim, the wording of many mail systems, and last the detectors of Mailman.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum

from mailer import diagnosis, dsn, flufl_voice, prose
from mailer.diagnosis import Cause, Diagnosis

_MESSAGE_ID = re.compile(r"<[^<>\s]{1,990}>")
#: Reports about something else (RFC 8098, RFC 5965).
_OTHER_REPORTS = frozenset({"message/disposition-notification", "message/feedback-report"})


class Voice(StrEnum):
    """Which way a bounce was found; the name of the rule."""

    DSN = "dsn"
    DSN_IN_TEXT = "dsn_in_text"
    FAILED_RECIPIENTS = "failed_recipients"
    WORDING = "bounce_wording"
    FLUFL = "bounce_second_voice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """A mail that may be a bounce, as its reader has decoded it."""

    message: Message
    subject: str = ""
    #: Address and name of From; '' where there is none.
    sender: str = ""
    sender_name: str = ""
    #: Addresses of To, which nobody takes for those that were not reached.
    to: Collection[str] = ()
    text: str = ""
    #: True for the null sender (RFC 5321 §4.5.5): a mark of all that machines return.
    null_sender: bool = False
    #: True when it came to an envelope sender that we signed: some mail of ours caused it.
    signed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """One recipient who was not reached, or not yet."""

    recipient: str | None
    #: Enhanced status such as ``5.1.1``, as given, or made of what the words say.
    status: str | None
    #: True only when the address is dead; a full mailbox or a policy is no death, whatever its number.
    permanent: bool
    #: True when the other side is still trying.
    delayed: bool
    #: As the returned header says; anybody can write it, our VERP token is the proof.
    original_message_id: str | None
    voice: Voice = Voice.DSN
    cause: Cause = Cause.UNCLEAR
    #: All that it tells of, the first included.
    recipients: tuple[str, ...] = ()


def read(returned: Returned) -> Bounce | None:
    """Read a mail that tells of a failure or a delay; None for all else, reports of success too.

    With several recipients the first failed one counts, else the first delayed one.
    """
    message = returned.message
    if any(part.get_content_type() in _OTHER_REPORTS for part in dsn.own_parts(message)):
        return None
    is_report = message.get_content_type() == "multipart/report"
    is_system = prose.is_system(returned.sender, returned.sender_name)
    if prose.is_personal(returned.subject) and not (is_report or is_system):
        return None  # somebody passes a bounce on
    told = dsn.told(message)
    if told:
        return _of_report(returned, told, Voice.DSN)
    by_robot = _is_automatic(message) or prose.takes_no_reply(returned.sender)
    is_machine = is_report or is_system or returned.null_sender or returned.signed or by_robot
    if is_machine and (inlined := _inlined(returned)):
        return _of_report(returned, inlined, Voice.DSN_IN_TEXT)
    if _failed_recipients(message):
        return _of_words(returned, Voice.FAILED_RECIPIENTS, named=_failed_recipients(message))
    titled = prose.is_subject(returned.subject)
    if not (is_machine or titled) or (not titled and prose.tells_success(returned.text)):
        return None  # nearly all mail ends here
    if prose.is_otherwise(returned.subject, returned.text):
        return None
    if _is_worded(returned, is_system=is_system, is_machine=is_machine):
        return _of_words(returned, Voice.WORDING)
    if is_machine and (heard := flufl_voice.listen(message)):
        others = {address.lower() for address in _others(returned)}
        named = [address for address in heard.recipients if address.lower() not in others]
        if named:
            return _of_words(returned, Voice.FLUFL, named=named, late=heard.is_temporary)
    return None


def _is_worded(returned: Returned, *, is_system: bool, is_machine: bool) -> bool:
    """True when enough speaks for a bounce: a system's own word, or several marks together."""
    fails = prose.tells_failure(returned.text)
    titled = prose.is_subject(returned.subject)
    replied = prose.gives_reply(returned.text)
    has_part = dsn.returned_part(returned.message)
    carries = has_part or prose.carries_mail(returned.text)
    if is_system and (fails or titled):
        return True
    notice = prose.read(returned.text, subject=returned.subject, others=_others(returned))
    if is_system and (replied or carries) and notice.recipients:
        return True
    if prose.is_daemon(returned.sender, returned.sender_name):
        # It writes of nothing else, in whatever language.
        return bool(replied or carries or notice.recipients)
    at_once = prose.begins_with_failure(returned.text)
    if is_machine:
        if replied or carries:
            return fails or titled or (replied and carries)
        named = (fails and titled) or ((at_once or titled) and bool(notice.recipients))
        return named and (returned.signed or prose.speaks_of_mail(returned.text))
    # An ordinary sender without a mark of a machine: everything has to be there, and at once.
    returns = has_part or prose.returns_mail(returned.text)
    return titled and returns and at_once and not prose.sounds_human(returned.subject, returned.text)


def _inlined(returned: Returned) -> list[dsn.Told]:
    texts = [returned.text, *_plain_texts(returned.message)]
    for text in texts:
        if re.search(r"(?im)^[ \t]{0,4}(?:final-recipient|action|status)[ \t]*:", text):
            told = dsn.in_text(text)
            if any(each.recipient or each.diagnostic for each in told):
                return told
    return []


def _plain_texts(message: Message) -> list[str]:
    found = []
    for part in dsn.own_parts(message):
        if part.get_content_maintype() == "text" and part.get_content_type() not in dsn.RETURNED:
            payload = part.get_payload(decode=True)
            found.append(payload.decode("utf-8", "replace") if isinstance(payload, bytes) else "")
    return found


def _is_automatic(message: Message) -> bool:
    value = str(message.get("Auto-Submitted", "no")).strip().lower()
    return not value.startswith("no")


def _failed_recipients(message: Message) -> tuple[str, ...]:
    """Exim names them in a header of its own, also where its text is in another language."""
    value = " ".join(
        str(message.get(name, "")) for name in ("X-Failed-Recipients", "X-Mailer-Daemon-Recipients")
    )
    return tuple(dict.fromkeys(dsn.ADDRESS.findall(value[:10_000])))


def _of_report(returned: Returned, told: Sequence[dsn.Told], voice: Voice) -> Bounce | None:
    for action in ("failed", "delayed"):
        affected = [each for each in told if each.action == action]
        if affected:
            break
    else:
        return None
    first = affected[0]
    notice = prose.read(returned.text, subject="", others=_others(returned))
    around = notice.text if first.recipient is None or len(told) == 1 else ""
    found = diagnosis.diagnose(status=first.status, said=first.diagnostic, around=around)
    recipient = first.recipient or dsn.original_recipient(returned.message)
    if recipient is None and notice.recipients:
        recipient = notice.recipients[0]
    named = [each.recipient for each in affected if each.recipient]
    delayed = action == "delayed"
    return _bounce(returned, notice, voice, found, recipient=recipient, named=named, delayed=delayed)


def _of_words(
    returned: Returned, voice: Voice, *, named: Sequence[str] = (), late: bool = False
) -> Bounce | None:
    others = _others(returned)
    text = returned.text if returned.text.strip() else "\n".join(_plain_texts(returned.message))
    notice = prose.read(text, subject=returned.subject, others=others)
    original = dsn.first_address(notice.returned.get("to", "")) or dsn.original_recipient(returned.message)
    recipients = [*(named or notice.recipients)]
    if original and not recipients:
        recipients.append(original)
    found = diagnosis.diagnose(status="", said=notice.said, around=notice.text)
    delayed = notice.is_delay or late
    if delayed and (found.status is None or not found.status.startswith("4")):
        found = Diagnosis(cause=Cause.EXPIRED, status="4.4.7", permanent=False)
    recipient = recipients[0] if recipients else None
    return _bounce(returned, notice, voice, found, recipient=recipient, named=recipients, delayed=delayed)


def _bounce(
    returned: Returned,
    notice: prose.Notice,
    voice: Voice,
    found: Diagnosis,
    *,
    recipient: str | None,
    named: Sequence[str],
    delayed: bool,
) -> Bounce:
    told = [*([recipient] if recipient else []), *named]
    return Bounce(
        recipient=recipient,
        status=found.status,
        permanent=found.permanent and not delayed,
        delayed=delayed,
        original_message_id=_original_message_id(returned, notice),
        voice=voice,
        cause=found.cause,
        recipients=tuple(dict.fromkeys(told)),
    )


def _original_message_id(returned: Returned, notice: prose.Notice) -> str | None:
    told = dsn.original_message_id(returned.message)
    if told is not None:
        return told
    headers = (str(returned.message.get(name, "")) for name in ("In-Reply-To", "References"))
    for text in (notice.returned.get("message-id", ""), *headers):
        found = _MESSAGE_ID.findall(text[:20_000])
        if found:
            return str(found[-1])
    return None


def _others(returned: Returned) -> list[str]:
    return [returned.sender, *returned.to]
