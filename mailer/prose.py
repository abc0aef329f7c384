"""Bounces in plain words: what mail systems write who send no RFC 3464 report, in several languages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailer import dsn, wording

#: So much of a text is looked at.
MOST_CHARS = 12_000
#: A notice comes to the point at once; what is said further down may be anybody's words.
HEAD_CHARS = 400

_BOOK = wording.sources(Path(__file__).parent / "phrasebook" / "bounces.txt")


def _pattern(section: str) -> re.Pattern[str]:
    return re.compile(_BOOK[section], re.I)


_SYSTEM_ADDRESS, _SYSTEM_NAME = _pattern("system_address"), _pattern("system_name")
_NO_REPLY = _pattern("no_reply_address")
_DAEMON, _DAEMON_NAME = _pattern("daemon_address"), _pattern("daemon_name")
_SUBJECT = re.compile(_BOOK["tag"] + _BOOK["subject"], re.I)
_FAILURE, _DELAY, _SUCCESS = _pattern("failure"), _pattern("delay"), _pattern("success")
_GIVEN_UP, _HUMAN = _pattern("given_up"), _pattern("human")
_OF_MAIL, _OTHER = _pattern("of_mail"), _pattern("other")
_PERSONAL = re.compile(rf"\s*{_BOOK['personal']}\s*[:：]", re.I)
_LATE_SUBJECT = _pattern("late_subject")

_NAMES = re.compile(r"https?://\S{1,500}")
#: The line above a returned mail, or the first line of one.
_CUT = re.compile(
    rf"^[>\s]{{0,4}}(?:[-=*_ ]{{2,40}}\s*{_BOOK['ruled']}.{{0,80}}|{_BOOK['unruled']}.{{0,20}}"
    r"|received: (?:from|by) .{1,500}|return-path: ?<?.{0,300})\s*$",
    re.I | re.M,
)
_QUOTED = re.compile(r"-{2,}\s*(?:original message|original mail|원본|원문)[^-]{0,20}-{2,}", re.I)
_REPLY_LINE = re.compile(
    r"(?:^|[\s>:;('\"])(?:[45][0-5]\d[ -](?=\S)|#?[45]\.\d{1,3}\.\d{1,3}\b|\(#[45]\.\d\.\d\))[^\n]{0,300}",
    re.I | re.M,
)
_LABELLED = re.compile(
    rf"^[\s*|>-]{{0,6}}{_BOOK['label']}\s*[:：|]?\s*(?:rfc822;\s*)?[<\[(\"']?\s*({dsn.ADDRESS.pattern})",
    re.I | re.M,
)
_ALONE = re.compile(
    rf"^[\s*>-]{{0,8}}[<\"'(]?({dsn.ADDRESS.pattern})[>\"')]?\s*(?:[:;,(.]|\.\.\.|$|on |- )", re.M
)
#: The line that begins a returned mail, when it is no field of it.
_FIRST_LINE = re.compile(r"\A[^\n]*(?:follows|copy|original|header)[^\n]*\n\s*", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a text says of a mail that was not delivered."""

    #: Those that the text names as not reached, the likeliest first.
    recipients: tuple[str, ...]
    is_delay: bool
    #: The lines in which a server gives its reason; '' when there are none.
    said: str
    #: The text above the returned mail; what stands with the first recipient comes first.
    text: str
    #: The fields of a returned mail that stands in the text.
    returned: dict[str, str]


def is_system(address: str, name: str) -> bool:
    """True for a sender that mail systems use for what they say themselves (RFC 5321 §4.5.1, RFC 2142)."""
    return bool(_SYSTEM_ADDRESS.fullmatch(address.rpartition("@")[0] or address) or _SYSTEM_NAME.search(name))


def takes_no_reply(address: str) -> bool:
    """True for a sender that says itself that nobody reads what is sent to it."""
    return _NO_REPLY.search(address.rpartition("@")[0] or address) is not None


def is_daemon(address: str, name: str) -> bool:
    """True for a sender that writes nothing but reports on delivery."""
    return bool(_DAEMON.fullmatch(address.rpartition("@")[0] or address) or _DAEMON_NAME.search(name))


def is_subject(subject: str) -> bool:
    """True for a subject that systems write over a bounce; not where a person answers or passes one on."""
    return not is_personal(subject) and _SUBJECT.match(subject[:300]) is not None


def is_personal(subject: str) -> bool:
    """True for a subject that a person's program wrote: an answer, or something passed on."""
    return _PERSONAL.match(subject) is not None


def tells_failure(text: str) -> bool:
    """True when the text, above a returned mail, says that something was not delivered, or is late."""
    above, _ = _split(text)
    return bool(_FAILURE.search(above) or _DELAY.search(above))


def begins_with_failure(text: str) -> bool:
    """True when the text comes to that point at once, as a program does."""
    return _FAILURE.search(_split(text)[0][:HEAD_CHARS]) is not None


def sounds_human(subject: str, text: str) -> bool:
    """True when somebody asks or greets above the notice: a person who pastes one."""
    above = _NAMES.sub(" ", f"{subject}\n{_split(text)[0]}")
    return _HUMAN.search(above) is not None


def speaks_of_mail(text: str) -> bool:
    """True when it is about mail, and not about parcels or payments."""
    return _OF_MAIL.search(text[:MOST_CHARS]) is not None


def is_otherwise(subject: str, text: str) -> bool:
    """True for what mail systems write of besides: quarantines, reports, the owner's own mailbox."""
    return _OTHER.search(f"{subject[:300]}\n{text[:200]}") is not None


def tells_success(text: str) -> bool:
    """True for a report of success in words."""
    above, _ = _split(text)
    return _SUCCESS.search(above) is not None and _FAILURE.search(above) is None


def gives_reply(text: str) -> bool:
    """True when a line holds what a server replied."""
    return _REPLY_LINE.search(_split(text)[0]) is not None


def carries_mail(text: str) -> bool:
    """True when a returned mail, or its header, stands in the text."""
    return _CUT.search(_tidy(text)) is not None


def returns_mail(text: str) -> bool:
    """True when a returned mail stands in the text, and not one that a person's program quotes."""
    cut = _CUT.search(_tidy(text))
    return cut is not None and _QUOTED.search(cut[0]) is None


def read(text: str, *, subject: str, others: Collection[str]) -> Notice:
    """Take from the text who was not reached and why; ``others`` are addresses that it cannot be."""
    above, below = _split(text)
    recipients = tuple(_recipients(above, {other.lower() for other in others}))
    near = _near(above, recipients)
    replies = "\n".join(found[0].strip() for found in _REPLY_LINE.finditer(near))
    is_late = _DELAY.search(above) or (_LATE_SUBJECT.search(subject) and not _FAILURE.search(above))
    return Notice(
        recipients=recipients,
        is_delay=bool(is_late) and _GIVEN_UP.search(above) is None,
        said=replies,
        text=f"{near}\n{subject}\n{above}",
        returned=dsn.fields(_FIRST_LINE.sub("", below)),
    )


def _split(text: str) -> tuple[str, str]:
    """The notice, and the returned mail below it, whose words are ours."""
    text = _tidy(text)
    cut = _CUT.search(text)
    return (text, "") if cut is None else (text[: cut.start()], text[cut.start() :].lstrip())


def _tidy(text: str) -> str:
    """The beginning of the text, without long runs of blanks, on which the patterns would dwell."""
    text = re.sub(r"[ \t\r\f\v\xa0]{3,}", "  ", text[:MOST_CHARS].replace("\r\n", "\n"))
    return re.sub(r"\n(?:[ \t]*\n){2,}", "\n\n", text)


def _near(text: str, recipients: Sequence[str]) -> str:
    """What is said of the first recipient, where several are named; else the whole text."""
    places = sorted(place for place in (text.find(address) for address in recipients) if place >= 0)
    if len(places) < 2 or places[0] != text.find(recipients[0]):
        return text
    begin = text.rfind("\n", 0, places[0]) + 1
    near = text[begin : max(text.rfind("\n", 0, places[1]), places[0])]
    return near if _REPLY_LINE.search(near) else text


def _recipients(text: str, others: Collection[str]) -> Iterator[str]:
    """Addresses in the order of what speaks for them: labelled, alone on a line, anywhere."""
    seen: set[str] = set()
    for pattern in (_LABELLED, _ALONE, dsn.ADDRESS):
        for found in pattern.finditer(text):
            address = (found[1] if pattern.groups else found[0]).strip(".'")
            key = address.lower()
            if key in seen or key in others or is_system(address, ""):
                continue
            seen.add(key)
            yield address
        if seen:
            return
