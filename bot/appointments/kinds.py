"""What may be said of an appointment from what its source writes: its kind, and only the words that harm nobody."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FILE = Path(__file__).resolve().parents[2] / "knowledge" / "appointment_kinds.yml"
_LETTERS = re.compile(r"(?<=\b[a-z]) (?=[a-z]\b)")
_ACRONYM = 4
_UNSEEN = ("Mn", "Me", "Cf")
_ADDED = re.compile(r"\s*[(\[{,;:/|\d]|\s+[-–—]\s+")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\s*\n+\s*")


@dataclass(frozen=True)
class Kinds:
    """The categories and words of `knowledge/appointment_kinds.yml`."""

    categories: dict[str, str]
    words: tuple[tuple[str, str], ...]
    never_said: frozenset[str]

    def of(self, category: str, *names: str) -> str:
        """`orientation`, `follow_up`, `workshop` or `other`."""
        if category in self.categories:
            return self.categories[category]
        text = f" {' '.join(_plain(name) for name in names)} "
        return next((kind for word, kind in self.words if f" {word} " in text), "other")

    def written(self, text: str) -> str:
        """The same of what a person or a program wrote, who may use our own words."""
        ours = "_".join(_plain(text).split())
        return ours if ours in self.categories.values() else self.of(ours, text)

    def may_say(self, text: str) -> bool:
        """Whether nothing in it tells what somebody lives on, or threatens them."""
        plain = _plain(text)
        spelled = _LETTERS.sub("", plain)  # « R.S.A. »
        return not any(f" {word}" in f" {plain} {spelled}" for word in self.never_said)

    def spoken_name(self, name: str) -> str:
        """A first name alone: neither what is added to it, nor a surname in capitals beside it."""
        alone = _ADDED.split(name.strip(), maxsplit=1)[0].strip() or name
        words = [word for word in alone.split() if not self._is_acronym(word)]
        given = [word for word in words if not word.isupper()]
        return " ".join(given or words)

    def _is_acronym(self, word: str) -> bool:
        bare = _plain(word).replace(" ", "")
        return len(bare) <= _ACRONYM and bare in self.never_said

    def harmless(self, text: str, longest: int) -> str:
        """The sentences that may be said, as many as there is room for."""
        kept = ""
        for sentence in _SENTENCE.split(text.strip()):
            longer = f"{kept} {sentence}".strip()
            if self.may_say(sentence) and len(longer) <= longest:
                kept = longer
        return kept


@cache
def known() -> Kinds:
    """As the file says; read once."""
    given = yaml.load(FILE.read_bytes(), Loader=yaml.CSafeLoader)
    words = tuple((_plain(word), kind) for word, kind in given["words"])
    return Kinds(given["categories"], words, frozenset(_plain(word) for word in given["never_said"]))


def _plain(text: str) -> str:
    """Words in plain letters; a sign that nobody sees does not cut one in two."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(sign for sign in apart if unicodedata.category(sign) not in _UNSEEN)
    return " ".join(re.findall(r"[a-z0-9]+", bare))
