"""Words as people type them: accents, case, apostrophes and script marks do not count."""

import re
import unicodedata
from typing import NamedTuple

_MARKS = "\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670"
_WORD = re.compile(rf"[^\W_](?:[^\W_]|[{_MARKS}])*")
_RUN = re.compile(rf"\d+|(?:[^\W\d_]|[{_MARKS}])+")
_ENDING = re.compile(r"(?:ees?|er|ez|ent|ant|e)$")
_LETTERS = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ı": "i", "ø": "o", "ł": "l", "ة": "ه", "ى": "ي", "ـ": None})
_SOUNDS = (
    (re.compile("[ae]?au[xdlt]?(?![aeiou])|ot$|os$"), "o"),
    (re.compile("ill(?=[aeiou])"), "y"),
    (re.compile("ph"), "f"),
    (re.compile("qu|ck|c(?=[aoulr])|ch(?=r)"), "k"),
    (re.compile("c(?=[eiy])|ss|ç|ti(?=on)"), "s"),
    (re.compile("[ae]i(?!n)|et$|er$|ez$|ee$"), "e"),
    (re.compile("(?<!c)h"), ""),
    (re.compile("y"), "i"),
    (re.compile("[ae]m(?=[bp])|[ae]n(?![aeiouny])"), "an"),
    (re.compile(r"(.)\1+"), r"\1"),
    (re.compile("(?<=.{3})[esxtdz]+$"), ""),
)


class Word(NamedTuple):
    """A folded word and its span in the text as given."""

    text: str
    start: int
    end: int


def listed(text: str) -> frozenset[str]:
    """The words of a list written as one text."""
    return frozenset(text.split())


def fold(text: str) -> str:
    """Lower case, without accents, Latin ligatures and Arabic vowel signs; any script's digits become 0-9."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    kept = (c for c in letters if not unicodedata.combining(c))
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in kept)


def words(text: str) -> list[Word]:
    """The words of a text in order; apostrophes, dashes and signs separate them."""
    return [Word(fold(m.group()), m.start(), m.end()) for m in _WORD.finditer(text)]


def runs(text: str) -> list[Word]:
    """Like `words`, with letters and digits apart: "lyon8eme" is lyon, 8, eme."""
    return [Word(fold(m.group()), m.start(), m.end()) for m in _RUN.finditer(text)]


def sound(word: str) -> str:
    """A rough key of how a French word sounds: "veaux" and "vaulx" agree."""
    for pattern, replacement in _SOUNDS:
        word = pattern.sub(replacement, word)
    return word


def stem(word: str) -> str:
    """The word without its plural and its commonest verb endings, never shorter than 4 letters."""
    if word[-1] in "sx" and len(word) >= 5:
        word = word[:-1]
    ending = _ENDING.search(word, 4)
    return word[: ending.start()] if ending else word


def distance(left: str, right: str, limit: int) -> int:
    """Letters to change, add, drop or swap with their neighbour; `limit + 1` when there are more."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, previous, row = row, before, [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def without_one(word: str) -> set[str]:
    """The word with each of its letters left out in turn."""
    return {word[:i] + word[i + 1 :] for i, _ in enumerate(word)}
