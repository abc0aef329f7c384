"""How a question's price grows with the library, beside comparing it with every phrasing in turn."""

from __future__ import annotations

import functools
import gc
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from rapidfuzz import fuzz, process

from bot.bench import machine, phrasings
from bot.bench.goals import Better, Goal, Machine, Measured, Report, Unit
from bot.bench.phrasings import MixedEncoder
from faq import library
from intents import encoder, index, knowledge, vectors
from intents.encoder import Encoder
from intents.engine import Engine
from intents.index import Index
from intents.knowledge import Knowledge
from intents.rows import Row

Say = Callable[[str], None]

LETTERS = Goal(name="matcher.question_50k_vs_500", unit=Unit.RATIO, better=Better.LOWER, floor=2, stretch=1.5)
ENCODERS = Goal(
    name="matcher.question_50k_vs_500_encoders", unit=Unit.RATIO, better=Better.LOWER, floor=2, stretch=1.5
)
PEER = Goal(
    name="matcher.extract_one_vs_ours_50k", unit=Unit.RATIO, better=Better.HIGHER, floor=10, stretch=50
)
ADD = Goal(name="matcher.add_one_5k_phrasings", unit=Unit.MS, better=Better.LOWER, floor=200, stretch=100)
ADD_MANY = Goal(name="matcher.add_one_5k_entries", unit=Unit.MS, better=Better.LOWER, floor=200, stretch=100)
SAME = Goal(
    name="matcher.same_best_as_full_scan", unit=Unit.RATIO, better=Better.HIGHER, floor=0.97, stretch=0.99
)

SEED = 20201120


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured."""

    #: Phrasings of the libraries, rising.
    phrasings: tuple[int, int, int] = (500, 5_000, 50_000)
    questions: int = 40
    #: Of these so many go to the peer.
    peer: int = 5
    #: Compared with a full scan.
    compared: int = 200
    flushes: int = 300


QUICK = Size(phrasings=(60, 120, 240), questions=4, peer=2, compared=4, flushes=10)


@dataclass(slots=True)
class _Library:
    """One size with its engines and what was found, a list entry a round."""

    rows: tuple[Row, ...]
    letters: Engine
    letters_index: Index
    encoders: Engine | None
    fit_s: float
    encoders_fit_s: float | None
    memory_mb: float
    encoders_memory_mb: float | None
    letters_ms: list[float] = field(default_factory=list)
    encoders_ms: list[float] = field(default_factory=list)
    peer_ms: list[float] = field(default_factory=list)
    add_ms: list[float] = field(default_factory=list)


def run(folder: Path, *, rounds: int, size: Size, encoders: str, say: Say) -> Report:
    """Measure in ``folder``, which takes the fits; ``say`` gets a line a step.

    ``encoders`` is the setting of that name; a question is read by them as ever, the vectors of the
    made-up phrasings lie between those of the phrasings that they were made of.

    Raises:
        EncoderError: the encoders cannot be used.
        BenchError: this is no Linux.
    """
    machine.require_proc()
    flush = machine.flush_times(folder, samples=size.flushes)
    given = list(knowledge.rows(library.load(library.PACKAGED)))
    texts = [row.text for row in given]
    known = []
    for one in encoder.available(encoders):
        say(f"matcher: reading the library by {one.id}")
        read = vectors.vectors(one, texts, cache=folder)
        known.append((one, dict(zip(texts, read, strict=True))))
    libraries = []
    for count in size.phrasings:
        say(f"matcher: fitting {count:,} phrasings")
        made = phrasings.mixed(given, count=count, seed=SEED)
        mixed = [MixedEncoder(one, made.parents, cached) for one, cached in known]
        libraries.append(_library(made.rows, mixed, folder))
    asked = phrasings.questions(given, count=size.questions, seed=SEED)
    same = _same(libraries[-1], size)
    other = machine.OtherLoad()
    for found in libraries:
        _warm_up(found, asked[:3], size)
    for number in range(rounds):
        say(f"matcher: round {number + 1} of {rounds}")
        with other.measured():
            for found in reversed(libraries) if number % 2 else libraries:
                _ask(found, asked, size)
                _add(found, number, folder)
    return Report(
        name="matcher",
        rounds=rounds,
        machine=Machine(
            cpus=os.cpu_count() or 1,
            flush_ms_p50=flush.p50_ms,
            flush_ms_p99=flush.p99_ms,
            other_load=other.cores,
        ),
        measured=tuple(_measured(libraries, same)),
        notes=tuple(_notes(bool(known))),
        table=tuple(_row(one) for one in libraries),
    )


def _library(rows: tuple[Row, ...], encoders: Sequence[Encoder], folder: Path) -> _Library:
    letters, fit_s, memory_mb = _fitted(rows, [], folder)
    found = _Library(
        rows=rows,
        letters=Engine(letters, Knowledge()),
        letters_index=letters,
        encoders=None,
        fit_s=fit_s,
        encoders_fit_s=None,
        memory_mb=memory_mb,
        encoders_memory_mb=None,
    )
    if encoders:
        full, found.encoders_fit_s, found.encoders_memory_mb = _fitted(rows, encoders, folder)
        found.encoders = Engine(full, Knowledge())
    return found


def _fitted(rows: Sequence[Row], encoders: Sequence[Encoder], folder: Path) -> tuple[Index, float, float]:
    """Fit, then load the fit again: the memory is that of a desk that starts, not that of a fit."""
    # A folder of its own: a cache keeps few fits.
    folder = folder / f"{len(rows)}-{len(encoders)}"
    for one in encoders:
        vectors.vectors(one, [row.text for row in rows], cache=folder)
    began = time.perf_counter()
    found = index.build(rows, encoders, cache=folder)
    fit_s = time.perf_counter() - began
    del found
    gc.collect()
    before = _resident_mb()
    found = index.build(rows, encoders, cache=folder)
    gc.collect()
    return found, fit_s, max(0.0, _resident_mb() - before)


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _ask(one: _Library, asked: Sequence[str], size: Size) -> None:
    texts = [row.text for row in one.rows]
    one.letters_ms.append(_mean_ms(one.letters.decide, asked))
    if one.encoders is not None:
        one.encoders_ms.append(_mean_ms(one.encoders.decide, asked))
    peer = functools.partial(process.extractOne, choices=texts, scorer=fuzz.WRatio)
    one.peer_ms.append(_mean_ms(peer, asked[: size.peer]))


def _warm_up(one: _Library, asked: Sequence[str], size: Size) -> None:
    _ask(one, asked, size)
    one.letters_ms, one.encoders_ms, one.peer_ms = [], [], []


def _mean_ms(ask: Callable[[str], object], asked: Sequence[str]) -> float:
    began = time.perf_counter()
    for text in asked:
        ask(text)
    return (time.perf_counter() - began) * 1000 / len(asked)


def _add(one: _Library, number: int, folder: Path) -> None:
    """Add one phrasing to the index in use, as an approved change does."""
    new = Row(text=f"비자 서류는 어디에 내면 되나요 {number}", label=one.rows[0].label)
    began = time.perf_counter()
    index.build([*one.rows, new], [], cache=folder, near=one.letters_index)
    one.add_ms.append((time.perf_counter() - began) * 1000)


def _same(largest: _Library, size: Size) -> float:
    """Share of questions with the best class that a scan of every phrasing and class finds."""
    asked = phrasings.questions(largest.rows, count=size.compared, seed=SEED)
    short = largest.letters_index.score(asked)
    full = largest.letters_index.exhaustive().score(asked)
    hits = [int(one.scores.argmax() == other.scores.argmax()) for one, other in zip(short, full, strict=True)]
    return sum(hits) / len(hits)


def _measured(libraries: Sequence[_Library], same: float) -> Iterator[Measured]:
    small, middle, large = libraries
    yield Measured(
        goal=LETTERS,
        values=tuple(many / few for many, few in zip(large.letters_ms, small.letters_ms, strict=True)),
        figures=f"{median(large.letters_ms):.2f} / {median(small.letters_ms):.2f} ms",
    )
    if large.encoders_ms:
        yield Measured(
            goal=ENCODERS,
            values=tuple(many / few for many, few in zip(large.encoders_ms, small.encoders_ms, strict=True)),
            figures=f"{median(large.encoders_ms):.1f} / {median(small.encoders_ms):.1f} ms",
        )
    yield Measured(
        goal=PEER,
        values=tuple(peer / own for peer, own in zip(large.peer_ms, large.letters_ms, strict=True)),
        figures=f"{median(large.peer_ms):.1f} / {median(large.letters_ms):.2f} ms",
    )
    for goal, one in ((ADD, middle), (ADD_MANY, large)):
        yield Measured(goal=goal, values=tuple(one.add_ms), figures=f"{len(one.rows):,} phrasings")
    yield Measured(goal=SAME, values=(same,), figures=f"{len(large.rows):,} phrasings")


def _row(one: _Library) -> dict[str, float | None]:
    return {
        "phrasings": len(one.rows),
        "entries": len({row.label for row in one.rows}),
        "letters_ms": round(median(one.letters_ms), 3),
        "encoders_ms": round(median(one.encoders_ms), 2) if one.encoders_ms else None,
        "extract_one_ms": round(median(one.peer_ms), 2),
        "add_one_ms": round(median(one.add_ms), 1),
        "fit_s": round(one.fit_s, 2),
        "encoders_fit_s": None if one.encoders_fit_s is None else round(one.encoders_fit_s, 2),
        "memory_mb": round(one.memory_mb, 1),
        "encoders_memory_mb": None if one.encoders_memory_mb is None else round(one.encoders_memory_mb, 1),
    }


def _notes(understands: bool) -> Iterator[str]:
    yield "phrasings are halves of the library's own put together, ten a class; extractOne: rapidfuzz, WRatio"
    yield "a question is decided whole (reading, scoring, the rule); memory is what loading a cached fit adds"
    if not understands:
        yield "encoders are left out: none here (the extra semantic brings them)"
