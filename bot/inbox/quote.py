"""The author's new words: without the quoted thread below or between them, and without the signature.

Every step looks at each line once and at a bounded number of neighbours, so hostile
text costs linear time. When in doubt a line is kept: a leaked quote is a nuisance, a lost
question is a broken promise.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Longer texts are no letter; they are kept as they are.
MAX_CHARS = 400_000
#: Fewer characters than this are taken for a failed cut, unless a clear quote header follows.
FEWEST_CHARS = 10
#: A header line is short; longer lines are never looked at.
MAX_HEADER_LINE = 400
#: An attribution may be folded over so many lines, a header block has so many.
FOLDED_LINES = 3
BLOCK_LINES = 7
#: More lines than this below a delimiter are text, not a signature.
SIGNATURE_LINES = 12

_QUOTED = re.compile(r"\s{0,3}(?:>|&gt;)")
_TIME = re.compile(r"\d{1,2}:\d{2}|\d{1,2}시")
_DATE_FIRST = re.compile(
    r"\W{0,3}(?:\d{2,4}\s?[년年./-]\s?\d{1,2}\s?[월月./-]|\d{1,2}\s?[./]\s?\d{1,2}\s?[./])"
)
# Where an attribution may begin: a date, a preposition of the language, or a name with its address.
_BEGINS = re.compile(
    r"\W{0,3}(?:\d{1,4}\s?[년年./-]|(?:on|at|am|le|el|em|il|op|den|в|w)\s+\S|.{0,120}?<?[\w.+-]{1,64}@)", re.I
)
_ENDS = re.compile(
    r"(?:작성(?:함|하였습니다|했습니다|됨|한\s?(?:글|메시지|내용|메일))?|쓴\s?(?:글|메시지|내용)|님의\s?(?:말|글|메시지|메일)|적은\s?글"
    r"|보낸\s?(?:글|메시지)|\bwrote|\bwrites|\bwrote the following|\bschrieb(?: am)?.{0,80}|a écrit\s?"
    r"|\bescribió\s?|\bha scritto\s?|\bescreveu\s?|\bschreef.{0,80}|\bskrev.{0,80}|написал\(?а?\)?|пишет"
    r"|のメール|写道)\s*[:：]\s*$",
    re.I,
)
# What an author's own sentence ends with, and the first line of a folded attribution does not.
_SENTENCE = re.compile(r"(?:[?!？]|[다요까죠]\.?)\s*$")
_ADDRESSED = re.compile(r"<?[\w.+'-]{1,64}@[\w.-]{1,255}>?\s*[:：]?\s*$")
_ADDRESS = re.compile(r"[\w.+'-]@[\w-]")

_ORIGINAL = (
    r"original\s?(?:message|mail|e-?mail|appointment)|reply message|forwarded (?:message|mail|by .{1,80})"
    r"|원본\s?(?:메일|메시지|메세지|이메일|내용)?|원문(?:\s?(?:메일|메시지))?|이전 메일"
    r"|전달된?\s?(?:메일|메시지|메세지|이메일)|받은\s?(?:메일|메시지)|보낸\s?(?:메일|메시지)"
    r"|ursprüngliche nachricht|message d'origine|mensaje original|元のメッセージ|原始邮件|原始郵件"
)
_SEPARATOR = re.compile(
    rf"\s*(?:[-=_*~─━]{{2,}}\s*(?:{_ORIGINAL})\s*[-=_*~─━]{{2,}}|\[\s*(?:{_ORIGINAL})\s*\]"
    r"|begin forwarded message:|전달된 메시지 시작\s?:?|=+ 원본 =+)\s*",
    re.I,
)
_RULE_LINE = re.compile(r"\s*(?:[-=_*~#─━]\s?){5,}\s*")
_FROM = re.compile(
    r"[\s*>|]{0,4}(?:from|보낸\s?사람|보낸\s?이|발신(?:인|자)?|von|de|da|van|från|差出人|送信者|发件人|寄件者)\*?\s?[:：]\*?\s*\S?",
    re.I,
)
_FIELD = re.compile(
    r"[\s*>|]{0,4}(?:sent|date|to|cc|subject|reply-to|importance|보낸\s?(?:날짜|시간|일시)|받는\s?(?:사람|이)|수신(?:인|자)?|참조"
    r"|숨은\s?참조|제목|날짜|일시|작성일|gesendet|datum|an|betreff|envoyé|date|à|objet|enviado|para|asunto|assunto"
    r"|inviato|a|oggetto|送信日時|日時|宛先|件名|发送时间|日期|收件人|主题|主旨|抄送)\*?\s?[:：]",
    re.I,
)

_DELIMITER = re.compile(r"--\s*")
_MOBILE = re.compile(
    r"\W{0,3}(?:sent (?:from|via|with) .{1,60}|get outlook for .{1,20}|"
    r".{0,40}(?:iphone|ipad|galaxy|갤럭시|스마트폰|휴대폰|휴대전화|핸드폰|모바일|안드로이드|android|outlook|메일\s?앱|메일앱"
    r"|windows용 메일|이메일 앱|삼성 이메일|samsung (?:이메일|email))\S{0,4}(?:에서|을 통해|를 통해|로|으로) "
    r"(?:보냄|보냈습니다|보낸 메일입니다|보내드립니다|발송|발송됨|전송|작성)"
    r"|(?:ios|android|windows)용 outlook.{0,30}|outlook for .{1,20} ?(?:다운로드|가져오기|받기).{0,10}"
    r")\W{0,30}",
    re.I,
)
_DISCLAIMER = re.compile(
    r"\W{0,4}(?:confidentiality (?:notice|note)|disclaimer\b"
    r"|this (?:e-?mail|message|communication)\b.{0,60}\b(?:confidential|intended|privileged|contain)"
    r"|the (?:information|contents?)\b.{0,30}\bin this (?:e-?mail|message)"
    r"|(?:본|이) (?:전자\s?우편|전자\s?메일|이?-?메일|e-?mail|메시지)[은는에의을를]?\s"
    r".{0,80}(?:기밀|비밀|수신자|수신인|법률|정보를 포함))",
    re.I,
)
_CONTACT = re.compile(
    r"\b(?:tel|phone|mobile|cell|fax|e-?mail|address|web)\b|전화|휴대|핸드폰|팩스|이메일|메일|주소|홈페이지|www\.|https?://"
    r"|@|\d{2,3}[-.) ]{1,2}\d{3,4}[-. ]\d{4}",
    re.I,
)


def new_text(text: str) -> str:
    """The author's own words in ``text`` (lines end with LF), or all of it where a cut left too little.

    A short word of the author ("네") above a clear quote header is kept as such.
    """
    if len(text) > MAX_CHARS:
        return text
    lines = text.split("\n")
    unquoted, is_clear = _without_quotes(lines)
    kept = _joined(_without_signature(unquoted)) or _joined(unquoted)
    size = len("".join(kept.split()))
    if size >= FEWEST_CHARS or (size > 0 and is_clear):
        return kept
    whole = _joined(lines)
    return kept if kept == whole else whole


def _without_quotes(lines: Sequence[str]) -> tuple[list[str], bool]:
    """The lines that nobody is quoted in, and whether a clear quote header was among the others."""
    kept: list[str] = []
    is_clear = False
    marked_runs = _marked_runs(lines)
    position = 0
    while position < len(lines):
        line = lines[position]
        if not line or line.isspace() or len(line) > MAX_HEADER_LINE:
            kept.append(line)
            position += 1
            continue
        if _QUOTED.match(line):
            # One marked line alone and unannounced may be the author's own sign.
            if not is_clear and marked_runs[position] == 1:
                kept.append(line)
            position += 1
            continue
        length = _header_length(lines, position)
        if not length:
            kept.append(line)
            position += 1
            continue
        following = _next_with_text(lines, position + length)
        if following is not None and not _QUOTED.match(lines[following]):
            # Nothing tells where this quote ends, so it ends with the mail.
            return _without_rule_line(kept), True
        is_clear = True
        position += length
    return kept, is_clear


def _marked_runs(lines: Sequence[str]) -> list[int]:
    """For each line, how many marked lines stand together there (0 for unmarked)."""
    runs = [0] * len(lines)
    start = 0
    for position in range(len(lines) + 1):
        if position < len(lines) and _QUOTED.match(lines[position]):
            continue
        for marked in range(start, position):
            runs[marked] = position - start
        start = position + 1
    return runs


def _header_length(lines: Sequence[str], position: int) -> int:
    """How many lines of a quote header begin here; 0 for none."""
    if _SEPARATOR.fullmatch(lines[position]):
        return 1
    return _attribution_length(lines, position) or _block_length(lines, position)


def _attribution_length(lines: Sequence[str], position: int) -> int:
    """Lines such as "On Mon, 2 Mar 2026, A <a@b> wrote:", folded or not."""
    first = lines[position]
    if not _BEGINS.match(first) and not (first.rstrip().endswith((":", "：")) and _ENDS.search(first)):
        return 0
    joined = ""
    for length in range(1, FOLDED_LINES + 1):
        if position + length > len(lines):
            return 0
        line = lines[position + length - 1]
        if len(line) > MAX_HEADER_LINE or not line.strip():
            return 0
        if length > 1 and (_QUOTED.match(line) or _DATE_FIRST.match(line) or _SENTENCE.search(first)):
            return 0  # the author's own line stands above the attribution
        joined = f"{joined} {line.strip()}".strip()
        if _is_attribution(joined):
            return length
    return 0


def _is_attribution(joined: str) -> bool:
    if _ENDS.search(joined):
        return bool(_TIME.search(joined) or _ADDRESS.search(joined))
    # Gmail once wrote only "2012/5/3 A <a@b>" and "2015-03-02 15:21 GMT+09:00 A <a@b>:".
    return bool(_DATE_FIRST.match(joined) and len(joined) < 160 and _is_old_gmail(joined))


def _is_old_gmail(joined: str) -> bool:
    found = _ADDRESSED.search(joined)
    return found is not None and found[0].lstrip().startswith("<")


def _block_length(lines: Sequence[str], position: int) -> int:
    """A block of mail headers (Outlook, Naver, Samsung): From first, then enough others to be sure."""
    if not _FROM.match(lines[position]):
        return 0
    others = 0
    last = position
    sure = bool(_ADDRESS.search(lines[position]))
    for place in range(position + 1, min(position + BLOCK_LINES, len(lines))):
        line = lines[place][:MAX_HEADER_LINE]
        if _FIELD.match(line):
            others += 1
            last = place
            sure = sure or bool(_ADDRESS.search(line) or _TIME.search(line))
    return last - position + 1 if others >= (1 if sure else 2) else 0


def _next_with_text(lines: Sequence[str], position: int) -> int | None:
    for place in range(position, len(lines)):
        if lines[place] and not lines[place].isspace():
            return place
    return None


def _without_rule_line(kept: list[str]) -> list[str]:
    """Drop the line that some programs draw above the header block."""
    end = len(kept)
    while end and not kept[end - 1].strip():
        end -= 1
    if end and len(kept[end - 1]) <= MAX_HEADER_LINE and _RULE_LINE.fullmatch(kept[end - 1]):
        end -= 1
    return kept[:end]


def _without_signature(lines: Sequence[str]) -> list[str]:
    """Cut at the highest sign of a signature among the last lines that have text."""
    with_text = [place for place, line in enumerate(lines) if line and not line.isspace()]
    for number, place in enumerate(with_text[-SIGNATURE_LINES - 1 :]):
        below = [lines[other] for other in with_text[-SIGNATURE_LINES - 1 :][number + 1 :]]
        if _begins_signature(lines[place], below):
            return list(lines[:place])
    return list(lines)


def _begins_signature(line: str, below: Sequence[str]) -> bool:
    if len(line) > MAX_HEADER_LINE:
        return bool(_DISCLAIMER.match(line[:MAX_HEADER_LINE]))
    if line == "-- ":  # RFC 3676 §4.3
        return True
    if _DELIMITER.fullmatch(line) or _RULE_LINE.fullmatch(line):
        # A bare line may also divide the author's own text: it must look like a card below.
        says_more = any(other.rstrip().endswith(("?", "？", "요.", "까.")) for other in below)
        return not says_more and (not below or any(_CONTACT.search(other[:200]) for other in below))
    if _MOBILE.fullmatch(line):
        return len(below) <= 3
    return bool(_DISCLAIMER.match(line))


def _joined(lines: Sequence[str]) -> str:
    """One text again: no blank lines at the ends, at most one between."""
    out: list[str] = []
    for line in lines:
        if line.strip():
            out.append(line.rstrip())
        elif out and out[-1]:
            out.append("")
    return "\n".join(out).strip("\n")
