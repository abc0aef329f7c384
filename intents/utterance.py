"""What a person wrote, cleaned: normalised text, its language, and the questions in it."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from faq.contest import Language
from intents import sentences, views, wording

# Of the web or of mail; the particle that Korean writes behind it stays.
_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]+|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[A-Za-z]+)+", re.A)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of a message."""

    #: As the person wrote it (white space folded), for people to read.
    text: str
    #: The normalised question alone.
    core: str
    #: The normalised sentences that set the scene; empty when the question stands alone.
    context: str
    #: False for a sentence that asks nothing (a thanks, an advertisement, a bare statement).
    asks: bool
    #: Nothing but greeting, thanks and good wishes.
    courtesy: bool = False
    #: The context is the question before it: this may be no question of its own but the rest
    #: of that one ("그것도 제외예요?").
    leans: bool = False
    #: The questions embedded in this one sentence ("…는지와 …는지"), when it holds several.
    clauses: tuple[Question, ...] = ()

    @property
    def full(self) -> str:
        """The question with its scene, normalised."""
        return f"{self.context} {self.core}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """A whole message, cleaned and cut."""

    raw: str
    language: Language
    questions: tuple[Question, ...]
    #: The whole message as one question, when it is so short that its sentences may be one.
    joint: Question | None = None


# Laughing and crying jamo carry mood, not meaning. They go before NFKC, which would turn them
# into conjoining jamo that glue to the next syllable.
_MOOD = re.compile(r"[ㅋㅎ]+|[ㅠㅜ]+|\^\^+|\^_+\^|[:;]-?[)(DP]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\ufe0f]")
_PICTURES = re.compile(r"[\u2190-\u21ff\u2600-\u27bf\U0001f000-\U0001faff]")
_REPEATED = re.compile(r"([?!.,~])[?!.,~]+")
_SPACE = re.compile(r"\s+")


def clean(text: str) -> str:
    """Fold a text to NFKC without mood marks, pictures or invisible characters; lines are kept.

    NFC comes first: undone Korean (as macOS sends it) is unreadable to every view.
    """
    text = unicodedata.normalize("NFC", text)
    text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _MOOD.sub(" ", text)
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text))
    text = _PICTURES.sub(" ", text)
    text = text.replace("~", " ").replace("…", ".")
    text = _REPEATED.sub(_strongest, text)
    return "\n".join(_SPACE.sub(" ", line).strip() for line in text.split("\n"))


def _strongest(match: re.Match[str]) -> str:
    run = match.group(0)
    return next((mark for mark in "?!.,~" if mark in run), run[0])


def normalise(text: str) -> str:
    """Return the comparable form of a sentence: cleaned, lower case, polite wrapping removed."""
    return _plain(strip_boilerplate(_SPACE.sub(" ", clean(text)).strip())).lower()


def _plain(sentence: str) -> str:
    """Put a polite favour plainly: "알려주시면 감사하겠습니다" asks no more than "알려 주세요"."""
    return wording.FAVOUR.sub(r"\g<favour> 주세요", sentence)


def language_of(text: str) -> Language:
    """Tell the language by its script: Korean from a fifth of Hangul among the letters on.

    Korean mails are full of Latin names and terms, English ones hold hardly any Hangul. Addresses
    are of no language.
    """
    words = _ADDRESS.sub(" ", text)
    hangul = sum("가" <= char <= "힣" or "\u1100" <= char <= "\u11ff" for char in words)
    latin = sum(char.isascii() and char.isalpha() for char in words)
    return Language.KO if hangul and hangul * 4 >= latin else Language.EN


def strip_boilerplate(sentence: str) -> str:
    """Take greeting and closing off a sentence; a sentence that is nothing else stays as it is."""
    bare = wording.GREETING.sub("", sentence, count=1)
    previous = None
    while bare != previous:
        previous = bare
        bare = wording.CLOSING.sub("", bare).strip()
    return bare if len(bare) > 1 else sentence


#: Characters of a message that are read; nobody types more, and what pastes more is cut.
READ = 20_000
#: Questions that a message is cut into; the rest stays in the last one.
MOST = 20
#: Characters of a question, and of its scene, that are compared.
COMPARED = 600
#: Characters up to which two or three sentences may be one question.
JOINT = 240
#: Letters from which a piece of a sentence may be a question.
ASKING = 4
#: Characters below which a question without a subject leans on the one before it.
SHORT = 8


def read(text: str, *, language: Language | None = None, earlier: Sequence[str] = ()) -> Utterance:
    """Cut a message into its questions, in order.

    Greetings, closings and signatures go; stories become the context of the question they lead
    to. ``earlier`` are questions of the same thread, newest last: a question that points back
    ("그럼 …은요?") takes the newest as its context.
    """
    cleaned = clean(text[:READ])
    told = language or language_of(cleaned)
    questions: list[Question] = []
    scene: list[str] = []
    before = normalise(earlier[-1]) if earlier else ""
    apart = False
    for sentence, listed in sentences.cut(cleaned):
        if _is_courtesy(sentence):
            continue
        bare = strip_boilerplate(sentence)
        if not _asks(bare):
            scene.append(bare)
            continue
        core = _without_lead(bare)
        new = listed or bool(scene) or wording.ADDS.match(sentence) is not None
        leans = not new and bool(before) and (bool(questions) or _leans(core))
        context = before if leans else " ".join(scene[-3:])
        questions.append(
            Question(text=bare, core=core.lower(), context=context.lower(), asks=True, leans=leans)
        )
        apart = apart or (new and len(questions) > 1)
        before = core.lower()
        scene = []
    questions = _without_announcements(questions)
    if not questions:
        return Utterance(raw=text, language=told, questions=_statement(cleaned, scene))
    if scene:
        # What follows the last question explains it ("… 몰라서요").
        last = questions[-1]
        tail = " ".join(one for one in scene if not wording.WISHES.search(one)).lower()
        own = "" if last.leans and tail else last.context
        questions[-1] = dataclasses.replace(
            last, context=f"{own} {tail}".strip(), leans=last.leans and not tail
        )
    joint = None if apart else _joint(questions)
    if joint is None:
        # Between questions of a longer mail only a word that points back ties them.
        questions = [one if not one.leans or _leans(one.core) else alone(one) for one in questions]
    kept = [dataclasses.replace(one, clauses=clauses(one)) for one in _bounded(questions)]
    return Utterance(raw=text, language=told, questions=tuple(kept), joint=joint)


def _without_lead(bare: str) -> str:
    return _plain(wording.LEAD.sub("", wording.COUNTS.sub("", bare)).strip() or bare)


def clauses(question: Question) -> tuple[Question, ...]:
    """Cut a sentence between the questions embedded in it; empty when it holds one.

    A cut stands only where both sides ask. The first clause keeps the sentence's scene; each
    later one leans on the clause before, which may hold the noun that both are about.
    """
    joints = wording.CLAUSE_KO if language_of(question.text) is Language.KO else wording.CLAUSE_EN
    cut: list[str] = []
    start = 0
    for match in joints.finditer(question.text):
        piece, rest = question.text[start : match.end()], question.text[match.end() :]
        if _embeds(piece) and _embeds(rest):
            cut.append(wording.JOINS.sub("", piece).strip(" ,"))
            start = match.end()
    if not cut:
        return ()
    cut.append(question.text[start:].strip())
    found: list[Question] = []
    for text in cut[:MOST]:
        core = _without_lead(text).lower()[:COMPARED]
        context = found[-1].core if found else question.context
        leans = bool(found) or question.leans
        found.append(Question(text=text, core=core, context=context, asks=True, leans=leans))
    return tuple(found)


def _embeds(piece: str) -> bool:
    """Whether a piece of a sentence asks something of its own, and is no mere "…도 궁금합니다"."""
    return len(views.bare(piece)) >= ASKING and wording.ASKS_WITHIN.search(piece) is not None


def _bounded(questions: Sequence[Question]) -> list[Question]:
    """Keep the cost of a message in hand: nothing is dropped from what people read of it."""
    kept = list(questions[:MOST])
    if len(questions) > MOST:
        rest = questions[MOST - 1 :]
        kept[-1] = dataclasses.replace(
            rest[0], text=" ".join(one.text for one in rest), core=" ".join(one.core for one in rest)
        )
    return [
        dataclasses.replace(one, core=one.core[:COMPARED], context=one.context[-COMPARED:]) for one in kept
    ]


def alone(question: Question) -> Question:
    """Take a question out of its context."""
    return dataclasses.replace(question, context="", leans=False)


def _joint(questions: Sequence[Question]) -> Question | None:
    """Put two or three short sentences together, for they may ask one thing in two breaths."""
    if not 2 <= len(questions) <= 3:
        return None
    pieces: list[str] = []
    for question in questions:
        if question.context and not question.leans:
            pieces.append(question.context)
        pieces.append(question.core)
    core = " ".join(pieces)
    if len(core) > JOINT:
        return None
    return Question(text=" ".join(one.text for one in questions), core=core, context="", asks=True)


def _without_announcements(questions: Sequence[Question]) -> list[Question]:
    """Turn "I have some questions" into context, wherever a real question remains."""
    kept: list[Question] = []
    spare = ""
    for question in questions:
        core = question.core
        if "?" not in core and wording.ANNOUNCES.search(core) and not wording.EMBEDDED.search(core):
            spare = question.full
            continue
        context = question.context or spare
        kept.append(dataclasses.replace(question, context=context))
        spare = ""
    return kept or list(questions)


def _statement(cleaned: str, scene: Sequence[str]) -> tuple[Question, ...]:
    """A message that asks nothing is judged as one piece; nothing readable gives no piece."""
    whole = _SPACE.sub(" ", cleaned).strip()
    if not any(char.isalnum() for char in whole):
        return ()
    core = " ".join(scene) or whole
    return (
        Question(
            text=whole,
            core=strip_boilerplate(core).lower()[:COMPARED],
            context="",
            asks=False,
            courtesy=not scene,
        ),
    )


def _leans(core: str) -> bool:
    return len(core) < SHORT or wording.POINTS_BACK.match(core) is not None


def statements(text: str, *, asking: bool = False) -> list[str]:
    """The sentences of a message that ask nothing, or with ``asking`` all of them; never the courtesies."""
    found = [strip_boilerplate(one) for one, _ in sentences.cut(clean(text[:READ])) if not _is_courtesy(one)]
    return [one for one in found if asking or not _asks(one)]


def _is_courtesy(sentence: str) -> bool:
    if "?" in sentence:
        return False
    if wording.AFTERWORD.match(sentence):
        return True
    rest = wording.CLOSING.sub("", wording.GREETING.sub("", sentence))
    return not any(char.isalnum() for char in wording.ACKNOWLEDGES.sub("", rest))


def _asks(sentence: str) -> bool:
    pattern = wording.ASKS_KO if language_of(sentence) is Language.KO else wording.ASKS_EN
    return pattern.search(sentence) is not None
