"""The author's new words: without the quoted thread below or between them, and without the signature.

Every step looks at each line once and at a bounded number of neighbours, so hostile
text costs linear time. When in doubt a line is kept: a leaked quote is a nuisance, a lost
question is a broken promise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.inbox import attribution, signature
from bot.inbox.attribution import MAX_LINE, QUOTED

#: Longer texts are no letter; they are kept as they are.
MAX_CHARS = 400_000
#: Fewer characters than this are taken for a failed cut, unless there was a clear sign where to cut.
FEWEST_CHARS = 10
#: A lone marked line opens a letter as a quote only from this length on.
SHORTEST_QUOTE = 20
#: So many short marked lines right under a line of the author may be his own list.
LONGEST_LIST = 5
LONGEST_ITEM = 40

_GREETING = re.compile(
    r"\W*(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|bonjour|hola|ciao)"
    r"(?:[ ,]{1,2}[\w.'-]{1,20}){0,2}\W*"
    r"|(?:[^\n]{0,20}[ ,])?(?:안녕하세요|안녕하십니까|안녕하신가요)\W{0,3})",
    re.I,
)
_INITIALS = re.compile(r"\s{0,2}[A-Za-z]{1,4}>")


# Rules ask for the words of a mail one after the other, and whoever reads it asks again.
@lru_cache(maxsize=4)
def new_text(text: str) -> str:
    """The author's own words in ``text`` (lines end with LF), or all of it where a cut left too little.

    A short word of the author ("네") above a clear quote header is kept as such.
    """
    if len(text) > MAX_CHARS:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    unarmoured = signature.without_armour(lines)
    announced = attribution.find(unarmoured)
    if announced is None:
        return text
    unquoted = _without_quotes(unarmoured, announced)
    segments = [signature.without(segment) for segment in unquoted.segments]
    kept = _joined([line for segment in segments if "".join(segment).strip() for line in ("", *segment)])
    is_sure = unquoted.is_clear or any(map(_is_signed, unquoted.segments, segments))
    if kept and not _is_greeting(kept) and (is_sure or len("".join(kept.split())) >= FEWEST_CHARS):
        return kept
    return _joined(lines)


def _is_signed(before: list[str], after: list[str]) -> bool:
    """What was taken off had the sign of a signature, and not only the look of one."""
    return any(map(signature.is_sign, before[len(after) : len(after) + 3]))


def _is_greeting(text: str) -> bool:
    """A greeting alone is no letter: the words stand below, where nothing tells them from the quote."""
    return len(text) <= 60 and _GREETING.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unquoted:
    """What is left between the quotes."""

    segments: list[list[str]]
    #: A quote was announced, or marked as one.
    is_clear: bool


def _without_quotes(lines: Sequence[str], announced: Mapping[int, int]) -> _Unquoted:
    """The runs of lines that nobody is quoted in."""
    segments: list[list[str]] = [[]]
    runs = _marked_runs(lines)
    is_clear = False
    position = 0
    while position < len(lines):
        line = lines[position]
        if runs[position]:
            length = runs[position]
            if is_clear or not _is_own_list(lines, position, length):
                segments[-1] = _without_rule(segments[-1])
                segments.append([])
                is_clear = True
            else:
                segments[-1].extend(lines[position : position + length])
            position += length
        elif position in announced:
            position += announced[position]
            following = _next_with_text(lines, position)
            if following is not None and not _quoted_after_announcement(lines[following]):
                # Nothing tells where this quote ends, so it ends with the mail.
                segments[-1] = _without_rule(segments[-1])
                return _Unquoted(segments=segments, is_clear=True)
            segments[-1] = _without_rule(segments[-1])
            segments.append([])
            is_clear = True
            position = len(lines) if following is None else _end_of_quote(lines, following)
        else:
            segments[-1].append(line)
            position += 1
    return _Unquoted(segments=segments, is_clear=is_clear)


def _quoted_after_announcement(line: str) -> bool:
    """Below an announcement bars and initials mark a quote as well; elsewhere they make a table or a text."""
    is_bar = line.lstrip().startswith("|") and not line.rstrip().endswith("|")
    return bool(QUOTED.match(line)) or is_bar or bool(_INITIALS.match(line[:MAX_LINE]))


def _end_of_quote(lines: Sequence[str], position: int) -> int:
    while position < len(lines) and _quoted_after_announcement(lines[position]):
        position += 1
    return position


def _marked_runs(lines: Sequence[str]) -> list[int]:
    """At the first line of each run of marked lines, how many they are; 0 elsewhere."""
    runs = [0] * len(lines)
    start = None
    for position in range(len(lines) + 1):
        if position < len(lines) and QUOTED.match(lines[position]):
            start = position if start is None else start
        elif start is not None:
            runs[start] = position - start
            start = None
    return runs


def _is_own_list(lines: Sequence[str], position: int, length: int) -> bool:
    """True where the author may have written the marks himself, as bullets or arrows."""
    is_under_text = position > 0 and bool(lines[position - 1].strip())
    if attribution.find([lines[position].lstrip(" \t\xa0>"), ">"]):
        return False
    if length == 1:
        is_first = not any(line.strip() for line in lines[max(0, position - 20) : position])
        is_apart = position + 1 < len(lines) and not lines[position + 1].strip()
        return not (is_first and is_apart and len(lines[position]) >= SHORTEST_QUOTE)
    run = lines[position : position + length]
    if all(line.startswith(">>>") for line in run):
        return True  # typed at a prompt
    if not is_under_text or length > LONGEST_LIST:
        return False
    return all(1 < len(line.strip()) <= LONGEST_ITEM and not QUOTED.match(line.lstrip(" >")) for line in run)


def _next_with_text(lines: Sequence[str], position: int) -> int | None:
    for place in range(position, len(lines)):
        if lines[place] and not lines[place].isspace():
            return place
    return None


def _without_rule(kept: list[str]) -> list[str]:
    """Drop the line that some programs draw above a quote."""
    end = len(kept)
    while end and not kept[end - 1].strip():
        end -= 1
    if end and attribution.is_rule(kept[end - 1]):
        end -= 1
    return kept[:end]


def _joined(lines: Sequence[str]) -> str:
    """One text again: no blank lines at the ends, at most one between."""
    out: list[str] = []
    for line in lines:
        if line.strip():
            out.append(line.rstrip())
        elif out and out[-1]:
            out.append("")
    return "\n".join(out).strip("\n")
