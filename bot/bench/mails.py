"""The mails that are sent: each from somebody else, with its own Message-ID, asking one question."""

from __future__ import annotations

from collections.abc import Sequence

from faq.contest import Language
from faq.library import Library
from intents.decide import Verdict
from intents.engine import Engine

CONTEST = "contest@contest.test"
DOMAIN = "example.org"

_OPENINGS = (
    "안녕하세요.",
    "안녕하세요, 담당자님.",
    "수고 많으십니다.",
    "안녕하십니까.",
)
_CLOSINGS = ("감사합니다.", "수고하세요.", "고맙습니다.", "미리 감사드립니다.")
_SIGNATURE = "\r\n".join((
    "-- ",
    "김연구 | 연구원",
    "가나대학교 인공지능대학원 시각지능연구실",
    "(00000) 서울특별시 가나구 다라로 1, 공학관 101호",
    "Tel. 02-000-0000 | Fax. 02-000-0001",
))  # fmt: skip
_QUOTED = "\r\n".join((
    "2020년 11월 19일 (목) 오후 3:12, 공모전 사무국 <contest@contest.test>님이 작성:",
    "",
    "> 공모전에 관심을 가져 주셔서 감사합니다. 안내문은 누리집에서 보실 수 있습니다.",
    "> 더 궁금하신 점은 이 주소로 보내 주시면 담당자가 확인하여 답변드리겠습니다.",
))  # fmt: skip


def sender(run: str, number: int) -> str:
    """Who writes mail ``number`` of a run; the reply goes there."""
    return f"{run}-{number}@{DOMAIN}"


def question(run: str, number: int, asked: str) -> bytes:
    """About 2 KB of Korean mail around one question, with signature and quote, as people send it."""
    opening = _OPENINGS[number % len(_OPENINGS)]
    closing = _CLOSINGS[number // len(_OPENINGS) % len(_CLOSINGS)]
    text = "\r\n".join((opening, "", asked, "", closing, "", _SIGNATURE, "", _QUOTED, ""))
    return b"\r\n".join((*_head(run, number), b"", text.encode("utf-8")))


def filler(run: str, number: int, *, size_bytes: int) -> bytes:
    """A mail of about ``size_bytes`` that says nothing."""
    head = b"\r\n".join((*_head(run, number), b"", b""))
    line = b"X" * 70 + b"\r\n"
    return head + line * max(1, (size_bytes - len(head)) // len(line))


def _head(run: str, number: int) -> tuple[bytes, ...]:
    return (
        b"Received: from mail.example.org (mail.example.org [192.0.2.7])",
        b"\tby mx.contest.test with ESMTPS; Fri, 20 Nov 2020 10:00:00 +0900",
        b"From: =?utf-8?B?6rmA7Jew6rWs?= <" + sender(run, number).encode("ascii") + b">",
        b"To: " + CONTEST.encode("ascii"),
        b"Subject: =?utf-8?B?66y47J2Y65Oc66a964uI64uk?=",
        b"Date: Fri, 20 Nov 2020 10:00:00 +0900",
        f"Message-ID: <{run}.{number}@{DOMAIN}>".encode("ascii"),
        b"MIME-Version: 1.0",
        b'Content-Type: text/plain; charset="utf-8"',
        b"Content-Transfer-Encoding: 8bit",
    )


def answered(library: Library, engine: Engine, *, limit: int) -> list[str]:
    """Questions of the library that this engine answers by itself, in turn from every topic."""
    rows = [entry.texts[Language.KO].phrasings for entry in library.entries.values()]
    in_turn = [row[depth] for depth in range(max(map(len, rows))) for row in rows if depth < len(row)]
    return _answered(in_turn, engine, limit)


def _answered(asked: Sequence[str], engine: Engine, limit: int) -> list[str]:
    found: list[str] = []
    for text in asked:
        if len(found) == limit:
            break
        if engine.decide(text).decision is Verdict.ANSWER:
            found.append(text)
    return found
