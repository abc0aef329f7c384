"""Who may apply: the rules of an edition, and what is wrong with them."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from faq import library, lint
from faq.applicants import ApplicantKind, Standing
from faq.contest import Statement
from faq.library import FactChange, Library, LibraryError
from intents import feasibility

EDITION = Path(__file__).parent.parent / "data" / "edition_applicants"


@pytest.fixture(scope="module")
def packaged() -> Library:
    return library.load()


def test_packaged_rules_leave_open_what_the_announcement_does_not_settle(packaged: Library) -> None:
    facts = packaged.contest.facts
    stands = {kind: rule.standing(facts) for kind, rule in packaged.applicants.rules.items()}

    assert stands == {
        ApplicantKind.LAB: Standing.NAMED,
        ApplicantKind.INSTITUTE: Standing.OPEN,
        ApplicantKind.COMPANY: Standing.NAMED,
        ApplicantKind.PREFOUNDER: Standing.OPEN,
        ApplicantKind.INDIVIDUAL: Standing.OPEN,
        ApplicantKind.OVERSEAS: Standing.OPEN,
        ApplicantKind.VOUCHER: Standing.EXCLUDED,
        ApplicantKind.VOUCHER_LAB: Standing.OPEN,
    }
    assert {rule.source for rule in packaged.applicants.rules.values()} == {"1"}


def test_fact_that_staff_settle_settles_the_kind(packaged: Library) -> None:
    statements = (Statement(value={"ko": "가능", "en": "possible"}, source="notice"),)
    settled = library.overlay(
        packaged, [FactChange(fact="eligibility.overseas", statements=statements, version=1)]
    )
    rule = settled.applicants.rules[ApplicantKind.OVERSEAS]

    assert rule.standing(settled.contest.facts) is Standing.NAMED


def test_lint_finds_an_open_kind_whose_answer_does_not_say_so() -> None:
    loaded = library.load(EDITION)
    rules = dict(loaded.applicants.rules)
    rules[ApplicantKind.OVERSEAS] = dataclasses.replace(
        rules[ApplicantKind.OVERSEAS], topic="eligibility.company"
    )
    broken = dataclasses.replace(loaded, applicants=dataclasses.replace(loaded.applicants, rules=rules))
    found = [finding.where for finding in lint.check(broken) if finding.level is lint.Level.ERROR]

    assert found == ["contest:eligibility.overseas"]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("topic: eligibility.lab", "topic: eligibility.moon", "unknown topic 'eligibility.moon'"),
        ("fact: eligibility.overseas", "fact: eligibility.moon", "unknown fact 'eligibility.moon'"),
        ("    lab:\n", "    zoo:\n", "unknown kind 'zoo'"),
        ("says: named", "says: open", "by its 'fact'"),
        ("      fact: eligibility.overseas\n", "", "either 'says'"),
    ],
)
def test_mistake_in_a_rule_is_named_with_its_line(tmp_path: Path, old: str, new: str, what: str) -> None:
    folder = shutil.copytree(EDITION, tmp_path / "edition")
    file = folder / "contest.yaml"
    file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")

    with pytest.raises(LibraryError, match=r"contest\.yaml:\d+: .*" + what):
        library.load(folder)


def test_guide_has_words_for_everything_that_is_read(packaged: Library) -> None:
    guide = packaged.guide

    assert set(guide.modalities) == feasibility.MODALITIES
    assert set(guide.tasks) == feasibility.TASKS
    assert set(guide.rights) == feasibility.RIGHTS


def test_example_of_what_is_no_kind_of_data_is_a_fault(tmp_path: Path) -> None:
    folder = shutil.copytree(EDITION, tmp_path / "edition")
    file = folder / "feasibility.yaml"
    file.write_text(file.read_text("utf-8").replace("examples:\n  lidar:", "examples:\n  moon:"), "utf-8")

    with pytest.raises(LibraryError, match=r"feasibility\.yaml:\d+: 'moon' is none of the modalities"):
        library.load(folder)
