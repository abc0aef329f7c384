"""Subjects that programs write over an automatic reply, in Korean, English and the commonest others."""

from __future__ import annotations

import re

MAX_SUBJECT_CHARS = 200

# Subjects are the weakest mark: they count only where nobody would write them about the contest itself, so a
# bracket, a colon or the end must follow ("자동응답 데이터 문의" is a question, "[자동응답] 부재중" is none).
_CLOSED = r"\s*(?:[:：\])】〕}>|~!.-]|re:|$)"
_NOTE = r"(?:\s*(?:메일|이메일|메시지|안내|알림|공지))?(?:\s*중?\s*(?:입니다|이오니|임))?"
_SINCE = r"(?:\s+(?:until|till|from|to|re)\b.*)?"
_SUBJECTS = tuple(
    re.compile(r"\W{0,4}(?:" + pattern + ")" + _CLOSED, re.I)
    for pattern in (
        r"(?:(?:부재|휴가|출장)\s?중\W{0,3})?자동\s?(?:응답|회신|답장|답신|응신)" + _NOTE,
        r"(?:장기\s?)?부재\s?중" + _NOTE,
        # Somebody on the road may ask as well.
        r"(?!.*(?:문의|\?))(?:(?:여름|하계|연차)\s?)?(?:휴가|출장|휴직|휴무)\s?중" + _NOTE,
        r"auto(?:matic|mated)?[ -]?(?:reply|response|answer|responder)(?: message)?" + _SINCE,
        r"out[ -]of[ -](?:the[ -])?office(?:\s+(?:auto\S*|message|notification|notice))?"
        r"(?:\s+(?:reply|response))?" + _SINCE,
        r"ooo",
        r".{1,60}?\bis (?:currently )?(?:out of (?:the )?office|on (?:leave|vacation))(?:\s*\(.*\))?",
        r".*\((?:auto[ -]?reply|automatic reply|자동\s?(?:회신|응답))\)\s*$",
        r"(?:i am |i'm )?(?:currently )?(?:away from|out of) (?:the |my )?(?:office|mail|e-?mail|desk)"
        + _SINCE,
        r"(?:away )?on (?:vacation|annual leave|holiday|leave)" + _SINCE,
        r"vacation (?:reply|response|message|notice)|away (?:message|notice)",
        r"abwesenheits(?:notiz|nachricht|mitteilung)|automatische antwort|automatisch antwoord|autosvar",
        r"r[eé]ponse automatique|respuesta autom[aá]tica|resposta autom[aá]tica",
        r"risposta automatica|автоответ",
        r"abwesend|abwesenheit(?! )|afwezig(?:heid)?|nicht im (?:büro|haus)",
        r"fuera de (?:la )?oficina|fuori (?:sede|ufficio)",
        r"absence du bureau|message d'absence|absent du bureau",
        # Receipts of having been read, where no report says so (RFC 8098).
        r"\[?(?:수신\s?확인|읽음(?:\s?확인)?)\]?(?=\s*(?:[\]:：]|$))",
        r"read receipt|return receipt|lesebestätigung",
        r"자동\s?(?=[:：])|auto(?=:)|away(?=:)",
        r"自動返信|自動応答|自动回复|自動回覆|自动答复",
    )
)


def is_automatic(subject: str) -> bool:
    """True for the subject of a vacation note or another automatic reply (RFC 3834 §3.1.5)."""
    return any(shape.match(subject[:MAX_SUBJECT_CHARS]) for shape in _SUBJECTS)
