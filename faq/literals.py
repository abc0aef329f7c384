"""Finds facts that were typed into a sentence instead of being filled from the contest file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from faq.contest import Contest, FactStatus

#: Terms that carry a digit and yet state no fact that could change.
_TERMS = re.compile(r"코로나\s?19|COVID-19|(?<!\d)[12]차(?![가-힣]?\d)|(?<!\d)제?3자", re.IGNORECASE)

_MONTHS = "January|February|April|June|July|August|September|October|November|December"
_WEEKDAYS = "Mon|Tues|Wednes|Thurs|Fri|Satur|Sun"
_TEENS = "thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_UNITS_KO = "개|팀|페이지|쪽|장|분|시|명|곳|주|달|년"
_NATIVE = "다섯|여섯|일곱|여덟|아홉|열(?:한|두|세|네|다섯|여섯|일곱|여덟|아홉)?|스무|스물"

#: Each pattern is one way in which a fact slips into a sentence.
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"[\d.,:/-]*\d[\d.,:/-]*\S?",
        # "March" and "May" are words of other kinds as well; as months they follow one of these.
        rf"\b(?:{_MONTHS}|Jan|Feb|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b",
        r"\b(?:[Ii]n|[Oo]f|[Ff]rom|[Tt]o|[Bb]y|[Uu]ntil|[Ss]ince|[Ee]arly|[Ll]ate|[Mm]id)[ -](?:March|May)\b",
        rf"\b(?:{_WEEKDAYS})day\b",
        r"(?<![가-힣])(?:일|이|삼|사|오|유|육|칠|팔|구|시|십|십일|십이)월(?=\s|에|부터|까지|초|중순|말|$)",
        r"[월화수목금토일]요일",
        r"\S*@\S*",
        r"(?:https?://|www\.)\S+",
        r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}(?:/\S*)?",
        r"(?<![가-힣])[일이삼사오육칠팔구수]?[십백천만억조][일이삼사오육칠팔구십백천만억조]*\s?원",
        r"(?<![가-힣])[일이삼사오육칠팔구]?[십백천][일이삼사오육칠팔구]?[만억]",
        rf"(?<![가-힣])(?:{_NATIVE})\s?(?:{_UNITS_KO})",
        rf"(?<![가-힣])[일이삼사오육칠팔구]?십[일이삼사오육칠팔구]?\s?(?:{_UNITS_KO})(?![가-힣]*적)",
        rf"(?i)\b(?:five|six|seven|eight|nine|ten|eleven|twelve|{_TEENS}|{_TENS})\b",
        r"(?i)\b(?:hundred|thousand|million|billion)\b",
    )
)
_JOINTS = re.compile(r",\s*|\s+and\s+(?:the\s+)?|\s*및\s*")


def names(contest: Contest) -> tuple[str, ...]:
    """Collect the stated words that must come from the file: addresses, and names of others.

    Words in two languages count as a name when the English ones have a capital letter, so that
    "online" stays a word like any other; a list of names is taken apart.
    """
    found: list[str] = []
    for fact in contest.facts.values():
        if fact.status is not FactStatus.STATED:
            continue
        match fact.value:
            case str(words):
                found.append(words)
            case {"ko": str(korean), "en": str(english)}:
                found += _proper(korean, english)
    return tuple(dict.fromkeys(name for name in found if len(name) > 2))


def _proper(korean: str, english: str) -> Iterator[str]:
    parts_ko, parts_en = _JOINTS.split(korean), _JOINTS.split(english)
    if len(parts_ko) != len(parts_en):
        parts_ko, parts_en = [korean], [english]
    for ko, en in zip(parts_ko, parts_en, strict=True):
        if any(letter.isupper() for letter in en):
            yield from (ko, en)


def find(text: str, *, names: Sequence[str] = ()) -> Iterator[str]:
    """Yield each literal fact of a text: figures, months, addresses, amounts, the names given."""
    plain = _TERMS.sub(" ", text)
    for pattern in _PATTERNS:
        yield from (match[0].strip() for match in pattern.finditer(plain))
    lowered = plain.casefold()
    yield from (name for name in names if name.casefold() in lowered)
