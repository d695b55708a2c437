"""The likeliest need of a message that says it in words nobody listed, by its likeness to told needs.

Two readings of the same signs (words, their sounds, pairs, runs of 3 to 5 letters, needs named) are multiplied: the
sentences of `needs_said.yml` most like the message, and how much each sign is of each need.
"""

import itertools
import math
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import nlargest
from operator import itemgetter

from knowledge.words import Word, sound, stem

NONE = "none"  # what sentences that name no need are kept under
NEIGHBOURS = 12
_SAME = 0.9  # so like a told sentence that nothing else counts
SMOOTHING = 0.02
_NOTHING_IS_BROAD = 0.4  # sentences that name no need share few signs: these count less against « none »
NAMED = 3.0  # a need named counts as much as three words
COMMON = 120  # a sign of more sentences than this says too little to look them all up


@dataclass(frozen=True)
class Guess:
    """A value, the word that speaks for it most, how sure from 0 to 1, and how likely beside it each need named is."""

    value: str
    start: int
    end: int
    sure: float
    rivals: Mapping[str, float]


class Guesses:
    """Sentences with their needs, ready to be compared with."""

    def __init__(self, said: Iterable[tuple[Sequence[Word], Sequence[str], str]]) -> None:
        """Each text with the needs that phrases name in it, and the one that it means."""
        rows = [(_signs(text, named), value) for text, named, value in said]
        self._values = [value for _, value in rows]
        self._kinds = {value: kind for kind, value in enumerate(dict.fromkeys(self._values))}
        met = Counter(sign for signs, _ in rows for sign in signs)
        self._place = {sign: place for place, sign in enumerate(met)}
        self._rarities = array("f", (math.log(len(rows) / count) for count in met.values()))
        self._unknown = math.log(max(2, len(rows)))
        holders: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for row, (signs, _) in enumerate(rows):
            length = self._length(signs)
            for sign, count in signs.items():
                holders[sign].append((row, count * self._rarity(sign) / length))
        self._holders = _Packed(holders[sign] for sign in met)
        tilts, self._base = _tilts(rows)
        self._tilt = _Packed([(self._kinds[value], tilt) for value, tilt in tilts[sign].items()] for sign in met)

    def best(self, text: Sequence[Word], named: Sequence[str] = ()) -> Guess | None:
        """The likeliest value, `NONE` included, or nothing for unknown words; `named` is what phrases name."""
        likely, nearest = self._likely(_signs(text, named))
        if not likely:
            return None
        value = max(likely, key=lambda one: likely[one])
        word = max(text, key=lambda one: self._tilts_of(_signs([one]), [value])[value])
        rivals = {one: likely.get(one, 0.0) / likely[value] for one in named}
        return Guess(value, word.start, word.end, math.sqrt(likely[value] / sum(likely.values())) * nearest, rivals)

    def _likely(self, signs: Mapping[str, float]) -> tuple[dict[str, float], float]:
        """The weight of each value, and how like the message the nearest sentence is."""
        near = self._nearest(signs)
        if near and near[0][1] > _SAME:
            return {self._values[near[0][0]]: 1.0}, 1.0
        votes: dict[str, float] = defaultdict(float)
        for row, likeness in near:
            votes[self._values[row]] += likeness**3
        tilts = self._tilts_of(signs, votes)
        most = max(tilts.values(), default=0.0)
        scale = max(6.0, sum(signs.values()) / 4)
        likely = {
            value: vote * math.exp((tilts[value] - most) / scale * (_NOTHING_IS_BROAD if value == NONE else 1))
            for value, vote in votes.items()
        }
        return likely, near[0][1] if near else 0.0

    def _nearest(self, signs: Mapping[str, float]) -> list[tuple[int, float]]:
        likeness: dict[int, float] = defaultdict(float)
        length = self._length(signs)
        for sign, count in signs.items():
            weight = count * self._rarity(sign) / length
            for row, other in self._holders.of(self._place.get(sign), most=COMMON - 1):
                likeness[row] += weight * other
        return nlargest(NEIGHBOURS, likeness.items(), key=itemgetter(1))

    def _length(self, signs: Mapping[str, float]) -> float:
        return math.hypot(*(count * self._rarity(sign) for sign, count in signs.items())) or 1.0

    def _rarity(self, sign: str) -> float:
        place = self._place.get(sign)
        return self._unknown if place is None else self._rarities[place]

    def _tilts_of(self, signs: Mapping[str, float], values: Iterable[str]) -> dict[str, float]:
        """How much known signs speak for each of these values."""
        known = [(count, place) for sign, count in signs.items() if (place := self._place.get(sign)) is not None]
        total = sum(count for count, _ in known)
        tilts: dict[int, float] = defaultdict(float)
        for count, place in known:
            for kind, tilt in self._tilt.of(place):
                tilts[kind] += count * tilt
        return {value: total * self._base[value] + tilts[self._kinds[value]] for value in values}


class _Packed:
    """Pairs of a small number and a weight, by the place of a sign: lists of tuples would take ten times the memory."""

    def __init__(self, given: Iterable[Sequence[tuple[int, float]]]) -> None:
        self._starts, self._keys, self._weights = array("I", [0]), array("H"), array("f")
        for pairs in given:
            self._keys.extend(key for key, _ in pairs)
            self._weights.extend(weight for _, weight in pairs)
            self._starts.append(len(self._keys))

    def of(self, place: int | None, most: int | None = None) -> Iterable[tuple[int, float]]:
        """The pairs of a sign; none for an unknown one, or for one that has more than `most`."""
        if place is None:
            return ()
        start, end = self._starts[place], self._starts[place + 1]
        if most is not None and end - start > most:
            return ()
        return zip(self._keys[start:end], self._weights[start:end], strict=True)


def _tilts(rows: Sequence[tuple[Mapping[str, float], str]]) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """How much each sign speaks for each value it was met under, and what one never met there costs it."""
    counts: dict[str, dict[str, float]] = {}
    totals: dict[str, float] = defaultdict(float)
    for signs, value in rows:
        for sign, count in signs.items():
            under = counts.setdefault(sign, {})
            under[value] = under.get(value, 0.0) + count
            totals[value] += count
    tilt = {
        sign: {value: math.log((count + SMOOTHING) / SMOOTHING) for value, count in under.items()}
        for sign, under in counts.items()
    }
    return tilt, {value: math.log(SMOOTHING / (total + SMOOTHING * len(counts))) for value, total in totals.items()}


def _signs(text: Sequence[Word], named: Sequence[str] = ()) -> dict[str, float]:
    signs: dict[str, float] = defaultdict(float, {f"#{value}": NAMED for value in named})
    for word in text:
        for sign, weight in _signs_of(word.text):
            signs[sign] += weight
    for one, other in itertools.pairwise(text):
        signs[f"{one.text} {other.text}"] += 1.0
    return signs


@lru_cache(maxsize=4096)
def _signs_of(word: str) -> tuple[tuple[str, float], ...]:
    return tuple(_list_signs(word))


def _list_signs(word: str) -> Iterator[tuple[str, float]]:
    yield f"={word}", 1.0
    if word.isascii():
        yield f"~{sound(stem(word))}", 1.0
    edged = f"^{word}$"
    for size in (3, 4, 5) if len(word) > 2 else ():
        for start in range(len(edged) - size + 1):
            yield edged[start : start + size], 0.5
