"""Korean text under every label that mail programs have given it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inbox import charset

TEXT = "똠방각하 펲시콜라, 접수 마감이 언제인가요? 뷁"  # syllables that plain EUC-KR lacks
KOREAN = "접수 마감이 언제인가요?"
LABELS = [
    "euc-kr",
    "ks_c_5601-1987",
    "KS_C_5601-1989",
    "korean",
    "windows-949",
    "x-windows-949",
    "uhc",
    "ms949",
    "cp949",
    "us-ascii",
    None,
]


@pytest.mark.parametrize(
    "label", [*LABELS, "utf-8", "bogus", "", "iso-8859-1", "windows-1252", "unknown-8bit"]
)
@pytest.mark.parametrize("codec", ["cp949", "utf-8"])
def test_korean_is_read_under_any_label(label: str | None, codec: str) -> None:
    assert charset.decode(TEXT.encode(codec), label).text == TEXT


@pytest.mark.parametrize(
    ("raw", "label", "expected"),
    [
        (KOREAN.encode("cp949"), "EUC-KR", ("euc-kr", True)),
        (KOREAN.encode("cp949"), '"ks_c_5601-1987"', ("ks_c_5601-1987", True)),
        (KOREAN.encode("cp949"), "utf-8", ("cp949", False)),
        (KOREAN.encode(), "utf-8", ("utf-8", True)),
        (KOREAN.encode(), "euc-kr", ("utf-8", False)),
        (KOREAN.encode(), None, ("utf-8", False)),
        (b"deadline", None, ("us-ascii", True)),
        (b"deadline", "utf-8*en", ("utf-8", True)),
        (b"deadline", "bogus", ("bogus", False)),
    ],
)
def test_charset_names_what_held(raw: bytes, label: str | None, expected: tuple[str, bool]) -> None:
    decoded = charset.decode(raw, label)

    assert (decoded.charset, decoded.certain) == expected


@pytest.mark.parametrize("label", ["iso-2022-kr", "euc-kr", "utf-8", None])
def test_iso_2022_kr_is_read_by_its_escape(label: str | None) -> None:
    assert charset.decode(KOREAN.encode("iso2022_kr"), label).text == KOREAN


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        ("Où est le café, élève?", "latin-1", "iso-8859-1"),
        ("“Frist”: Grüße", "cp1252", "windows-1252"),
        ("締め切りはいつですか", "iso2022_jp", "iso-2022-jp"),
        ("締め切りはいつですか", "cp932", "shift_jis"),
        ("截止日期是什么时候", "gb18030", "gb2312"),
        ("Когда срок?", "koi8-r", "koi8-r"),
        ("언제", "utf-16", "utf-16"),
    ],
)
def test_other_charsets_are_left_as_they_are(text: str, codec: str, label: str) -> None:
    assert charset.decode(text.encode(codec), label).text == text


@pytest.mark.parametrize(
    "label", ["utf-7", "unicode-1-1-utf-7", "idna", "rot13", "zlib", "unicode_escape", "a\0b"]
)
def test_codecs_that_are_no_charsets_are_refused(label: str) -> None:
    raw = b"+ADw-script+AD4- \\x41"

    assert charset.decode(raw, label).text == raw.decode()


def test_damaged_utf8_stays_utf8() -> None:
    decoded = charset.decode((KOREAN * 3).encode()[:-2], "utf-8")

    assert decoded.text.startswith(KOREAN * 2)
    assert not decoded.certain


def test_tidy_composes_and_drops_controls() -> None:
    decomposed = "\u1112\u1161\u11ab"

    assert charset.tidy(f"\ufeff{decomposed}\x00\r\na\x1b\rb\u2028c\td") == "한\na\nb\nc\td"


def test_tidy_of_endless_marks_is_quick() -> None:
    hostile = "a" + "\u0301\u0316" * 500_000
    begun = time.process_time()
    tidied = charset.tidy(hostile)

    assert len(tidied) <= 1 + charset.MARKS_PER_LETTER
    assert time.process_time() - begun < 2


@settings(deadline=None)
@given(st.binary(max_size=300), st.one_of(st.none(), st.sampled_from(LABELS), st.text(max_size=20)))
def test_decode_never_raises(raw: bytes, label: str | None) -> None:
    charset.tidy(charset.decode(raw, label).text).encode()
