"""Ten thousand mails at once, through Postfix to the desk: mail.md's check 7."""

import hashlib
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import pytest
from sqlalchemy import func, select

from bot.storage import Storage
from bot.tables import InboundMail
from tests.postfix.conftest import Front
from tests.scenarios.conftest import Start
from tests.scenarios.serving import CONTEST, Desk, until
from tests.servers.free_port import free_port
from tests.servers.sink import Sink

pytestmark = pytest.mark.long

MAILS = 10_000
MAX_SECONDS = 180
MAX_RSS_MB = 500
#: What the desk may grow by while the second half comes in.
MAX_GROWTH_MB = 32


@dataclass(slots=True, kw_only=True)
class Watch:
    """Asks for /health and for the memory of the desk again and again, until it is told to stop."""

    health: str
    process_id: int
    slowest_s: float = 0.0
    asked: int = 0
    #: Memory (MB) at each look.
    rss_mb: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look four times a second."""
        while not self.stop.wait(0.25):
            began = time.monotonic()
            with urlopen(self.health, timeout=30) as page:
                assert json.load(page)["status"] == "up"
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            self.asked += 1
            self.rss_mb.append(rss_mb(self.process_id))


def rss_mb(process_id: int) -> float:
    """Memory of a process in MB."""
    status = Path(f"/proc/{process_id}/status").read_text("utf-8")
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def stored(storage: Storage) -> int:
    with storage.read() as session:
        return session.scalar(select(func.count(InboundMail.id))) or 0


def message_ids(storage: Storage) -> Counter[str]:
    """How often each Message-ID was stored, by its hash."""
    found: Counter[str] = Counter()
    with storage.read() as session:
        for raw in session.scalars(select(InboundMail.raw).execution_options(yield_per=500)):
            [line] = [line for line in raw.split(b"\r\n") if line.lower().startswith(b"message-id:")]
            found[hashlib.sha256(line).hexdigest()] += 1
    return found


def keep_figures(database: str, **figures: float) -> None:
    """Leave what was measured in build/, for people."""
    folder = Path(__file__).resolve().parent.parent.parent / "build" / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    rounded = {name: round(value, 3) for name, value in figures.items()}
    (folder / f"check-07-{database}.json").write_text(json.dumps(rounded) + "\n", encoding="utf-8")


def begin(url: str, front: Front, sink: Sink, serve: Start) -> tuple[Desk, Watch]:
    """Start the whole desk, and look at it all the time."""
    port = free_port()
    listen = {"LMTP_LISTEN": front.listen, "SMTP_LISTEN": "", "HTTP_LISTEN": f"127.0.0.1:{port}"}
    desk = serve(url, sink=sink, **listen)
    watch = Watch(health=f"http://127.0.0.1:{port}/health", process_id=desk.process.pid)
    return desk, watch


def test_check_07_ten_thousand_mails_at_once_are_all_stored_and_none_twice(
    front: Front,
    migrated_url: str,
    storage: Storage,
    sink: Sink,
    serve: Start,
) -> None:
    desk, watch = begin(migrated_url, front, sink, serve)
    looking = threading.Thread(target=watch.run)
    began = time.monotonic()
    looking.start()
    try:
        front.postfix.load(mails=MAILS, connections=8, size_bytes=2_000, recipient=CONTEST)
        accepted_s = time.monotonic() - began
        until(lambda: stored(storage) >= MAILS, "all are stored", timeout=MAX_SECONDS)
        stored_s = time.monotonic() - began
        half = watch.rss_mb[len(watch.rss_mb) // 2]
        front.postfix.wait_until_empty(timeout=60)
    finally:
        watch.stop.set()
        looking.join()
    ids = message_ids(storage)
    keep_figures(
        storage.dialect,
        postfix_accepted_s=accepted_s,
        stored_s=stored_s,
        health_slowest_s=watch.slowest_s,
        health_asked=watch.asked,
        rss_first_mb=watch.rss_mb[0],
        rss_half_mb=half,
        rss_last_mb=watch.rss_mb[-1],
        rss_most_mb=max(watch.rss_mb),
    )
    code, seconds = desk.terminate()

    assert (len(ids), set(ids.values())) == (MAILS, {1})
    assert stored_s <= MAX_SECONDS
    assert watch.slowest_s < 1
    assert max(watch.rss_mb) < MAX_RSS_MB
    assert watch.rss_mb[-1] - half < MAX_GROWTH_MB
    assert (code, seconds < 10) == (0, True)
