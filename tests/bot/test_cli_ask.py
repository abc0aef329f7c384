"""`contestdesk ask`, `faq` and the shapes that the contract gives them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.bot.command import Command
from tests.bot.office import DEADLINE, EDITION, FORM, LATE, OTHER, OWNER, THANKS

FEASIBLE = "수어 동작 영상 5만 건을 촬영하고 라벨링하려고 합니다. 캐시미션으로 수집이 가능할까요?"
PART = {
    "text", "decision", "topic", "confidence", "candidates", "reason", "unknown", "feasibility", "asks_back",
}  # fmt: skip


def asked(command: Command, text: str, *options: str) -> dict[str, Any]:
    ran = command("ask", "--json", text, *options)
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, Any] = json.loads(ran.out)
    return found


def batch(command: Command, *lines: str | bytes) -> list[dict[str, Any]]:
    path = command.folder / "in.jsonl"
    path.write_bytes(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines))
    ran = command("ask", "--batch", "in.jsonl", "--out", "out.jsonl", "--now", "2020-11-20")
    assert (ran.code, ran.err) == (0, "")
    return [json.loads(line) for line in (command.folder / "out.jsonl").read_text("utf-8").splitlines()]


def test_ask_shows_the_reply(command: Command) -> None:
    ran = command("ask", "When is the deadline?", "--now", "2020-11-20")

    assert (ran.code, ran.err) == (0, "")
    assert "Applications are open from Monday 2 November" in ran.out


def test_ask_json_is_one_line_of_the_contract(command: Command) -> None:
    ran = command("ask", "--json", DEADLINE)
    document = json.loads(ran.out)

    assert (ran.code, ran.err, ran.out.count("\n")) == (0, "", 1)
    assert set(document) == {"id", "language", "decision", "parts", "reply"}
    assert set(document["parts"][0]) == PART
    assert set(document["parts"][0]["candidates"][0]) == {"topic", "confidence"}


def test_ask_needs_no_database(command: Command) -> None:
    command("ask", DEADLINE)

    assert list(command.folder.iterdir()) == []


def test_ask_with_database_reads_the_tables(command: Command) -> None:
    ran = command("ask", DEADLINE, "--database")

    assert (ran.code, (command.folder / "var" / "contestdesk.db").exists()) == (0, True)


def test_ask_takes_the_language_that_is_named(command: Command) -> None:
    assert asked(command, DEADLINE, "--lang", "en")["language"] == "en"


@pytest.mark.parametrize(
    ("day", "told"), [("2020-11-20", "10일 남았습니다"), ("2020-12-24", "이미 마감되었습니다")]
)
def test_ask_answers_as_of_now(command: Command, day: str, told: str) -> None:
    assert told in asked(command, DEADLINE, "--now", day)["reply"]


def test_ask_explains(command: Command) -> None:
    ran = command("ask", "--explain", DEADLINE)

    assert (ran.code, ran.err) == (0, "")
    assert [
        word for word in ("application.period", "decision: answer", "because: ") if word not in ran.out
    ] == []


def test_ask_feasibility_has_its_slots(command: Command) -> None:
    part = asked(command, FEASIBLE)["parts"][0]

    assert (part["topic"], part["decision"]) == ("cashmission.feasibility", "escalate")
    assert set(part["feasibility"]) == {
        "modality", "task", "volume", "personal_data", "rights", "missing", "verdict", "precedent",
    }  # fmt: skip


def test_ask_reads_what_no_encoding_can_write(command: Command) -> None:
    assert command("ask", "When is the deadline? \udcff").code == 0


def test_batch_answers_in_the_order_of_the_questions(command: Command) -> None:
    texts = {
        "a": DEADLINE, "b": f"1. {FORM}\n2. {LATE}", "c": LATE, "d": THANKS, "e": OTHER, "f": "Who owns the dataset?",
    }  # fmt: skip
    answers = batch(
        command, *[json.dumps({"id": id, "text": text, "label": 1}) for id, text in texts.items()]
    )

    assert [(one["id"], one["language"], one["decision"], one["reply"] is None) for one in answers] == [
        ("a", "ko", "answer", False),
        ("b", "ko", "partial", False),
        ("c", "ko", "escalate", False),
        ("d", "ko", "ignore", True),
        ("e", "ko", "escalate", False),
        ("f", "en", "answer", False),
    ]


def test_batch_tells_the_known_unknown_without_a_topic(command: Command) -> None:
    part = batch(command, json.dumps({"id": 1, "text": LATE}))[0]["parts"][0]

    assert (part["decision"], part["topic"], part["unknown"], part["candidates"][0]["topic"]) == (
        "escalate",
        None,
        "unknown.late-submission",
        "application.period",
    )


def test_batch_takes_language_blank_lines_and_a_mark_at_the_start(command: Command) -> None:
    line = json.dumps({"id": 1, "text": OWNER, "lang": "en", "channel": "slack"})

    assert [one["language"] for one in batch(command, b"\xef\xbb\xbf" + line.encode(), "", "  ")] == ["en"]


def test_batch_reads_half_a_character(command: Command) -> None:
    assert batch(command, r'{"id": "\udc00", "text": "\ud800 When is the deadline?"}')[0]["language"] == "en"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b'{"id": 1, "text": "\xb8\xb6\xb0\xa8"}', "in.jsonl:2: not UTF-8 (byte 19)"),
        (b"not json", "in.jsonl:2: not JSON: Expecting value"),
        (b'["id", "text"]', 'in.jsonl:2: an object with "id" and "text" is needed'),
        (b'{"id": 1}', 'in.jsonl:2: an object with "id" and "text" is needed'),
    ],
)
def test_batch_line_that_cannot_be_read_is_named(command: Command, line: bytes, complaint: str) -> None:
    (command.folder / "in.jsonl").write_bytes(b'{"id": 0, "text": "x"}\n' + line)
    ran = command("ask", "--batch", "in.jsonl", "--out", "out.jsonl")

    assert (ran.code, ran.complaints, ran.out) == (1, [f"contestdesk: {complaint}"], "")
    assert not (command.folder / "out.jsonl").exists()


def test_batch_that_is_missing_is_named(command: Command) -> None:
    ran = command("ask", "--batch", "in.jsonl", "--out", "out.jsonl")

    assert (ran.code, ran.complaints) == (1, ["contestdesk: in.jsonl: No such file or directory"])


def test_batch_that_cannot_be_written_is_named(command: Command) -> None:
    (command.folder / "in.jsonl").write_text('{"id": 0, "text": "x"}\n')
    ran = command("ask", "--batch", "in.jsonl", "--out", "nowhere/out.jsonl")

    assert (ran.code, ran.complaints) == (1, ["contestdesk: nowhere/out.jsonl: No such file or directory"])


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_empty_question_is_refused(command: Command, text: str) -> None:
    ran = command("ask", text)

    assert (ran.code, ran.complaints) == (
        1,
        ["contestdesk: the question is empty; write it between quotation marks"],
    )


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("text", "--batch", "x"),
        ("--batch", "x"),
        ("text", "--out", "x"),
        ("text", "--lang", "fr"),
        ("text", "--now", "soon"),
        ("text", "--colour"),
    ],
)
def test_wrong_usage_exits_with_2(command: Command, arguments: tuple[str, ...]) -> None:
    ran = command("ask", *arguments)

    assert (ran.code, ran.out, ran.complaints[0].startswith("Usage: contestdesk ask ")) == (2, "", True)


# -- the approved answers ----------------------------------------------------------------------


def test_faq_list_has_a_line_a_topic(command: Command) -> None:
    lines = [json.loads(line) for line in command("faq", "list", "--json").out.splitlines()]

    assert [line["topic"] for line in lines] == [
        "application.period",
        "application.form",
        "support.worth",
        "rights.ownership",
        "cashmission.feasibility",
    ]
    assert lines[0] | {"phrasings": 4, "version": 0, "title": "접수 기간", "source": ["2"]} == lines[0]


def test_faq_list_is_a_table_for_people(command: Command) -> None:
    ran = command("faq", "list")

    assert (ran.code, ran.out.split()[:5]) == (0, ["topic", "title", "source", "phrasings", "version"])


def test_faq_show_tells_both_languages_and_the_facts(command: Command) -> None:
    ran = command("faq", "show", "support.worth", "--json")
    document = json.loads(ran.out)

    assert (set(document), document["ko"]["told"]["support.teams"], document["en"]["source"]) == (
        {"topic", "ko", "en"},
        "10개 팀",
        ["1"],
    )


def test_faq_show_of_an_unknown_topic_is_refused(command: Command) -> None:
    ran = command("faq", "show", "support.moon")

    assert (ran.code, ran.complaints) == (
        1,
        ["contestdesk: no topic 'support.moon'; contestdesk faq list shows them"],
    )


def test_faq_check_passes_with_notices(command: Command) -> None:
    ran = command("faq", "check")

    assert (ran.code, ran.err) == (0, "")
    assert "hole: application.hour" in ran.out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EDITION, tmp_path / "edition"))


def test_faq_check_fails_on_a_literal_fact(command: Command, folder: Path) -> None:
    path = folder / "entries" / "support.yaml"
    path.write_text(path.read_text("utf-8").replace("{{ fact('support.worth') }}", "7,000만원"), "utf-8")
    ran = command("faq", "check", "--json", CONTEST_DIR=str(folder))
    levels = [json.loads(line)["level"] for line in ran.out.splitlines()]

    assert (ran.code, "error" in levels) == (1, True)


def test_broken_yaml_is_named_with_file_and_line(command: Command, folder: Path) -> None:
    (folder / "entries" / "support.yaml").write_text("support.worth:\n  title: {ko: [\n", "utf-8")
    ran = command("ask", DEADLINE, CONTEST_DIR=str(folder))

    assert (ran.code, len(ran.complaints)) == (1, 1)
    assert ran.complaints[0].startswith("contestdesk: entries/support.yaml:3: broken YAML: ")


def test_edition_that_is_missing_is_named(command: Command) -> None:
    ran = command("ask", DEADLINE, CONTEST_DIR="nowhere")

    assert (ran.code, {line.partition(": ")[0] for line in ran.complaints}) == (1, {"contestdesk"})
    assert "contest.yaml" in ran.err
