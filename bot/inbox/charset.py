"""Octets become text: what the label says, unless the octets say otherwise; Korean first."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

#: All of these mean cp949 in practice: plain EUC-KR lacks 8,822 syllables, and Python knows few of the names.
KOREAN_LABELS = frozenset(
    re.findall(
        r"\S+",
        """euc-kr euckr euc_kr x-euc-kr cseuckr csksc56011987 ks_c_5601 ks_c_5601-1987 ks_c_5601-1989
        ks-c-5601-1987 ksc5601 ksc_5601 ksc5601-1987 ks_x_1001 ksx1001 korean iso-ir-149 windows-949
        windows949 x-windows-949 cp949 cp-949 x-cp949 ms949 uhc 949 5601""",
    )
)
#: Codecs that a label must not choose: no charsets of mail, or a way to hide markup (utf-7).
REFUSED = frozenset(
    {"utf-7", "idna", "punycode", "unicode_escape", "raw-unicode-escape", "raw_unicode_escape", "undefined"}
)
#: Labels whose usual content is a larger set of the same family.
WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "big5": "big5hkscs",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
}
#: Labels that decode any octets, so that their success proves nothing.
ANYTHING_GOES = frozenset({"cp1252", "iso8859-1", "iso8859-15", "latin-1"})

ISO_2022_KR = b"\x1b$)C"
SHIFT_OUT = b"\x0e"
MAX_LABEL_CHARS = 80
#: A replacement character for one in so many letters may be a fault on the way, not another charset.
FAULTS_PER_LETTERS = 10
#: UAX #15 stream-safe format: a letter has at most 30 marks; longer runs cost quadratic time to sort.
MARKS_PER_LETTER = 30

_WANSUNG = re.compile(rb"[\xb0-\xc8][\xa1-\xfe]")
_HIGH = re.compile(rb"[\x80-\xff]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\ufeff]")
_NEWLINES = re.compile(r"\r\n|\r|\x0b|\x0c|\x85|\u2028|\u2029")
# What nearly all text is made of: nothing here is decomposed, a control, or a newline other than LF.
_TIDY = re.compile(r"[\t\n -~가-힣ㄱ-ㅎㅏ-ㅣ一-鿿、。「-】‘-”…·！-～]*")
# Lone surrogates cannot be stored, and say nothing.
_SURROGATES = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Text, and how sure we are that it is what was written."""

    text: str
    #: The label where it held, otherwise the codec that did; lower case.
    charset: str
    #: False when the label was missing, wrong or unknown, or octets were replaced.
    certain: bool


def decode(raw: bytes, label: str | None) -> Decoded:
    """Decode octets by their label, then UTF-8, then cp949, each strictly; at last with replacements.

    Never raises. RFC 2046 §4.1.2 gives us-ascii where no label stands; Korean mail
    programs wrote cp949 under eleven names, and under none.
    """
    named = (label or "")[:MAX_LABEL_CHARS].partition("*")[0].strip(" \t\r\n\"'").lower()
    codec = _codec(named)
    if codec == "iso2022_kr" and SHIFT_OUT in raw and ISO_2022_KR not in raw:
        raw = ISO_2022_KR + raw  # an encoded word repeats the shift, but not always what it shifts to
    if ISO_2022_KR in raw:
        return _first(raw, ("iso2022_kr",), named) or _replaced(raw, "iso2022_kr")
    if raw.isascii() and (codec is None or not _is_stateful(codec)) and b"\x1b" not in raw:
        return Decoded(
            text=raw.decode("ascii"), charset=named or "us-ascii", certain=codec != "" or not named
        )
    utf8 = _strict(raw, "utf-8")
    if utf8 is not None and codec and codec != "utf-8" and not _is_stateful(codec) and _has_east_asian(utf8):
        # Octets of another charset are letters of East Asia in UTF-8 only by a miracle.
        return Decoded(text=utf8, charset="utf-8", certain=False)
    if codec in ANYTHING_GOES:
        if utf8 is not None:
            return Decoded(text=utf8, charset="utf-8", certain=False)
        if _looks_korean(raw) and (korean := _strict(raw, "cp949")) is not None:
            return Decoded(text=korean, charset="cp949", certain=False)
    found = _first(raw, (codec, "utf-8") if codec else ("utf-8",), named)
    if found is not None:
        return found
    damaged = raw.decode("utf-8", "replace")
    if damaged.count("\ufffd") * FAULTS_PER_LETTERS <= sum(not char.isascii() for char in damaged):
        return Decoded(text=damaged, charset="utf-8", certain=False)
    return _first(raw, ("cp949",), named) or _replaced(raw, codec or "cp949")


def tidy(text: str) -> str:
    """Make text fit to store and compare: newlines as LF, no controls, NFC; linear in time."""
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if _TIDY.fullmatch(text):
        return text
    if not text.isascii():
        text = _SURROGATES.sub("\ufffd", text)
        marks = "".join(sorted(char for char in set(text) if unicodedata.combining(char)))
        if marks:
            run = re.compile(f"([{re.escape(marks)}]{{{MARKS_PER_LETTER}}})[{re.escape(marks)}]+")
            text = run.sub(r"\1", text)
        text = unicodedata.normalize("NFC", text)
    return _CONTROLS.sub("", _NEWLINES.sub("\n", text))


@lru_cache(maxsize=256)
def _codec(label: str) -> str | None:
    """Python's name of the codec: None without a label or for us-ascii, '' for one we do not know or want."""
    if label in ("", "us-ascii", "ascii", "ansi_x3.4-1968"):
        return None
    if label in KOREAN_LABELS:
        return "cp949"
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return ""
    # bytes.decode knows which codecs are not for text (rot13, zlib) and refuses them.
    if info.name in REFUSED or _strict(b"", info.name) is None:
        return ""
    return WIDER.get(info.name, "cp949" if info.name in ("euc_kr", "johab") else info.name)


def _is_stateful(codec: str) -> bool:
    return codec.startswith(("iso2022", "utf-16", "utf-32", "utf_16", "utf_32", "hz")) or codec in (
        "cp037",
        "cp500",
    )


def _strict(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except (UnicodeError, LookupError):
        return None


def _first(raw: bytes, chain: tuple[str, ...], label: str) -> Decoded | None:
    for position, codec in enumerate(chain):
        text = _strict(raw, codec)
        if text is not None:
            held = position == 0 and bool(label) and _codec(label) == codec
            return Decoded(text=text, charset=label if held else codec, certain=held or codec == "iso2022_kr")
    return None


def _replaced(raw: bytes, codec: str) -> Decoded:
    try:
        text = raw.decode(codec, "replace")
    except (UnicodeError, LookupError):
        text = raw.decode("cp949", "replace")
    return Decoded(text=text, charset=codec, certain=False)


def _has_east_asian(text: str) -> bool:
    return any(char >= "\u1100" for char in text)


def _looks_korean(raw: bytes) -> bool:
    """True when nearly all high octets come in pairs as Korean syllables do; Latin letters come alone."""
    high = sum(len(run) for run in _HIGH.findall(raw))
    return high >= 4 and 2 * len(_WANSUNG.findall(raw)) >= 0.8 * high
