"""Log-in by XOAUTH2: the token is another program's, which renews it in its file."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.imap import tokens
from tests.imap.conftest import StartDovecot, Watch
from tests.imap.watching import mails
from tests.scenarios.serving import until

pytestmark = pytest.mark.long

HOUR_SECONDS = 3600


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that a server's own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="contestdesk-tk-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def test_token_is_read_anew_at_each_log_in(
    start_dovecot: StartDovecot, watch: Watch, open_folder: Path, tmp_path: Path
) -> None:
    server = start_dovecot(settings=tokens.checked_by(open_folder))
    file = tmp_path / "token"
    file.write_text(tokens.token(server.user, expires_at=int(time.time()) + HOUR_SECONDS))
    watching = watch(server, token_file=file)
    server.deliver(mails(1))
    watching.wait_for(1)
    file.write_text(tokens.token(server.user, expires_at=int(time.time()) - HOUR_SECONDS))
    server.kick()
    until(lambda: "refused" in (watching.place().failure or ""), "the old token is refused")
    file.write_text(tokens.token(server.user, expires_at=int(time.time()) + HOUR_SECONDS))
    server.deliver(mails(1, first=2))
    watching.wait_for(2)

    assert "method=XOAUTH2" in (server.folder / "dovecot.log").read_text()
    assert set(watching.ids().values()) == {1}
