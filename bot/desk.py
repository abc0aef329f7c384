"""Who the desk is to the outside, by its settings and the contest file."""

from __future__ import annotations

from dataclasses import dataclass

from bot.inbox import rules
from bot.settings import Settings
from faq.contest import Contest
from mailer.letter import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Our names outside, and whom we tell what waits."""

    identity: Identity
    names: rules.DeskNames
    #: Where notices go; empty for nowhere.
    staff_address: str

    def accepts(self, address: str) -> bool:
        """True for the addresses we take mail for: the contest's, its plus-forms, bounces, postmaster ...

        RFC 5321 §4.5.1 asks every host that takes mail to take it for postmaster.
        """
        local, _, domain = address.lower().rpartition("@")
        base = local.partition("+")[0]
        own_local, _, own_domain = self.identity.address.rpartition("@")
        if domain == own_domain and base == own_local:
            return True
        return domain == self.identity.domain and base in ("bounces", "inquiry", "unsubscribe", "postmaster")


def of(settings: Settings, contest: Contest) -> Desk:
    """The desk of these settings."""
    secret = settings.secret_key.get_secret_value().encode()
    identity = Identity(
        address=settings.contest_address,
        name=contest.name,
        domain=settings.mail_domain,
        secret=secret,
        # Who only watches a mailbox at a provider gets no mail to addresses that the provider never gave out.
        takes_signed=bool(settings.smtp_listen or settings.lmtp_listen),
        public_url=settings.public_url,
    )
    names = rules.DeskNames(
        addresses=(settings.contest_address,),
        domain=settings.mail_domain,
        secret=secret,
        authserv_id=settings.authserv_id,
    )
    return Desk(identity=identity, names=names, staff_address=settings.staff_address)
