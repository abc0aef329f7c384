"""A stand-in for Slack in its own process, and for each test a workspace that no other test has seen."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot import storage as stores
from bot.storage import Storage
from bot.understanding import Understanding
from faq.entry import Mode
from tests.bot.office import EDITION, Office
from tests.slack.help_desk import HelpDesk, settings_of
from tests.slack.triage_room import HURRIED, Room, hurrying
from tests.slack_standin import driver
from tests.slack_standin.driver import Standin, Workspace

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(scope="session", autouse=True)
def no_proxy() -> Iterator[None]:
    """slack_sdk reads the proxy variables and ignores NO_PROXY (slack.md §8.10)."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [*PROXIES, *(name.lower() for name in PROXIES)]:
            if name in os.environ:
                patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def standin() -> Iterator[Standin]:
    """The program; `standin.workspace()` makes a further workspace."""
    with driver.running() as started:
        yield started


@pytest.fixture
def workspace(standin: Standin) -> Iterator[Workspace]:
    """A fresh workspace."""
    made = standin.workspace()
    yield made
    standin.end(made)


@pytest.fixture(scope="session")
def cache_of_fits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the fit of the small edition is kept."""
    return tmp_path_factory.mktemp("slack-cache")


@pytest.fixture(scope="session")
def small_understanding(cache_of_fits: Path) -> Understanding:
    """An engine over the small edition, letters alone."""
    return Understanding(
        folder=EDITION,
        encoders="none",
        default_mode=Mode.AUTO,
        cache=cache_of_fits,
        sessions=None,
    )


@pytest.fixture
def slack_storage(migrated_file: Path, tmp_path: Path) -> Iterator[Storage]:
    """An empty SQLite database."""
    copy = tmp_path / "slack.sqlite"
    copy.write_bytes(migrated_file.read_bytes())
    opened = stores.open_storage(f"sqlite:///{copy}")
    yield opened
    opened.close()


@pytest.fixture
def room(
    slack_storage: Storage, workspace: Workspace, small_understanding: Understanding, tmp_path: Path
) -> Iterator[Room]:
    """A desk with its Slack door open; membership of the private triage channel is what makes staff."""
    made = Room(slack_storage, workspace, small_understanding, folder=tmp_path)
    with made.open():
        yield made


@pytest.fixture
def grouped(
    slack_storage: Storage, workspace: Workspace, small_understanding: Understanding, tmp_path: Path
) -> Iterator[Room]:
    """The same where user groups make staff."""
    groups = {role: workspace.add_group(role) for role in ("triage", "approver", "admin")}
    made = Room(slack_storage, workspace, small_understanding, folder=tmp_path, groups=groups)
    with made.open():
        yield made


@pytest.fixture
def public(
    slack_storage: Storage, workspace: Workspace, small_understanding: Understanding, tmp_path: Path
) -> Iterator[Room]:
    """The same where somebody made the triage channel public."""
    made = Room(slack_storage, workspace, small_understanding, folder=tmp_path, kind="public")
    with made.open():
        yield made


@pytest.fixture
def hurried(
    slack_storage: Storage, standin: Standin, small_understanding: Understanding, tmp_path: Path
) -> Iterator[Room]:
    """The same at the pace that Slack allows and this workspace enforces, where a second is an eighth of one."""
    workspace = standin.workspace(limits=True)
    made = Room(slack_storage, workspace, small_understanding, folder=tmp_path, pace_s=HURRIED)
    with hurrying(workspace), made.open():
        yield made
    standin.end(workspace)


@pytest.fixture
def make_desk(
    slack_storage: Storage, small_understanding: Understanding, tmp_path: Path
) -> Iterator[Callable[..., HelpDesk]]:
    """make_desk(workspace, settings={...}, pace_s=...): a desk for applicants that is not open yet."""
    made: list[HelpDesk] = []

    def make(
        workspace: Workspace,
        *,
        settings: dict[str, object] | None = None,
        storage: Storage = slack_storage,
        **how: object,
    ) -> HelpDesk:
        given = settings_of(workspace, tmp_path, **(settings or {}))
        made.append(HelpDesk(storage, workspace, small_understanding, given, **how))  # type: ignore[arg-type]  # passed on
        return made[-1]

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def help_desk(workspace: Workspace, make_desk: Callable[..., HelpDesk]) -> HelpDesk:
    """An open desk for applicants, with a help channel."""
    desk = make_desk(workspace, settings={"slack_help_channel": workspace.add_channel("help")})
    desk.start()
    return desk


@pytest.fixture
def small_office(slack_storage: Storage, small_understanding: Understanding) -> Office:
    """A desk without doors."""
    return Office(storage=slack_storage, understanding=small_understanding)
