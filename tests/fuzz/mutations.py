"""Well-formed and crafted mails with octets changed, cut, doubled, and taken from each other."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.inbox.crafted import MAILS

#: Large ones would only make it slow.
SEEDS = tuple(mail.raw for mail in MAILS if len(mail.raw) <= 4_000)
#: What means something to somebody who reads mail.
TOKENS = (
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\x00", b"\x1b$)C", b"\x0e", b"=?", b"?=", b"=?utf-8?B?", b"=?euc-kr?Q?",
    b"--=_b", b"--=_b--", b"--in\r\n", b"Content-Type: ", b"Content-Transfer-Encoding: base64\r\n",
    b"multipart/mixed; boundary=", b"message/rfc822", b"message/delivery-status", b"text/html", b"; charset=",
    b"; filename*0*=utf-8''%", b"; format=flowed; delsp=yes", b"<table><tr><td>", b"<blockquote type=cite>",
    b"\xb0\xa1", b"\xec\xa0\x91", b"\xff\xfe", b"From: ", b"Subject: ", b"<", b">", b"(", b'"', b"\\", b"@", b":",
)  # fmt: skip


@st.composite
def mails(draw: st.DrawFn) -> bytes:
    """A mail that somebody has tampered with, some places at most."""
    raw = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(raw)))
        to = min(len(raw), at + draw(st.integers(0, 40)))
        match draw(st.integers(0, 4)):
            case 0:
                raw = raw[:at] + raw[to:]
            case 1:
                raw = raw[:at] + draw(st.sampled_from(TOKENS)) + raw[at:]
            case 2:
                raw = raw[:at] + draw(st.binary(min_size=1, max_size=8)) + raw[to:]
            case 3:
                raw = raw[:to] + raw[at:]
            case _:
                other = draw(st.sampled_from(SEEDS))
                raw = raw[:at] + other[draw(st.integers(0, len(other))) :]
    return raw


#: A header of any octets before a sound body.
headers = st.lists(
    st.tuples(
        st.sampled_from(
            [
                b"From",
                b"To",
                b"Cc",
                b"Subject",
                b"Date",
                b"Message-ID",
                b"References",
                b"Content-Type",
                b"Content-Disposition",
                b"Content-Transfer-Encoding",
                b"Auto-Submitted",
                b"X",
            ]
        ),
        st.binary(max_size=60).map(lambda value: value.replace(b"\n", b" ")),
    ),
    min_size=1,
    max_size=12,
).map(lambda fields: b"".join(name + b": " + value + b"\r\n" for name, value in fields) + b"\r\nwords\r\n")
