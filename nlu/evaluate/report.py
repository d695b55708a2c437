"""The figures as a text for a terminal."""

from __future__ import annotations

from typing import Iterator, List, Sequence

from nlu.evaluate import figures
from nlu.evaluate.figures import Read
from nlu.evaluate.heldout import DANGER, FRENCH, OUT_OF_SCOPE, SAFE, languages, told

_REACH = {"clean": 0.92, "sms": 0.88, "long": 0.85}
_REACH_OTHER = 0.85


def half(rows: Sequence[Read], name: str) -> Iterator[str]:
    """Everything about one half: groups, intents, distress, out of scope, calibration."""
    rows = [row for row in rows if row.sentence.half == name]
    others = languages([row.sentence for row in rows])
    inside = [row for row in rows if row.sentence.group in (*FRENCH, *others)]
    yield f"\n== half {name}: {len(rows)} sentences\n"
    yield "group            n  understood   reach   asked again   wrong   macro-F1"
    for group in (*FRENCH, *others):
        yield _group(group, [row for row in inside if row.sentence.group == group])
    yield _group("all", inside)
    yield from _distress(rows)
    outside = [row for row in rows if row.sentence.group == OUT_OF_SCOPE]
    if outside:
        yield f"out of scope, recognised or asked again: {figures.part(outside, figures.refused):.1%} of {len(outside)}"
        yield f"  recognised alone: {figures.part(outside, lambda row: row.right):.1%}"
    yield from _calibration(inside, outside)
    yield from _times(rows, others)


def _group(name: str, rows: Sequence[Read]) -> str:
    shares = figures.share(rows)
    reach = _REACH.get(name, _REACH_OTHER if name != "all" else 0.0)
    told_reach = f"{reach:8.0%}" if reach else " " * 8
    return (
        f"{name:12} {shares.count:5} {shares.right:11.1%}{told_reach} {shares.asked:13.1%} {shares.wrong:7.1%}"
        f" {shares.macro_f1:10.3f}"
    )


def _distress(rows: Sequence[Read]) -> Iterator[str]:
    """Of cries for help, of what only sounds like one, and of all that people write on an ordinary day."""
    ordinary = [row for row in rows if row.sentence.group not in (DANGER, SAFE) and row.sentence.intent != "distress"]
    for name, chosen in (
        ("distress heard", [row for row in rows if row.sentence.group == DANGER]),
        ("false alarms, look-alikes", [row for row in rows if row.sentence.group == SAFE]),
        ("false alarms, ordinary", ordinary),
    ):
        layer = figures.part(chosen, lambda row: row.alarm)
        alone = figures.part(chosen, lambda row: row.name == "distress")
        both = figures.part(chosen, figures.heard)
        yield f"{name}: {both:.1%} of {len(chosen)} (layer {layer:.1%}, engine {alone:.1%})"


def _calibration(inside: Sequence[Read], outside: Sequence[Read]) -> Iterator[str]:
    yield f"calibration error {figures.calibration_error(inside):.3f}; confidence → share right (sentences):"
    yield "  " + "  ".join(f"{sure:.2f}→{right:.2f} ({n})" for sure, right, n in figures.calibration(inside))
    yield "  if the fallback began at:  asked again / understood in scope / out of scope kept out"
    for threshold in (0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
        asked, right = figures.at_threshold(inside, threshold)
        kept_out = figures.part(outside, lambda row: row.first == OUT_OF_SCOPE or row.confidence < threshold)  # noqa: B023
        yield f"    {threshold:.2f}:  {asked:.1%} / {right:.1%} / {kept_out:.1%}"
    least = figures.justified(inside, outside)
    told_least = "none reaches both goals" if least is None else f"{least:.2f}"
    doubt = figures.doubtful_below(inside)
    yield f"  threshold that reaches the goals: {told_least}; below {doubt:.2f} answers are no better than a toss"


def _times(rows: Sequence[Read], others: Sequence[str]) -> Iterator[str]:
    for name, groups, reach in (("French", FRENCH, 25), ("other languages", others, 60)):
        times = [row.ms for row in rows if row.sentence.group in groups]
        p50, p95 = figures.quantile(times, 0.5), figures.quantile(times, 0.95)
        yield f"parse, {name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms (reach: ≤ {reach} ms)"


def intents(rows: Sequence[Read]) -> Iterator[str]:
    """Each intent, the least understood first, with what it is taken for."""
    inside = [row for row in rows if row.sentence.group not in (SAFE, DANGER, OUT_OF_SCOPE)]
    found = figures.confusion(inside)
    yield "\nintent                            n  understood      F1  most often taken for"
    names = {row.sentence.intent for row in inside}
    for intent in sorted(names, key=lambda name: figures.f1(inside, name)):
        mine = [row for row in inside if row.sentence.intent == intent]
        right = figures.part(mine, lambda row: row.right)
        taken = sorted(((n, read) for (meant, read), n in found.items() if meant == intent != read), reverse=True)
        for_what = ", ".join(f"{told(read)} {n}" for n, read in taken[:3])
        yield f"{told(intent):30} {len(mine):4} {right:11.1%} {figures.f1(inside, intent):7.3f}  {for_what}"


def whole(rows: Sequence[Read], halves: Sequence[str]) -> List[str]:
    lines = [line for name in halves for line in half(rows, name)]
    return [*lines, *intents([row for row in rows if row.sentence.half in halves])]
