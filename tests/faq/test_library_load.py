from datetime import date
from pathlib import Path

import pytest

from faq import library
from faq.contest import FactStatus, Language
from faq.entry import Asks, BackgroundKind
from faq.library import LibraryError


def faults(folder: Path) -> list[str]:
    with pytest.raises(LibraryError) as caught:
        library.load(folder)
    return str(caught.value).split("\n")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_load_reads_every_kind_of_file(folder: Path) -> None:
    loaded = library.load(folder)

    assert list(loaded.entries) == ["application.period", "support.worth"]
    assert loaded.entries["support.worth"].asks == (Asks.HOW_MUCH, Asks.HOW_MANY)
    assert loaded.entries["support.worth"].source == ("1",)
    assert loaded.entries["application.period"].texts[Language.EN].condition == ""
    assert loaded.unknowns["unknown.late-submission"].near == ("application.period",)
    assert loaded.background[0].kind is BackgroundKind.THANKS
    assert loaded.synonyms == (("기획안", "제안서", "proposal"),)
    assert (loaded.version, dict(loaded.modes)) == (0, {})


def test_load_compares_the_statements_of_a_fact(folder: Path) -> None:
    facts = library.load(folder).contest.facts

    assert facts["support.teams"].status is FactStatus.STATED
    assert facts["application.hour"].status is FactStatus.SILENT
    assert facts["build.start"].status is FactStatus.CONTRADICTORY


def test_load_ends_a_single_day_on_that_day(folder: Path) -> None:
    milestone = library.load(folder).contest.milestones["result"]

    assert (milestone.starts_on, milestone.ends_on) == (date(2030, 12, 13), date(2030, 12, 13))


def test_load_normalises_decomposed_korean(folder: Path) -> None:
    change(
        folder / "unknowns/application.yaml",
        "[마감 지나고 내도 되나요?]",
        "[\u1106\u1161\u1100\u1161\u11b7 뒤에도 되나요?]",
    )

    loaded = library.load(folder)

    unknown = loaded.unknowns["unknown.late-submission"]
    assert unknown.phrasings[Language.KO] == ("마감 뒤에도 되나요?",)


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("entries/application.yaml", "    answer: >-\n      접수는", "    answr: >-\n      접수는",
         ["entries/application.yaml:6: 'answer' is missing",
          "entries/application.yaml:7: unknown key 'answr' (known: phrasings, answer, condition, next)"]),
        ("entries/application.yaml", "asks: [when]", "asks: [whenever]",
         ["entries/application.yaml:4: expected one of what, who, when, where, why, how_to, how_many, "
          "how_much, how_judged, may_i, what_if, found 'whenever'"]),
        ("entries/application.yaml", "phrasings: [When is the deadline?]", "phrasings: When is the deadline?",
         ["entries/application.yaml:13: expected a list, found 'When is the deadline?'"]),
        ("entries/application.yaml", "phrasings: [How much do you give?]", "phrasings: [yes]",
         ["entries/application.yaml:26: expected words, found 'yes' (put it in quotes)"]),
        ("entries/application.yaml", "support.worth:\n", "application.period:\n",
         ["entries/application.yaml:17: 'application.period' stands twice, first in line 1"]),
        ("entries/application.yaml", "    condition: \"{{ contradiction", "    answer: \"{{ contradiction",
         ["entries/application.yaml:24: 'answer' stands twice, first in line 23"]),
        ("entries/application.yaml", "support.worth:\n", "Support worth:\n",
         ["entries/application.yaml:17: 'Support worth' is no id: small Latin letters, digits, '_', '.'"]),
        ("entries/application.yaml", "phrasings: [얼마나 지원하나요?]", "phrasings: [얼마나 지원하나요?",
         ["entries/application.yaml:23: broken YAML: did not find expected ',' or ']'"]),
        ("unknowns/application.yaml", "near: [application.period]", "near: [application.perid]",
         ["unknowns/application.yaml:3: 'near' names the unknown topic 'application.perid'"]),
        ("unknowns/application.yaml", "unknown.late-submission", "late_submission",
         ["unknowns/application.yaml:1: the id 'late_submission' must begin with 'unknown.'"]),
        ("unknowns/application.yaml", "  en: [Can I hand in late?]\n", "",
         ["unknowns/application.yaml:2: 'en' is missing"]),
        ("background.yaml", "thanks:", "applause:",
         ["background.yaml:1: unknown kind 'applause' (known: thanks, greeting, out_of_office, advertising, "
          "other_business)"]),
        ("synonyms.yaml", "- [기획안, 제안서, proposal]", "- 기획안",
         ["synonyms.yaml:1: expected a list, found '기획안'"]),
        ("contest.yaml", "ends_on: 2030-11-29", "ends_on: 2030-10-29",
         ["contest.yaml:28: milestone 'application' ends before it starts"]),
        ("contest.yaml", "ends_on: 2030-11-29", "ends_on: 2030-11-31",
         ["contest.yaml:28: expected a day such as 2020-11-30, found '2030-11-31'"]),
        ("contest.yaml", 'at: "18:00"', 'at: "25:00"',
         ["contest.yaml:34: expected an hour such as 18:00, found '25:00'"]),
        ("contest.yaml", "unit: krw", "unit: won",
         ["contest.yaml:13: unknown unit 'won' (known: krw, teams, about_teams, pages, minutes)"]),
        ("contest.yaml", "value: 70000000", "value: 7천만원",
         ["contest.yaml:14: a count needs a unit, and only a count has one"]),
        ("contest.yaml",
         "    remark: {ko: 마감 시각은 공고에 없습니다., en: The announcement gives no hour.}\n", "",
         ["contest.yaml:18: fact 'application.hour' is silent and needs a 'remark' for applicants"]),
        ("contest.yaml", "ko: 한들 데이터 공모전, en: Handle Data Contest", "ko: 한들 데이터 공모전",
         ["contest.yaml:3: 'en' is missing"]),
    ],
)  # fmt: skip
def test_load_names_file_and_line(folder: Path, file: str, old: str, new: str, expected: list[str]) -> None:
    change(folder / file, old, new)

    assert faults(folder) == expected


def test_load_refuses_an_entry_without_english(folder: Path) -> None:
    path = folder / "entries/application.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.rindex("  en:")], encoding="utf-8")

    assert faults(folder) == ["entries/application.yaml:18: 'en' is missing"]


def test_load_refuses_an_id_in_two_files(folder: Path) -> None:
    (folder / "entries/zz.yaml").write_bytes((folder / "entries/application.yaml").read_bytes())

    assert faults(folder) == [
        "entries/zz.yaml:1: 'application.period' stands twice, first in entries/application.yaml:1",
        "entries/zz.yaml:17: 'support.worth' stands twice, first in entries/application.yaml:17",
    ]


def test_load_reports_the_faults_of_all_files_together(folder: Path) -> None:
    change(folder / "contest.yaml", "unit: krw", "unit: won")
    change(folder / "background.yaml", "thanks:", "applause:")

    assert [line.split(":")[0] for line in faults(folder)] == ["background.yaml", "contest.yaml"]


def test_load_does_not_blame_unknowns_for_a_broken_entry_file(folder: Path) -> None:
    (folder / "entries/application.yaml").write_text("application.period: [", encoding="utf-8")

    assert [line.split(":")[0] for line in faults(folder)] == ["entries/application.yaml"]


def test_load_names_the_line_that_is_not_utf_8(folder: Path) -> None:
    (folder / "synonyms.yaml").write_bytes("- [a, b]\n- [기획안]\n".encode("cp949"))

    assert faults(folder) == ["synonyms.yaml:2: not UTF-8"]


def test_load_names_the_line_of_a_control_character(folder: Path) -> None:
    (folder / "synonyms.yaml").write_bytes(b"- [a, b]\n- [c, d\x07]\n")

    assert faults(folder)[0].startswith("synonyms.yaml:2: broken YAML: ")


def test_load_says_that_a_file_is_empty(folder: Path) -> None:
    (folder / "synonyms.yaml").write_text("# nothing yet\n", encoding="utf-8")

    assert faults(folder) == ["synonyms.yaml: the file is empty"]


def test_load_says_that_the_contest_file_is_missing(tmp_path: Path) -> None:
    assert faults(tmp_path) == ["contest.yaml: cannot be read: No such file or directory"]


def test_load_needs_neither_background_nor_synonyms(folder: Path) -> None:
    (folder / "background.yaml").unlink()
    (folder / "synonyms.yaml").unlink()

    loaded = library.load(folder)

    assert (loaded.background, loaded.synonyms) == ((), ())
