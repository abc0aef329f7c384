"""Reads one concrete dataset out of a question whether CashMission can collect or process it."""

from __future__ import annotations

import dataclasses
import re

from intents.decide import Feasibility

#: The topic that such a question belongs to.
TOPIC = "cashmission.feasibility"
#: What a person needs to judge a dataset; a reply asks for those that are missing. Who works and until
#: when is noted where it is said, but the contest settles both after the selection.
ASKED = ("modality", "task", "volume", "personal_data", "rights")

_I = re.IGNORECASE
#: Characters in which a dataset is described; what follows is not looked at.
READ = 2_000
#: What kind of data, by what people write. The announcement names no modality, so none is ruled out.
_MODALITY = {
    "image": (
        r"이미지|사진|그림|엑스레이|x-?ray|\bct\b|(?<![a-z])mri(?![a-z])|초음파|내시경|위성|항공"
        r"|스캔|ocr|손글씨|필기|썸네일|캡처|\bimages?\b|photo|pictures?|(?<!lidar )scans?\b|scanned|handwrit"
        r"|drawings?|screenshots?"
    ),
    "video": (
        r"동영상|비디오"
        r"|(?<!의료 )(?<!의료)(?<!mri )(?<!ct )(?<!위성 )(?<!내시경 )(?<!초음파 )영상(?! ?(?:사진|의학))"
        r"|cctv|블랙박스|유튜브 ?(?:영상|클립)|\bvideos?\b|footage|dash ?cam|\bclips?\b"
    ),
    "audio": (
        r"음성|녹음|녹취|오디오|소리|발화|사투리|방언|통화|음악|노래|목소리|발음|\bspeech\b|\baudio\b"
        r"|voices?\b"
        r"|recordings?\b|dialects?|\bsongs?\b|\bmusic|sounds?\b|spoken|pronunciation"
    ),
    "text": (
        r"텍스트|문장|말뭉치|코퍼스|문서|댓글|리뷰|대화|챗봇|번역|뉴스|기사(?!님)|질의응답|자연어|채팅"
        r"|판결문|논문 ?초록|요약문"
        r"|\btexts?\b|textual|sentences?|corpus|corpora|documents?|dialogues?|conversations?|translations?"
        r"|chat logs?"
        r"|\breviews?\b|comments?\b|articles?\b|summaries"
    ),
    "lidar": r"라이다|라이더|lidar|포인트 ?클라우드|point ?clouds?",
    "model_3d": r"3d ?(?:메시|mesh|모델|model|스캔|scan|형상|객체 모델)|(?<![a-z])cad(?![a-z])",
    "sensor": (
        r"센서|시계열|심전도|뇌파|생체 ?신호|(?<![a-z])(?:gps|ecg|eeg|imu)(?![a-z])|레이더|레이다|sensors?"
        r"|time ?series"
        r"|eye-?tracking|시선 ?추적|radar|telemetry"
    ),
    "medical": (
        r"의료|병변|환자|진료|병원|엑스레이|x-?ray|내시경|피부 ?질환|(?<![a-z])(?:ct|mri)(?![a-z])|medical"
        r"|clinical|patients?\b"
        r"|radiolog|patholog|lesions?"
    ),
    "tabular": r"설문|표 데이터|엑셀|정형|통계표|survey|tabular|spreadsheets?|\bcsv\b|questionnaires?",
}
_TASK = {
    "bounding box": r"바운딩|(?<!블랙)박스(?! ?영상)|bounding|\bbbox|\bboxes\b|네모",
    "segmentation": (
        r"세그멘|(?:영역|화면|픽셀|구간|의미) ?분할|영역 ?표시|외곽선|윤곽|마스크|segment|polygons?|폴리곤"
        r"|outlines?"
    ),
    "keypoint": r"키포인트|관절|랜드마크|특징점|골격|keypoints?|landmarks?|\bpose\b|joints?\b|skeleton",
    "classification": (
        r"분류|클래스|태깅|태그|카테고리|감성|감정 ?라벨|의도 ?(?:분류|태깅)|classif|tagg|\btags?\b"
        r"|sentiment|categor"
    ),
    "transcription": r"전사|받아쓰기|받아 ?적|자막|transcri|captions?|캡션|subtitl",
    "translation": r"번역|translat|병렬 ?(?:말뭉치|코퍼스)|parallel (?:sentences|corpus|corpora)",
    "collection": (
        r"수집|촬영|녹음|모으|모을|모아|모은|찍어|찍은|찍고|받아 ?주|구해|collect|gather|\brecord(?:ed"
        r"|ing)?\b(?! of)|\bshoot"
        r"|crowdsourc"
    ),
    "labelling": (
        r"라벨|레이블|어노테이션|주석|가공|표시|마킹|label|annotat|draw(?:ing|n)?\b|mark(?:ing|ed)?\b"
    ),
    "question answering": (
        r"질의응답|문답|질문(?:과|이랑) ?(?:답|대답)|(?<![a-z])qa(?![a-z])|q&a|question[- ]answer"
    ),
    "writing": (
        r"요약|문장(?:을)? ?(?:작성|생성|쓰)|글쓰기|작문|사람이 ?직접 ?써|써 ?주|summar|write sentences"
        r"|written by people"
        r"|paraphras"
    ),
    "evaluation": (
        r"채점|평가 ?(?:점수|라벨)|점수를 ?(?:매|다|부여)|순위 ?매|rated?\b|rating|scor(?:e|ed|ing)"
        r"|ranking of"
    ),
}
#: The ids of all that can be read.
MODALITIES, TASKS = frozenset(_MODALITY), frozenset(_TASK)
#: The kinds of data by their bare names.
_BARE_KINDS = re.compile(
    r"이미지|동영상|비디오|영상|사진|음성|오디오|소리|목소리|텍스트|문장|말뭉치|코퍼스|센서|시계열|라이다"
    r"|라이더|lidar|포인트 ?클라우드|정형|설문"
    r"|\b(?:images?|photos?|photographs?|photographed|pictures?|videos?|footage|clips?|speech|audio"
    r"|voices?|recordings?|sounds?|texts?|sentences?"
    r"|corpus|corpora|sensors?|time ?series|point ?clouds?|surveys?)\b",
    _I,
)
#: Work that names no dataset by itself: everybody writes these words.
_PLAIN = frozenset({"collection", "labelling"})
_MODALITIES = {name: re.compile(pattern, _I) for name, pattern in _MODALITY.items()}
_TASKS = {name: re.compile(pattern, _I) for name, pattern in _TASK.items()}
_NUMBER = (
    r"(?:\d[\d,.]{0,14}\s{0,2}(?:천만|백만|십만|억|천|백|만|k\b|thousand|million)?|수(?:십|백|천|만)+"
    r"|몇 ?(?:십|백"
    r"|천|만)+"
    r"|[한두세네]? ?(?:백|천|만))"
)
_VOLUME = re.compile(
    rf"(?:약|총|대략|최소|최대)?\s?{_NUMBER}\s?(?:여\s?)?"
    r"(?:장|건|개(?!월|인|발)|시간(?! ?(?:안|내|이내|까지))|문장|컷|편|명|인분|프레임|쌍|회|곡|마리|쪽"
    r"|페이지|문항|종|테라|기가|tb|gb"
    r"|분(?= ?(?:분량|짜리|길이|가량|정도)))(?: ?(?:분량|가량|정도|이상|내외|짜리))?"
    r"|(?P<count>\d[\d,.]{0,14}\s?(?:k|m|thousand|million)?|(?:a |several |few )?(?:hundreds?|thousands?"
    r"|millions?)(?: of)?)[ -]+"
    r"(?:[a-z-]{1,20} ){0,3}?(?P<unit>images?|photos?|pictures?|hours?|minutes? of|clips?|videos?|sentences?"
    r"|items?|frames?|people|speakers?"
    r"|pairs?|documents?|reviews?|dialogues?|conversations?|samples?|records?|scans?|recordings?"
    r"|utterances?|pages?|files?|forms?|summaries|patients?|scenes?"
    r"|comments?|articles?|songs?|models?|point clouds?)\b",
    _I,
)
_PERSONAL = re.compile(
    r"개인 ?(?:식별 ?)?정보|얼굴|안면|이름|전화 ?번호|주민|환자|신상|연락처|차량 ?번호|번호판|초상|지문"
    r"|홍채|목소리 ?주인|personal (?:data|information)"
    r"|\bpii\b|\bfaces?\b|facial|\bnames?\b|patients?\b|licen[cs]e plates?|phone numbers?|identifiable"
    r"|biometric",
    _I,
)
_NOT_PERSONAL = re.compile(
    r"비식별|익명|가명|모자이크|블러|개인 ?(?:식별 ?)?정보(?:는|가|도|를)? ?(?:전혀 |모두 |다 "
    r"|따로 )?(?:없|포함되지|포함하지|들어 ?있지|담기지"
    r"|안 들어|안 나|제거|삭제|포함 ?안)|(?:얼굴|사람|이름|번호판)(?:은|이|도|과 [가-힣]+은)? ?(?:전혀 "
    r"|모두 |다 )?(?:안 ?(?:나|찍|보|들어)"
    r"|나오지 ?않|찍히지"
    r" ?않|등장하지|포함되지|없|가렸|가려|지웠|지우)|anonymi[sz]ed|de-?identified|pseudonymi[sz]ed|blurred"
    r"|redacted"
    r"|\bno (?:personal|pii|faces?|identifiable|people|names)|\bwithout (?:any )?(?:personal|faces?|names"
    r"|pii|identif)"
    r"|(?:does not|doesn't|do not|don't|not) (?:contain|include|show|have) (?:any )?(?:personal|faces?"
    r"|names|people|pii|identif)",
    _I,
)
#: On what ground the raw data may be used, by what people write; the first that fits is meant.
_RIGHT = {
    "web": r"크롤링|스크래핑|긁어|crawl|scrap(?:e|ed|ing)\b",
    "licence": (
        r"라이선스|라이센스|공개 ?(?:데이터|저작물)|공공 ?데이터|퍼블릭 ?도메인|licen[cs](?:e(?! plate)"
        r"|ed)|public domain"
        r"|creative commons|\bcc[- ]by|open data"
    ),
    "permission": r"(?:이용|사용) ?허락|허가(?:를|는)? ?(?:받|얻)|permission",
    "consent": r"동의|consent|초상권",
    "own": (
        r"직접 ?(?:촬영|녹음|수집|제작|작성|찍)|자체 ?(?:보유|제작|촬영|수집|데이터)|보유(?:하고|한|중| 중"
        r"|하는)|(?:갖고|가지고) 있|(?:저희|우리|당사) ?소유"
        r"|(?:원본|저작권)(?:은|의|이)? ?(?:저희|우리|당사|자사)|\bour own\b|\bwe own\b"
        r"|we (?:already )?(?:hold|took|shot"
        r"|recorded)\b"
        r"|we (?:already )?have the (?:data|images|videos|recordings|rights)"
    ),
    "copyright": r"저작권|저작물|copyright",
}
RIGHTS = frozenset(_RIGHT)
_RIGHTS = {name: re.compile(pattern, _I) for name, pattern in _RIGHT.items()}
_WORKERS = re.compile(
    r"(?P<said>전문가|의사|간호사|방사선사|변호사|수의사|언어학자|원어민|번역가|농업 ?전문가|전공자"
    r"|일반 ?(?:인|작업자|사용자|이용자)|크라우드 ?작업자|작업자"
    r"|캐시미션 ?(?:이용자|작업자|사용자)|저희 ?(?:연구원|직원|팀원)|어린이|노인|어르신|청각장애인"
    r"|외국인)(?:들)?(?:이|가|께서|분들이)?"
    r"(?=[^.?!]{0,20}(?:라벨|가공|작업|녹음|촬영|표시|전사|번역|검수|태깅|수집|해야|필요|수행))"
    r"|\b(?:experts?|doctors?|radiologists?|lawyers?|native speakers?|linguists?|crowd ?workers?|the crowd"
    r"|your workers?|our (?:own )?(?:staff|team|annotators)"
    r"|trained annotators|ordinary (?:people|workers)|children|elderly (?:people|speakers))\b",
    _I,
)
_SCHEDULE = re.compile(
    r"(?:내년|올해|\d{4}년)?\s?(?:상반기|하반기|\d{1,2} ?월(?: ?(?:초|중순|말))?|연말|연초|내년 ?(?:초|봄"
    r"|여름"
    r"|말))(?: ?\d{1,2} ?일)?(?:까지|안에|이내|전까지|중으로|부터)"
    r"|\d{1,2} ?(?:개월|달|주|일) ?(?:안|이내|내|정도|동안)(?:에|로)?|(?:한|두|세|석|네|넉) ?달 ?(?:안"
    r"|이내|내|정도)(?:에)?"
    r"|\b(?:by|until|before) (?:the end of |early |mid-?|late )?(?:january|february|march|april|may|june"
    r"|july|august|september|october"
    r"|november|december|next (?:year|spring|summer|month)|20\d\d)|\bwithin (?:\d+|one|two|three|four|five"
    r"|six|a|a few) (?:days?|weeks?|months?)",
    _I,
)
_CAN = re.compile(
    r"가능|되나|되는지|될까|될런지|될지|되요|돼요|되죠|됨|받아 ?주|만들(?:어|수|\s?수)|수집할"
    r"|가공할|모을 수|할 수|지원(?:되|하)|support|possible|can (?:you|we|it|cashmission)|feasib"
    r"|could|able to|handle|doable|\bcan\b|would",
    _I,
)


def read(text: str) -> Feasibility | None:
    """Return what is known of the dataset, or None when no concrete one is described.

    Concrete is a question that names a kind of data or a special kind of work; "어떻게 물어보나요"
    alone is not.
    """
    found = slots(text)
    if not _CAN.search(text) or not (found.modality or set(found.task) - _PLAIN):
        return None
    return found


def slots(text: str) -> Feasibility:
    """Read whatever a text says of a dataset, whether or not it asks anything."""
    text = text[:READ]
    modality = tuple(name for name, pattern in _MODALITIES.items() if pattern.search(text))
    task = tuple(name for name, pattern in _TASKS.items() if pattern.search(text))
    return filled(
        Feasibility(
            modality=modality,
            task=task,
            volume=_words(_VOLUME, text),
            personal_data=_personal(text),
            rights=next((name for name, pattern in _RIGHTS.items() if pattern.search(text)), None),
            missing=(),
            workers=_words(_WORKERS, text),
            schedule=_words(_SCHEDULE, text),
            about=text,
        )
    )


def filled(found: Feasibility) -> Feasibility:
    """Note anew what a dataset's description lacks."""
    lacks = {
        "modality": not found.modality,
        "task": not found.task,
        "volume": found.volume is None,
        "personal_data": found.personal_data is None,
        "rights": found.rights is None,
    }
    return dataclasses.replace(found, missing=tuple(name for name in ASKED if lacks[name]))


def together(before: Feasibility, now: Feasibility) -> Feasibility:
    """Put two descriptions of one dataset together; what was said last wins."""
    return filled(
        Feasibility(
            modality=tuple(dict.fromkeys((*before.modality, *now.modality))),
            task=tuple(dict.fromkeys((*before.task, *now.task))),
            volume=now.volume or before.volume,
            personal_data=before.personal_data if now.personal_data is None else now.personal_data,
            rights=now.rights or before.rights,
            missing=(),
            workers=now.workers or before.workers,
            schedule=now.schedule or before.schedule,
            about=f"{before.about} {now.about}".strip(),
        )
    )


def adds(before: Feasibility, now: Feasibility) -> bool:
    """Whether a later text fills something that the description lacked."""
    return bool(set(before.missing) - set(now.missing))


def without_slots(text: str) -> str:
    """Take out of a description what the slots hold: kind of data and work, amount, grounds, days.

    A word that says more than the kind of data stays ("사투리", "영수증").
    """
    for pattern in (_VOLUME, _SCHEDULE, _NOT_PERSONAL, _PERSONAL, _BARE_KINDS, *_TASKS.values()):
        text = pattern.sub(" ", text)
    for pattern in _RIGHTS.values():
        text = pattern.sub(" ", text)
    return text


def _words(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    if found is None:
        return None
    groups = found.groupdict()
    # Of what stands between a count and its unit nothing is kept: it is told back in a mail.
    counted = f"{groups['count']} {groups['unit']}" if groups.get("count") else None
    whole = counted or groups.get("said") or found.group(0)
    return " ".join(whole.split())


def _personal(text: str) -> bool | None:
    if _NOT_PERSONAL.search(text):
        return False
    return True if _PERSONAL.search(text) else None
