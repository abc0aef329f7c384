"""What a whole story is judged by: what the desk promised, and what reached the applicants."""

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable

from tests.scenarios.letters import QUESTIONS, ask
from tests.scenarios.serving import Desk, until
from tests.servers.sink import Caught, Sink

_numbers = itertools.count(1)


def digest(raw: bytes) -> str:
    """The hash by which a stored mail is known."""
    return hashlib.sha256(raw).hexdigest()


def digests(raws: Iterable[bytes]) -> Counter[str]:
    """The hashes of these mails, as `rows.stored` counts them."""
    return Counter(digest(raw) for raw in raws)


def caught_for(sink: Sink, address: str) -> list[Caught]:
    """What the relay got for this address."""
    return [mail for mail in sink.messages() if mail.recipients == (address,)]


def wait_for_mail(sink: Sink, address: str, count: int = 1) -> list[Caught]:
    """Wait until the relay has so many mails for this address."""
    return until(
        lambda: found if len(found := caught_for(sink, address)) >= count else [],
        f"the relay has {count} mails for {address}",
    )


def pass_through(desk: Desk, sink: Sink) -> bytes:
    """Send one more question and wait for its answer: whatever was to go out before it is out.

    Mails are worked off and sent in their order, so a second answer to an earlier one would be ahead.
    """
    marker = f"marker-{next(_numbers)}@example.org"
    raw = ask(desk.smtp_port, sender=marker, text=QUESTIONS[0])
    wait_for_mail(sink, marker)
    return raw


def recipients(sink: Sink) -> Counter[str]:
    """How many mails the relay got for each address, markers left out."""
    return Counter(
        address
        for mail in sink.messages()
        for address in mail.recipients
        if not address.startswith("marker-")
    )
