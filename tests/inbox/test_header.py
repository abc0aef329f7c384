"""Words, addresses and parameters of header fields, sound and broken."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.inbox import header


def raw(octets: bytes) -> str:
    return octets.decode("ascii", "surrogateescape")


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("plain  words\r\n folded", "plain words folded"),
        ("=?utf-8?Q?=EC=A0=91=EC=88=98?=", "접수"),
        ("=?utf-8?Q?=EC=A0=91?=\r\n =?UTF-8?Q?=EC=88=98?= now", "접수 now"),
        # A letter split between two words
        ("=?utf-8?Q?=EC=A0?= =?utf-8?Q?=91?=", "접"),
        (f"=?ks_c_5601-1987?B?{b64('똠방'.encode('cp949'))}?=", "똠방"),
        (f"=?utf-8?B?{b64('접수'.encode()).rstrip('=')}?=", "접수"),
        (f"=?iso-2022-kr?B?{b64('접수'.encode('iso2022_kr'))}?=", "접수"),
        ("=?utf-8*ko?Q?a_b?=", "a b"),
        ("=?utf-8?Q?Really?=20now??= x", "Really? now? x"),
        ("=?utf-8?Q?a b?=", "a b"),
        ("=?utf-8?Q?never ends", "=?utf-8?Q?never ends"),
        ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        ("a=?utf-8?Q?b?=c", "abc"),
        ("=?utf-8?Q?a=0D=0ABcc:_v@example.org?=", "a Bcc: v@example.org"),
        (raw("접수".encode("cp949")), "접수"),
        (raw("접수".encode()), "접수"),
        ("=?bogus?Q?abc?=", "abc"),
        ("", ""),
    ],
)
def test_words_are_decoded(field: str, words: str) -> None:
    assert header.decode(field) == words


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("lab@example.org", [("lab@example.org", "")]),
        ("Kim <lab@Example.ORG>", [("lab@example.org", "Kim")]),
        ('"Kim, Lab" <lab@example.org>', [("lab@example.org", "Kim, Lab")]),
        ("lab@example.org (Kim (Lab))", [("lab@example.org", "Kim (Lab)")]),
        ("=?utf-8?B?6rmA?= <lab@example.org>", [("lab@example.org", "김")]),
        ("lab@example.org <lab@example.org>", [("lab@example.org", "lab@example.org")]),
        ("a@example.org, B <b@example.org>", [("a@example.org", ""), ("b@example.org", "B")]),
        ("team: a@example.org, b@example.org;", [("a@example.org", ""), ("b@example.org", "")]),
        ("undisclosed-recipients:;", []),
        ("a..b.@example.org", [("a..b.@example.org", "")]),
        ("홍@example.org", [("홍@example.org", "")]),
        # The family of CVE-2023-27043
        ("alice@example.org)bob@evil.test", [(None, "")]),
        ("<alice@example.org>bob@evil.test", [(None, "")]),
        ("alice@example.org <bob@evil.test>", [(None, "alice@example.org")]),
        ("<alice@example.org> <bob@evil.test>", [(None, "")]),
        ('"alice@example.org"@evil.test', [(None, "")]),
        ("alice@example.org@evil.test", [(None, "")]),
        ("lab @example.org", [(None, "")]),
        ("lab@[1.2.3", [(None, "")]),
        ("lab@example.org\r\n evil@example.org", [(None, "")]),
        ("lab", [(None, "")]),
        ("<", [(None, "")]),
        ('"', []),
    ],
)
def test_mailboxes_are_read_strictly(field: str, expected: list[tuple[str | None, str]]) -> None:
    assert [(found.address, found.name) for found in header.mailboxes(field)] == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ('text/plain; charset="EUC-KR"; format=flowed', {"charset": "EUC-KR", "format": "flowed"}),
        ("text/plain; Charset = utf-8 ; x", {"charset": "utf-8"}),
        ('a; name="b;c\\"d"', {"name": 'b;c"d'}),
        ("a; filename*=utf-8''%EC%95%88.pdf", {"filename": "안.pdf"}),
        ("a; filename*0*=euc-kr'ko'%BE%C8; filename*1=\"x.pdf\"", {"filename": "안x.pdf"}),
        ('a; filename="=?euc-kr?B?vsg=?="', {"filename": "안"}),
        ("a; filename==?euc-kr?B?vsg=?=", {"filename": "안"}),
        ("a;;; =x; ;", {}),
        ("text/plain", {}),
    ],
)
def test_parameters_are_read(field: str, expected: dict[str, str]) -> None:
    assert header.parameters(field) == expected


def test_message_ids_keep_first_and_last() -> None:
    field = " ".join(f"<{number}@example.org>" for number in range(9)) + " junk <not an id> <"

    assert header.message_ids(field, limit=3) == ("<0@example.org>", "<7@example.org>", "<8@example.org>")


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from(list("=?utf8QB_<>()\",;:@\\ \r\n*%'aA0가\udcff")), max_size=80))
def test_no_field_raises(field: str) -> None:
    header.decode(field).encode()
    header.mailboxes(field)
    header.parameters(field)
    header.message_ids(field)
