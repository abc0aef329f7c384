"""Two desks that have each other for a relay."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.storage import open_storage
from bot.tables import HandledMail
from tests.scenarios import rows
from tests.scenarios.conftest import Start
from tests.scenarios.letters import letter, send
from tests.servers.free_port import free_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What two desks had to say to each other."""

    #: Mails that each put into its outbox.
    mails: list[int]
    #: What the second one made of what it heard.
    heard: Sequence[HandledMail]


def talk(
    folder: Path, migrated_file: Path, serve: Start, text: str, *, staff_of: Callable[[str], str]
) -> Talk:
    """Start two desks and forge a question of the one to the other; `staff_of` gives STAFF_ADDRESS by peer."""
    files = {name: folder / f"{name}.sqlite" for name in ("a", "b")}
    for file in files.values():
        shutil.copyfile(migrated_file, file)
    ports = {"a": free_port(), "b": free_port()}
    desks = [
        serve(
            f"sqlite:///{files[name]}",
            SMTP_LISTEN=f"127.0.0.1:{ports[name]}",
            SMTP_RELAY_URL=f"smtp://127.0.0.1:{ports[other]}",
            CONTEST_ADDRESS=f"contest@{name}.test",
            MAIL_DOMAIN=f"{name}.test",
            SECRET_KEY=f"secret of {name}",
            STAFF_ADDRESS=staff_of(other),
            MAIL_ALLOW_LIST="@a.test,@b.test",
        )
        for name, other in (("a", "b"), ("b", "a"))
    ]
    storages = [open_storage(f"sqlite:///{file}") for file in files.values()]
    # Somebody forges the other desk's address on a question: the one spark such an exchange needs.
    spark = letter(sender="contest@b.test", text=text).replace(b"contest@contest.test", b"contest@a.test")
    send(desks[0].smtp_port, spark, sender="contest@b.test", recipient="contest@a.test")
    rows.wait_until_handled(storages[0], 1)
    heard = rows.wait_until_handled(storages[1], len(rows.outbox(storages[0])))
    rows.wait_until_handled(storages[0], sum(rows.stored(storages[0]).values()))
    mails = [len(rows.outbox(storage)) for storage in storages]
    for storage in storages:
        storage.close()
    return Talk(mails=mails, heard=heard)
