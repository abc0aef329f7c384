"""By which door an applicant is written to: where he asked. The one place that decides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bot.slack import answers, place, posting
from bot.slack.lint import LintError
from faq.contest import Language
from mailer import outbox, words
from mailer.errors import ComposeError
from mailer.letter import Identity, Letter
from mailer.outbox import Accepted, Request
from mailer.postings import message_id
from mailer.tables import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What would go out, for a preview."""

    channel: Channel
    #: The address, or the stand-in of a Slack user.
    recipient: str
    #: The channel in Slack; None for a mail.
    place: str | None
    #: The words as the applicant reads them.
    text: str


def channel_of(letter: Letter) -> Channel:
    """Slack for who asked there, and for who has no other address."""
    in_slack = answers.where(letter) is not None or place.is_stand_in(letter.recipient.address)
    return Channel.SLACK if in_slack else Channel.MAIL


def enqueue_all(
    session: Session, requests: Sequence[Request], *, identity: Identity, now: datetime
) -> list[Accepted | ComposeError | None]:
    """Accept letters for sending, each by its door; an answer for each, in their order.

    None when the event has its row, ComposeError when the message cannot be written.
    """
    mails = [request for request in requests if channel_of(request.letter) is Channel.MAIL]
    accepted = iter(outbox.enqueue_all(session, mails, identity=identity, now=now))
    return [
        next(accepted)
        if channel_of(request.letter) is Channel.MAIL
        else _enqueue(session, request, identity=identity, now=now)
        for request in requests
    ]


def shown(letter: Letter, *, identity: Identity) -> Shown:
    """The letter as it would arrive.

    Raises:
        ComposeError: it cannot be written.
    """
    language = letter.recipient.language
    channel = channel_of(letter)
    if channel is Channel.SLACK:
        post = answers.post(letter, key="preview", identity=identity)
        said = str(letter.data.get("body") or post.arguments["text"])
        return Shown(channel=channel, recipient=letter.recipient.address, place=post.channel, text=said)
    outer = {
        "contest": identity.name[language],
        "address": identity.address,
        "subject": letter.subject,
        "inquiry": letter.inquiry,
    }
    text = words.render(letter.template, Language(language), dict(letter.data) | outer).text
    return Shown(channel=channel, recipient=letter.recipient.address, place=None, text=text)


def _enqueue(
    session: Session, request: Request, *, identity: Identity, now: datetime
) -> Accepted | ComposeError | None:
    letter = request.letter
    try:
        row = posting.enqueue(
            session,
            answers.post(letter, key=request.key, identity=identity),
            key=request.key,
            kind=letter.kind,
            recipient=letter.recipient.address,
            now=now,
            language=letter.recipient.language.value,
            inquiry=letter.inquiry,
            automatic=letter.automatic,
            not_before=letter.not_before,
            embargo_until=letter.embargo_until,
            not_after=letter.not_after,
            provenance=letter.provenance,
        )
    except ComposeError as error:
        return error
    except LintError as error:
        return ComposeError("blocks", str(error))
    return Accepted(id=row, message_id=message_id(row, place.DOMAIN)) if row is not None else None
