"""Tells whether an approved verdict on one dataset answers a question about another.

Alike is what staff would judge by the same reasons: the same kind of data and of work, the same
subject, no more of it than was judged, and nothing delicate that the other lacked. Whatever is not
surely alike goes to a person.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from faq.contest import Language
from faq.feasibility import Judged, Precedent
from intents import feasibility
from intents.decide import Feasibility, Part, Verdict

#: Share of the shorter subject's letter pairs that the other must hold, and of the longer one's.
SHARED = 0.75
SHARED_OF_LONGER = 0.6
#: How much more, or less, than was judged is still the same case.
SLACK = 1.5
#: Grounds of raw data that a person has to weigh.
_DELICATE_RIGHTS = frozenset({"web", "copyright"})
_DELICATE = re.compile(
    r"어린이|아동|유아|영아|미성년|청소년|고등학생|중학생|초등학생|환자|장애|군사|무기|폭력|성인물|음란"
    r"|혐오|범죄|정치|종교"
    r"|children|child|minors?\b|teenager|patients?|disabilit|disabled|military|weapons?|violen"
    r"|adult content|nud(?:e|ity)"
    r"|hate|crim(?:e|inal)|politic|religio",
    re.IGNORECASE,
)
#: Words that everybody uses of any dataset; what is left is the subject.
_COMMON = re.compile(
    r"캐시미션|플랫폼|셀렉트스타|귀사|저희|우리|제가|데이터(?:셋)?|크라우드|소싱|크라우드소싱|가능\S*"
    r"|되\S*|돼\S*|될\S*|됩\S*|할|수|있\S*|없\S*"
    r"|하\S*|해\S*|한|합\S*|했\S*|싶\S*|궁금\S*|문의\S*|부탁\S*|확인\S*|알려\S*|알고|여부|혹시|그럼|그리고"
    r"|것|거|게|건|작업\S*|정도|필요\S*"
    r"|만들\S*|만든|구축\S*"
    r"|제작\S*|생각\S*|계획\S*|예정\S*|제안\S*|지원\S*|처리\S*|관련|대한|위한|위해|통해|이런|이|그|저|및"
    r"|등|좀|입니다|드립니다|드려요|안녕\S*|감사\S*|기획\S*"
    r"|받\S*|까지|그리\S*|그린|그려|치는|치고|친|에서\S*|이고|이며|이나|이랑|습니\S*|니\S*|달아|다는|달고"
    r"|붙이\S*|찍는|찍고|공모전|사업|주세요|주실|주시\S*"
    r"|맡길|맡기\S*|나요|까요|니다|요|죠|다|씩|각각|또는|혹은|약|총|여|포함\S*|들어\S*|나오\S*|보이\S*"
    r"|cashmission|platform|your|you|we|our|us|i|my|can|could|would|should|is|are|be|it|its|to|the|a|an|of"
    r"|on|in|for|with|and|or|that|this|these"
    r"|those|they|them|there|do|does|possible|feasible|doable|able|want|like|need|build|built|building"
    r"|make|create|datasets?|data|sets?|have|has"
    r"|please|if|whether|something|using|by|from|through|work|workers?|crowd|about|around|know|handle"
    r"|support|done|get|any|some|plan|planning"
    r"|intend|ideas?|projects?|per|each|as|at|too|also|contain\w*|includ\w*|visible|show\w*|will|not|no"
    r"|all|both|then|what|how|add\w*|put",
    re.IGNORECASE,
)
_PARTICLE = re.compile(
    r"(?<=..)(?:에서는|으로도|에서도|에서|으로|이랑|까지|부터|마다|들을|들의|들이|을|를|이|가|은|는|도|의"
    r"|에|로|와|과|랑|만|들)$"
)
_NUMBER = re.compile(
    r"(\d[\d,]{0,14}(?:\.\d{1,6})?)\s?(천만|백만|십만|억|천|백|만|k\b|m\b|thousand|million)?", re.IGNORECASE
)
_TIMES = {
    "억": 1e8, "천만": 1e7, "백만": 1e6, "십만": 1e5, "만": 1e4, "천": 1e3, "백": 1e2,
    "k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6,
}  # fmt: skip
_UNIT = re.compile(
    r"(?P<hours>시간|hours?)|(?P<minutes>분|minutes?)|(?P<people>명|인분|people|speakers?)|(?P<bytes>테라"
    r"|기가|tb|gb)"
    r"|(?P<items>장|건|개|문장|컷|편|프레임|쌍|회|곡|마리|쪽|페이지|문항|종|[a-z]{4,}s\b)",
    re.IGNORECASE,
)


def answer(asked: Feasibility, known: Iterable[Precedent]) -> Precedent | None:
    """Find the precedent that answers; None when there is none, or when those that would disagree."""
    found = [(likeness(asked, one), one) for one in known if alike(asked, one)]
    if len({one.verdict for _, one in found}) != 1:
        return None
    return max(found, key=lambda pair: (pair[0], pair[1].version))[1]


def alike(asked: Feasibility, known: Precedent) -> bool:
    """Whether a question is of the case that a precedent judged."""
    if set(asked.modality) != set(known.modality) or not asked.modality:
        return False
    if not _tasks_fit(set(asked.task), set(known.task), known.verdict):
        return False
    if (asked.personal_data is True) != (known.personal_data is True):
        return False
    if (asked.rights in _DELICATE_RIGHTS) != (known.rights in _DELICATE_RIGHTS):
        return False
    if _delicate(asked.about) != _delicate(known.question):
        return False
    if not _volume_fits(asked.volume, known.volume, known.verdict):
        return False
    ours, theirs = subject(asked.about), subject(known.question)
    if not ours or not theirs:
        return not ours and not theirs
    shared = len(ours & theirs)
    shorter, longer = sorted((len(ours), len(theirs)))
    return shared >= SHARED * shorter and shared >= SHARED_OF_LONGER * longer


def likeness(asked: Feasibility, known: Precedent) -> float:
    """How much of the two subjects is the same, 0.0 to 1.0."""
    ours, theirs = subject(asked.about), subject(known.question)
    return len(ours & theirs) / max(len(ours | theirs), 1)


def _tasks_fit(asked: set[str], known: set[str], verdict: Judged) -> bool:
    """A part of the work that can be done can be done; more than cannot be done cannot."""
    if not asked or not known:
        return asked == known
    return asked >= known if verdict is Judged.NOT_FEASIBLE else asked <= known


def _volume_fits(asked: str | None, known: str | None, verdict: Judged) -> bool:
    """No more than was judged possible, no less than was judged impossible, where both are said."""
    if asked is None or known is None:
        return True
    ours, theirs = _amount(asked), _amount(known)
    if ours is None or theirs is None or ours[1] != theirs[1]:
        return asked == known
    if verdict is Judged.NOT_FEASIBLE:
        return ours[0] * SLACK >= theirs[0]
    return ours[0] <= theirs[0] * SLACK


def _amount(words: str) -> tuple[float, str] | None:
    number, unit = _NUMBER.search(words), _UNIT.search(words)
    if number is None or unit is None:
        return None
    times = _TIMES.get((number[2] or "").lower().strip(), 1.0)
    return float(number[1].replace(",", "")) * times, str(unit.lastgroup)


def _delicate(text: str) -> frozenset[str]:
    return frozenset(found.lower() for found in _DELICATE.findall(text))


def subject(text: str) -> frozenset[str]:
    """Reduce a description to what it is about: letter pairs of Korean words, English words by their stem.

    Kind of data, kind of work and amount are compared as slots, and are left out.
    """
    bare = _NUMBER.sub(" ", feasibility.without_slots(text.lower()))
    found: set[str] = set()
    for word in re.findall(r"[가-힣]+|[a-z]{3,}", bare):
        kept = _PARTICLE.sub("", word)
        if any(_COMMON.fullmatch(one) for one in (word, kept, word[:-1])):
            continue
        if kept[0] <= "z":
            found.add(kept.removesuffix("s")[:6])
        else:
            found |= {kept[start : start + 2] for start in range(len(kept) - 1)}
    return frozenset(found)


def applied(part: Part, known: Iterable[Precedent], language: Language) -> Part:
    """Answer a part about a dataset from the precedent of a like one; any other part stays as it is.

    A precedent whose reason is not written in the asker's language helps staff alone.
    """
    if part.feasibility is None or part.topic != feasibility.TOPIC or part.decision is not Verdict.ESCALATE:
        return part
    found = answer(part.feasibility, known)
    if found is None:
        return part
    if language not in found.reason:
        reason = f"{found.id} ({found.verdict}) judged a like dataset, but has no words in '{language}'"
        return dataclasses.replace(part, reason=reason)
    return dataclasses.replace(
        part,
        decision=Verdict.ANSWER,
        reason=f"{found.id} ({found.verdict}) judged a like dataset",
        feasibility=dataclasses.replace(part.feasibility, verdict=found.verdict, precedent=found.id),
        asks_back=None,
    )
