"""What a server's refusal means: is the address dead, or only out of reach (RFC 3463, RFC 5321 §4.2)?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mailer import wording

#: So much of a text is looked at.
MOST_CHARS = 8_000


class Cause(StrEnum):
    """Why a mail was not delivered."""

    NO_MAILBOX = "no such mailbox"
    NO_DOMAIN = "no such domain"
    DISABLED = "mailbox disabled"
    MOVED = "mailbox moved"
    FULL = "mailbox full"
    TOO_BIG = "message too big"
    POLICY = "refused by policy"
    LOOP = "mail loop"
    EXPIRED = "given up after waiting"
    SYSTEM = "trouble of a mail system"
    UNCLEAR = "no reason found"


#: The address itself is dead; nothing else suppresses.
DEAD = frozenset({Cause.NO_MAILBOX, Cause.NO_DOMAIN, Cause.DISABLED, Cause.MOVED})

# RFC 3463 §3: subject and detail of an enhanced status that says so much by itself.
_BY_STATUS = {
    "1.2": Cause.NO_DOMAIN,
    "1.5": Cause.UNCLEAR,
    "1.6": Cause.MOVED,
    # About our address, not the recipient's.
    "1.7": Cause.POLICY,
    "1.8": Cause.POLICY,
    "1.9": Cause.SYSTEM,
    "2.1": Cause.DISABLED,
    "2.2": Cause.FULL,
    "2.3": Cause.TOO_BIG,
    "3.4": Cause.TOO_BIG,
    "4.6": Cause.LOOP,
    "4.7": Cause.EXPIRED,
    "4.14": Cause.LOOP,
    "4.310": Cause.NO_DOMAIN,  # Exchange Online: the domain is not in the DNS
}
_BY_SUBJECT = {
    "1": Cause.NO_MAILBOX,
    "3": Cause.SYSTEM,
    "4": Cause.EXPIRED,
    "6": Cause.POLICY,
    "7": Cause.POLICY,
}
#: How a cause is written where nobody gave a status.
_AS_STATUS = {
    Cause.NO_MAILBOX: "1.1",
    Cause.NO_DOMAIN: "1.2",
    Cause.DISABLED: "2.1",
    Cause.MOVED: "1.6",
    Cause.FULL: "2.2",
    Cause.TOO_BIG: "3.4",
    Cause.POLICY: "7.1",
    Cause.LOOP: "4.6",
    Cause.EXPIRED: "4.7",
    Cause.SYSTEM: "3.0",
    Cause.UNCLEAR: "0.0",
}

STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
#: A status within a text, where a version number or an address is none.
_STATED = re.compile(
    r"(?:\b[45]\d\d[\s-]+|[#(<'\"]|^\s{0,20}|[:;]\s?|\bstatus(?: code)?\s)"
    r"([245]\.[0-7]\.\d{1,3})(?![\d.]*\d)",
    re.M | re.I,
)
#: A reply code where it begins a reply: at the start, after "said:", a colon or a bracket.
CODE = re.compile(
    r"(?:^|[\s:;('\"#<])([45][0-5]\d)(?=[\s-]+(?:[245]\.\d|[#<\"'(]|[A-Za-z가-힣]|\d{3}[\s-]))", re.M
)

# Names of hosts and people are no reasons, whatever words are in them.
_NAMES = re.compile(
    r"https?://\S{1,500}|<?[\w.+=/'-]{1,64}@[\w.-]{1,255}>?|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.[a-z]{2,24}\b"
)

_BOOK = wording.read(Path(__file__).parent / "phrasebook" / "causes.txt")
_BY_SECTION = {cause.name.lower(): cause for cause in Cause}
#: In the order of the book.
_SAYINGS = tuple((_BY_SECTION[name], pattern) for name, pattern in _BOOK.items() if name in _BY_SECTION)
#: Said of every refusal; it counts when nothing else is known.
_REFUSAL = _BOOK["refusal"]
#: Exchange Online answers so for an unknown recipient of a domain it hosts.
_EDGE_BLOCK = re.compile(r"recipient address rejected: access denied", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What a refusal comes to."""

    cause: Cause
    #: Enhanced status, given or made of the cause; None when there is nothing to make it of.
    status: str | None
    #: True when the address is dead.
    permanent: bool


def diagnose(*, status: str, said: str, around: str = "") -> Diagnosis:
    """Weigh what a system gave as its status, what the server said, and the text around both.

    The words weigh more than the numbers: 5.x.x alone says "dead" of full mailboxes and policies.
    ``status`` is the field of a DSN, ``said`` its diagnosis or the reply within a text; '' for none.
    """
    said, around = said[:MOST_CHARS], around[:MOST_CHARS]
    own, theirs = _status(status), _status(said) or _stated(around)
    shown = theirs if theirs and (own is None or _is_vague(own)) else own or theirs
    code = _code(said) or _code(around)
    cause = _cause(shown, said, around)
    is_temporary = _is_temporary(shown, code, said)
    if shown is None or (shown.endswith(".0.0") and cause is not Cause.UNCLEAR):
        shown = _made(cause, shown, code)
    return Diagnosis(cause=cause, status=shown, permanent=cause in DEAD and not is_temporary)


def _cause(status: str | None, said: str, around: str) -> Cause:
    if _EDGE_BLOCK.search(said) and status == "5.4.1":
        return Cause.NO_MAILBOX
    by_words = _saying(said)
    by_number = _numbered(status)
    if status is not None and status.partition(".")[2] in ("1.7", "1.8"):
        return Cause.POLICY
    if by_words is Cause.POLICY and by_number is Cause.FULL:
        return Cause.FULL
    known = by_words or by_number or _saying(around)
    if known is not None:
        return known
    return Cause.POLICY if _REFUSAL.search(_words(said)) else Cause.UNCLEAR


def _saying(text: str) -> Cause | None:
    words = _words(text)
    return next((cause for cause, pattern in _SAYINGS if pattern.search(words)), None)


def _words(text: str) -> str:
    # The lines of one reply repeat its code (RFC 5321 §4.2.1).
    joined = re.sub(r" [45]\d\d-(?:[45]\.\d+\.\d+ )?", " ", re.sub(r"\s+", " ", text))
    return _NAMES.sub(" ", joined)


def _numbered(status: str | None) -> Cause | None:
    if status is None or _is_vague(status):
        return None
    _, subject, detail = status.split(".")
    return _BY_STATUS.get(f"{subject}.{detail}") or _BY_SUBJECT.get(subject)


def _status(text: str) -> str | None:
    found = STATUS.search(text)
    return found[0] if found else None


def _stated(text: str) -> str | None:
    found = _STATED.search(text)
    return found[1] if found else None


def _code(text: str) -> str | None:
    found = CODE.search(text)
    return found[1] if found else None


def _is_vague(status: str) -> bool:
    """X.0.0 and its like say no more than the class; 5.5.0 stands for 'not taken' with some servers."""
    return status.partition(".")[2] in ("0.0", "5.0", "3.0", "1.0", "2.0", "4.0")


def _is_temporary(status: str | None, code: str | None, said: str) -> bool:
    """True when the last word was 4yz; of two that disagree, the reply of the server counts."""
    if code is not None and said:
        return code.startswith("4")
    if status is not None:
        return status.startswith("4")
    return code is not None and code.startswith("4")


def _made(cause: Cause, vague: str | None, code: str | None) -> str | None:
    if cause is Cause.UNCLEAR and code is None:
        return vague
    letter = (
        code[0] if code else vague[0] if vague else "4" if cause in (Cause.EXPIRED, Cause.SYSTEM) else "5"
    )
    return f"{letter}.{_AS_STATUS[cause]}"
