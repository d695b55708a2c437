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
_PART = re.compile(r"\(([^()]*)\)|…|\.\.\.|[^()|\s…]+")
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
    return [tuple(itertools.chain.from_iterable(choice)) for choice in itertools.product(*_parts(phrase))]


def _parts(phrase: str) -> list[list[list[str]]]:
    """The phrase part by part: for each one the choices, for each of these its words."""
    if not _SIGNS.search(phrase):
        return [[_TOKEN.findall(fold(phrase))]]
    if re.search(r"[()|]", _PART.sub("", phrase)):
        raise BadPhrase(phrase)
    return [[_tokens(choice) for choice in _choices(match)] for match in _PART.finditer(phrase)]


def _choices(match: re.Match[str]) -> list[str]:
    return [match.group()] if match.group(1) is None else match.group(1).split("|")


def _tokens(words: str) -> list[str]:
    return [GAP] if words in (GAP, "...") else _TOKEN.findall(fold(words))


@lru_cache(maxsize=1)
def ordinary_words() -> frozenset[str]:
    """Everyday French words: spelled as one of them, a word is never taken for a misspelling."""
    return frozenset((Path(__file__).parent / "ordinary.txt").read_text(encoding="utf-8").split())


class Spelling:
    """Which words of a vocabulary a typed word may stand for, with a score for each."""

    def __init__(self, words: set[str], exact: set[str], *, inflect: bool, ordinary: frozenset[str]) -> None:
        self._inflect = inflect
        self._ordinary = ordinary
        self._words = words | exact
        self._prefixes = {w[:-1] for w in self._words if w.endswith("*")}
        self._lengths = sorted({len(p) for p in self._prefixes})
        self._near: dict[str, list[str]] = defaultdict(list)
        self._sounds: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        for word in words:
            self._index(word)
        self._cache: dict[str, dict[str, float]] = {}

    def _index(self, word: str) -> None:
        if word.endswith("*") or not word.isascii():
            return
        if self._inflect:
            self._stems.setdefault(stem(word), []).append(word)
        if len(word) >= 5 and word.isalpha():
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
        for other in self._stems.get(stem(word), ()) if self._inflect else ():
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


class _Node(Generic[T]):  # noqa: UP046 (Python 3.10)
    """A point inside a phrase: the words that lead on, and what is meant when it may end here."""

    __slots__ = ("gap", "means", "next")

    def __init__(self) -> None:
        self.next: dict[str, list[_Node[T]]] = {}
        self.gap = False
        self.means: list[T] = []


class Phrases(Generic[T]):  # noqa: UP046 (Python 3.10)
    """A set of phrases, each with the value it means.

    Misspelled words are understood in `entries` only: what is one letter from a word of another
    language is most often a word of a third one.
    """

    def __init__(
        self,
        entries: Iterable[tuple[str, T]],
        *,
        as_written: Iterable[tuple[str, T]] = (),
        fillers: Iterable[str] = (),
        inflect: bool = False,
        ordinary: frozenset[str] | None = None,
    ) -> None:
        self.fillers = frozenset(fold(f) for f in fillers)
        self._first: dict[str, list[_Node[T]]] = {}
        vocabulary: set[str] = set()
        for phrase, value in entries:
            self._add(phrase, value, vocabulary)
        exact: set[str] = set()
        for phrase, value in as_written:
            self._add(phrase, value, exact)
        known = ordinary_words() if ordinary is None else ordinary
        self._spelling = Spelling(vocabulary, exact - vocabulary, inflect=inflect, ordinary=known)

    def _add(self, phrase: str, value: T, vocabulary: set[str]) -> None:
        root: _Node[T] = _Node()
        root.next = self._first
        heads = [root]
        for choices in _parts(phrase):
            if choices == [[GAP]]:
                for head in heads:
                    head.gap = True
                continue
            after: _Node[T] = _Node()
            ways = [[word for word in choice if word not in self.fillers] for choice in choices]
            for way in filter(None, ways):
                vocabulary.update(way)
                _link(heads, way, after)
            heads = [*([after] if any(ways) else []), *(heads if not all(ways) else [])]
        if root in heads or root.gap or any(head.gap for head in heads):
            raise BadPhrase(phrase)
        for head in heads:
            head.means.append(value)

    def find(self, text: Sequence[Word]) -> list[Found[T]]:
        """All the phrases met, overlapping ones too, in no order."""
        kept = [i for i, word in enumerate(text) if word.text not in self.fillers]
        heard = [self._spelling.candidates(text[i].text) for i in kept]
        found: list[Found[T]] = []
        for start, meant in enumerate(heard):
            for first, score in meant.items():
                for node in self._first.get(first, ()):
                    for value, end, size, total in _walk(node, heard, start + 1, 1, score):
                        found.append(Found(value, kept[start], kept[end - 1] + 1, size, total))
        return found


def _link(heads: Iterable[_Node[T]], way: Sequence[str], after: _Node[T]) -> None:  # noqa: UP047 (Python 3.10)
    """A chain of nodes for the words of `way`, from each head to `after`."""
    for word in reversed(way[1:]):
        before: _Node[T] = _Node()
        before.next[word] = [after]
        after = before
    for head in heads:
        head.next.setdefault(way[0], []).append(after)


def _walk(  # noqa: UP047 (Python 3.10)
    node: _Node[T], heard: Sequence[Mapping[str, float]], at: int, size: int, score: float
) -> Iterator[tuple[T, int, int, float]]:
    """Each way the phrase may end from here: its value, end, number of words and score."""
    for value in node.means:
        yield value, at, size, score
    if node.next:
        for position in range(at, min(at + (GAP_WORDS if node.gap else 0) + 1, len(heard))):
            for word, weight in heard[position].items():
                for following in node.next.get(word, ()):
                    yield from _walk(following, heard, position + 1, size + 1, score * weight)


def longest(found: Iterable[Found[T]]) -> list[Found[T]]:  # noqa: UP047 (Python 3.10)
    """The matches that stay when the longer and better spelled one wins wherever two overlap."""
    chosen: list[Found[T]] = []
    for match in sorted(found, key=lambda f: (f.first - f.last, -f.size, -f.score)):
        if all(match.last <= other.first or match.first >= other.last for other in chosen):
            chosen.append(match)
    return sorted(chosen, key=lambda f: f.first)
