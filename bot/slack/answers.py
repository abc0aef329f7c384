"""A letter to an applicant as a message in Slack: the same words, the thread where he asked, buttons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.slack import buttons, place, richtext, wording
from bot.slack.place import Place
from bot.slack.posting import Post
from faq.contest import Language
from mailer.errors import ComposeError
from mailer.letter import Identity, Letter, Section, SectionKind

#: Characters of the top-level text, which a screen reader speaks in place of the blocks.
SPOKEN_CHARS = 2500
#: Of a heading; a question may be quoted there.
HEADING_CHARS = 120

Block = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    language: Language
    sections: tuple[Section, ...]
    inquiry: int | None
    key: str
    #: Topics of personal questions among them.
    personal: bool
    is_direct: bool


def where(letter: Letter) -> Place | None:
    """The message in Slack that a letter answers; None when it is for the mail."""
    return place.read(letter.thread.in_reply_to) if letter.thread else None


def post(letter: Letter, *, key: str, identity: Identity) -> Post:
    """Write a letter as a message.

    Raises:
        ComposeError: a letter of this template is for the mail alone.
    """
    match letter.template:
        case "reply" | "receipt":
            message = _message(letter, key)
            blocks, spoken = _of_sections(message), _spoken(message)
        case "letter":
            blocks, spoken = _of_person(letter, identity), str(letter.data["body"])
        case other:
            raise ComposeError("template", f"{other} is not said in Slack")
    arguments = _destination(letter) | {
        "text": richtext.escape(richtext.cut(spoken, SPOKEN_CHARS)),
        "blocks": blocks,
    }
    return Post(arguments=arguments)


def shown(section: Section, *, key: str, language: Language, inquiry: int | None, at: Place) -> Post:
    """An approved answer that was chosen among suggestions."""
    message = _Message(
        language=language,
        sections=(section,),
        inquiry=inquiry,
        key=key,
        personal=False,
        is_direct=at.is_direct,
    )
    return Post(
        arguments={
            "channel": at.channel,
            "thread_ts": at.root,
            "text": richtext.escape(richtext.cut(_spoken(message), SPOKEN_CHARS)),
            "blocks": _of_sections(message),
        }
    )


def _destination(letter: Letter) -> dict[str, str]:
    at = where(letter)
    if at is not None:
        return {"channel": at.channel, "thread_ts": at.root}
    someone = place.person(letter.recipient.address)
    if someone is None:
        raise ComposeError("To", "neither a thread in Slack nor a Slack user")
    return {"channel": someone[0]}  # to a user id: the conversation of this user with us


def _message(letter: Letter, key: str) -> _Message:
    at = where(letter)
    return _Message(
        language=letter.recipient.language,
        sections=tuple(letter.data["sections"]),
        inquiry=letter.data.get("inquiry"),
        key=key,
        personal=bool(letter.provenance.get("personal")),
        is_direct=at is None or at.is_direct,
    )


def _of_sections(message: _Message) -> list[Block]:
    answers = _kind(message, SectionKind.ANSWER)
    suggestions = _kind(message, SectionKind.SUGGESTION)
    waits = _kind(message, SectionKind.WAITS)
    blocks = [
        *_answers(answers, message.language),
        *_suggestions(suggestions, message),
        *_waits(waits, message),
    ]
    if message.personal:
        blocks += _personal(message)
    if answers:
        blocks.append(richtext.context(wording.say("approved", message.language)))
    offered = _buttons(message, has_answer=bool(answers), asks=bool(suggestions))
    return [*blocks, *([richtext.actions(*offered, block_id=buttons.BLOCK)] if offered else [])]


def _kind(message: _Message, kind: SectionKind) -> tuple[Section, ...]:
    return tuple(section for section in message.sections if section.kind is kind)


def _answers(sections: Sequence[Section], language: Language) -> Iterator[Block]:
    for section in sections:
        yield richtext.block(_heading(section.heading), *richtext.paragraphs("\n\n".join(section.paragraphs)))
        if section.source:
            yield richtext.context(wording.say("source", language, source=section.source))


def _suggestions(sections: Sequence[Section], message: _Message) -> Iterator[Block]:
    if not sections:
        return
    say = [wording.say("unsure", message.language)]
    if message.inquiry is not None:
        say.append(wording.say("unsure_logged", message.language, inquiry=message.inquiry))
    yield richtext.block(*richtext.paragraphs("\n\n".join(say)))
    yield richtext.actions(
        *(
            richtext.button(section.heading, f"{buttons.SHOW}.{number}", f"{message.key}|{section.topic}")
            for number, section in enumerate(sections[:3])
        )
    )


def _waits(sections: Sequence[Section], message: _Message) -> Iterator[Block]:
    if not sections:
        return
    parts = [_heading(wording.say("waits", message.language))]
    if message.inquiry is not None:
        say = wording.say("logged", message.language, inquiry=message.inquiry)
        parts += richtext.paragraphs(say)
    for section in sections:
        parts.append(_heading(section.heading))
        parts += richtext.paragraphs("\n\n".join(section.paragraphs))
    yield richtext.block(*parts)


def _personal(message: _Message) -> list[Block]:
    name = "personal_direct" if message.is_direct else "personal_channel"
    said = [richtext.block(*richtext.paragraphs(wording.say(name, message.language)))]
    if message.is_direct:
        button = richtext.button(wording.say("link", message.language), buttons.LINK, message.language.value)
        said.append(richtext.actions(button))
    return said


def _buttons(message: _Message, *, has_answer: bool, asks: bool) -> list[Block]:
    say = message.language
    helped = richtext.button(wording.say("helped", say), buttons.HELPED, message.key)
    person = richtext.button(wording.say("person", say), buttons.PERSON, message.key)
    if has_answer:
        return [helped, person]
    return [person] if asks else []


def _of_person(letter: Letter, identity: Identity) -> list[Block]:
    language = letter.recipient.language
    signed = wording.say("staff", language, staff=letter.data["staff"], contest=identity.name[language])
    return [richtext.block(*richtext.paragraphs(str(letter.data["body"]))), richtext.context(signed)]


def _heading(words: str) -> Block:
    return richtext.section(richtext.text(f"{richtext.cut(words, HEADING_CHARS)}\n", bold=True))


def _spoken(message: _Message) -> str:
    """The whole message in words, for who does not see the blocks."""
    said = []
    for section in message.sections:
        if section.kind is SectionKind.SUGGESTION:
            said.append(section.heading)
            continue
        said += [section.heading, *section.paragraphs]
        if section.source:
            said.append(wording.say("source", message.language, source=section.source))
    if _kind(message, SectionKind.SUGGESTION):
        said.insert(0, wording.say("unsure", message.language))
    if message.inquiry is not None:
        waits = _kind(message, SectionKind.WAITS)
        said.append(
            wording.say("logged" if waits else "unsure_logged", message.language, inquiry=message.inquiry)
        )
    return "\n".join(said)
