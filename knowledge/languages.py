"""The nine languages: their names, how each is asked for, and the words by which a short sentence is known.

Pure, and of Python 3.10: the engine reads it too.
"""

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.words import Word, fold, words

_FILE = Path(__file__).with_name("languages.yml")
FIRST = "fr"
RIGHT_TO_LEFT = frozenset({"ar"})


@dataclass(frozen=True)
class Named:
    """A language said in a stretch of text; `code` is "" for one that is not ours."""

    code: str
    start: int
    end: int
    first: int
    last: int


class Languages:
    """The languages file, ready to read messages with."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        rows = content["languages"]
        self.codes = tuple(rows)
        self._own = {code: row["own_name"] for code, row in rows.items()}
        self._in_french = {code: row["in_french"] for code, row in rows.items()}
        self._hours = {code: row["hours"] for code, row in rows.items() if "hours" in row}
        self.marks = {code: frozenset(map(fold, row["words"])) for code, row in rows.items()}
        named = [(name, code) for code, row in rows.items() for name in row["names"]]
        self._names = {_split(name): code for name, code in [*((name, "") for name in content["others"]), *named]}
        self._bare = {code: _split(name) for code, name in self._own.items()}
        self.proper_names = frozenset(map(fold, content["proper_names"])) | _communes()
        self._refusing = frozenset(map(fold, content["refusing"]))
        self._with = {_split(way) for way in content["asking"]["with"]}
        self._beside = {_split(way) for way in content["asking"]["beside"]}

    @classmethod
    def from_file(cls, path: Path | None = None) -> "Languages":
        return cls(load(path or _FILE))

    def own_name(self, code: str) -> str:
        """The language's name in that language."""
        name: str = self._own[code]
        return name

    def in_french(self, code: str) -> str:
        """The line before an answer that we only have in French; "" where nothing is to be said."""
        line: str = self._in_french.get(code, "")
        return line

    def hours(self, code: str) -> "dict[str, Any] | None":
        """The words for opening hours: `days` from Monday, `daily`, `always`, `varies`; None for French."""
        return self._hours.get(code)

    def named(self, text: str) -> list[Named]:
        """The languages that a text names, in order; those that are not ours as well."""
        return self._named(words(text))

    def asked(self, text: str) -> str:
        """The language that a message asks for and does nothing else, "" for none: « english please »."""
        said = words(text)
        found = self._named(said)
        codes = {one.code for one in found}
        if len(codes) != 1 or not (code := found[0].code):
            return ""
        taken = {index for one in found for index in range(one.first, one.last)}
        rest = [word.text for index, word in enumerate(said) if index not in taken]
        asking, left = self._without(rest, self._with)
        _, left = self._without(left, self._beside)
        alone = "".join(word.text for word in said)
        bare = not rest and (alone > "\u0400" or _texts(said) == self._bare[code])  # « anglais » alone may be a course
        glued = any(
            said[one.first].text.startswith("ب") for one in found
        )  # « بالعربية »: the preposition is in the word
        return code if not left and (asking or bare or glued) else ""

    def refuses(self, text: str) -> bool:
        """Whether something is refused: « je ne parle pas français », « no hablo francés »."""
        return any(word.text in self._refusing for word in words(text))

    def _named(self, said: Sequence[Word]) -> list[Named]:
        found, index = [], 0
        while index < len(said):
            size = _longest(_texts(said[index:]), self._names)
            if size:
                code, end = self._names[_texts(said[index : index + size])], said[index + size - 1].end
                found.append(Named(code, said[index].start, end, index, index + size))
            index += size or 1
        return found

    def _without(self, said: list[str], ways: set[tuple[str, ...]]) -> tuple[bool, list[str]]:
        left, index, met = [], 0, False
        while index < len(said):
            size = _longest(tuple(said[index:]), ways)
            met = met or bool(size)
            if not size:
                left.append(said[index])
            index += size or 1
        return met, left


@lru_cache(maxsize=2)
def load(path: Path = _FILE) -> Any:
    return yaml.load(path.read_bytes(), Loader=yaml.CBaseLoader)  # noqa: S506 (makes strings only: « no » and « on » are words)


@lru_cache(maxsize=1)
def _communes() -> frozenset[str]:
    """The words of the names of communes, but for the small ones: « Rillieux-la-Pape » gives rillieux, pape."""
    rows = json.loads(_FILE.with_name("communes.json").read_bytes())["rows"]
    return frozenset(word.text for row in rows for word in words(row[1]) if len(word.text) > 3)


def _split(way: str) -> tuple[str, ...]:
    return _texts(words(way))


def _longest(said: tuple[str, ...], ways: Container[tuple[str, ...]]) -> int:
    """How many of the first words are one of the ways of saying; 0 for none."""
    return next((size for size in range(min(4, len(said)), 0, -1) if said[:size] in ways), 0)


def _texts(said: Sequence[Word]) -> tuple[str, ...]:
    return tuple(word.text for word in said)
