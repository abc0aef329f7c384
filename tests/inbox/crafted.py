"""Mails made by hand from the RFCs and from what clients are documented to write, sound and hostile.

Each says what the desk has to make of it. Nothing here comes from a collection of mail.
"""

from __future__ import annotations

import base64
import io
import quopri
import unicodedata
import zipfile
from dataclasses import dataclass
from urllib.parse import quote

FROM = "From: lab@example.org\r\n"
#: What most of them begin with.
HEAD = f"{FROM}To: contest@contest.test\r\nMessage-ID: <c@example.org>\r\n".encode()
SUBJECT = b"Subject: x\r\n"
MIME = b"MIME-Version: 1.0\r\n"
#: With syllables that plain EUC-KR lacks.
KOREAN = "똠방각하 펲시콜라, 접수 마감이 언제인가요?"
SHORT = "접수 마감이 언제인가요?"
PDF = ("신청서.pdf", 5, "application/pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crafted:
    """A mail, and what is to become of it; None for what is not defined."""

    name: str
    raw: bytes
    verdict: str = "question"
    subject: str | None = "x"
    text: str | None = None
    #: Name, size in octets, type.
    attachments: tuple[tuple[str, int, str], ...] | None = ()
    sender: str | None = "lab@example.org"
    #: A part of the reason that staff read.
    reason: str = ""


def b64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()


def lines(octets: bytes) -> bytes:
    """Base64 in lines of 76, as mail has it."""
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


def word(text: str, codec: str, label: str | None = None, encoding: str = "B") -> str:
    """An encoded word (RFC 2047 §2)."""
    octets = text.encode(codec)
    coded = b64(octets) if encoding == "B" else "".join(f"={octet:02X}" for octet in octets)
    return f"=?{label or codec}?{encoding}?{coded}?="


def subject(value: str | bytes) -> bytes:
    """A mail whose subject is written like this."""
    raw = value if isinstance(value, bytes) else value.encode()
    return HEAD + b"Subject: " + raw + b"\r\n\r\nwords\r\n"


def typed(content_type: str, body: bytes, *fields: str) -> bytes:
    """A mail with one body of this type."""
    more = "".join(f"{field}\r\n" for field in fields).encode()
    return HEAD + SUBJECT + MIME + f"Content-Type: {content_type}\r\n".encode() + more + b"\r\n" + body


def part(content_type: str, body: bytes, *fields: str) -> bytes:
    more = "".join(f"{field}\r\n" for field in fields).encode()
    return f"Content-Type: {content_type}\r\n".encode() + more + b"\r\n" + body + b"\r\n"


def multi(kind: str, *parts: bytes, boundary: str = "=_b", closed: bool = True) -> bytes:
    """The header and body of a multipart."""
    opening = f"--{boundary}\r\n".encode()
    body = b"".join(opening + each for each in parts) + (f"--{boundary}--\r\n".encode() if closed else b"")
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode() + body


def whole(structure: bytes) -> bytes:
    return HEAD + SUBJECT + MIME + structure


PLAIN = part("text/plain; charset=utf-8", SHORT.encode(), "Content-Transfer-Encoding: 8bit")
HTML = part("text/html; charset=utf-8", f"<p>{SHORT}</p>".encode(), "Content-Transfer-Encoding: 8bit")
BASE64 = "Content-Transfer-Encoding: base64"


def attached(disposition: str, content_type: str = "application/pdf") -> bytes:
    """A mail with the text and one file of five octets."""
    file = part(content_type, lines(b"%PDF-"), BASE64, f"Content-Disposition: {disposition}")
    return whole(multi("mixed", PLAIN, file))


def named(name: str, raw: bytes, file: str, content_type: str = "application/pdf") -> Crafted:
    return Crafted(name=name, raw=raw, text=SHORT, attachments=((file, 5, content_type),))


def bomb() -> bytes:
    """A zip of some hundred octets that would unpack to a megabyte."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", bytes(1_000_000))
    return packed.getvalue()


def nested(depth: int) -> bytes:
    levels = (
        f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n" for level in range(depth)
    )
    return HEAD + SUBJECT + "".join(levels).encode()


def _words() -> list[Crafted]:
    """Subjects in RFC 2047, right and wrong."""
    split = "접수 마감이 언제".encode()
    whole_b64 = b64(split)
    cases: dict[str, tuple[str | bytes, str | None]] = {
        "subject split inside a letter": (
            f"=?utf-8?B?{b64(split[:5])}?=\r\n =?utf-8?B?{b64(split[5:])}?=",
            "접수 마감이 언제",
        ),
        "subject split inside a base64 group": (
            f"=?utf-8?B?{whole_b64[:10]}?=\r\n =?utf-8?B?{whole_b64[10:]}?=",
            "접수 마감이 언제",
        ),
        "subject without padding": (f"=?utf-8?B?{b64('접수!'.encode()).rstrip('=')}?=", "접수!"),
        "subject with padding in the middle": (
            f"=?utf-8?B?{b64('접수!'.encode())}{b64(b'?!')}?=",
            "접수!?!",
        ),
        "subject with a space inside base64": (
            f"=?utf-8?B?{whole_b64[:8]} {whole_b64[8:]}?=",
            "접수 마감이 언제",
        ),
        "subject cut off in its word": (
            f"=?utf-8?B?{b64('접수 마감'.encode())[:12]}",
            "접수 \N{REPLACEMENT CHARACTER}",
        ),
        "subject in lower case q": ("=?utf-8?q?=ec=a0=91=ec=88=98?=", "접수"),
        "subject with words that touch": ("=?utf-8?Q?=EC=A0=91?==?utf-8?Q?=EC=88=98?=", "접수"),
        "subject with a word inside words": ("RE:=?utf-8?Q?=EC=A0=91=EC=88=98?=(2)", "RE:접수(2)"),
        "subject with a space in Q": ("=?utf-8?Q?=EC=A0=91=EC=88=98 now?=", "접수 now"),
        "subject with a raw question mark in Q": ("=?utf-8?Q?=EC=A0=91=EC=88=98??=", "접수?"),
        "subject with raw octets in Q": (b"=?utf-8?Q?" + "접수".encode() + b"?=", "접수"),
        "subject with a language (RFC 2231 5)": (word("접수", "utf-8", "utf-8*ko"), "접수"),
        "subject with no charset": (word("접수", "utf-8", "").replace("utf-8", ""), "접수"),
        "subject with an unknown charset": (word("접수", "cp949", "bogus"), "접수"),
        "subject with an unknown encoding": ("=?utf-8?X?abc?=", "=?utf-8?X?abc?="),
        "subject in iso-2022-kr": (word("접수 마감", "iso2022_kr", "iso-2022-kr"), "접수 마감"),
        "subject in iso-2022-kr without its designator": (
            f"=?iso-2022-kr?B?{b64('접수'.encode('iso2022_kr')[4:])}?=",
            "접수",
        ),
        "subject raw in cp949": (KOREAN.encode("cp949"), KOREAN),
        "subject raw in utf-8": (KOREAN.encode(), KOREAN),
        "subject raw in iso-2022-kr": (SHORT.encode("iso2022_kr"), SHORT),
        "subject decomposed": (word(unicodedata.normalize("NFD", "접수"), "utf-8"), "접수"),
        "subject folded before every word": ("\r\n 접수\r\n\t마감\r\n  문의", "접수 마감 문의"),
        "subject that holds a header (CVE-2024-6923)": (
            "=?utf-8?Q?a=0D=0ABcc:_v@x.w?=",
            "a Bcc: v@x.w",
        ),
        "subject with a NUL": (b"a\x00b", "ab"),
        "subject empty": ("", ""),
    }
    return [
        Crafted(name=name, raw=subject(field), subject=words, text="words")
        for name, (field, words) in cases.items()
    ]


def _names() -> list[Crafted]:
    """File names in RFC 2231, RFC 2047, and in neither."""
    nfd = quote(unicodedata.normalize("NFD", "신청서.pdf").encode())
    cut = quote("신청서.pdf")
    return [
        named(
            "name in RFC 2231", attached(f"attachment; filename*=UTF-8''{quote('신청서.pdf')}"), "신청서.pdf"
        ),
        named(
            "name in RFC 2231 with a language",
            attached("attachment; filename*=euc-kr'ko'%BD%C5%C3%BB.pdf"),
            "신청.pdf",
        ),
        named(
            "name continued out of order",
            attached(f"attachment; filename*1*={cut[10:]}; filename*0*=UTF-8''{cut[:10]}"),
            "신청서.pdf",
        ),
        named(
            "name continued, one piece plain",
            attached(f"attachment; filename*0*=utf-8''{quote('신청서')}; filename*1=\".pdf\""),
            "신청서.pdf",
        ),
        named(
            "name in RFC 2231 without a charset",
            attached(f"attachment; filename*={quote('신청서.pdf')}"),
            "신청서.pdf",
        ),
        named(
            "name in both forms",
            attached(f"attachment; filename=a.pdf; filename*=utf-8''{quote('신청서.pdf')}"),
            "신청서.pdf",
        ),
        named(
            "name in an encoded word",
            attached(f'attachment; filename="{word("신청서.pdf", "cp949", "euc-kr")}"'),
            "신청서.pdf",
        ),
        named(
            "name in a bare encoded word",
            attached(f"attachment; filename={word('신청서.pdf', 'utf-8')}"),
            "신청서.pdf",
        ),
        named(
            "name in two encoded words",
            attached(f'attachment; filename="{word("신청", "utf-8")}\r\n {word("서.pdf", "utf-8")}"'),
            "신청서.pdf",
        ),
        named(
            "name in percents without saying so",
            attached(f'attachment; filename="{quote("신청서.pdf")}"'),
            "신청서.pdf",
        ),
        named("name with a percent", attached('attachment; filename="100%25.pdf"'), "100%25.pdf"),
        named(
            "name decomposed, as a Mac writes it",
            attached(f"attachment; filename*=UTF-8''{nfd}"),
            "신청서.pdf",
        ),
        named("name in folders", attached(r'attachment; filename="..\\..\\etc/passwd"'), "passwd"),
        named("name with controls", attached('attachment; filename="a\x00b\x07.pdf"'), "ab.pdf"),
        named("name only in Content-Type", attached("attachment", "application/pdf; name=a.pdf"), "a.pdf"),
        named("no name at all", attached("attachment"), ""),
        Crafted(
            name="name raw in cp949",
            raw=attached("attachment; filename=x.pdf").replace(b"x.pdf", "신청서.pdf".encode("cp949")),
            text=SHORT,
            attachments=(PDF,),
        ),
    ]


def _texts() -> list[Crafted]:
    """Bodies: charsets, transfer encodings, flowed lines, pages."""
    nfd = unicodedata.normalize("NFD", SHORT).encode()
    flowed = (
        b"The whole \r\nof one line.\r\n> quoted \r\n> further\r\n>> deeper\r\n  stuffed\r\n-- \r\nLab \r\n"
    )
    page = f"<html><head><title>t</title><style>p{{}}</style></head><body><p>{SHORT}</p><script>no()</script></body></html>"
    return [
        Crafted(
            name="cp949 under euc-kr",
            raw=typed("text/plain; charset=euc-kr", KOREAN.encode("cp949")),
            text=KOREAN,
        ),
        Crafted(
            name="cp949 under utf-8",
            raw=typed("text/plain; charset=utf-8", KOREAN.encode("cp949")),
            text=KOREAN,
        ),
        Crafted(
            name="utf-8 under us-ascii",
            raw=typed("text/plain; charset=us-ascii", KOREAN.encode()),
            text=KOREAN,
        ),
        Crafted(
            name="utf-8 under koi8-r", raw=typed("text/plain; charset=koi8-r", KOREAN.encode()), text=KOREAN
        ),
        Crafted(
            name="charset bogus", raw=typed("text/plain; charset=bogus", KOREAN.encode("cp949")), text=KOREAN
        ),
        Crafted(
            name="charset empty", raw=typed('text/plain; charset=""', KOREAN.encode("cp949")), text=KOREAN
        ),
        Crafted(
            name="charset windows-949",
            raw=typed("text/plain; charset=windows-949", KOREAN.encode("cp949")),
            text=KOREAN,
        ),
        Crafted(
            name="charset x-windows-949",
            raw=typed("text/plain; charset=x-windows-949", KOREAN.encode("cp949")),
            text=KOREAN,
        ),
        Crafted(
            name="charset in RFC 2231",
            raw=typed("text/plain; charset*=us-ascii''euc-kr", KOREAN.encode("cp949")),
            text=KOREAN,
        ),
        Crafted(
            name="charset given twice",
            raw=typed("text/plain; charset=euc-kr; charset=utf-8", KOREAN.encode("cp949")),
            text=KOREAN,
        ),
        Crafted(
            name="iso-2022-kr body",
            raw=typed("text/plain; charset=iso-2022-kr", SHORT.encode("iso2022_kr")),
            text=SHORT,
        ),
        Crafted(
            name="utf-16 body",
            raw=typed("text/plain; charset=utf-16", lines(SHORT.encode("utf-16")), BASE64),
            text=SHORT,
        ),
        Crafted(
            name="utf-7 is not read as utf-7",
            raw=typed("text/plain; charset=utf-7", b"+ADw-script+AD4-"),
            text="+ADw-script+AD4-",
        ),
        Crafted(name="decomposed body", raw=typed("text/plain; charset=utf-8", nfd), text=SHORT),
        Crafted(
            name="byte order mark",
            raw=typed("text/plain; charset=utf-8", b"\xef\xbb\xbf" + SHORT.encode()),
            text=SHORT,
        ),
        Crafted(
            name="base64 with a list's footer",
            raw=typed(
                "text/plain; charset=utf-8", lines(SHORT.encode()) + b"_______\r\nthe list\r\n", BASE64
            ),
            text=SHORT,
        ),
        Crafted(
            name="base64 without padding",
            raw=typed("text/plain; charset=utf-8", lines("접수!".encode()).rstrip(b"=\r\n"), BASE64),
            text="접수!",
        ),
        Crafted(
            name="base64 that is none",
            raw=typed("text/plain; charset=utf-8", SHORT.encode(), BASE64),
            text=SHORT,
        ),
        Crafted(
            name="quoted-printable",
            raw=typed(
                "text/plain; charset=utf-8",
                quopri.encodestring(KOREAN.encode()),
                "Content-Transfer-Encoding: Quoted-Printable",
            ),
            text=KOREAN,
        ),
        Crafted(
            name="quoted-printable with white space behind soft breaks",
            raw=typed(
                "text/plain",
                b"one= \t\r\ntwo=\r\n three=zz=3D",
                "Content-Transfer-Encoding: quoted-printable",
            ),
            text="onetwo three=zz=",
        ),
        Crafted(
            name="unknown transfer encoding",
            raw=typed("text/plain", b"words", "Content-Transfer-Encoding: x-own"),
            text="words",
        ),
        Crafted(
            name="transfer encoding with a comment",
            raw=typed("text/plain", b"d29yZHM=", "Content-Transfer-Encoding: base64 (old)"),
            text="words",
        ),
        Crafted(
            name="flowed (RFC 3676)",
            raw=typed("text/plain; format=flowed", flowed),
            text="The whole of one line.\n> quoted further\n>> deeper\n stuffed\n-- \nLab ",
        ),
        Crafted(
            name="flowed with DelSp",
            raw=typed(
                'text/plain; charset=utf-8; Format="Flowed"; DelSp=Yes',
                "접수 마감 \r\n이 언제인가요?".encode(),
            ),
            text="접수 마감이 언제인가요?",
        ),
        Crafted(name="page alone", raw=typed("text/html; charset=utf-8", page.encode()), text=SHORT),
        Crafted(
            name="page that names its own charset",
            raw=typed("text/html", f'<meta charset="euc-kr"><p>{KOREAN}</p>'.encode("cp949")),
            text=KOREAN,
        ),
        Crafted(
            name="page with a table that would fill memory",
            raw=typed(
                "text/html",
                b"<table><tr><td>"
                + b"x" * 30_000
                + b"</td><td>y</td></tr>"
                + b"<tr><td>x</td><td>y</td></tr>" * 1_000,
            ),
            text=None,
        ),
        Crafted(
            name="page with an indent that would fill memory",
            raw=typed("text/html", b'<p style="padding-left: 99999999em">words</p>' * 100),
            text=None,
        ),
        Crafted(
            name="page with an element of 4,000 attributes",
            raw=typed("text/html", b"<p " + b" ".join(b"a%d=b" % n for n in range(4_000)) + b">words</p>"),
            text="words",
        ),
        Crafted(
            name="page 5,000 elements deep", raw=typed("text/html", b"<div>" * 5_000 + b"words"), text="words"
        ),
        Crafted(name="text/enriched", raw=typed("text/enriched", b"words"), text="words"),
        Crafted(name="type without a subtype", raw=typed("text", b"words"), text="words"),
        Crafted(
            name="lines ended by CR alone",
            raw=(HEAD + SUBJECT + b"\r\none\r\ntwo").replace(b"\r\n", b"\r"),
            text="one\ntwo",
        ),
        Crafted(
            name="lines ended by LF alone",
            raw=(HEAD + SUBJECT + b"\r\none\r\ntwo").replace(b"\r\n", b"\n"),
            text="one\ntwo",
        ),
        Crafted(
            name="NULs and controls in the body",
            raw=HEAD + SUBJECT + b"\r\nwo\x00rds\x07\x1b[31m",
            text="words[31m",
        ),
        Crafted(
            name="one line of 60,000 octets", raw=HEAD + SUBJECT + b"\r\n" + b"x" * 60_000, text="x" * 60_000
        ),
        Crafted(name="no body", raw=HEAD + SUBJECT, text=""),
        Crafted(
            name="a line in the header that is no header",
            raw=HEAD + SUBJECT + b"what is this\r\n\r\nwords",
            text=None,
        ),
    ]


def _structures() -> list[Crafted]:
    """Parts within parts, what comes with a mail, and what a mail may be beside a letter."""
    inner = part("message/rfc822", HEAD + b"Subject: y\r\n\r\nnot these words")
    calendar = part('text/calendar; method=REQUEST; charset="utf-8"', b"BEGIN:VCALENDAR\r\nEND:VCALENDAR")
    picture = part("image/png", lines(b"\x89PNG\r"), BASE64, "Content-ID: <1@example.org>")
    zipped = bomb()
    return [
        Crafted(name="page and its picture", raw=whole(multi("related", HTML, picture)), text=SHORT, attachments=(("", 5, "image/png"),)),
        Crafted(name="alternative with a calendar (Outlook)", raw=whole(multi("alternative", PLAIN, HTML, calendar)), text=SHORT, attachments=(("", 30, "text/calendar"),)),
        Crafted(name="calendar alone", raw=typed("text/calendar", b"BEGIN:VCALENDAR"), text="", attachments=(("", 15, "text/calendar"),)),
        Crafted(name="TNEF (Outlook's winmail.dat)", raw=whole(multi("mixed", PLAIN, part('application/ms-tnef; name="winmail.dat"', lines(b"\x78\x9f\x3e\x22\x00"), BASE64))), text=SHORT, attachments=(("winmail.dat", 5, "application/ms-tnef"),)),
        Crafted(name="a zip that would unpack to a thousand times its size", raw=whole(multi("mixed", PLAIN, part("application/zip; name=a.zip", lines(zipped), BASE64))), text=SHORT, attachments=(("a.zip", len(zipped), "application/zip"),)),
        Crafted(name="a program attached", raw=attached("attachment; filename=invoice.pdf.exe", "application/x-msdownload"), text=SHORT, attachments=(("invoice.pdf.exe", 5, "application/x-msdownload"),)),
        Crafted(name="a mail attached", raw=whole(multi("mixed", PLAIN, inner)), text=SHORT, attachments=(("", 15, "message/rfc822"),)),
        Crafted(name="Apple Mail: pages around a file", raw=whole(multi("alternative", PLAIN, multi("mixed", HTML, part("application/pdf; name=a.pdf", b"%PDF-"), HTML, boundary="in"))), text=SHORT, attachments=(("a.pdf", 5, "application/pdf"),)),
        Crafted(name="signed (PGP/MIME)", raw=whole(multi("signed; protocol=x", PLAIN, part("application/pgp-signature; name=s.asc", b"-----"))), text=SHORT, attachments=(("s.asc", 5, "application/pgp-signature"),)),
        Crafted(name="encrypted (PGP/MIME)", raw=whole(multi("encrypted", part("application/pgp-encrypted", b"Version: 1"), part("application/octet-stream", b"-----"))), text="", attachments=(("", 10, "application/pgp-encrypted"), ("", 5, "application/octet-stream"))),
        Crafted(name="digest", raw=whole(multi("digest", b"\r\n" + HEAD + b"\r\na\r\n")), text="", attachments=(("", 1, "message/rfc822"),)),
        Crafted(name="empty related inside alternative", raw=whole(multi("alternative", multi("related", boundary="in"))), text=None, attachments=None),
        Crafted(name="multipart that never begins", raw=typed("multipart/mixed; boundary=never", SHORT.encode()), text=SHORT),
        Crafted(name="multipart that never ends", raw=whole(multi("mixed", PLAIN, closed=False)), text=SHORT),
        Crafted(name="multipart without a boundary", raw=typed("multipart/mixed", SHORT.encode()), text=SHORT),
        Crafted(name="boundary inside itself", raw=whole(multi("mixed", PLAIN, multi("mixed", PLAIN))), text=None, attachments=None),
        Crafted(name="alternative whose plain text is empty", raw=whole(multi("alternative", part("text/plain", b" "), HTML)), text=SHORT),
        Crafted(name="depth at the limit", raw=nested(30), text=None),
        Crafted(name="1,000 nested multiparts", raw=nested(1_000), verdict="unreadable", reason="deeper than 30"),
        Crafted(name="1,000 nested mails", raw=HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1_000, verdict="unreadable", reason="deeper than 30"),
        Crafted(name="50,000 parts", raw=whole(multi("mixed", *[b"\r\nx\r\n"] * 50_000)), verdict="unreadable", reason="more than 500 parts"),
        Crafted(name="a report in 2,000 blocks", raw=whole(multi("report; report-type=delivery-status", PLAIN, part("message/delivery-status", b"A: b\r\n\r\n" * 2_000))), verdict="auto_reply", text=None, attachments=None),
    ]  # fmt: skip


def _headers() -> list[Crafted]:
    """Headers that break naive code."""
    open_words = b"Subject: " + b"=?utf-8?Q?a?= " * 4_600
    return [
        Crafted(name="header in From", raw=b"From: =?utf-8?Q?a=0D=0ABcc:..?= <a@b.test>\r\n" + SUBJECT + b"\r\nwords", sender="a@b.test", text="words"),
        Crafted(name="open literal in From", raw=b"From: a@[1.2.3\r\n" + SUBJECT + b"\r\nwords", sender=None, text="words"),
        Crafted(name="3,000 parentheses in From", raw=b"From: " + b"(" * 3_000 + b"\r\n" + SUBJECT + b"\r\nwords", sender=None, text="words"),
        Crafted(name="two authors", raw=b"From: a@example.org, b@example.org\r\n" + SUBJECT + b"\r\nwords", sender=None, text="words"),
        Crafted(name="no From", raw=SUBJECT + b"\r\nwords", sender=None, text="words"),
        Crafted(name="group in From", raw=b"From: labs: lab@example.org;\r\n" + SUBJECT + b"\r\nwords", text="words"),
        Crafted(name="name in cp949 in From", raw=b"From: " + "김연구".encode("cp949") + b" <lab@example.org>\r\n" + SUBJECT + b"\r\nwords", text="words"),
        Crafted(name="open Message-ID", raw=FROM.encode() + SUBJECT + b"Message-ID: <\r\n\r\nwords", text="words"),
        Crafted(name="100 kB of quotes in To", raw=FROM.encode() + SUBJECT + b"To: " + b'"' * 100_000 + b"\r\n\r\nwords", verdict="unreadable", reason="a header of 100004 octets"),
        Crafted(name="60 kB of quotes in To", raw=FROM.encode() + SUBJECT + b"To: " + b'"' * 60_000 + b"\r\n\r\nwords", text="words"),
        Crafted(name="a subject of 1 MB", raw=FROM.encode() + b"Subject: " + b"x" * 1_000_000 + b"\r\n\r\nwords", verdict="unreadable", reason="a header block of"),
        Crafted(name="a subject of 60 kB", raw=FROM.encode() + b"Subject: " + b"x" * 60_000 + b"\r\n\r\nwords", subject="x" * 60_000, text="words"),
        Crafted(name="20,000 parameters", raw=typed("text/plain" + "; a=b" * 20_000, b"words"), verdict="unreadable", reason="a header of"),
        Crafted(name="1,500 parameters", raw=typed("text/plain" + "; a=b" * 1_500, b"words"), text="words"),
        Crafted(name="20,000 encoded words", raw=FROM.encode() + b"Subject: " + b"=?utf-8?Q?a?= " * 20_000 + b"\r\n\r\nwords", verdict="unreadable", reason="a header block of"),
        Crafted(name="4,600 encoded words", raw=FROM.encode() + open_words + b"\r\n\r\nwords", subject="a" * 4_600, text="words"),
        Crafted(name="100,000 headers", raw=FROM.encode() + b"X: y\r\n" * 100_000 + b"\r\nwords", verdict="unreadable", reason="a header block of"),
        Crafted(name="1,001 headers", raw=b"X: y\r\n" * 1_001 + b"\r\nwords", verdict="unreadable", reason="more than 1000 headers"),
        Crafted(name="a date that never was", raw=FROM.encode() + SUBJECT + b"Date: Mon, 99 Nov 99999999999 99:99:99 +99999\r\n\r\nwords", text="words"),
        Crafted(name="60 kB of References", raw=FROM.encode() + SUBJECT + b"References: " + b"<" * 60_000 + b"\r\n\r\nwords", text="words"),
        Crafted(name="nothing", raw=b"", verdict="unreadable", reason="an empty mail"),
        Crafted(name="white space", raw=b" \r\n\r\n", verdict="unreadable", reason="an empty mail"),
        Crafted(name="a picture", raw=b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, verdict="unreadable", reason="not one header line"),
        Crafted(name="26 MB", raw=HEAD + SUBJECT + b"\r\n" + b"x" * 26 * 1024 * 1024, verdict="unreadable", reason="octets, more than 26214400"),
        Crafted(name="2,000,000 lines", raw=HEAD + SUBJECT + b"\r\n" + b"\n" * 2_000_000, verdict="unreadable", reason="more than 1000000 lines"),
    ]  # fmt: skip


MAILS = tuple([*_words(), *_names(), *_texts(), *_structures(), *_headers()])
