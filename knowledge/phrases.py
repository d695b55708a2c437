"""Phrases written by people who do not code, found in messages by people in a hurry.

A phrase is words. `(fils|fille)` is one or the other, `(du|)` may be absent, `…` stands for up to three
other words, and `suicid*` for any word that begins so.
"""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

from knowledge.words import Word, distance, fold, sound, stem, without_one

GAP = "…"
GAP_WORDS = 3
_PART = re.compile(r"\(([^()]*)\)|…|\.\.\.|[^()\s…]+")
_SIGNS = re.compile(r"[()|….*]")
_TOKEN = re.compile(r"[^\W_]+\*?")
_ELISION = re.compile(r"^(?:[dljmnst]|qu)(?=[aeiouyh])|^(?:بال|وال|ال|لل|[بلو])(?=..)")

T = TypeVar("T")


class BadPhrase(ValueError):
    """Write words, `(one|other)`, `…` and `begin*` only; a phrase needs one word that counts."""


@dataclass(frozen=True)
class Found(Generic[T]):  # noqa: UP046 (Python 3.10)
    value: T
    first: int  # index of the first word, fillers not counted out
    last: int  # index after the last one
    size: int  # words of the phrase that were met
    score: float  # 1.0 as written, less by the spelling


def expand(phrase: str) -> list[tuple[str, ...]]:
    """Every way of saying the phrase, as folded words."""
    if not _SIGNS.search(phrase):
        return [tuple(_TOKEN.findall(fold(phrase)))]
    parts = [_choices(match) for match in _PART.finditer(phrase)]
    ways = [" ".join(choice) for choice in itertools.product(*parts)]
    if not ways or len(ways) > 200 or re.search(r"[()|]", "".join(ways)):
        raise BadPhrase(phrase)
    return [tuple(_tokens(way)) for way in ways]


def _choices(match: re.Match[str]) -> list[str]:
    if match.group(1) is not None:
        return match.group(1).split("|")
    return [GAP if match.group() == "..." else match.group()]


def _tokens(way: str) -> Iterator[str]:
    for piece in way.split():
        if piece == GAP:
            yield GAP
        else:
            yield from _TOKEN.findall(fold(piece))


@lru_cache(maxsize=1)
def ordinary_words() -> frozenset[str]:
    """Everyday French words: spelled as one of them, a word is never taken for a misspelling."""
    return frozenset((Path(__file__).parent / "ordinary.txt").read_text(encoding="utf-8").split())


class Spelling:
    """Which words of a vocabulary a typed word may stand for, with a score for each."""

    def __init__(self, vocabulary: Iterable[str], *, inflect: bool, ordinary: frozenset[str]) -> None:
        self._inflect = inflect
        self._ordinary = ordinary
        self._words = set(vocabulary)
        self._prefixes = {w[:-1] for w in self._words if w.endswith("*")}
        self._lengths = sorted({len(p) for p in self._prefixes})
        self._near: dict[str, list[str]] = defaultdict(list)
        self._sounds: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        for word in self._words:
            self._index(word)
        self._cache: dict[str, dict[str, float]] = {}

    def _index(self, word: str) -> None:
        if self._inflect:
            self._stems.setdefault(stem(word), []).append(word)
        if len(word) >= 5 and not word.endswith("*") and not word.isdigit():
            self._sounds.setdefault(sound(word), []).append(word)
            near = self._near
            near[word].append(word)
            for key in without_one(word):
                near[key].append(word)

    def candidates(self, word: str) -> Mapping[str, float]:
        found = self._cache.get(word)
        if found is None:
            if len(self._cache) > 5000:
                self._cache.clear()
            found = self._cache[word] = self._look_up(word)
        return found

    def _look_up(self, word: str) -> dict[str, float]:
        found = {word: 1.0} if word in self._words else {}
        for length in self._lengths:
            if word[:length] in self._prefixes:
                found.setdefault(word[:length] + "*", 0.97)
        for other in self._stems.get(stem(word), ()):
            found.setdefault(other, 0.96)
        if not found and word not in self._ordinary and not word.isdigit():
            bare = _ELISION.sub("", word)
            if bare != word and bare in self._words:
                return {bare: 0.97}
            if word.isascii():
                found = self._misspelled(word)
        return found

    def _misspelled(self, word: str) -> dict[str, float]:
        found = {}
        if len(word) >= 4:
            for other in self._neighbours(word):
                allowed = 1 if len(other) < 8 else 2
                edits = distance(word, other, allowed)
                if edits <= allowed and (word[0] == other[0] or (edits == 1 and len(other) >= 7)):
                    found[other] = 0.92 - 0.06 * (edits - 1)
        if len(word) >= 5:
            for other in self._sounds.get(sound(word), ()):
                if word[0] == other[0] and distance(word, other, 3) <= 3:
                    found.setdefault(other, 0.85)
        return found

    def _neighbours(self, word: str) -> set[str]:
        once = without_one(word)
        keys = {word} | once
        if len(word) >= 7:
            keys.update(*(without_one(shorter) for shorter in once))
        return {other for key in keys for other in self._near.get(key, ())}


class Phrases(Generic[T]):  # noqa: UP046 (Python 3.10)
    """A set of phrases, each with the value it means."""

    def __init__(
        self,
        entries: Iterable[tuple[str, T]],
        *,
        fillers: Iterable[str] = (),
        inflect: bool = False,
        ordinary: frozenset[str] | None = None,
    ) -> None:
        self.fillers = frozenset(fold(f) for f in fillers)
        self._by_first: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        vocabulary: set[str] = set()
        for phrase, value in entries:
            for way in expand(phrase):
                kept = tuple(w for w in way if w not in self.fillers)
                if not kept or kept[0] == GAP or kept[-1] == GAP:
                    raise BadPhrase(phrase)
                self._by_first.setdefault(kept[0], []).append((kept, value))
                vocabulary.update(kept)
        known = ordinary_words() if ordinary is None else ordinary
        self._spelling = Spelling(vocabulary - {GAP}, inflect=inflect, ordinary=known)

    def find(self, text: Sequence[Word]) -> list[Found[T]]:
        """All the phrases met, overlapping ones too, in no order."""
        kept = [i for i, word in enumerate(text) if word.text not in self.fillers]
        heard = [self._spelling.candidates(text[i].text) for i in kept]
        found = []
        for start, meant in enumerate(heard):
            for first, score in meant.items():
                for way, value in self._by_first.get(first, ()):
                    end, total = _follow(way, heard, start + 1, score)
                    if end:
                        size = len(way) - way.count(GAP)
                        found.append(Found(value, kept[start], kept[end - 1] + 1, size, total))
        return found


def _follow(way: tuple[str, ...], heard: list[Mapping[str, float]], at: int, score: float) -> tuple[int, float]:
    """Where the rest of the phrase ends and its score; (0, 0.0) when it is not there."""
    for index in range(1, len(way)):
        if way[index] == GAP:
            rest = way[index:]
            tries = range(at, min(at + GAP_WORDS + 1, len(heard)))
            ends = ((t, heard[t].get(rest[1])) for t in tries)
            done = (_follow(rest[1:], heard, t + 1, score * s) for t, s in ends if s)
            return next((d for d in done if d[0]), (0, 0.0))
        step = heard[at].get(way[index]) if at < len(heard) else None
        if step is None:
            return 0, 0.0
        score *= step
        at += 1
    return at, score


def longest(found: Iterable[Found[T]]) -> list[Found[T]]:  # noqa: UP047 (Python 3.10)
    """The matches that stay when the longer and better spelled one wins wherever two overlap."""
    chosen: list[Found[T]] = []
    for match in sorted(found, key=lambda f: (f.first - f.last, -f.size, -f.score)):
        if all(match.last <= other.first or match.first >= other.last for other in chosen):
            chosen.append(match)
    return sorted(chosen, key=lambda f: f.first)
