"""The dialogues in which staff teach: an entry, its approval, a verdict on a dataset; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.slack import richtext
from bot.slack.case import Case
from bot.slack.modals import Carried, View, about, line, made, select_input, shown, text_input
from bot.slack.richtext import Block


def verdict(
    case: Case, carries: Carried, *, dataset: str, precedents: Sequence[str], fault: str = ""
) -> View:
    """Judge the dataset that an inquiry describes, with what was judged before in sight."""
    blocks = [*about(case), line(f"데이터셋 Dataset: {dataset}")]
    if precedents:
        blocks.append(line("비슷한 판정 Precedents"))
        blocks.append(richtext.block(richtext.bullets([richtext.cut(one, 500) for one in precedents])))
    else:
        blocks.append(richtext.context("비슷한 판정이 없습니다. No precedent is like it."))
    if fault:
        blocks.append(line(f"⚠️ {fault}"))
    options = (
        ("feasible", "가능 Feasible"),
        ("conditional", "조건부 Conditional"),
        ("not_feasible", "불가 Not feasible"),
    )
    blocks += [
        select_input("판정 Verdict", "inq.verdict_said", options),
        text_input("이유, 신청자가 읽습니다 Why, applicants read it", "inq.reason"),
        text_input("다른 언어로 된 이유 The reason in the other language", "inq.translated", optional=True),
        text_input(
            "어긋나는 판정이 있다면 근거 Why it stands against a precedent", "inq.justify", optional=True
        ),
    ]
    return made(
        f"판정 Verdict #{case.number}", blocks, callback="inq.verdict", carries=carries, submit="저장 Save"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryForm:
    """The fields of an entry, prefilled as far as anybody knows; by language where they differ."""

    topic: str
    title: Mapping[str, str]
    phrasings: Mapping[str, Sequence[str]]
    answer: Mapping[str, str]
    source: str
    asks: str


def faq(
    form: EntryForm, carries: Carried, *, asks: Sequence[str], part: str = "", faults: Sequence[str] = ()
) -> View:
    """Save as FAQ: Korean and English side by side; it answers after another person's approval."""
    blocks: list[Block] = []
    if part:
        blocks.append(richtext.block(richtext.quote(richtext.text(richtext.cut(part, 500)))))
    blocks += [line(f"⚠️ {one}") for one in faults[:8]]
    blocks.append(text_input("항목 ID Topic", "faq.topic", initial=form.topic, multiline=False))
    for language, name in (("ko", "한국어 Korean"), ("en", "영어 English")):
        phrasings = "\n".join(form.phrasings.get(language, ()))
        blocks += [
            text_input(f"제목 Title ({name})", f"faq.title.{language}",
                       initial=form.title.get(language, ""), multiline=False),
            text_input(f"질문, 한 줄에 하나 Questions, one a line ({name})", f"faq.phrasings.{language}",
                       initial=phrasings),
            text_input(f"답변 Answer ({name})", f"faq.answer.{language}",
                       initial=form.answer.get(language, "")),
        ]  # fmt: skip
    blocks += [
        text_input("근거 Source", "faq.source", initial=form.source, multiline=False,
                   hint="공고의 절 번호나 안내 이름. A section of the announcement, or a notice."),
        select_input("무엇을 묻는 질문인가 What it asks", "faq.asks", [(one, one) for one in asks],
                     initial=form.asks),
        richtext.context("다른 담당자의 승인 뒤에 쓰입니다. It answers once another person approves it."),
    ]  # fmt: skip
    return made(
        "FAQ로 저장 Save as FAQ", blocks, callback="faq.save", carries=carries, submit="초안 저장 Save"
    )


def approval(carries: Carried, *, author: str, told: str, regression: str, worse: bool) -> View:
    """Look over a draft before it becomes an answer."""
    blocks: list[Block] = [
        richtext.context(f"초안 Draft {carries.draft} · 작성자 Author: {author}"),
        *shown(told),
        richtext.context(regression),
    ]
    if worse:
        words = "그래도 승인하는 이유 Why it is approved although the desk understands worse"
        blocks.append(text_input(words, "faq.despite"))
    return made(
        "FAQ 승인 Approve FAQ", blocks, callback="faq.approve", carries=carries, submit="승인 Approve"
    )
