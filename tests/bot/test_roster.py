"""The roster: a file is read whole or not at all, and what is decided shows from its release on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import roster, roster_file, roster_import
from bot.refusal import Refused
from bot.roster import Decided
from bot.roster_file import Fault, Line, Read
from bot.roster_import import Plan
from bot.storage import Storage
from faq.contest import Language, Round, Stage
from mailer import outbox
from mailer.tables import MailState, OutboxMail
from tests.bot import season
from tests.bot.office import IDENTITY, NOON
from tests.bot.season import DAY
from tests.mailer.letters import hello

HEADER = "team,contact,address,kind,language,status\n"


def laid(folder: Path, text: str, encoding: str = "utf-8", name: str = "teams.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def read(folder: Path, *rows: str, header: str = HEADER) -> Read:
    return roster_file.read(laid(folder, header + "".join(f"{row}\n" for row in rows)))


def line(team: str, address: str, *, status: Stage = Stage.DRAFTING, consents: bool | None = None) -> Line:
    return Line(
        number=2,
        team=team,
        contact=None,
        address=address,
        kind=None,
        language=Language.KO,
        status=status,
        consents=consents,
    )


def bring(storage: Storage, *lines: Line) -> Plan:
    with storage.write.begin() as session:
        planned = roster_import.plan(session, lines)
        roster_import.apply(session, planned, now=NOON)
    return planned


def on_roster(storage: Storage) -> list[tuple[str, str, Stage]]:
    with storage.read() as session:
        return [(row.team, row.address, row.status) for row in roster.people(session)]


# -- the file ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_file_is_read_in_every_encoding_that_staff_save(tmp_path: Path, encoding: str) -> None:
    text = HEADER + "한들 연구실,김담당,Lab@Example.org,대학 연구실,,Drafting\r\n"
    found = roster_file.read(laid(tmp_path, text, encoding))

    assert found.faults == ()
    assert found.lines == (
        Line(
            number=2,
            team="한들 연구실",
            contact="김담당",
            address="lab@example.org",
            kind="대학 연구실",
            language=Language.KO,
            status=Stage.DRAFTING,
            consents=None,
        ),
    )


def test_workbook_is_read_like_a_file(tmp_path: Path) -> None:
    from openpyxl import Workbook  # type: ignore[import-untyped]

    book = Workbook()
    book.active.append(["팀명", "이메일", "상태", "비고"])
    book.active.append(["한들", "lab@example.org", "interested", 7])
    book.save(tmp_path / "teams.xlsx")
    mapping = {"team": "팀명", "address": "이메일", "status": "상태"}
    found = roster_file.read(tmp_path / "teams.xlsx", mapping=mapping)

    assert [(one.number, one.team, one.address) for one in found.lines] == [(2, "한들", "lab@example.org")]
    assert found.ignored == ("비고",)


def test_what_is_no_workbook_is_told(tmp_path: Path) -> None:
    found = roster_file.read(laid(tmp_path, "no zip", name="teams.xlsx"))

    assert [fault.line for fault in found.faults] == [0]


@pytest.mark.parametrize("stage", ["shortlisted", "not_shortlisted", "selected", "NOT_SELECTED", "absent"])
def test_decision_is_refused_by_line(tmp_path: Path, stage: str) -> None:
    found = read(tmp_path, "A,,a@example.org,,ko,drafting", f"B,,b@example.org,,ko,{stage}")

    assert found.faults == (
        Fault(
            line=3,
            what=f"status {stage.lower()} is a decision; decisions enter by: contestdesk campaign import",
        ),
    )


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (",,a@example.org,,ko,drafting", "no team"),
        ("A,,,,ko,drafting", "no address"),
        ("A,,a@example.org,,fr,drafting", "language 'fr' is none of ko, en"),
        ("A,,a@example.org,,ko,done", "status 'done' is none of interested, drafting, submitted, withdrawn"),
        (
            "A\u202e,,a@example.org,,ko,drafting",
            "team has a character that nobody sees (control or direction mark)",
        ),
        (f"{'A' * 121},,a@example.org,,ko,drafting", "team is longer than 120 characters"),
        ("A,,a@example.org,,ko,drafting,more,cells", "8 cells under 6 columns"),
    ],
)
def test_mistake_is_told_with_its_line(tmp_path: Path, row: str, what: str) -> None:
    found = read(tmp_path, "ok,,ok@example.org,,ko,drafting", "", row)

    assert found.faults == (Fault(line=4, what=what),)


@pytest.mark.parametrize(
    "address",
    ["a@b@example.org", "a", "a@example", "a @example.org", "<a@example.org>", "a@example.org;b@example.org"],
)
def test_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    found = read(tmp_path, f'A,,"{address}",,ko,drafting')

    assert [fault.line for fault in found.faults] == [2]


def test_address_that_stands_twice_is_refused(tmp_path: Path) -> None:
    found = read(tmp_path, "A,,a@example.org,,ko,drafting", "B,,A@EXAMPLE.ORG,,ko,drafting")

    assert found.faults == (Fault(line=3, what="address a@example.org stands in line 2 too"),)


def test_cell_of_several_lines_does_not_move_the_numbers(tmp_path: Path) -> None:
    found = read(tmp_path, '"two\nlines",,a@example.org,,ko,drafting', "B,,b@example.org,,ko,nothing")

    assert [fault.line for fault in found.faults] == [4]
    assert found.lines[0].team == "two lines"


@pytest.mark.parametrize(
    ("raw", "line", "what"),
    [
        (b"", 0, "the file is empty"),
        (HEADER.encode(), 0, "no team under the header"),
        (b"\xff\xfet\x00e\x00", 0, "UTF-16; save it as CSV UTF-8"),
        (HEADER.encode() + b"\xff\xff,,a@example.org,,ko,drafting\n", 2, "neither UTF-8 nor cp949"),
    ],
)
def test_file_that_is_no_roster_is_told(tmp_path: Path, raw: bytes, line: int, what: str) -> None:
    path = tmp_path / "teams.csv"
    path.write_bytes(raw)

    assert roster_file.read(path).faults == (Fault(line=line, what=what),)


def test_missing_column_names_what_is_there(tmp_path: Path) -> None:
    found = read(tmp_path, "A,a@example.org,drafting", header="팀명,address,status\n")

    assert found.faults == (
        Fault(
            line=1,
            what="no column 'team' for team (there are: 팀명, address, status); name it with --map team=NAME",
        ),
    )


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No such file"):
        roster_file.read(tmp_path / "gone.csv")


@pytest.mark.parametrize(
    "team", ["=1+1", "+82", "-A", "@SUM(A1)", "'=1", " =1", "ordinary", "D-3 팀", "'quoted'"]
)
def test_written_cell_is_no_formula_and_reads_back(tmp_path: Path, team: str) -> None:
    text = roster_file.written([(team, None, "a@example.org", None, "ko", "drafting")])
    cell = text.splitlines()[1].partition(",")[0]
    found = roster_file.read(laid(tmp_path, text))

    assert cell[:1] not in "=+-@\t\r"
    assert found.lines[0].team == team.strip()


# -- against the roster -----------------------------------------------------------------------


def test_import_adds_changes_and_leaves_the_rest(storage: Storage) -> None:
    bring(storage, line("A", "a@example.org"), line("B", "b@example.org"), line("C", "c@example.org"))
    planned = bring(
        storage,
        line("A", "a@example.org", status=Stage.SUBMITTED),
        line("B", "b@example.org"),
        line("D", "d@example.org"),
    )

    assert [one.address for one in planned.added] == ["d@example.org"]
    assert [change.fields for change in planned.changed] == [{"status": ("drafting", "submitted")}]
    assert (planned.unchanged, planned.left_out) == (1, ("c@example.org",))
    assert on_roster(storage) == [
        ("A", "a@example.org", Stage.SUBMITTED),
        ("B", "b@example.org", Stage.DRAFTING),
        ("C", "c@example.org", Stage.DRAFTING),
        ("D", "d@example.org", Stage.DRAFTING),
    ]


def test_corrected_address_stays_the_same_team(small_storage: Storage) -> None:
    bring(small_storage, line("한들 연구실", "labb@example.org"))
    planned = bring(small_storage, line("한들연구실", "lab@example.org"))

    assert [change.fields["address"] for change in planned.changed] == [
        ("labb@example.org", "lab@example.org")
    ]
    assert on_roster(small_storage) == [("한들연구실", "lab@example.org", Stage.DRAFTING)]


def test_second_contact_of_a_team_is_added(small_storage: Storage) -> None:
    bring(small_storage, line("A", "a@example.org"))
    bring(small_storage, line("A", "a@example.org"), line("A", "b@example.org"))

    assert [address for _, address, _ in on_roster(small_storage)] == ["a@example.org", "b@example.org"]


def test_unsubscription_outlives_every_import(small_storage: Storage) -> None:
    bring(small_storage, line("A", "a@example.org"))
    with small_storage.write.begin() as session:
        roster.unsubscribe(session, roster.one(session, "A").id, now=NOON)
    bring(small_storage, line("A", "a@example.org", status=Stage.SUBMITTED, consents=True))
    with small_storage.read() as session:
        (stands,) = roster.standings(session, now=NOON)

    assert (stands.reminded, stands.status) == (False, Stage.SUBMITTED)


def test_consent_stays_where_the_file_is_silent(small_storage: Storage) -> None:
    bring(small_storage, line("A", "a@example.org", consents=False))
    bring(small_storage, line("A", "a@example.org", status=Stage.SUBMITTED))
    with small_storage.read() as session:
        (stands,) = roster.standings(session, now=NOON)

    assert not stands.reminded


def test_plan_writes_nothing(small_storage: Storage) -> None:
    with small_storage.read() as session:
        planned = roster_import.plan(session, [line("A", "a@example.org")])

    assert (len(planned.added), on_roster(small_storage)) == (1, [])


def test_near_duplicates_are_shown(small_storage: Storage) -> None:
    bring(small_storage, line("블루데이터 주식회사", "hello@bluedata.example.org"))
    with small_storage.read() as session:
        planned = roster_import.plan(
            session,
            [
                line("블루데이타 (주식회사)", "other@example.org"),
                line("딴 팀", "helo@bluedata.example.org"),
                line("팀 1", "team-1@example.org"),
                line("팀 2", "team-2@example.org"),
            ],
        )

    assert [(pair.column, pair.left, pair.right) for pair in planned.near] == [
        ("address", "helo@bluedata.example.org", "hello@bluedata.example.org"),
        (
            "team",
            "블루데이타 (주식회사) <other@example.org>",
            "블루데이터 주식회사 <hello@bluedata.example.org>",
        ),
    ]


def test_one_row_is_found_by_number_address_or_team(small_storage: Storage) -> None:
    bring(small_storage, line("Blue Data", "a@example.org"), line("C", "c@example.org"))
    with small_storage.read() as session:
        found = {roster.one(session, named).address for named in ("1", "A@example.org", "bluedata")}
        with pytest.raises(Refused, match="nobody on the roster"):
            roster.one(session, "99")

    assert found == {"a@example.org"}


# -- decisions --------------------------------------------------------------------------------


def decided(
    storage: Storage, decision: Stage, *, round: Round = Round.FIRST, mail: MailState | None = None
) -> None:
    with storage.write.begin() as session:
        row = roster.people(session)[0]
        roster.decide(
            session,
            round,
            {row.id: Decided(decision=decision)},
            release_at=NOON,
            campaign=1,
            staff="staff-a@example.org",
            now=NOON - DAY,
        )
        if mail is not None:
            number = outbox.enqueue(session, hello(), key=f"result:{round}", identity=IDENTITY, now=NOON)
            assert number is not None
            session.get_one(OutboxMail, number).state = mail
            roster.mailed(session, round, {row.id: number})


def test_decision_shows_from_its_release_on(storage: Storage) -> None:
    season.enrol(storage, 1, status=Stage.SUBMITTED)
    decided(storage, Stage.SHORTLISTED)
    with storage.read() as session:
        stages = [
            [(one.stage, one.told) for one in roster.standings(session, now=now)]
            for now in (NOON - season.MINUTE, NOON)
        ]

    assert stages == [[(Stage.SUBMITTED, True)], [(Stage.SHORTLISTED, False)]]


def test_final_decision_is_the_newest(small_storage: Storage) -> None:
    season.enrol(small_storage, 1, status=Stage.SUBMITTED)
    decided(small_storage, Stage.SHORTLISTED)
    decided(small_storage, Stage.SELECTED, round=Round.FINAL)
    with small_storage.read() as session:
        (stands,) = roster.standings(session, now=NOON)

    assert stands.stage is Stage.SELECTED


def test_decision_of_another_round_is_refused(small_storage: Storage) -> None:
    season.enrol(small_storage, 1)
    with pytest.raises(Refused, match="selected is no decision of the first round"):
        decided(small_storage, Stage.SELECTED)


def test_decision_that_was_told_is_not_taken_back(small_storage: Storage) -> None:
    season.enrol(small_storage, 1, status=Stage.SUBMITTED)
    decided(small_storage, Stage.SHORTLISTED, mail=MailState.SENT)
    with pytest.raises(Refused, match="cannot be taken back"):
        decided(small_storage, Stage.NOT_SHORTLISTED)


def test_decision_that_nobody_heard_may_be_replaced(small_storage: Storage) -> None:
    season.enrol(small_storage, 1, status=Stage.SUBMITTED)
    decided(small_storage, Stage.SHORTLISTED, mail=MailState.QUEUED)
    decided(small_storage, Stage.NOT_SHORTLISTED)
    with small_storage.read() as session:
        (stands,) = roster.standings(session, now=NOON)

    assert stands.stage is Stage.NOT_SHORTLISTED
