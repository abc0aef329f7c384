"""The same engine on any labelled set, nothing tuned to it: CLINC150, BANKING77, one's own lines."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faq.contest import Language
from faq.entry import BackgroundKind
from intents import index, utterance
from intents.decide import Verdict
from intents.encoder import Encoder
from intents.engine import Engine
from intents.judge import Judge, Tally, heard
from intents.knowledge import Knowledge
from intents.rows import Kind, Label, Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: The label of what no class answers.
OUT_OF_SCOPE = "oos"
#: Examples of a class that a judge is shown.
EXAMPLES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One labelled sentence; the label ``oos`` means out of scope."""

    text: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What ``contestdesk intents evaluate`` prints; shares are 0.0 to 1.0, None where nothing was asked."""

    #: Right predictions among in-scope sentences; a refusal counts as wrong.
    in_scope_accuracy: float | None
    #: Refused share of the out-of-scope sentences.
    oos_recall: float | None
    #: Out-of-scope share of the refused sentences.
    oos_precision: float | None
    #: The best topic is right, refusals ignored.
    top1_accuracy: float | None
    top3_accuracy: float | None
    #: In-scope against out-of-scope by lead.
    auroc_oos: float | None
    #: In-scope share answered rightly at the lowest lead where at most 1 % of what is sent is wrong.
    answered_right_at_1pct: float | None
    fit_seconds: float
    ms_p50: float
    ms_p99: float
    #: Peak resident memory of the process so far.
    rss_mb: float
    train: int
    test: int
    #: What second opinions were asked and what they changed; None without a judge.
    judged: Mapping[str, float] | None = None


def evaluate(
    train: Sequence[Example],
    test: Sequence[Example],
    encoders: Sequence[Encoder],
    *,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    judge: Judge | None = None,
) -> Evaluation:
    """Train on one labelled set and judge another.

    Labels become topics and ``oos`` becomes other business. A prediction is the topic of an
    answer, or the first candidate of a suggestion; everything else is a refusal.
    ``fit_seconds`` holds the reading of the training texts by the encoders, unless cached. A judge is
    shown the first examples of a class in place of an approved answer. Raises ValueError when a set
    is empty or the training set has no class.
    """
    import numpy as np

    if not test:
        raise ValueError("the test set is empty")
    rows = [_row(example) for example in train]
    started = time.perf_counter()
    engine = Engine(index.build(rows, encoders, cache=cache, progress=progress), Knowledge())
    fit_seconds = time.perf_counter() - started

    predicted: list[str | None] = []
    ranked: list[tuple[str, ...]] = []
    leads: list[float] = []
    milliseconds: list[float] = []
    tally = Tally()
    shown = _shown(train)
    for example in test:
        started = time.perf_counter()
        told = engine.explain(example.text, language=Language.EN if example.text.isascii() else None)
        decision = told.decision
        if judge is not None:
            decision = heard(decision, judge, lambda part: shown.get(part.topic or ""), tally)
        milliseconds.append((time.perf_counter() - started) * 1000)
        part = next(
            (one for one in decision.parts if one.decision in (Verdict.ANSWER, Verdict.SUGGEST)), None
        )
        first = None if part is None else part.candidates[0].topic
        predicted.append(part.topic if part and part.decision is Verdict.ANSWER else first)
        best = max(told.explained, key=lambda one: one.lead, default=None)
        ranked.append(tuple(topic for topic, _ in best.evidence.topics[:3]) if best else ())
        leads.append(best.lead if best else -1.0)

    labels = [example.label for example in test]
    inside = np.array([label != OUT_OF_SCOPE for label in labels])
    hit = np.array([label == guess for label, guess in zip(labels, predicted, strict=True)])
    refused = np.array([guess is None for guess in predicted])
    top1 = np.array([label in found[:1] for label, found in zip(labels, ranked, strict=True)])
    top3 = np.array([label in found for label, found in zip(labels, ranked, strict=True)])
    lead = np.array(leads)
    return Evaluation(
        in_scope_accuracy=_share(hit[inside]),
        oos_recall=_share(refused[~inside]),
        oos_precision=_share(~inside[refused]),
        top1_accuracy=_share(top1[inside]),
        top3_accuracy=_share(top3[inside]),
        auroc_oos=_auroc(lead[inside], lead[~inside]),
        answered_right_at_1pct=_right_at(lead, top1 & inside, int(inside.sum()), wrong=0.01),
        fit_seconds=round(fit_seconds, 3),
        ms_p50=round(float(np.percentile(milliseconds, 50)), 3),
        ms_p99=round(float(np.percentile(milliseconds, 99)), 3),
        rss_mb=round(_rss_mb(), 1),
        train=len(train),
        test=len(test),
        judged=None if judge is None else asdict(tally),
    )


def _shown(train: Sequence[Example]) -> dict[str, str]:
    """What stands for the approved answer of each class."""
    by_label: dict[str, list[str]] = {}
    for example in train:
        by_label.setdefault(example.label, []).append(example.text)
    return {
        label: "This answers questions such as: " + " / ".join(texts[:EXAMPLES])
        for label, texts in by_label.items()
    }


def _row(example: Example) -> Row:
    if example.label == OUT_OF_SCOPE:
        label = Label(kind=Kind.BACKGROUND, id=BackgroundKind.OTHER_BUSINESS)
    else:
        label = Label(kind=Kind.TOPIC, id=example.label)
    return Row(text=utterance.normalise(example.text) or example.text, label=label)


def _share(marks: NDArray[np.bool_]) -> float | None:
    return round(float(marks.mean()), 4) if len(marks) else None


def _auroc(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> float | None:
    """Chance that an in-scope sentence leads by more than an out-of-scope one, ties counted half."""
    import numpy as np

    if not len(inside) or not len(outside):
        return None
    ordered = np.sort(outside)
    below = np.searchsorted(ordered, inside, side="left")
    level = np.searchsorted(ordered, inside, side="right")
    return round(float((below + level).mean() / 2 / len(outside)), 4)


def _right_at(
    lead: NDArray[np.float64], right: NDArray[np.bool_], inside: int, *, wrong: float
) -> float | None:
    import numpy as np

    if not inside:
        return None
    order = np.argsort(-lead, kind="stable")
    good = np.cumsum(right[order])
    sent = np.arange(1, len(order) + 1)
    allowed = (sent - good) <= wrong * sent
    return round(float(good[allowed].max(initial=0) / inside), 4)


def _rss_mb() -> float:
    """Peak resident memory; Linux counts it in KB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
