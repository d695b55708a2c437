"""Figures from what was read. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from nlu.evaluate.heldout import OUT_OF_SCOPE, Sentence

FALLBACK = "nlu_fallback"
ASKED_AT_MOST = 0.10
OUT_OF_SCOPE_AT_LEAST = 0.85
_STEPS = [step / 50 for step in range(0, 46)]


@dataclass(frozen=True)
class Read:
    """One sentence as the engine read it; `first` and `confidence` are those before the fallback."""

    sentence: Sentence
    name: str
    first: str
    confidence: float
    ms: float
    alarm: bool = False  # the layer before the engine heard distress

    @property
    def right(self) -> bool:
        return self.name == self.sentence.intent

    @property
    def asked(self) -> bool:
        return self.name == FALLBACK


@dataclass(frozen=True)
class Share:
    """How much of a group was understood, read as something else, asked again."""

    count: int
    right: float
    wrong: float
    asked: float
    macro_f1: float


def share(rows: Sequence[Read]) -> Share:
    count = max(1, len(rows))
    right, asked = sum(row.right for row in rows), sum(row.asked for row in rows)
    return Share(len(rows), right / count, (len(rows) - right - asked) / count, asked / count, macro_f1(rows))


def macro_f1(rows: Sequence[Read]) -> float:
    """The mean over the intents that were meant; what was only read counts against precision."""
    scores = [f1(rows, intent) for intent in {row.sentence.intent for row in rows}]
    return sum(scores) / max(1, len(scores))


def f1(rows: Sequence[Read], intent: str) -> float:
    hits = sum(row.right for row in rows if row.sentence.intent == intent)
    meant = sum(row.sentence.intent == intent for row in rows)
    read = sum(row.name == intent for row in rows)
    return 2 * hits / max(1, meant + read)


def confusion(rows: Sequence[Read]) -> Dict[Tuple[str, str], int]:
    """(meant, read) and how often."""
    return dict(Counter((row.sentence.intent, row.name) for row in rows))


def part(rows: Sequence[Read], test: Callable[[Read], bool]) -> float:
    return sum(map(test, rows)) / max(1, len(rows))


def heard(row: Read) -> bool:
    """Distress, for the layer or for the engine."""
    return row.alarm or row.name == "distress"


def refused(row: Read) -> bool:
    """Out of scope, or asked again: no answer beside the point."""
    return row.name in (OUT_OF_SCOPE, FALLBACK)


def calibration(rows: Sequence[Read], bins: int = 10) -> List[Tuple[float, float, int]]:
    """(mean confidence, share right, count) for each tenth of confidence that has sentences."""
    found = []
    for number in range(bins):
        inside = [row for row in rows if number <= row.confidence * bins < number + 1 + (number == bins - 1)]
        if inside:
            sure = sum(row.confidence for row in inside) / len(inside)
            found.append((sure, part(inside, lambda row: row.first == row.sentence.intent), len(inside)))
    return found


def calibration_error(rows: Sequence[Read]) -> float:
    """How far, on average, confidence is from truth."""
    return sum(abs(sure - right) * count for sure, right, count in calibration(rows)) / max(1, len(rows))


def at_threshold(rows: Sequence[Read], threshold: float) -> Tuple[float, float]:
    """(asked again, understood) if the fallback began there."""
    return (
        part(rows, lambda row: row.confidence < threshold),
        part(rows, lambda row: row.confidence >= threshold and row.first == row.sentence.intent),
    )


def justified(inside: Sequence[Read], outside: Sequence[Read]) -> Optional[float]:
    """The lowest threshold that keeps strangers out without asking people again too often; None if there is none."""
    for step in _STEPS:
        refusals = part(outside, lambda row: row.first == OUT_OF_SCOPE or row.confidence < step)  # noqa: B023
        if refusals >= OUT_OF_SCOPE_AT_LEAST:
            return step if at_threshold(inside, step)[0] <= ASKED_AT_MOST else None
    return None


def doubtful_below(rows: Sequence[Read]) -> float:
    """The highest threshold under which answers are at best as often right as wrong: ask again there."""
    for step in reversed(_STEPS):
        under = [row for row in rows if row.confidence < step]
        if under and part(under, lambda row: row.first == row.sentence.intent) <= 0.5:
            return step
    return 0.0


def quantile(values: Sequence[float], wanted: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(wanted * len(ordered)))] if ordered else 0.0
