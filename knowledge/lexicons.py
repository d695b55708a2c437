"""What is read before anything else: SMS spelling, distress, and the words that command.

`first_reading` would rather hear distress where there is none than miss it; idioms that it knows are
left out. « Je crève de faim » alone is a need for food and no distress: the answer that helps is where
to eat, at once, and it is no joke either; « mes enfants ont faim » and « pas mangé depuis hier » are both.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml

from knowledge.phrases import Found, Phrases, ordinary_words
from knowledge.words import Word, fold, words

_FILE = Path(__file__).with_suffix("").with_name("lexicon.yml")
_APOSTROPHES = "'’ʼ`´"
_COMMANDS = ("stop", "resume", "human", "menu")
_CLASS = re.compile(r"\{(\w+)\}")
_TOGETHER = 8  # words at most between the two halves of « one + other »


@dataclass(frozen=True)
class Reading:
    """What a message says at first sight; `language` is that of the words that said it, "" for none."""

    distress: str = ""
    stop: bool = False
    resume: bool = False
    human: bool = False
    menu: bool = False
    language: str = ""


@dataclass(frozen=True)
class _Sense:
    topic: str  # "distress", "half" of one, "idiom", a command, or "no " + one of these
    rank: int = 0
    name: str = ""
    language: str = ""
    whole: bool = False  # means it only when nothing else is said
    half: tuple[str, int] = ("", 0)  # of « one + other »: the whole phrase and which half this is


class Lexicon:
    """The lexicon file, ready to read messages with."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._polite = frozenset(word.text for phrase in content["polite"] for word in words(phrase))
        self._sms = _sms(content)
        beside = content.get("beside", {})
        self._beside = {topic: self._polite | _folded(beside[topic]) for topic in beside}
        self._kinds = tuple(content["distress"])
        told: list[tuple[str, _Sense]] = []
        foreign: list[tuple[str, _Sense]] = []
        for phrase, sense in _senses(content):
            commands = sense.whole and sense.language != "fr" and sense.topic != "distress"
            (foreign if commands else told).append((phrase, sense))
        self._phrases = Phrases(told, as_written=foreign, inflect=True)

    @classmethod
    @cache  # never changed once read; a process has several readers of it
    def from_file(cls, path: Path | None = None) -> "Lexicon":
        return cls(_load(path or _FILE))

    def distress_kinds(self) -> tuple[str, ...]:
        """The kinds of distress, the gravest first."""
        return self._kinds

    def first_reading(self, text: str) -> Reading:
        """Distress and commands in one message, in any of the nine languages."""
        said = spelled_out(text, self._sms)
        found = self._phrases.find(said)
        vetoed = any(f.value.topic == "no idiom" for f in found)
        idioms = [] if vetoed else [f for f in found if f.value.topic == "idiom"]
        clear = [f for f in found if f.value.topic in ("distress", "half") and not _covered(f, idioms)]
        heard = [f for f in clear if f.value.topic == "distress" and (not f.value.whole or self._alone(f, said))]
        heard.extend(_together(clear))
        heard.sort(key=lambda f: (f.value.rank, -f.size))
        commands = {topic: self._commanded(topic, found, said) for topic in _COMMANDS}
        told = [*heard, *(c for c in commands.values() if c)]
        return Reading(
            distress=heard[0].value.name if heard else "",
            language=told[0].value.language if told else "",
            **{topic: command is not None for topic, command in commands.items()},
        )

    def _commanded(self, topic: str, found: Sequence[Found[_Sense]], said: Sequence[Word]) -> Found[_Sense] | None:
        exceptions = [f for f in found if f.value.topic == "no " + topic]
        told = [f for f in found if f.value.topic == topic and not _covered(f, exceptions)]
        rest = {word.text for i, word in enumerate(said) if not any(f.first <= i < f.last for f in told)}
        for match in told:
            beside = self._polite if match.value.whole else self._beside.get(topic)
            if beside is None or rest <= beside:
                return match
        return None

    def _alone(self, match: Found[_Sense], said: Sequence[Word]) -> bool:
        """Nothing but politeness stands beside it."""
        return all(word.text in self._polite for word in (*said[: match.first], *said[match.last :]))


@lru_cache(maxsize=1)
def polite_words() -> frozenset[str]:
    """The words of courtesy: beside them, an answer is still nothing but that answer."""
    return frozenset(word.text for phrase in _load(_FILE)["polite"] for word in words(phrase))


def normalise(text: str) -> str:
    """Lower case without accents, apostrophes and dashes as spaces, SMS spelling written out, numbers kept."""
    return " ".join(word.text for word in spelled_out(text, _default_sms()))


def spelled_out(text: str, sms: dict[str, tuple[str, ...]] | None = None) -> list[Word]:
    """The words of a text with SMS spelling written out; words made of one keep its span."""
    known = _default_sms() if sms is None else sms
    said = words(text)
    spelled: list[Word] = []
    for index, word in enumerate(said):
        meant = known.get(word.text) or _unglued(word.text)
        if not meant or (len(word.text) == 1 and not _stands_alone(index, said, text)):
            spelled.append(word)
        else:
            spelled.extend(word._replace(text=one) for one in meant)
    return spelled


@lru_cache(maxsize=5000)
def _unglued(word: str) -> tuple[str, ...]:
    """« jdors » is « je dors », « menvoyer » is « m envoyer »: a small word lost its apostrophe."""
    rest = word[1:]
    if len(rest) < 4 or word in ordinary_words() or rest not in ordinary_words():
        return ()
    if rest[0] in "aeiouh":
        return (word[0], rest) if word[0] in "dlmnjst" else ()
    return ("je", rest) if word[0] == "j" else ()


def _stands_alone(index: int, said: Sequence[Word], text: str) -> bool:
    """« c » means « c'est » unless an apostrophe follows or a number stands beside it (« 500 g », « bus C 3 »)."""
    word = said[index]
    beside = (*said[max(0, index - 1) : index], *said[index + 1 : index + 2])
    return text[word.end : word.end + 1] not in tuple(_APOSTROPHES) and not any(w.text.isdigit() for w in beside)


def _covered(match: Found[_Sense], others: Iterable[Found[_Sense]]) -> bool:
    """An idiom takes back what it carries on: « me tuer » in « me tuer au travail »."""
    return any(other.first < match.last <= other.last for other in others)


def _together(found: Iterable[Found[_Sense]]) -> Iterator[Found[_Sense]]:
    """What two halves mean when they stand near each other, whichever comes first."""
    halves: dict[str, tuple[list[Found[_Sense]], list[Found[_Sense]]]] = defaultdict(lambda: ([], []))
    for match in found:
        phrase, side = match.value.half
        if phrase:
            halves[phrase][side].append(match)
    for ones, others in halves.values():
        for one in ones:
            for other in others:
                if 0 <= max(one.first - other.last, other.first - one.last) <= _TOGETHER:
                    first, last = min(one.first, other.first), max(one.last, other.last)
                    sense = replace(one.value, topic="distress", half=("", 0))
                    yield Found(sense, first, last, one.size + other.size, one.score * other.score)


def _senses(content: dict[str, Any]) -> Iterator[tuple[str, _Sense]]:
    classes = content.get("classes", {})

    def written_out(phrase: str) -> str:
        return _CLASS.sub(lambda name: str(classes[name.group(1)]), phrase)

    for rank, (name, languages) in enumerate(content["distress"].items()):
        for language, phrases in languages.items():
            for phrase in phrases:
                yield from _distress(written_out(phrase), _Sense("", rank, name, language))
    yield from ((written_out(phrase), _Sense("idiom")) for phrase in content["idioms"])
    for topic in ("idiom", *_COMMANDS):
        yield from ((phrase, _Sense("no " + topic)) for phrase in content.get("not_" + topic, ()))
    for topic in _COMMANDS:
        for scope, languages in content[topic].items():
            for language, phrases in languages.items():
                for phrase in phrases:
                    yield phrase, _Sense(topic, language=language, whole=scope == "whole")


def _distress(phrase: str, sense: _Sense) -> Iterator[tuple[str, _Sense]]:
    """A phrase as written, « = phrase » for a message that says nothing else, or the halves of « one + other »."""
    if phrase.startswith("="):
        yield phrase[1:], replace(sense, topic="distress", whole=True)
    elif " + " in phrase:
        for side, half in enumerate(phrase.split(" + ")):
            yield half, replace(sense, topic="half", half=(phrase, side))
    else:
        yield phrase, replace(sense, topic="distress")


@lru_cache(maxsize=2)
def _load(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(path.read_bytes(), Loader=yaml.CBaseLoader)  # noqa: S506 (makes strings only)
    return content


@lru_cache(maxsize=1)
def _default_sms() -> dict[str, tuple[str, ...]]:
    return _sms(_load(_FILE))


def _folded(languages: dict[str, list[str]]) -> frozenset[str]:
    return frozenset(word.text for listed in languages.values() for phrase in listed for word in words(phrase))


def _sms(content: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {fold(short): tuple(fold(meant).split()) for short, meant in content["sms"].items()}
