"""Lines that announce a quote: "On … wrote:", blocks of mail headers, "-----Original Message-----".

Mail programs write them in the language of their user, fold them, and draw rules around
them. A person writes similar lines, so each form must carry evidence (an address, a time, a
full date, quote marks below). Every line is read once with a few neighbours; no pattern can
look further than one joined announcement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.inbox import phrases

#: Such a line is short; longer ones are never looked at.
MAX_LINE = 400
#: An attribution may be folded over so many lines, which make no more than this when joined.
FOLDED_LINES, MAX_ATTRIBUTION = 4, 600
#: A block of mail headers has so many lines, with blank and folded ones.
BLOCK_LINES = 18
#: No letter has more lines that could announce a quote; a text with more was made to keep us busy.
MAX_CANDIDATES = 3000

QUOTED = re.compile(r"[^\S\n]{0,3}(?:>|&gt;)")
RULE = re.compile(r"\s*(?:[-=_*~#─━—]\s?){5,}\s*")

_INVISIBLE = " \t\r\n\f\v\xa0\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_TIME = re.compile(
    r"\d{1,2}:\d{2}|\d{1,2}\s?[시時点點]|(?<![\d.])\d{1,2}[.h]\d{2}(?![\d.])|\b\d{1,2}\s?[ap]\.?m\b", re.I
)
_ORDINAL = r"(?:st|nd|rd|th|er|º|\.)?"
_DATE_FORMS = (
    r"(?:\d{4}\s?[년年./-]\s?\d{1,2}\s?[월月./-]\s?\d{1,2}"
    r"|\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?(?:20)?\d{2}(?!\d)"
    rf"|\d{{1,2}}{_ORDINAL}[\s-](?:de\s|ta'\s)?[^\W\d_]{{2,12}}\.?(?:\s\d{{1,2}}\.?)?[,\s-]{{1,2}}(?:de\s)?(?:20|19)\d{{2}}"
    rf"|[^\W\d_]{{3,12}}\.?\s\d{{1,2}}{_ORDINAL},?\s(?:20|19)\d{{2}}"
    r"|(?:20|19)\d{2}\.?\s[^\W\d_]{2,12}\.?\s\d{1,2})"
)
_DATE = re.compile(_DATE_FORMS)
# A few short words (On Tue, / Vào Th / wt.,) and a full date; or a preposition and some number.
_BEGINS = re.compile(
    rf"\W{{0,6}}(?:(?:[^\W\d_]{{1,12}}[.,'’]{{0,2}}\s){{0,3}}(?:[^\W\d_]{{1,12}}[.,]{{0,2}}\s?\d?,?\s)?{_DATE_FORMS}"
    r"|(?:on|at|am|le|el|em|il|op|den|в|w|za|dana|dne|на|pada|vào)\s.{0,30}?\d"
    r"|\d{1,4}\s?[년年월月]|\d{2,4}[./-]\s?\d{1,2}[./-])",
    re.I,
)
_ADDRESS = re.compile(r"[\w.+'-]@[\w-]")
_ENCLOSED = re.compile(r"[<(\[]\s?(?:mailto:)?[\w.+'-]{1,64}@[\w.-]{1,255}")
_OPEN_ADDRESS = re.compile(r"<\s?(?:mailto:)?[\w.+'-]{1,64}@[\w.-]{1,255}\s{0,2}$")
_ENDS_WITH_ADDRESS = re.compile(
    r"[<(]\s?[\w.+'-]{1,64}@[\w.-]{1,255}(?:\s?<mailto:[^<>]{1,255}>)?\s?[>)]{1,2},?$"
)
_WROTE = re.compile(
    rf"(?:{phrases.KOREAN_WROTE})$|\b(?:{phrases.WROTE})\b.{{0,80}}$|(?:{phrases.ASIAN_WROTE})$", re.I
)
_QUOTING = re.compile(rf"(?:{phrases.QUOTING})\s.{{1,80}}$", re.I)
# "Jane Roe wrote:" has no date; it counts above quote marks only.
_NAME_WROTE = re.compile(
    r"(?:[A-Z][\w.'-]{0,20} ){1,4}(?:wrote|writes|schrieb|a écrit|escribió)"
    r"|\S{1,20}(?: \S{1,20})?님(?:이|께서) (?:작성|쓴 글)"
)
# An author's own sentence, at its beginning and at its end.
_PROSE = re.compile(
    r"\W{0,3}(?:you|your|we|i|as|the|in|my|our|this|that|it|since|when|if|please|thanks?|제가|저희|우리)\b",
    re.I,
)
_SENTENCE = re.compile(r"(?:[?!？。.;:：]|[다요까죠])\s*$")
# "-- On … wrote ----" of Zoho, and Yahoo's text that runs on in the same line.
_BETWEEN_DASHES = re.compile(r"-{2,6}\s.{10,500}\s-{2,6}")
_RUN_ON = re.compile(r"\s{0,4}On .{10,80}?<[\w.+'-]{1,64}@[\w.-]{1,100}> wrote:\s{2,}\S")

# Mail headers that a conversion has put into one line.
_IN_ONE_LINE = re.compile(r"\W{0,4}From:.{3,150}?(?:Sent|Date):.{5,100}?(?:To:.{1,400}?)?Subject:")

_SEPARATOR = re.compile(
    rf"\W{{0,2}}(?:[-=_*~─━—]{{2,}}\s*[\[<]?\s*(?:{phrases.OLDER_MAIL})\s*:?\s*[\]>]?\s*[-=_*~─━—]{{2,}}"
    rf"|[\[<]\s*(?:{phrases.OLDER_MAIL})\s*[\]>])\s*|(?:{phrases.FORWARD_BEGINS})\s?[:：]?",
    re.I,
)
#: A title between rules that only counts above a block of headers.
_TITLE = re.compile(r"\s*[-=_*~─━—]{3,}\s?[^-=_*~─━—\n]{2,60}\s?[-=_*~─━—]{3,}\s*")
_MARKER = re.compile(
    rf"[\s#=*~_—-]{{2,20}}.{{0,60}}(?:{phrases.ABOVE_THIS_LINE})[^?？]{{0,60}}"
    rf"|\W{{0,4}}(?:please |to )?(?:{phrases.ABOVE_THIS_LINE})[^?？]{{0,30}}",
    re.I,
)

_LABEL = re.compile(r"[\s*>|·•#-]{0,6}([^\W\d_][^\n:：@]{0,28}?)[\s*]{0,4}[:：][\s*]{0,4}(.*)")
_KINDS = (
    ("from", phrases.FROM),
    ("to", phrases.TO),
    ("when", phrases.WHEN),
    ("about", phrases.ABOUT),
    ("other", phrases.OTHER),
)


class _Below(StrEnum):
    """What stands under an announcement."""

    MARKED = "marked"  # with quote marks
    ADJACENT = "adjacent"  # text in the very next line
    APART = "apart"  # text after a blank line
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One line of a block of mail headers."""

    kind: str
    value: str


def find(lines: Sequence[str]) -> Mapping[int, int] | None:
    """Where quotes are announced: position of the first line, and how many lines it takes.

    None when more lines look like announcements than any letter has.
    """
    following = _next_texts(lines)
    found: dict[int, int] = {}
    candidates = 0
    for position, line in enumerate(lines):
        if not _is_short(line) or (QUOTED.match(line) and not _closes_address(lines, position)):
            continue
        if ends := _may_end(line):
            found.update(_attribution(lines, position, following))
        if begins := _may_begin(line):
            found.update(_announcement(lines, position, following))
        candidates += ends or begins
        if candidates > MAX_CANDIDATES:
            return None
    return found


def _closes_address(lines: Sequence[str], position: int) -> bool:
    """Gmail folds "<a@b" and "> wrote:" apart; that sign is no quote mark."""
    above = lines[position - 1] if position else ""
    return len(above) <= MAX_LINE and _OPEN_ADDRESS.search(above) is not None


def is_rule(line: str) -> bool:
    """True for a drawn line, such as programs put above a block of headers or a signature."""
    return _is_short(line) and RULE.fullmatch(line) is not None


def _is_short(line: str) -> bool:
    return 0 < len(line) <= MAX_LINE and not line.isspace()


def _may_end(line: str) -> bool:
    return line.rstrip(_INVISIBLE)[-1:] in (":", "：", "-", ">")


def _may_begin(line: str) -> bool:
    start = line.lstrip(_INVISIBLE)
    return (
        start[:1] in tuple("-=_*~#─━—[<")
        or ":" in line
        or "：" in line
        or "line" in line.lower()
        or line.lstrip().startswith("이 ")
    )


def _next_texts(lines: Sequence[str]) -> list[int]:
    """For each line, the first line with text at or below it; ``len(lines)`` for none."""
    following = [len(lines)] * (len(lines) + 1)
    for position in range(len(lines) - 1, -1, -1):
        blank = not lines[position].strip(_INVISIBLE)
        following[position] = following[position + 1] if blank else position
    return following


def _below(lines: Sequence[str], position: int, following: Sequence[int]) -> _Below:
    place = following[min(position, len(lines))]
    if place >= len(lines):
        return _Below.NOTHING
    if QUOTED.match(lines[place]) or lines[place].lstrip().startswith("|"):
        return _Below.MARKED
    return _Below.ADJACENT if place == position else _Below.APART


def _announcement(lines: Sequence[str], position: int, following: Sequence[int]) -> dict[int, int]:
    """A separator, a marker of a ticket system or a block of headers that begins in this line."""
    line = lines[position]
    if _SEPARATOR.fullmatch(line.strip(_INVISIBLE)) or _MARKER.fullmatch(line):
        return {position: 1}
    if _RUN_ON.match(line) or _IN_ONE_LINE.match(line):
        return {position: 1}
    if _TITLE.fullmatch(line):
        place = following[position + 1]
        length = _block_length(lines, place, is_ruled=True) if place < len(lines) else 0
        return {position: place + length - position} if length else {}
    is_ruled = position > 0 and is_rule(lines[position - 1])
    length = _block_length(lines, position, is_ruled=is_ruled)
    return {position: length} if length else {}


def _attribution(lines: Sequence[str], last: int, following: Sequence[int]) -> dict[int, int]:
    """The attribution that ends in this line: the shortest that begins as one begins."""
    below = _below(lines, last + 1, following)
    joined = ""
    for length in range(1, FOLDED_LINES + 1):
        position = last - length + 1
        if position < 0 or not _is_short(lines[position]):
            break
        if QUOTED.match(lines[position]) and (length > 1 or not _closes_address(lines, position)):
            break
        if length > 1 and _SENTENCE.search(lines[position]):
            break  # the author's own line stands above the attribution
        begins = length == 1 or _DATE.search(lines[position])
        joined = f"{lines[position].strip(_INVISIBLE)} {joined}".strip()
        if len(joined) > MAX_ATTRIBUTION:
            break
        if begins and (_BEGINS.match(joined) or joined.startswith("--")) and _is_attribution(joined, below):
            return {position: length}
    line = lines[last].strip(_INVISIBLE)
    if not _PROSE.match(line) and _is_attribution(line, below):
        return {last: 1}
    return {}


def _is_attribution(joined: str, below: _Below) -> bool:
    if _BETWEEN_DASHES.fullmatch(joined):
        return bool(_TIME.search(joined) and _ENCLOSED.search(joined))
    text = joined.rstrip(":： *_")
    has_address = bool(_ADDRESS.search(joined))
    has_time = bool(_TIME.search(joined))
    has_date = bool(_DATE.search(joined))
    if not joined.rstrip("*_ ").endswith((":", "：")):
        # Gmail once wrote only "2012/5/3 A <a@b>".
        return below is _Below.MARKED and has_date and bool(_ENDS_WITH_ADDRESS.search(joined))
    if below is _Below.MARKED and (_NAME_WROTE.fullmatch(text) or _QUOTING.match(text)):
        return True
    if _ENDS_WITH_ADDRESS.search(text):
        return has_date or has_time or below is _Below.MARKED
    if below is _Below.MARKED:
        evidence = has_address + has_time + has_date
        return evidence >= (1 if _WROTE.search(text) else 2)
    if not _WROTE.search(text):
        return False
    if below is _Below.ADJACENT:
        return bool(_ENCLOSED.search(joined)) and (has_time or has_date)
    return has_address or (has_time and has_date)


def _block_length(lines: Sequence[str], position: int, *, is_ruled: bool) -> int:
    """How many lines of mail headers stand here (Outlook, Naver, Samsung, Notes); 0 for none."""
    first = _field(lines[position])
    if first is None:
        return 0
    fields = [first]
    last = position
    for place in range(position + 1, min(position + BLOCK_LINES, len(lines))):
        line = lines[place]
        if not line.strip(_INVISIBLE):
            if place - last > 1:
                break
        elif len(line) <= MAX_LINE and (field := _field(line)):
            fields.append(field)
            last = place
        elif place - last > 2 or not _continues(line) or not lines[place - 1].strip(_INVISIBLE):
            break
    return last - position + 1 if _is_block(fields, is_ruled=is_ruled) else 0


def _field(line: str) -> Field | None:
    found = _LABEL.match(line)
    if found is None:
        return None
    name = "".join(found[1].lower().replace("*", "").split())
    for kind, names in _KINDS:
        if name in names:
            return Field(kind=kind, value=found[2])
    return None


def _continues(line: str) -> bool:
    """A list of recipients folded into the next line."""
    return bool(_ADDRESS.search(line)) or line.rstrip().endswith(";") or line[:1] in (" ", "\t")


def _is_block(fields: Sequence[Field], *, is_ruled: bool) -> bool:
    kinds = {field.kind for field in fields}
    if "from" not in kinds:
        return False
    addresses = sum(bool(_ADDRESS.search(field.value)) for field in fields)
    is_dated = any(
        field.kind == "when" and (_TIME.search(field.value) or _DATE.search(field.value)) for field in fields
    )
    others = len(kinds) - 1
    if fields[0].kind != "from":
        return others >= 2 and (addresses > 0 or is_ruled)
    if not addresses and not is_dated:
        return others >= (2 if is_ruled else 3)
    return others >= 2 or (others == 1 and (is_ruled or addresses >= 2 or not kinds & {"to", "other"}))
