"""The needs behind what people write, as the values of data·inclusion 1.0.

Scores: a theme said in several words 1.0, in one word 0.9, a category 0.75; less when misspelled. Where no phrase of
`needs.yml` names a theme, the likeliest one is guessed from the sentences of `needs_said.yml`: 0.5 to 0.7.
A guess says which need it would be, not that the message asks for one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.guesses import NONE, Guess, Guesses
from knowledge.languages import FIRST, Languages
from knowledge.lexicons import spelled_out
from knowledge.phrases import GAP, BadPhrase, Found, Phrases, expand, longest
from knowledge.words import Word, fold

_FILE = Path(__file__).with_name("needs.yml")
_SAID = Path(__file__).with_name("needs_said.yml")
_LIKELY = 0.18  # a guess less sure than this is none
_BRIEF = 0.15  # and this much more is asked of a message of one word, half as much of two words…
_LIKELIER = 0.5  # a theme named in one word gives way to a guess at least twice as likely
_UNLIKELY = 0.2
_ONE_WORD = 0.9
_NOTHING = 0.3  # from here, a message like those that name no need names none, whatever theme one of its words says
_LABELS = Path(__file__).with_name("labels")
_KEYS = {"label", "words", "other"}


class BadNeeds(ValueError):
    """Correct `knowledge/needs.yml` where each line of this message says."""


@dataclass(frozen=True)
class NeedMatch:
    """A need said in a stretch of text; `value` is a category, or "category--theme"."""

    value: str
    start: int
    end: int
    score: float


class Needs:
    """The needs file, ready to read messages with; nothing is guessed without `told`, sentences by value."""

    def __init__(self, content: dict[str, Any], told: dict[str, list[str]] | None = None) -> None:
        self._rows: dict[str, dict[str, Any]] = {**content["categories"], **content["themes"]}
        self._values: dict[str, str] | None = None
        self._phrases = Phrases(
            _entries(content), as_written=_foreign(content), fillers=content["fillers"], inflect=True
        )
        self._content, self._told = content, told

    @classmethod
    def from_file(cls, path: Path | None = None) -> "Needs":
        return cls(load(path), load(_SAID))

    @cached_property
    def _guesses(self) -> Guesses | None:
        """Made for the first message: whoever only names needs does not pay for it."""
        return Guesses(self._examples(self._content, self._told)) if self._told else None

    def values(self) -> list[str]:
        """The categories, then the themes."""
        return list(self._rows)

    def label(self, value: str, language: str = FIRST) -> str:
        """What people are told, in French where the language has no label."""
        label: str = labels(language).get(value) or self._rows[value]["label"]
        return label

    def relabel(self, label: str, language: str) -> str:
        """A label of another language in this one; other words as they are."""
        value = self._labelled().get(label)
        return self.label(value, language) if value else label

    def _labelled(self) -> dict[str, str]:
        if self._values is None:
            codes = Languages.from_file().codes
            self._values = {self.label(value, code): value for code in reversed(codes) for value in self._rows}
        return self._values

    def find(self, text: str) -> list[NeedMatch]:
        """The needs said, best first: a theme before a guess before a category, the more said the better."""
        said = spelled_out(text)
        named = self._named(said)
        if self._guesses is None or (named and "--" in named[0].value and named[0].score > _ONE_WORD):
            return named
        guess = self._guesses.best(said, _first_values(named))
        if guess is None or not _is_better(guess, named, _LIKELY + _BRIEF / len(said)):
            return named
        if guess.value == NONE:
            return []
        score = round(min(0.7, 0.5 + guess.sure / 4), 3)
        rest = [match for match in named if match.value != guess.value]
        return [NeedMatch(guess.value, guess.start, guess.end, score), *rest]

    def _examples(
        self, content: dict[str, Any], told: dict[str, list[str]]
    ) -> Iterator[tuple[Sequence[Word], Sequence[str], str]]:
        for value, texts in told.items():
            for text in texts:
                said = spelled_out(text)
                yield said, _first_values(self._named(said)), value
        yield from ((spelled_out(phrase), [value], value) for phrase, value in _plain(content))

    def _named(self, said: Sequence[Word]) -> list[NeedMatch]:
        """The needs that phrases of the file name."""
        best: dict[str, tuple[tuple[float, ...], NeedMatch]] = {}
        for found in longest(self._phrases.find(said)):
            if found.value:
                match = NeedMatch(found.value, said[found.first].start, said[found.last - 1].end, _score(found))
                rank = (match.score, found.size, match.end - match.start, -match.start)
                best[match.value] = max(best.get(match.value, (rank, match)), (rank, match), key=lambda one: one[0])
        ranked = sorted(best.values(), key=lambda one: one[0], reverse=True)
        return [match for _, match in ranked]


def load(path: Path | None = None) -> dict[str, Any]:
    """The content of a needs file, unchecked."""
    content: dict[str, Any] = yaml.load((path or _FILE).read_bytes(), Loader=yaml.CBaseLoader)  # noqa: S506 (makes strings only)
    return content


@lru_cache(maxsize=16)
def labels(language: str) -> dict[str, str]:
    """The labels of one language, by value; none where there is no such file."""
    path = _LABELS / f"{language}.yml"
    return yaml.load(path.read_bytes(), Loader=yaml.CBaseLoader) if path.exists() else {}  # noqa: S506 (makes strings only)


def _score(found: Found[str]) -> float:
    said = 1.0 if found.size > 1 else 0.9
    return round(found.score * (said if "--" in found.value else 0.75), 3)


def _entries(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((phrase, "") for phrase in content["traps"])
    for value, row in {**content["categories"], **content["themes"]}.items():
        yield from ((phrase, value) for phrase in row["words"])


def _first_values(named: Sequence[NeedMatch]) -> list[str]:
    return [match.value for match in named[:3]]


def _is_better(guess: Guess, named: Sequence[NeedMatch], least: float) -> bool:
    """A guess holds where nothing is named, against a category of another kind, and against one word if likelier."""
    theme = named[0].value if named and "--" in named[0].value else ""
    if guess.value == NONE:
        return bool(theme) and guess.sure >= _NOTHING and guess.rivals.get(theme, 0.0) <= _UNLIKELY
    if theme:
        return guess.value != theme and guess.sure >= least and guess.rivals.get(theme, 0.0) <= _LIKELIER
    return guess.sure >= least and not any(guess.value.startswith(match.value) for match in named)


def _plain(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The phrases of the file that are plain words."""
    for phrase, value in (*_entries(content), *_foreign(content)):
        if value and not set(phrase) & set("(|…*"):
            yield phrase, value


def _foreign(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for value, row in {**content["categories"], **content["themes"]}.items():
        for phrases in row.get("other", {}).values():
            yield from ((phrase, value) for phrase in phrases)


def check(content: dict[str, Any], expected: Iterable[str]) -> None:
    """Raise `BadNeeds` with every fault of a needs file; `expected` are data·inclusion's values."""
    faults = [*_faults_of_values(content, set(expected)), *_faults_of_rows(content), *_doubles(content)]
    if faults:
        raise BadNeeds("\n".join(dict.fromkeys(faults)))


def _faults_of_values(content: dict[str, Any], expected: set[str]) -> Iterator[str]:
    for section, is_theme in (("categories", False), ("themes", True)):
        known = {value for value in expected if ("--" in value) == is_theme}
        given = set(content.get(section) or ())
        yield from (f"{section} : « {value} » n'existe pas dans data·inclusion" for value in sorted(given - known))
        yield from (f"{section} : « {value} » manque" for value in sorted(known - given))


def _faults_of_rows(content: dict[str, Any]) -> Iterator[str]:
    for value, row in {**content["categories"], **content["themes"]}.items():
        yield from (f"{value} : « {key} » n'est pas une clé connue" for key in sorted(set(row) - _KEYS))
        if not row.get("label") or not row.get("words"):
            yield f"{value} : il faut un label et au moins une façon de dire (words)"
        codes = Languages.from_file().codes
        yield from (f"{value} : langue « {code} » inconnue" for code in sorted(set(row.get("other", {})) - set(codes)))


def _doubles(content: dict[str, Any]) -> Iterator[str]:
    """The same way of saying under two values, once the small words are left out."""
    fillers = {fold(filler) for filler in content["fillers"]}
    owners: dict[tuple[str, ...], str] = {}
    for phrase, value in (*_entries(content), *_foreign(content)):
        try:
            ways = expand(phrase)
        except BadPhrase:
            yield f"{value} : « {phrase} » est mal écrit"
            continue
        for way in ways:
            kept = tuple(word for word in way if word not in fillers)
            if not kept or GAP in (kept[0], kept[-1]):
                yield f"{value} : « {phrase} » commence ou finit par « … » ou de petits mots"
            elif owners.setdefault(kept, value) != value:
                owner = owners[kept] or "traps"
                yield f"« {' '.join(kept)} » est à la fois sous {owner} et sous {value or 'traps'}"
