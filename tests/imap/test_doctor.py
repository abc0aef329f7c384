"""The doctor logs in to the watched mailbox and looks for its folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import doctor, settings
from tests.servers.dovecot import PASSWORD, Dovecot

pytestmark = pytest.mark.long


def inbox(server: Dovecot, tmp_path: Path, *, password: str = PASSWORD, **given: str) -> tuple[bool, str]:
    """What the doctor says of a desk that watches this mailbox."""
    (tmp_path / "password").write_text(password)
    read = settings.read(
        data_dir=tmp_path,
        encoders="none",
        smtp_listen="",
        imap_url=server.url,
        imap_password_file=str(tmp_path / "password"),
        **given,
    )
    [found] = [checked for checked in doctor.examine(read) if checked.check == "inbox"]
    return found.ok, found.detail


def test_doctor_logs_in_and_finds_the_folders(dovecot: Dovecot, tmp_path: Path) -> None:
    found = inbox(dovecot, tmp_path, imap_after="move:Done")

    assert found == (
        True,
        f"IMAP 127.0.0.1:{dovecot.port}, logged in, folders INBOX, IDLE and MOVE, folder Done will be made",
    )


def test_doctor_names_the_folder_that_is_not_there(dovecot: Dovecot, tmp_path: Path) -> None:
    found = inbox(dovecot, tmp_path, imap_folders="INBOX,문의함")

    assert found == (False, "no folder 문의함 in the mailbox; see CONTESTDESK_IMAP_FOLDERS")


def test_doctor_tells_a_wrong_password(dovecot: Dovecot, tmp_path: Path) -> None:
    ok, detail = inbox(dovecot, tmp_path, password="wrong")

    assert (ok, detail.startswith("log-in refused: ")) == (False, True)
