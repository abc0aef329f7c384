"""A decision and the facts become the words of a reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot import dataset_words, rendering
from faq import render
from faq.applicants import ApplicantKind, Rule
from faq.contest import Language
from faq.entry import Entry, Unknown
from faq.library import Library
from intents.decide import Decision, Part, Verdict
from intents.thread import APPLICANT_KIND
from mailer import words
from mailer.letter import Identity, Section, SectionKind
from mailer.tables import MailKind

FEASIBILITY_TOPIC = "cashmission.feasibility"

_WORDS: Mapping[Language, Mapping[str, str]] = {
    Language.KO: {
        "source": "공고 {sections}절",
        "silent": "이 내용은 공고에 나와 있지 않아, 짐작해서 안내하지 않고 담당자에게 전달했습니다.",
        "nearest": "가장 가까운 안내: {answer}",
        "waits_one": "이 질문에는 미리 승인된 답변이 없습니다.",
        "waits_many": "미리 승인된 답변이 없는 질문이 {count}가지 있습니다.",
        "waits_heading": "문의하신 내용",
        "case": "{case}의 경우로 안내드립니다. 다른 경우라면 답장으로 알려 주세요.",
        "asks_kind": "해당 여부는 어떤 자격으로 지원하시는지에 따라 다릅니다. 다음 가운데 어디에 해당하시는지"
        " 답장으로 알려 주시면 그 경우에 맞춰 안내드립니다: {kinds}",
        "decides": "{case}에 대해 공고에 적힌 내용은 앞서 안내드렸습니다."
        " 말씀하신 사정은 담당자가 직접 보고 판단합니다.",
    },
    Language.EN: {
        "source": "announcement, section {sections}",
        "silent": "The announcement does not say this; rather than guess, we have passed it on.",
        "nearest": "The nearest information we have: {answer}",
        "waits_one": "There is no approved answer to this question yet.",
        "waits_many": "{count} of your questions have no approved answer yet.",
        "waits_heading": "Your question",
        "case": "This is the answer for {case}. If that is not your case, please reply and tell us.",
        "asks_kind": "Whether you may apply depends on who you are. Please reply and tell us which of these"
        " fits, and we will answer for that case: {kinds}",
        "decides": "What the announcement says of {case} is what we told you before; a member of staff will"
        " look at your case and decide.",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What would be said to the applicant."""

    kind: MailKind
    sections: tuple[Section, ...]
    #: False for a bare "we have it", which is said once in a thread, not every time.
    says_something: bool
    #: Entry ids and versions, fact ids and the words told, reasons.
    provenance: Mapping[str, Any]

    @property
    def template(self) -> str:
        """Name of the template family."""
        return "receipt" if self.kind is MailKind.RECEIPT else "reply"


def build(decision: Decision, library: Library, *, now: datetime) -> Reply | None:
    """Write the reply to one message as of ``now``; None when there is nothing to reply to."""
    if decision.decision is Verdict.IGNORE:
        return None
    writer = _Writer(library, decision.language, now)
    sections = tuple(writer.sections(decision.parts))
    informs = any(part.decision in (Verdict.ANSWER, Verdict.SUGGEST) for part in decision.parts)
    return Reply(
        kind=MailKind.ANSWER if informs else MailKind.RECEIPT,
        sections=sections,
        says_something=informs or any(part.unknown or part.topic for part in decision.parts),
        provenance={
            "entries": writer.entries,
            "facts": writer.told,
            # As it stood then: a change finds whom it told the old one.
            "values": {name: library.contest.says(name) for name in writer.told},
            "reasons": [part.reason for part in decision.parts if part.decision is not Verdict.IGNORE],
        },
    )


def data(written: Reply, *, inquiry: int | None) -> dict[str, Any]:
    """What the template is filled with; ``inquiry`` is the number that the applicant is given.

    No name in the greeting: it comes from a header that anybody can write.
    """
    return {"sections": written.sections, "greeting": None, "inquiry": inquiry}


def as_text(written: Reply, language: Language, identity: Identity) -> str:
    """The plain-text part as it would be sent, before an inquiry has a number."""
    outer = {"contest": identity.name[language], "address": identity.address, "subject": ""}
    return words.render(written.template, language, data(written, inquiry=None) | outer).text


class _Writer:
    """Writes the sections of one reply and remembers what it told."""

    def __init__(self, library: Library, language: Language, now: datetime) -> None:
        self.library = library
        self.language = language
        self.now = now
        self.words = _WORDS[language]
        self.entries: dict[str, int] = {}
        self.told: dict[str, str] = {}
        self.answered: set[str | None] = set()

    def sections(self, parts: tuple[Part, ...]) -> Iterator[Section]:
        """One section a question, in their order; what has no approved words at all comes last, counted."""
        said: set[str] = set()
        # What is answered in full is not offered as a guess as well, wherever that comes first.
        self.answered = {part.topic for part in parts if part.decision is Verdict.ANSWER}
        wordless = 0
        for part in parts:
            for name, section in self._part(part):
                if name not in said:
                    said.add(name)
                    yield section
            wordless += part.decision is Verdict.ESCALATE and not (part.unknown or part.topic)
        if wordless:
            alone = len([part for part in parts if part.decision is not Verdict.IGNORE]) == 1
            text = self.words["waits_one" if alone else "waits_many"].format(count=wordless)
            heading = self.words["waits_heading"]
            yield Section(kind=SectionKind.WAITS, heading=heading, paragraphs=(text,), source=None)

    def _part(self, part: Part) -> Iterator[tuple[str, Section]]:
        match part.decision:
            case Verdict.ANSWER if part.feasibility is not None and part.feasibility.precedent:
                yield part.feasibility.precedent, self._judged(part.feasibility.precedent, part)
            case Verdict.ANSWER if part.topic:
                # A case of its own is told beside the same topic's answer for another one.
                name = f"{part.topic}:{part.applicant[0]}" if self._rule(part) else part.topic
                yield name, self._answer(self.library.entries[part.topic], part)
            case Verdict.SUGGEST:
                for candidate in part.candidates[:3]:
                    if candidate.topic not in self.answered:
                        yield candidate.topic, self._suggestion(self.library.entries[candidate.topic])
            case Verdict.ESCALATE if part.unknown:
                yield part.unknown, self._unknown(self.library.unknowns[part.unknown])
            case Verdict.ESCALATE if part.topic:
                asked = part.feasibility.about if part.feasibility else ""
                yield f"{part.topic}?{asked}", self._held_back(self.library.entries[part.topic], part)
            case _:
                return

    def _rendered(self, entry: Entry) -> render.Rendered:
        rendered = rendering.answer(self.library, entry, self.language, now=self.now)
        self.entries[entry.id] = entry.version
        self.told.update(rendered.told)
        return rendered

    def _source(self, sections: tuple[str, ...]) -> str:
        return self.words["source"].format(sections=", ".join(sections))

    def _answer(self, entry: Entry, part: Part) -> Section:
        rendered = self._rendered(entry)
        rule = self._rule(part)
        case = self.words["case"].format(case=rule.title[self.language]) if rule else ""
        asks = self._asks_kind() if APPLICANT_KIND in (part.asks_back or ()) else ""
        said = (case, rendered.answer, rendered.condition, asks, rendered.next)
        return Section(
            kind=SectionKind.ANSWER,
            heading=entry.title[self.language],
            paragraphs=tuple(text for text in said if text),
            source=self._source(rendered.source),
        )

    def _rule(self, part: Part) -> Rule | None:
        """The rule of the case that an answer about who may apply speaks to."""
        if not part.applicant or part.asks_back:
            return None
        rule = self.library.applicants.rules.get(ApplicantKind(part.applicant[0]))
        return rule if rule is not None and rule.topic == part.topic else None

    def _asks_kind(self) -> str:
        rules = self.library.applicants.rules.values()
        kinds = ", ".join(rule.title[self.language] for rule in rules if rule.offered)
        return self.words["asks_kind"].format(kinds=kinds)

    def _judged(self, precedent: str, part: Part) -> Section:
        entry = self.library.entries[part.topic or FEASIBILITY_TOPIC]
        known = self.library.precedents[precedent]
        self.entries[precedent] = known.version
        return Section(
            kind=SectionKind.ANSWER,
            heading=entry.title[self.language],
            paragraphs=tuple(dataset_words.judged(known, self.library.guide, self.language)),
            source=None,
        )

    def _suggestion(self, entry: Entry) -> Section:
        rendered = self._rendered(entry)
        return Section(
            kind=SectionKind.SUGGESTION,
            heading=entry.title[self.language],
            paragraphs=(rendered.answer,),
            source=self._source(rendered.source),
            topic=entry.id,
        )

    def _unknown(self, unknown: Unknown) -> Section:
        paragraphs = [self.words["silent"]]
        nearest = self.library.entries.get(unknown.near[0]) if unknown.near else None
        if nearest is not None:
            answer = self._rendered(nearest).answer
            paragraphs.append(self.words["nearest"].format(answer=answer))
        heading = unknown.title[self.language]
        return Section(kind=SectionKind.WAITS, heading=heading, paragraphs=tuple(paragraphs), source=None)

    def _held_back(self, entry: Entry, part: Part) -> Section:
        """A topic is known, but a person decides: a concrete dataset, or a topic in shadow."""
        if part.feasibility is None:
            rule = self._rule(part)
            told = self.words["decides"].format(case=rule.title[self.language]) if rule else None
            paragraphs = [told or self.words["waits_one"]]
            return Section(
                kind=SectionKind.WAITS,
                heading=entry.title[self.language],
                paragraphs=tuple(paragraphs),
                source=None,
            )
        rendered = self._rendered(entry)
        waiting = dataset_words.waiting(part.feasibility, self.library.guide, self.language)
        paragraphs = [rendered.answer, *waiting]
        return Section(
            kind=SectionKind.WAITS,
            heading=entry.title[self.language],
            paragraphs=tuple(paragraphs),
            source=self._source(rendered.source),
        )
