"""What programs and letterheads put under the author's words: signatures, mobile marks, legal notices.

A name under a greeting is the author's own and stays. Only what carries a sign of its own
is taken off, from the end upwards.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.inbox import attribution, phrases

#: More lines with text than this below a delimiter are text, not a signature.
MAX_LINES = 14
#: So many lines may stand below a mobile mark (a name, an institute).
BELOW_MOBILE = 3
MAX_PARAGRAPH = 40
#: Nobody is given more such things by his programs; each look costs one pass over the lines.
MAX_PEELED = 10

#: RFC 3676 §4.3; dash-escaped in a signed text (RFC 9580 §7.1).
_EXACT = frozenset({"-- ", "- -- ", "--\xa0"})
_DELIMITER = re.compile(r"\s{0,2}(?:-{2,4}|—|–{1,2}|——|_{2,4}|\*{3})\s*")
_CONTACT = re.compile(
    r"\b(?:tel|phone|mobile|cell|fax|e-?mail|address|web)\b|전화|휴대|핸드폰|팩스|이메일|메일|주소|홈페이지|www\.|https?://"
    r"|@|\d{2,3}[-.) ]{1,2}\d{3,4}[-. ]\d{4}",
    re.I,
)
_ENDS_SENTENCE = re.compile(r"(?:[?!？.:：,;]|[다요까죠네])\s*$")
_ASKS = re.compile(r"(?:[?？]|[요까]\.)\s*$")
_ITEM = re.compile(r"\s*(?:\d{1,2}[.)]|[-*·•>①-⑩]|[가-하][.)]\s)")
_SIGNED = re.compile(r"(?:-{1,2}|[—–] ?)(?!Yes\b|No\b|Ok\b|Thanks\b)[A-Z][a-z]+(?: [A-Z][\w.]*){0,2}")

_LINK = re.compile(
    r"\s*(?:<\s?https?://[^<>\s]{1,300}\s?>|\(\s?https?://[^()\s]{1,300}\s?\)|\[\s?https?://[^\[\]\s]{1,300}\s?\])"
)
_WORD = r"[^\s?!:;]{1,24}"
_SENT_FROM = re.compile(
    rf"\W{{0,3}}(?:{phrases.SENT_FROM}).{{0,60}}?{phrases.DEVICE}.{{0,60}}|\W{{0,3}}(?:{phrases.DEVICE_SENT})\W{{0,3}}",
    re.I,
)
# With a name that nobody can list ("Sent from Polymail"): only as a paragraph of its own.
_SENT_ALONE = re.compile(
    rf"[\W_]{{0,3}}Sent (?:from my {_WORD}(?: {_WORD}){{0,3}}"
    rf"|(?:from|via|with|using) [A-Z]{_WORD}(?: {_WORD}){{0,3}})"
)
_MOBILE_KO = re.compile(
    rf"\W{{0,3}}(?:{phrases.KOREAN_OWNER}\s?){{0,3}}{phrases.KOREAN_DEVICE}[ \w+()-]{{0,30}}?"
    rf"{phrases.KOREAN_SENT}\W{{0,4}}"
    rf"|\W{{0,3}}(?:{phrases.KOREAN_GET})",
    re.I,
)
_EXCUSE = re.compile(rf"\W{{0,3}}(?:{phrases.EXCUSE})", re.I)
_NOTICE = re.compile(rf"\W{{0,4}}(?:{phrases.NOTICE})", re.I)
_LEGAL = re.compile(phrases.LEGAL, re.I)
_FOOTER = re.compile(rf"\W{{0,6}}(?:{phrases.FOOTER})", re.I)

_ARMOUR = re.compile(r"-----(BEGIN|END) PGP (SIGNED MESSAGE|SIGNATURE|PUBLIC KEY BLOCK)-----\s*")


def without(lines: Sequence[str]) -> list[str]:
    """The lines without what stands below the author's words; all lines when nothing is certain."""
    left = _above_delimiter(list(lines))
    for _ in range(MAX_PEELED):
        shorter = _peeled(left)
        if shorter is None:
            break
        left = shorter
    return left


def is_sign(line: str) -> bool:
    """True for a line that only a program writes: the delimiter, or the name of a device."""
    return line in _EXACT or _is_mobile(line, is_apart=True)


def without_armour(lines: Sequence[str]) -> list[str]:
    """A clear-signed text (RFC 9580 §7) without its armour; other lines stay as they are."""
    kept: list[str] = []
    skips_to: str | None = None
    in_head = False
    for line in lines:
        mark = _ARMOUR.fullmatch(line) if line.startswith("-----") and len(line) < 80 else None
        if mark is not None:
            skips_to = mark[2] if mark[1] == "BEGIN" and mark[2] != "SIGNED MESSAGE" else None
            in_head = mark[2] == "SIGNED MESSAGE"
        elif skips_to is None and not (in_head and line.startswith(("Hash: ", "Charset: ", "Version: "))):
            kept.append(line)
            in_head = False
    return kept


def _with_text(lines: Sequence[str]) -> list[int]:
    return [place for place, line in enumerate(lines) if line and not line.isspace()]


def _above_delimiter(lines: list[str]) -> list[str]:
    """Cut at the highest delimiter among the last lines."""
    places = _with_text(lines)[-MAX_LINES - 1 :]
    for number, place in enumerate(places):
        below = [lines[other][: attribution.MAX_LINE] for other in places[number + 1 :]]
        if _delimits(lines[place], below):
            return lines[:place]
    return lines


def _delimits(line: str, below: Sequence[str]) -> bool:
    if line in _EXACT:
        return True
    is_rule = attribution.is_rule(line)
    if not is_rule and not (len(line) < 20 and _DELIMITER.fullmatch(line)):
        return False
    # A bare line may also divide the author's own text: it must look like a card below.
    if any(_ASKS.search(other) or _ITEM.match(other) for other in below):
        return False
    if not below:
        return True
    texts = [other for other in below if not attribution.is_rule(other)]
    if any(_CONTACT.search(other) for other in texts):
        return sum(len(other) <= 60 and not _PROSE_KO.search(other) for other in texts) > len(texts) / 2
    return not is_rule and len(texts) <= 4 and all(_is_name(other) for other in texts)


_PROSE_KO = re.compile(r"(?:질문|문의|여부|가능|부탁|궁금|[?？]|니다\.?|까\.?|[세어]요\.?)\s*$")


def _is_name(line: str) -> bool:
    """Short, and no sentence: a name, a rank, an institute."""
    words = line.split()
    is_short = len(words) <= 5 and len(line) <= 40
    return is_short and not _ENDS_SENTENCE.search(line) and not words[0][:1].islower()


def _peeled(lines: list[str]) -> list[str] | None:
    """One thing less at the end, or None when only the author's words are left."""
    places = _with_text(lines)
    if not places:
        return None
    last = places[-1]
    line = lines[last]
    start = last
    while start and lines[start - 1].strip() and last - start < MAX_PARAGRAPH:
        start -= 1
    notice = _notice_start(lines, start, last)
    if notice is not None:
        return _without_rule(lines[:notice])
    if len(line) <= attribution.MAX_LINE and _SIGNED.fullmatch(line.strip()) and start == last:
        has_items = any(lines[place].lstrip()[:1] in ("-", "—", "–") for place in places[:-1])
        return None if has_items else lines[:last]
    return _without_mobile(lines, places)


def _notice_start(lines: Sequence[str], start: int, last: int) -> int | None:
    """Where the legal notice or footer begins that fills the last paragraph."""
    for place in range(start, last + 1):
        head = lines[place][: attribution.MAX_LINE]
        if _FOOTER.match(head):
            return place
        if _NOTICE.match(head):
            text = " ".join(line[:4000] for line in lines[place : last + 1])
            stems = {stem[0].lower() for stem in _LEGAL.finditer(text[:8000])}
            if len(stems) >= 3 and not re.search(r"[?？]|까요|나요|습니까|인가요", text):
                return place
    return None


def _without_mobile(lines: list[str], places: Sequence[int]) -> list[str] | None:
    for number in range(len(places) - 1, max(len(places) - 2 - BELOW_MOBILE, -1), -1):
        place = places[number]
        is_apart = number == 0 or not lines[place - 1].strip()
        if not _is_mobile(lines[place], is_apart=is_apart):
            continue
        below = [lines[other] for other in places[number + 1 :]]
        if all(_is_name(other) for other in below):
            return _without_rule(lines[:place])
        return lines[:place] + lines[place + 1 :]
    return None


def _is_mobile(line: str, *, is_apart: bool) -> bool:
    if len(line) > attribution.MAX_LINE:
        return False
    words = _LINK.sub("", line).strip(" \t\xa0*_")
    if len(words) > 120 or re.search(r"[?？]", words):
        return False
    if _MOBILE_KO.fullmatch(words) or _EXCUSE.fullmatch(words):
        return True
    if _SENT_FROM.fullmatch(words):
        return is_apart or words[:1].isupper()
    return is_apart and bool(_SENT_ALONE.fullmatch(words.rstrip(".")))


def _without_rule(lines: list[str]) -> list[str]:
    """Drop the rule or the delimiter that stood above what was taken off."""
    places = _with_text(lines)
    if not places:
        return lines
    line = lines[places[-1]]
    is_delimiter = line in _EXACT or (len(line) < 20 and _DELIMITER.fullmatch(line))
    return lines[: places[-1]] if is_delimiter or attribution.is_rule(line) else lines
