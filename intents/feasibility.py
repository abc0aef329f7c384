"""Reads one concrete dataset out of a question whether CashMission can collect or process it."""

from __future__ import annotations

import re

from intents.decide import Feasibility

#: The topic that such a question belongs to.
TOPIC = "cashmission.feasibility"

_I = re.IGNORECASE
#: What kind of data, by what people write. The announcement names no modality, so none is ruled out.
_MODALITY = {
    "image": (
        r"이미지|사진|영상 ?사진|그림|엑스레이|x-?ray|\bct\b|\bmri\b|초음파|내시경|위성|항공"
        r"|스캔|ocr|손글씨|필기|\bimages?\b|photos?|pictures?|scans?"
    ),
    "video": r"동영상|비디오|영상|cctv|블랙박스|유튜브|\bvideos?\b|footage",
    "audio": (
        r"음성|녹음|녹취|오디오|소리|발화|사투리|방언|통화|음악|\bspeech\b|\baudio\b|voice"
        r"|recordings?|dialects?"
    ),
    "text": (
        r"텍스트|문장|말뭉치|코퍼스|문서|댓글|리뷰|대화|챗봇|번역|뉴스|질의응답|자연어"
        r"|\btexts?\b|sentences?|corpus|documents?|dialogues?|conversations?|translations?"
    ),
    "lidar": r"라이다|라이더|lidar|포인트 ?클라우드|point ?clouds?|3d",
    "sensor": r"센서|시계열|심전도|뇌파|생체 ?신호|\bgps\b|\becg\b|\beeg\b|sensors?|time ?series",
    "medical": r"의료|병변|환자|진료|병원|medical|clinical|patients?",
    "tabular": r"설문|표 데이터|엑셀|정형|survey|tabular|spreadsheets?",
}
_TASK = {
    "bounding box": r"바운딩|박스|bounding|\bbbox",
    "segmentation": r"세그멘테이션|분할|영역 ?표시|segmentation|polygons?|폴리곤",
    "keypoint": r"키포인트|관절|랜드마크|keypoints?|landmarks?|pose",
    "classification": r"분류|클래스|태깅|카테고리|classif|tagging|\btags?\b",
    "transcription": r"전사|받아쓰기|자막|transcri|captions?|캡션",
    "translation": r"번역|translat",
    "collection": r"수집|촬영|녹음|모으|모을|모아|찍어|collect|gather|record|\bshoot",
    "labelling": r"라벨링|레이블|어노테이션|주석|가공|표시|label|annotat",
    "question answering": r"질의응답|문답|\bqa\b|q&a",
}
_MODALITIES = {name: re.compile(pattern, _I) for name, pattern in _MODALITY.items()}
_TASKS = {name: re.compile(pattern, _I) for name, pattern in _TASK.items()}
_VOLUME = re.compile(
    r"(?:약\s*)?\d[\d,.]*\s*(?:천|만|억|k|thousand|million)?\s*(?:장|건|개|시간|문장|컷|편"
    r"|명|분량|프레임|쌍|회"
    r"|images?|photos?|hours?|clips?|sentences?|items?|frames?|people|pairs?)(?!월)",
    _I,
)
_PERSONAL = re.compile(
    r"개인\s?정보|얼굴|이름|전화\s?번호|주민|환자|신상|연락처|personal (?:data|information)"
    r"|\bpii\b|faces?\b|names and|patients?",
    _I,
)
_NOT_PERSONAL = re.compile(
    r"비식별|익명|개인\s?정보(?:는|가)?\s?(?:없|포함되지)|anonymi[sz]ed|de-identified|no personal", _I
)
_RIGHTS = re.compile(
    r"저작권|초상권|라이선스|라이센스|크롤링|긁어|동의(?:서|를)|직접 촬영|자체 (?:보유"
    r"|제작)|보유하고|copyright|licen[cs]e|consent|crawl|scrap"
    r"|our own|we own",
    _I,
)
_CAN = re.compile(
    r"가능|되나|되는지|될까|될런지|되요|돼요|되죠|받아 ?주|만들(?:어|수|\s?수)|수집할"
    r"|가공할|모을 수|지원(?:되|하)|support|possible|can (?:you|we|it|cashmission)|feasible"
    r"|could|able to|handle|doable",
    _I,
)


def read(text: str) -> Feasibility | None:
    """Return what is known of the dataset, or None when no concrete one is described.

    Concrete is a question that names a kind of data; "어떻게 물어보나요" alone is not.
    """
    modality = tuple(name for name, pattern in _MODALITIES.items() if pattern.search(text))
    if not modality or not _CAN.search(text):
        return None
    task = tuple(name for name, pattern in _TASKS.items() if pattern.search(text))
    volume = _VOLUME.search(text)
    rights = _RIGHTS.search(text)
    personal = _personal(text)
    filled = {
        "modality": modality,
        "task": task,
        "volume": volume,
        "personal_data": personal is not None,
        "rights": rights,
    }
    return Feasibility(
        modality=modality,
        task=task,
        volume=volume.group(0).strip() if volume else None,
        personal_data=personal,
        rights=rights.group(0) if rights else None,
        missing=tuple(name for name, value in filled.items() if not value),
    )


def _personal(text: str) -> bool | None:
    if _NOT_PERSONAL.search(text):
        return False
    return True if _PERSONAL.search(text) else None
