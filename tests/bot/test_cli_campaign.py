"""``contestdesk campaign``: from the jury's list to a scheduled release, as staff type it."""

from __future__ import annotations

import dataclasses
import json
import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot import preview
from bot import storage as stores
from bot.storage import Storage
from faq import library
from faq.library import Library
from mailer.tables import MailKind, MailState, OutboxMail
from tests.bot.command import Command
from tests.bot.results import AUTHOR, SECOND, THIRD, Season, but, rows, written

NOW = "2020-12-03T18:00:00+09:00"
RELEASE = "2020-12-04T14:00"


def newest_code(storage: Storage, to: str) -> str:
    with storage.write.begin() as session:
        row = session.scalars(
            select(OutboxMail)
            .where(OutboxMail.kind == MailKind.CODE, OutboxMail.recipient == to)
            .order_by(OutboxMail.id.desc())
        ).first()
        assert row is not None
        text = message_from_bytes(row.body or b"", policy=policy.default).get_body(("plain",))
    assert text is not None
    found = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}", text.get_content())
    assert found is not None
    return found[0]


@pytest.mark.long
def test_campaign_from_the_list_to_the_schedule(command: Command) -> None:
    desk = dataclasses.replace(command, settings={"CONTEST_DIR": str(library.PACKAGED), "CLOCK_START": NOW})
    listed = written(command.folder / "first.csv", rows(16))
    people = ["team,contact,address,kind,language,status"]
    people += [f"{row.team},,{row.address},lab,ko,submitted" for row in rows(16)]
    (command.folder / "roster.csv").write_text("\n".join(people) + "\n", encoding="utf-8")
    for address in (AUTHOR, SECOND, THIRD):
        desk("staff", "add", address, "--role", "approver")
    assert desk("roster", "import", "roster.csv", "--staff", AUTHOR).code == 0

    def campaign(*arguments: str) -> dict[str, object]:
        ran = desk("campaign", *arguments, "--json")
        assert (ran.code, ran.err) == (0, "")
        told: dict[str, object] = json.loads(ran.out)
        return told

    taking = ("import", str(listed), "--round", "first", "--release", RELEASE, "--staff", AUTHOR)
    dry = campaign(*taking, "--dry-run")
    nothing = desk("campaign", "status", "--json").out
    brought = campaign(*taking)
    storage = stores.open_storage(f"sqlite:///{command.folder / 'var' / 'contestdesk.db'}")
    previewed = campaign("preview", "1", "--staff", SECOND, "--out", "shown")
    own = desk("campaign", "approve", "1", "--staff", AUTHOR)
    for number, address in enumerate((SECOND, THIRD), 1):
        campaign("approve", "1", "--staff", address)
        code = newest_code(storage, address)
        approved = campaign("approve", "1", "--staff", address, "--code", code, "--count", "16")
        assert approved["given"] == number
    testers = [word for address in (AUTHOR, SECOND, THIRD) for word in ("--to", address)]
    campaign("test-send", "1", *testers, "--staff", AUTHOR)
    early = desk("campaign", "schedule", "1", "--staff", AUTHOR)
    with storage.write.begin() as session:
        session.execute(update(OutboxMail).values(state=MailState.SENT))
    scheduled = campaign("schedule", "1", "--staff", AUTHOR)
    paused = campaign("pause", "1", "--staff", THIRD)
    cancelled = campaign("cancel", "1", "--staff", AUTHOR)
    storage.close()

    assert (dry["recipients"], dry["dry_run"], nothing) == (16, True, "")
    assert brought["counts"] == {"shortlisted": 15, "not_shortlisted": 1}
    assert (previewed["mails"], previewed["faults"]) == (16, [])
    assert (command.folder / "shown" / "index.html").stat().st_mode & 0o077 == 0
    assert (own.code, own.complaints) == (
        1,
        [f"contestdesk: {AUTHOR} brought this list; two other people approve it"],
    )
    assert early.code == 1
    assert "0 of 3 people have got the test mails" in early.err
    assert [told["state"] for told in (scheduled, paused, cancelled)] == ["scheduled", "paused", "cancelled"]


def test_preview_shows_each_mail_as_its_reader_has_it(
    small_storage: Storage, packaged: Library, tmp_path: Path
) -> None:
    season = Season(storage=small_storage, library=packaged, folder=tmp_path)
    named = but(rows(16), 2, team="<b>두리</b>")
    season.add_people(named)
    season.bring(named)
    looked = season.look()
    with small_storage.read() as session:
        shown = preview.write(
            session, looked, tmp_path / "shown", contest=packaged.contest, identity=season.desk.identity
        )
    index = shown.index.read_text("utf-8")
    files = {path.name for path in (tmp_path / "shown").iterdir()}

    assert shown.mails == 16
    assert index.count('type="checkbox"') == 16
    assert "&lt;b&gt;두리&lt;/b&gt;" in index
    assert "<b>두리" not in index
    assert files == {"index.html"} | {
        f"{line:04d}.{kind}" for line in range(2, 18) for kind in ("html", "txt", "eml")
    }
    assert "09:10 KST" in (tmp_path / "shown" / "0003.txt").read_text("utf-8")
