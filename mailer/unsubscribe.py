"""Who wants no more reminders can say so with one click (RFC 8058, RFC 2369 §3.2)."""

from __future__ import annotations

from mailer import token
from mailer.letter import Identity

#: Kind of the signed local part; its id is the person, as whoever keeps the roster numbers people.
KIND = "unsubscribe"


def local_part(person: int, secret: bytes) -> str:
    """The signed name of one person, for a link and for an address."""
    return token.sign(KIND, person, secret)


def person(local_part: str, secret: bytes) -> int | None:
    """Say whose signed name this is; None when we did not sign it."""
    read = token.read(local_part, secret)
    return read.id if read is not None and read.kind == KIND else None


def page(local_part: str, identity: Identity) -> str | None:
    """The page that unsubscribes; None when the desk has no address on the web."""
    return f"{identity.public_url.rstrip('/')}/{KIND}/{local_part}" if identity.public_url else None


def link(local_part: str, identity: Identity) -> str:
    """What a reader clicks on: the page, or a mail that unsubscribes."""
    return page(local_part, identity) or mail(local_part, identity)


def mail(local_part: str, identity: Identity) -> str:
    """The mail that unsubscribes, as a link (RFC 6068)."""
    # Who only watches a mailbox at a provider gets mail to the contest's own address alone: the
    # signed name then travels in the subject.
    address = f"{local_part}@{identity.domain}" if identity.takes_signed else identity.address
    return f"mailto:{address.replace('+', '%2B')}?subject={local_part.replace('+', '%2B')}"


def headers(local_part: str, identity: Identity) -> list[tuple[str, str]]:
    """The header fields of a mail that can be unsubscribed from.

    RFC 8058 §3.1 asks for one HTTPS link and the Post field; both must be under the DKIM signature,
    which is the relay's.
    """
    url, mailto = page(local_part, identity), mail(local_part, identity)
    if url is None or not url.startswith("https://"):
        return [("List-Unsubscribe", f"<{mailto}>")]
    return [
        ("List-Unsubscribe", f"<{url}>, <{mailto}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ]
