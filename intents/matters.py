"""What a question is after beside its topic: matters that likeness in meaning does not tell apart.

A near miss shares its nouns with a topic and asks something else of them: whether it helps in the
judging, how to join another programme, what a sum buys. A topic answers such a question only if
the phrasings of the topic itself speak of the matter.
"""

from __future__ import annotations

import re

#: Names of programmes and services that have an application of their own.
_ELSEWHERE = (
    r"(?:바우처|바우쳐|액티베이트|activate|팁스|액셀러레이터|accelerator|voucher|tips|이노베이션|innovation)"
)
#: Those who take part otherwise than as an applicant.
_ROLE = (
    r"(?:파트너사?|후원사?|협찬사?|스폰서|투자사|심사위원|평가위원|자문위원|멘토|서포터즈|운영 ?인력"
    r"|작업자|봉사자)"
)
_ROLE_EN = (
    r"(?:partner|sponsor|supporter|investor|judge|jury member|reviewer|mentor|adviser|volunteer|worker)s?"
)
_ANY_SUM = r"(?:만 ?원|억 ?원|천만|예산|금액|한도|지원금|규모)"
_COUNTED = r"(?:장|건|시간|분량|개|문장|명|쌍|클립|프레임|페이지|기가|테라|만 ?(?:장|건|개))"

_MATTERS: dict[str, re.Pattern[str]] = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        "an advantage in the judging": (
            r"유리(?:한|하|할|해)|불리(?:한|하|할|해)|가점|가산점|감점|우대(?!\s?금리)|점수(?:를|가|도)?\s?(?:더|높|낮|올|깎)"
            r"|(?:심사|평가|선정|당락|점수)(?:에|에서|에도)\s[^.?!]{0,14}(?:영향|도움|반영|플러스|마이너스)"
            r"|\b(?:dis)?advantages?\b|\b(?:bonus|extra|more|lose) points?\b|\bmarked down\b"
            r"|\b(?:improve|raise|increase|help|hurt)s? (?:our|my|the|your) (?:score|chances?|odds)\b"
        ),
        "joining another programme": (
            rf"{_ELSEWHERE}[^.?!,]{{0,16}}(?:신청|지원|접수|모집|등록|공고)(?:은|는|을|를|이|가)?[^.?!,]{{0,10}}"
            r"(?:어디|언제|어떻게|방법|절차|일정)"
            rf"|\b(?:apply|sign up|register)\b[^.?!]{{0,24}}\b{_ELSEWHERE}\b"
        ),
        "taking part otherwise than as an applicant": (
            rf"{_ROLE}(?:로|으로)(?:서|도)?\s[^.?!,]{{0,16}}(?:싶|려면|려고|할 수|방법|해도|가능)"
            rf"|{_ROLE}(?:가|이)?\s?(?:되려면|되고 싶|될 수|모집|참여 ?조건|신청)"
            r"|\b(?:become|becoming|be|act as|join as|serve as)\s(?:an?|one of (?:the|your)|official)?\s?"
            rf"(?:official )?{_ROLE_EN}\b"
            r"|(?:구경|참관|견학|방청)"
        ),
        "how much a sum buys": (
            rf"{_ANY_SUM}[^.?!]{{0,24}}(?:몇|얼마나)\s?(?:천|만|백)?\s?{_COUNTED}"
            r"|\bhow (?:many|much) (?:[\w-]+ ){0,3}(?:does|do|can|could|would|will)\b[^.?!]{0,40}"
            r"\b(?:won|krw|million|budget|amount|money)\b"
        ),
        "how many have applied": (
            r"경쟁률|지원율|(?:몇|얼마나)\s?(?:많은\s?)?(?:팀|곳|명|건|개)?(?:이나|이|나|가|의)?\s?[^.?!]{0,8}"
            r"(?:지원|신청|접수|응모|참가)(?:을|를)?\s?(?:했|하셨|하였|됐|되었|들어왔|받았|해 왔)"
            r"|\bhow many (?:teams|people|applications?|applicants|proposals|entries)\b[^.?!]{0,30}"
            r"\b(?:applied|received|submitted|so far|already)\b|\bacceptance rate\b"
        ),
        "visas and residence": r"비자(?!금)|체류 ?자격|\bvisas?\b|\bwork permits?\b|\bresidence permit",
        "military service": (
            r"병역|군 ?복무|군대|전문연구요원|산업기능요원|\bmilitary service\b|\bconscript"
        ),
        "taxes and accounting": (
            r"세금|세액|세무|부가세|소득세|법인세|원천징수|회계 ?처리"
            r"|\btax(?:es|able|ation)?\b|\bvat\b|\baccounting\b"
        ),
        "insurance": r"보험|\binsur(?:ance|ed)\b",
        "jobs": (
            r"(?:채용|취업|입사|인턴) ?(?:연계|기회|공고|제안|가산)|인턴십"
            r"|\bjob (?:offer|opening)|\binternships?\b|\brecruitment\b"
        ),
        "the law behind it": (
            r"(?:근거|관할|소관) ?(?:법령|법률|부처|기관)|어느 부처|감독 ?기관"
            r"|\bwhich (?:ministry|law|act)\b|\bregulations?\b|\bgoverning law\b"
        ),
        "keeping it closed for good": (
            r"(?:끝까지|영원히|영구|평생|계속)\s?[^.?!]{0,8}(?:비공개|공개하지 않|공개 안)"
            r"|\b(?:forever|for good|permanently|indefinitely)\b[^.?!]{0,20}\b(?:private|closed|secret)\b"
            r"|\b(?:private|closed|secret)\b[^.?!]{0,20}\b(?:forever|for good|permanently|indefinitely)\b"
        ),
        "child care and parking": r"돌봄|어린이집|육아|주차|\bchild ?care\b|\bparking\b",
        "certificates": (
            r"(?:증명서|확인서|수료증|상장)(?:을|를|도|은|는)?\s?(?:발급|주|받|나오|있)|\bcertificates?\b"
        ),
    }.items()
}


def read(text: str) -> frozenset[str]:
    """Name the matters that a normalised sentence is after, in words that staff can read."""
    return frozenset(name for name, pattern in _MATTERS.items() if pattern.search(text))
