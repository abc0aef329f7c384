"""Signed addresses and Message-IDs: what comes back to us tells its row, and cannot be forged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# 80 bits in 16 lower-case characters: an address may be lower-cased on its way (RFC 5321 §2.4 asks
# for care with case; many hosts fold it), so base64 would not survive.
_MAC_BYTES = 10
_TOKEN = re.compile(r"([a-z]{1,20})\+(0|[1-9][0-9]{0,18})\.([a-z2-7]{16})")
_MESSAGE_ID = re.compile(r"<([mr])(0|[1-9][0-9]{0,18})\.([a-z2-7]{16})@([^<>@\s]+)>")

#: Kind of an envelope sender; its id is the outbox row (VERP).
BOUNCES = "bounces"
#: Kind of a thread address; its id is the inquiry.
INQUIRY = "inquiry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a signed local part says."""

    kind: str
    id: int


def sign(kind: str, id: int, secret: bytes) -> str:
    """Make the local part ``<kind>+<id>.<hmac>``, at most 64 characters (RFC 5321 §4.5.3.1.1)."""
    text = f"{kind}+{id}.{_mac(f'{kind}+{id}', secret)}"
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"not a token: kind {kind!r}, id {id}")
    return text


def read(local_part: str, secret: bytes) -> Token | None:
    """Say what a local part says if we signed it, in any case of letters; None otherwise."""
    found = _TOKEN.fullmatch(local_part.lower())
    if found is None:
        return None
    kind, id, mac = found.groups()
    if not hmac.compare_digest(mac, _mac(f"{kind}+{id}", secret)):
        return None
    return Token(kind=kind, id=int(id))


def message_id(row_id: int, secret: bytes, domain: str) -> str:
    """Give the Message-ID of an outbox row, always the same one, with its angle brackets."""
    return f"<m{row_id}.{_mac(_of_message(row_id, domain), secret)}@{domain}>"


def result_id(recipient_id: int, secret: bytes, domain: str) -> str:
    """Give the Message-ID of a campaign's mail, known before the mail has a row in the outbox."""
    return f"<r{recipient_id}.{_mac(_of_result(recipient_id, domain), secret)}@{domain}>"


def row_of(message_id: str, secret: bytes, domain: str) -> int | None:
    """Find the outbox row that a Message-ID was made for; None if it is not ours."""
    return _made_for("m", message_id, secret, domain)


def recipient_of(message_id: str, secret: bytes, domain: str) -> int | None:
    """Find the recipient of a campaign that a Message-ID was made for; None if it is none."""
    return _made_for("r", message_id, secret, domain)


def is_ours(message_id: str, secret: bytes, domain: str) -> bool:
    """True when this desk made the Message-ID; a name and domain alone prove nothing."""
    return any(_made_for(kind, message_id, secret, domain) is not None for kind in _PURPOSES)


def _made_for(kind: str, message_id: str, secret: bytes, domain: str) -> int | None:
    found = _MESSAGE_ID.fullmatch(message_id.strip().lower())
    if found is None or found[1] != kind or found[4] != domain.lower():
        return None
    id = int(found[2])
    return id if hmac.compare_digest(found[3], _mac(_PURPOSES[kind](id, domain), secret)) else None


def _of_message(row_id: int, domain: str) -> str:
    return f"message-id:{row_id}@{domain.lower()}"


def _of_result(recipient_id: int, domain: str) -> str:
    return f"result-id:{recipient_id}@{domain.lower()}"


#: What a Message-ID was made for, by its first letter.
_PURPOSES: Mapping[str, Callable[[int, str], str]] = {"m": _of_message, "r": _of_result}


def _mac(purpose: str, secret: bytes) -> str:
    if not secret:
        raise ValueError("an empty secret signs nothing")
    digest = hmac.new(secret, purpose.encode("ascii"), hashlib.sha256).digest()
    return base64.b32encode(digest[:_MAC_BYTES]).decode("ascii").lower()
