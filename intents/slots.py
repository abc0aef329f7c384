"""What similarity cannot see: amounts, dates, hours, polarity, and whom or what the person names."""

from __future__ import annotations

import re
from dataclasses import dataclass

from intents import matters


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What a sentence states beside its topic."""

    #: Amounts of money in KRW.
    amounts: frozenset[int]
    #: (month or None, day).
    dates: frozenset[tuple[int | None, int]]
    #: The sentence asks for, or names, an hour of the day.
    hour: bool
    #: The sentence is put in the negative ("없나요", "안 되나요", "not allowed").
    negative: bool
    #: Bodies and programmes that are not this contest, by canonical name.
    others: frozenset[str]
    #: What the question is after beside its topic (matters.py).
    matters: frozenset[str]


# A number spelled out needs its unit: 연구원, 사원 and 이원 are no sums.
_MONEY = re.compile(
    r"(?P<number>\d[\d,]*(?:\.\d+)?|[일이삼사오육칠팔구십]+(?=\s*(?:억|천|백|만)))\s*(?P<unit>억|천만|백만|만"
    r"|천)?\s*(?P<rest>\d[\d,]*)?\s*(?P<sub>천만|백만|만|천)?"
    r"\s*원(?!본|칙|격|천|활|하는|래|고)"
)
_MONEY_EN = re.compile(
    r"(?:krw|₩|won)\s*(?P<number>\d[\d,]*(?:\.\d+)?)\s*(?P<unit>million|m\b|billion|thousand|k\b)?"
    r"|(?P<number2>\d[\d,]*(?:\.\d+)?)\s*(?P<unit2>million|m|billion|thousand|k)?\s*(?:krw|won)\b",
    re.IGNORECASE,
)
_UNIT = {"억": 10**8, "천만": 10**7, "백만": 10**6, "만": 10**4, "천": 10**3}
_UNIT_EN = {"million": 10**6, "m": 10**6, "billion": 10**9, "thousand": 10**3, "k": 10**3}
_DIGIT = {"일": 1, "이": 2, "삼": 3, "사": 4, "오": 5, "육": 6, "칠": 7, "팔": 8, "구": 9}
_DATE = re.compile(
    r"(?:(\d{1,2})\s*(?:월|[/.])\s*)?(?<![\d.])(\d{1,2})\s*일(?!\s*(?:간|동안|정도|이내|만에|째))"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE_EN = re.compile(
    rf"\b(?:(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({'|'.join(_MONTHS)})[a-z]*|({'|'.join(_MONTHS)})[a-z]*\s+(\d{{1,2}})\b"
    r"|the (\d{1,2})(?:st|nd|rd|th))",
    re.IGNORECASE,
)
_HOUR = re.compile(
    r"몇\s?시(?!작|간|기|점|제|일)|자정|정오|\d{1,2}\s?시(?!작|간|기|점|제|일)|\d{1,2}:\d{2}|밤 ?12|23시|시각"
    r"|\b(?:what time|which hour|what hour|midnight|noon|o'clock|\d{1,2}\s?(?:am|pm|a\.m|p\.m))\b",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(
    r"없(?:나요|을까|는지|습니까|어요|죠|지)|(?:안|못|불가)\s?(?:되|돼|되나|하|받|가능|내)"
    r"|불가능|않(?:나요|을까|는지|아도|습니까)|말고|아닌가요"
    r"|\b(?:not|no|never|cannot|can't|won't|isn't|aren't|don't|doesn't|without)\b",
    re.IGNORECASE,
)
#: Bodies and programmes that applicants confuse with those of the contest, by what they write.
_OTHERS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "LG": r"(?<![a-z])lg(?![a-z])|엘지",
        "Samsung": r"삼성|samsung",
        "Naver": r"네이버|naver|클로바|clova",
        "Kakao (not its ventures)": r"카카오(?!\s?(?:벤처|벤쳐|톡))|kakao(?!\s?(?:ventures|talk))",
        "Google": r"구글|google(?! drive| docs)",
        "Microsoft": r"마이크로소프트|microsoft|azure|애저",
        "KT": r"(?<![a-z])kt(?![a-z])|케이티",
        "Hyundai": r"현대(?:차|자동차)|hyundai",
        "SoftBank": r"소프트뱅크|softbank",
        "NIPA": r"(?<![a-z])nipa(?![a-z])|정보통신산업진흥원",
        "NIA": r"(?<![a-z])nia(?![a-z])|지능정보사회진흥원|한국정보화진흥원",
        "IITP": r"(?<![a-z])iitp(?![a-z])|정보통신기획평가원",
        "KISA": r"(?<![a-z])kisa(?![a-z])|인터넷진흥원",
        "TIPS": r"(?<![a-z])tips(?![a-z])|팁스",
        "NRF": r"한국연구재단|(?<![a-z])nrf(?![a-z])",
        "AI voucher": r"(?:ai|인공지능)\s?바우(?:처|쳐)|\bai voucher",
        "other voucher": (
            r"(?:클라우드|수출|비대면|제조|혁신|관광)\s?(?:서비스 )?바우(?:처|쳐)"
            r"|\b(?:cloud|export) voucher"
        ),
        "AI Hub": r"ai\s?허브|ai\s?hub",
        "Data Dam": r"데이터\s?댐|data dam",
        "early-founder package": r"예비창업\s?패키지|초기창업\s?패키지|창업도약|청년창업사관",
        "Crowdworks": r"크라우드웍스|crowdworks",
        "Testworks": r"테스트웍스|testworks",
        "Appen": r"(?<![a-z])appen(?![a-z])",
        "Mechanical Turk": r"mturk|mechanical turk|메커니컬\s?터크",
        "SoftBank Ventures and other investors": (
            r"(?:소프트뱅크|알토스|본엔젤스|블루포인트|퓨처플레이|스톤브릿지|한국투자|미래에셋"
            r"|ltb|altos)\s?\w*"
        ),
        "GCP": r"(?<![a-z])gcp(?![a-z])|구글\s?클라우드",
        "NCP": r"네이버\s?클라우드",
    }.items()
}


def read(text: str) -> Slots:
    """Read the slots of a normalised sentence."""
    return Slots(
        amounts=frozenset(_amounts(text)),
        dates=frozenset(_dates(text)),
        hour=_HOUR.search(text) is not None,
        negative=_NEGATIVE.search(text) is not None,
        others=frozenset(name for name, pattern in _OTHERS.items() if pattern.search(text)),
        matters=matters.read(text),
    )


def _amounts(text: str) -> list[int]:
    found = []
    for match in _MONEY.finditer(text):
        number = _number(match["number"])
        if number is None:
            continue
        total = number * _UNIT.get(match["unit"] or "", 1)
        rest = _number(match["rest"]) if match["rest"] else None
        if rest is not None:
            total += rest * _UNIT.get(match["sub"] or "", 1)
        elif match["sub"] and not match["unit"]:
            total *= _UNIT[match["sub"]]
        found.append(round(total))
    for match in _MONEY_EN.finditer(text):
        number = _number(match["number"] or match["number2"])
        unit = (match["unit"] or match["unit2"] or "").lower()
        if number is not None:
            found.append(round(number * _UNIT_EN.get(unit, 1)))
    return found


def _number(written: str) -> float | None:
    """Read 7,000 or 칠 or 십; None for anything else."""
    if written[0].isdigit():
        return float(written.replace(",", ""))
    total, last = 0, 0
    for char in written:
        if char == "십":
            total, last = total + (last or 1) * 10, 0
        elif last:
            return None
        else:
            last = _DIGIT[char]
    return float(total + last)


def _dates(text: str) -> list[tuple[int | None, int]]:
    found: list[tuple[int | None, int]] = []
    for month, day in _DATE.findall(text):
        found.append((int(month) if month else None, int(day)))
    for match in _DATE_EN.finditer(text):
        day = match[1] or match[4] or match[5]
        name = match[2] or match[3]
        found.append((_MONTHS.index(name.lower()[:3]) + 1 if name else None, int(day)))
    return [(month, day) for month, day in found if 1 <= day <= 31 and (month is None or 1 <= month <= 12)]
