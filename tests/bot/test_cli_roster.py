"""The roster and the reminders to come, at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from faq import library
from tests.bot.command import Command

STAFF = "staff-a@example.org"
FILE = """team,contact,address,kind,language,status
한들 연구실,김담당,lab@example.org,lab,ko,drafting
Blue Data,Ann,blue@example.org,company,en,submitted
"""


@pytest.fixture
def desk(command: Command) -> Command:
    """A desk of the 2020 edition on 20 November, with one member of staff and a file of two teams."""
    season = Command(
        server=command.server,
        folder=command.folder,
        cache=command.cache,
        edition=library.PACKAGED,
        settings={"CLOCK_START": "2020-11-20T10:00:00+09:00"},
    )
    assert season("staff", "add", STAFF).code == 0
    (command.folder / "teams.csv").write_text(FILE, "utf-8")
    return season


def bring(desk: Command, *more: str, file: str = "teams.csv") -> tuple[int, str, list[str]]:
    ran = desk("roster", "import", file, "--staff", STAFF, *more)
    return ran.code, ran.out, ran.complaints


def test_import_shows_what_it_did_and_a_dry_run_does_nothing(desk: Command) -> None:
    dry = bring(desk, "--dry-run")
    real = bring(desk)
    after = desk("roster", "list", "--json")

    assert dry[1].splitlines()[-1] == "would be 2 added, 0 changed, 0 unchanged; nothing was written"
    assert real[1].splitlines() == [
        "+ 한들 연구실 <lab@example.org> drafting",
        "+ Blue Data <blue@example.org> submitted",
        "2 added, 0 changed, 0 unchanged",
    ]
    assert [json.loads(line)["team"] for line in after.out.splitlines()] == ["Blue Data", "한들 연구실"]


def test_import_refuses_the_whole_file_by_line(desk: Command) -> None:
    path = desk.folder / "bad.csv"
    path.write_text(FILE + "C,,c@example.org,,ko,shortlisted\nD,,d@@example.org,,ko,drafting\n", "utf-8")
    stranger = desk("roster", "import", "teams.csv", "--staff", "stranger@example.org")
    code, out, complaints = bring(desk, file="bad.csv")
    listed = desk("roster", "list")

    assert (stranger.code, stranger.out) == (1, "")  # staff alone may
    assert (code, out) == (1, "")
    assert complaints[0] == (
        "bad.csv:4: status shortlisted is a decision; decisions enter by: contestdesk campaign import"
    )
    assert complaints[1].startswith("bad.csv:5: address 'd@@example.org'")
    assert complaints[2:] == ["contestdesk: bad.csv: 2 mistakes, nothing was imported"]
    assert "nobody is on the roster" in listed.out


def test_import_tells_machines_the_same(desk: Command) -> None:
    bring(desk)
    path = desk.folder / "teams.csv"
    path.write_text(FILE.replace("drafting", "submitted").replace("team,", "팀,"), "utf-8")
    done = json.loads(bring(desk, "--map", "team=팀", "--json")[1])

    assert (done["added"], done["unchanged"], done["left_out"]) == ([], 1, [])
    assert [change["changes"] for change in done["changed"]] == [{"status": ["drafting", "submitted"]}]


def test_export_reads_back(desk: Command) -> None:
    bring(desk)
    told = desk("roster", "export", "--out", "out.csv")
    again = bring(desk, file="out.csv")

    assert told.out == "written: out.csv\n"
    assert Path(desk.folder / "out.csv").read_bytes()[:3] == b"\xef\xbb\xbf"
    assert again[1] == "0 added, 0 changed, 2 unchanged\n"


def test_show_and_plan_tell_of_one_team_and_of_all(desk: Command) -> None:
    bring(desk)
    shown = json.loads(desk("roster", "show", "한들연구실", "--json").out)
    slots = [json.loads(line) for line in desk("reminders", "plan", "--json").out.splitlines()]

    assert (shown["address"], shown["stage"], shown["reminded"], shown["reminders"]) == (
        "lab@example.org",
        "drafting",
        True,
        [],
    )
    assert [(slot["at"], slot["milestone"], slot["offset"], slot["count"]) for slot in slots] == [
        ("2020-11-23T10:00+09:00", "application", "D-7", 1),
        ("2020-11-27T10:00+09:00", "application", "D-3", 1),
        ("2020-11-29T10:00+09:00", "application", "D-1", 1),
        ("2020-12-06T10:00+09:00", "presentation", "D-3", 0),
        ("2020-12-08T10:00+09:00", "presentation", "D-1", 0),
    ]


def test_plan_tells_what_is_refused(desk: Command, tmp_path: Path) -> None:
    edition = tmp_path / "edition"
    edition.mkdir()
    for path in library.PACKAGED.glob("*.yaml"):
        (edition / path.name).write_bytes(path.read_bytes())
    rules = (edition / "reminders.yaml").read_text("utf-8").replace("[D-7, D-3, D-1]", "[D-7, H-3]")
    (edition / "reminders.yaml").write_text(rules, "utf-8")
    ran = desk("reminders", "plan", "--now", "2020-11-28T10:00+09:00", CONTEST_DIR=str(edition))

    assert ran.out.splitlines()[-1] == (
        "not planned: application H-3: no hour is announced; set one with: contestdesk schedule set"
    )
