"""Whose hand wrote From? What our own mail server found out (RFC 8601), and nothing that came with the mail.

An own reader: authres 1.2.0 refuses whole fields that real servers write, and what we need is small.
Without a list of public suffixes: ``dmarc=pass`` brings the relaxed alignment of the server that looked
the policy up; a bare DKIM or SPF pass counts only for From's own domain or one above it (RFC 7489 §3.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # rows name a Level; they need not read the parser's libraries
    from bot.inbox.inbound import Inbound

FIELD = "authentication-results"
#: More results than any server writes; what follows is not looked at.
MAX_RESULTS = 100


class Level(StrEnum):
    """How sure it is that the owner of the From address wrote the mail, surest first."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    #: The domain in From has said by its DMARC policy that this mail is not its own.
    REFUTED = "refuted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is known about the sender of one mail."""

    level: Level
    #: For staff: which result proved it, or what is missing; never words of the mail itself.
    reason: str


def may_hear_personal(level: Level | None) -> bool:
    """True when this sender may hear what concerns one applicant: his application, result, slot, team.

    The one gate for anything personal. None stands for a mail that nobody could read.
    """
    return level is Level.PROVEN


def weakest(levels: Iterable[Level | None]) -> Level | None:
    """Level of a conversation: as sure as its least sure mail; None when no mail of it was read."""
    known = {level for level in levels if level is not None}
    return next((level for level in reversed(Level) if level in known), None)


def of(inbound: Inbound, *, authserv_id: str) -> Proof:
    """Judge the From of a mail by the results of our own server, named ``authserv_id``; '' trusts nobody.

    Only the topmost Authentication-Results field counts, and only when it is ours: every server writes
    above what it received, so one below is as old as the mail itself (RFC 8601 §4.1, §7.1). That the
    server strips fields which bear its name is its part (§5; docs/identity.md).
    """
    if not authserv_id:
        return _unproven("no AUTHSERV_ID is set, so no server's word counts")
    if inbound.from_address is None:
        return _unproven("no single usable From address (RFC 5322 §3.6.2)")
    # The raw field: an encoded word in it is the sender's text and must not become syntax.
    top = next((str(raw) for name, raw in inbound.report.raw_items() if name.lower() == FIELD), None)
    if top is None:
        return _unproven("no Authentication-Results in the mail")
    found = _read(top)
    if found is None:
        return _unproven("the topmost Authentication-Results cannot be read")
    if found.authserv_id.rstrip(".").casefold() != authserv_id.rstrip(".").casefold():
        return _unproven("the topmost Authentication-Results is not of our server")
    return _judge(found.results, inbound.from_address.rpartition("@")[2].lower())


def _judge(results: tuple[_Result, ...], domain: str) -> Proof:
    if any(result.method == "dmarc" and result.value == "fail" for result in results):
        return Proof(level=Level.REFUTED, reason=f"dmarc=fail for {domain}")
    for result in results:
        proven = _domain_of(result)
        if proven is None:
            continue
        # DMARC itself aligned what it looked up; here only that it looked up this very From.
        if proven == domain or (result.method != "dmarc" and domain.endswith(f".{proven}")):
            return Proof(level=Level.PROVEN, reason=f"{result.method}=pass for {proven}")
    said = ", ".join(dict.fromkeys(f"{r.method}={r.value}" for r in results if r.method in _PROVES))
    return _unproven(f"nothing proves {domain}: {said or 'no result'}")


def _unproven(reason: str) -> Proof:
    return Proof(level=Level.UNPROVEN, reason=reason)


# -- the field --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Result:
    """One method's result, names and value in lower case."""

    method: str
    value: str
    #: Such as ``header.d``; a property that is given twice with two values is left out.
    properties: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    authserv_id: str
    results: tuple[_Result, ...]


#: Which properties name the domain that a pass speaks of, best first (RFC 8601 §2.7; smtp.mail: RFC 5451).
_PROVES: Mapping[str, tuple[str, ...]] = {
    "dmarc": ("header.from",),
    "dkim": ("header.d", "header.i"),
    "spf": ("smtp.mailfrom", "smtp.mail"),
}
# Without white space; a quoted string may stand in it and hide anything (RFC 2045 §5.1 value, RFC 5321 path).
_VALUE = r'(?:"(?:[^"\\]|\\.)*"|[^\s"])+'
_ID = re.compile(rf"\s*({_VALUE})(?:\s+([0-9]+))?\s*")
_METHOD = re.compile(r"\s*([A-Za-z][\w-]*)\s*(?:/\s*([0-9]+)\s*)?=\s*([A-Za-z]+)(?!\S)", re.ASCII)
_PROPERTY = re.compile(rf"\s*([A-Za-z][\w-]*)\s*\.\s*([A-Za-z][\w-]*)\s*=\s*({_VALUE})", re.ASCII)
_WORD = re.compile(rf"\s*{_VALUE}")
_PLAIN = re.compile(r'[^"();\\]+')
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")


def _read(raw: str) -> _Field | None:
    """Read the field body (RFC 8601 §2.2); None where quotes, comments or the name of the server are amiss.

    A single result that cannot be read is left out, as if its server had not looked.
    """
    segments = _segments(raw)
    if segments is None:
        return None
    named = _ID.fullmatch(segments[0])
    # Some write results without saying who they are; others a version that is not ours to read (§2.2).
    if named is None or "=" in named[1] or named[2] not in (None, "1"):
        return None
    results = [_result(segment) for segment in segments[1 : MAX_RESULTS + 1]]
    return _Field(authserv_id=_unquoted(named[1]), results=tuple(r for r in results if r is not None))


def _segments(raw: str) -> list[str] | None:
    """Cut the field at its semicolons; comments become a space, quoted strings stay whole."""
    segments: list[list[str]] = [[]]
    depth, position, end = 0, 0, len(raw)
    while position < end:
        plain = _PLAIN.match(raw, position)
        quoted = _QUOTED.match(raw, position) if depth == 0 else None
        piece = plain or quoted
        if piece is not None:
            if depth == 0:
                segments[-1].append(piece[0])
            position = piece.end()
            continue
        match raw[position]:
            case "(":
                depth += 1
                segments[-1].append(" ")
            case ")" if depth:
                depth -= 1
            case "\\" if depth:
                position += 1  # whatever follows is a letter of the comment (RFC 5322 §3.2.1)
            case ";" if depth == 0:
                segments.append([])
            case '"' | ";" if depth:
                pass
            case _:
                return None
        position += 1
    return None if depth else ["".join(pieces) for pieces in segments]


def _result(segment: str) -> _Result | None:
    method = _METHOD.match(segment)
    if method is None or method[2] not in (None, "1"):
        return None
    properties: dict[str, str] = {}
    doubtful: set[str] = set()
    for name, value in _properties(segment, method.end()):
        if properties.setdefault(name, value) != value:
            doubtful.add(name)
    return _Result(
        method=method[1].lower(),
        value=method[3].lower(),
        properties={name: value for name, value in properties.items() if name not in doubtful},
    )


def _properties(segment: str, position: int) -> Iterator[tuple[str, str]]:
    while position < len(segment):
        found = _PROPERTY.match(segment, position)
        if found is not None:
            yield f"{found[1]}.{found[2]}".lower(), found[3]
        skipped = found or _WORD.match(segment, position)
        if skipped is None:
            return
        position = skipped.end()


def _domain_of(result: _Result) -> str | None:
    """Name the domain that a pass speaks of, in lower case; None for all else."""
    if result.value != "pass":
        return None
    names = _PROVES.get(result.method, ())
    given = next((result.properties[name] for name in names if name in result.properties), None)
    if given is None:
        return None
    domain = _unquoted(given).strip("<>").rpartition("@")[2].rstrip(".").lower()
    return domain if _HOST.fullmatch(domain) else None


def _unquoted(value: str) -> str:
    if value.startswith('"') and _QUOTED.fullmatch(value):
        return _QUOTED_PAIR.sub(r"\1", value[1:-1])
    return value
