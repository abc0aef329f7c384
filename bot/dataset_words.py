"""What a reply says of one dataset: what was understood, what is missing, what was judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from faq.contest import Language
from faq.feasibility import Guide, Judged, Precedent
from intents.decide import Feasibility

_WORDS: Mapping[Language, Mapping[str, str]] = {
    Language.KO: {
        "understood": "이렇게 이해했습니다: {slots}. 다르면 답장으로 바로잡아 주세요.",
        "missing": "다음을 회신해 주시면 더 빨리 확인할 수 있습니다: {slots}",
        "judges": "말씀하신 데이터셋을 실제로 구축할 수 있는지는 담당자가 내용을 보고 판단합니다.",
        "modality": "데이터 종류 {words}",
        "task": "작업 {words}",
        "volume": "분량 {words}",
        "personal_data": "개인정보 {words}",
        "rights": "원본 {words}",
        "workers": "작업자 {words}",
        "schedule": "시기 {words}",
        "yes": "포함",
        "no": "없음",
        "feasible": "비슷한 데이터셋에 대해 담당자가 검토한 결과, 구축할 수 있다고 확인했습니다.",
        "conditional": "비슷한 데이터셋에 대해 담당자가 검토한 결과,"
        " 조건이 맞으면 구축할 수 있다고 확인했습니다.",
        "not_feasible": "비슷한 데이터셋에 대해 담당자가 검토한 결과, 구축하기 어렵다고 확인했습니다.",
        "reason": "담당자가 확인한 내용: {reason}",
        "basis": "검토의 기준이 된 데이터셋: {slots}.",
        "differs": "내용이 이와 다르면 이 메일에 그대로 답장해 주세요. 담당자가 다시 확인합니다.",
    },
    Language.EN: {
        "understood": "This is how we read it: {slots}. If that is not right, please reply and correct us.",
        "missing": "It helps us if you reply with: {slots}",
        "judges": "Whether your dataset can be built is judged by a member of staff.",
        "modality": "kind of data: {words}",
        "task": "work: {words}",
        "volume": "amount: {words}",
        "personal_data": "personal data: {words}",
        "rights": "raw data: {words}",
        "workers": "done by: {words}",
        "schedule": "time: {words}",
        "yes": "yes",
        "no": "none",
        "feasible": "A member of staff has looked at a similar dataset and confirmed that it can be built.",
        "conditional": "A member of staff has looked at a similar dataset and confirmed that it can be built"
        " under conditions.",
        "not_feasible": "A member of staff has looked at a similar dataset and found that it is hard"
        " to build.",
        "reason": "What was found: {reason}",
        "basis": "The dataset that was looked at: {slots}.",
        "differs": "If yours differs, please reply to this mail and a member of staff will look at it again.",
    },
}

_ASKS: Mapping[Language, Mapping[str, str]] = {
    Language.KO: {
        "modality": "데이터의 종류(음성, 이미지, 텍스트 등)",
        "task": "필요한 작업(수집, 라벨링 등)",
        "volume": "필요한 양",
        "personal_data": "개인정보 포함 여부",
        "rights": "원본 데이터의 권리",
    },
    Language.EN: {
        "modality": "the kind of data (speech, images, text ...)",
        "task": "the work needed (collecting, labelling ...)",
        "volume": "the amount needed",
        "personal_data": "whether it contains personal data",
        "rights": "who holds the rights to the raw data",
    },
}
#: Characters of an applicant's own words that are told back.
_SHOWN = 60


def waiting(found: Feasibility, guide: Guide, language: Language) -> Iterator[str]:
    """The paragraphs for a dataset that a person has to judge."""
    words = _WORDS[language]
    yield words["judges"]
    for name in found.modality:
        if name in guide.examples:
            yield guide.examples[name][language]
    slots = _slots(found, guide, language)
    if slots:
        yield words["understood"].format(slots=slots)
    if found.missing:
        asked = ", ".join(_ASKS[language][slot] for slot in found.missing)
        yield words["missing"].format(slots=asked)


def judged(precedent: Precedent, guide: Guide, language: Language) -> Iterator[str]:
    """The paragraphs for a dataset that a precedent answers for."""
    words = _WORDS[language]
    told = {
        Judged.FEASIBLE: words["feasible"],
        Judged.CONDITIONAL: words["conditional"],
        Judged.NOT_FEASIBLE: words["not_feasible"],
    }
    yield told[precedent.verdict]
    yield words["reason"].format(reason=precedent.reason[language])
    basis = Feasibility(
        modality=precedent.modality,
        task=precedent.task,
        volume=None,  # somebody else's words
        personal_data=precedent.personal_data,
        rights=precedent.rights,
        missing=(),
    )
    yield words["basis"].format(slots=_slots(basis, guide, language))
    yield words["differs"]


def _slots(found: Feasibility, guide: Guide, language: Language) -> str:
    words = _WORDS[language]
    has = {True: words["yes"], False: words["no"]}
    values = {
        "modality": ", ".join(guide.modality(name, language) for name in found.modality),
        "task": ", ".join(guide.task(name, language) for name in found.task),
        "volume": found.volume,
        "personal_data": None if found.personal_data is None else has[found.personal_data],
        "rights": guide.right(found.rights, language) if found.rights else None,
        "workers": found.workers,
        "schedule": found.schedule,
    }
    said = [words[name].format(words=value[:_SHOWN]) for name, value in values.items() if value]
    return (" / " if language is Language.KO else "; ").join(said)
