"""What the log of a Postfix relay proves about mails whose outcome we do not know."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from mailer.tables import MailState

_LINE = re.compile(r"\bpostfix[\w./-]*/(\w+)\[\d+\]: ([0-9A-Za-z]{5,24}): (.*)")
_NAMED = re.compile(r"(?:resent-)?message-id=(<[^\s<>]{1,250}>)")
_STATUS = re.compile(r"\bstatus=(sent|bounced|deferred|expired)\b")
_KEPT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What became of one mail, and the line that says so."""

    to: MailState
    line: str


def read_log(lines: Iterable[str], message_ids: Collection[str]) -> Mapping[str, Proof]:
    """Find proof for these Message-IDs (with angle brackets) in a log, oldest line first.

    The relay took the mail if its queue id became active, or has a delivery status. That the id was
    named is no proof: cleanup logs it while the text still comes in, also of mail that was cut off.
    A mail that the relay gave up later counts as failed.
    """
    queued: dict[str, str] = {}
    proofs: dict[str, Proof] = {}
    for line in lines:
        found = _LINE.search(line)
        if found is None:
            continue
        service, queue_id, said = found.groups()
        if named := _NAMED.match(said):
            # Queue ids come back; what was known of the earlier bearer ends here.
            queued.pop(queue_id, None)
            if service == "cleanup" and named[1] in message_ids:
                queued[queue_id] = named[1]
            continue
        message_id = queued.get(queue_id)
        if message_id is None:
            continue
        if said == "removed":
            del queued[queue_id]
            continue
        to = _meaning(service, said)
        # A refusal further on outweighs that the relay had taken it.
        if to is MailState.FAILED or (to is MailState.SENT and message_id not in proofs):
            proofs[message_id] = Proof(to=to, line=line.strip()[:_KEPT])
    return proofs


def _meaning(service: str, said: str) -> MailState | None:
    status = _STATUS.search(said)
    if status is not None:
        return MailState.FAILED if status[1] in ("bounced", "expired") else MailState.SENT
    return MailState.SENT if service == "qmgr" and said.endswith("(queue active)") else None
