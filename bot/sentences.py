"""Turns a response's name and its variables into one reply. Pure: it knows YAML and nothing of Rasa.

A response has variations; the one that asks for the most (conditions first, then the kind of
channel) and gets it is said. Among equals the message's id decides, so that a repeated turn says
the same. Languages are files: nlu/responses/<language>.yml; where something of a reply is missing there, it is
French, after one line in their language that says so (knowledge/languages.yml, `in_french`).

A variation may ask to fit a number of SMS segments, more where the alphabet lets an SMS hold fewer letters:
the names of its choices and the variables that it `shortens` give way first, then its wording, by the variations
whose condition is `brief`. With `least`, the wording gives way before a name is cut shorter than that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Set
from zlib import crc32

import yaml

from channels import sms_text
from channels.base import Reply
from knowledge.languages import FIRST, RIGHT_TO_LEFT, Languages
from knowledge.names import short_name

_NAME_LIMITS = (80, 60, 48, 40, 34, 30, 27, 24, 21)
_BRIEF_NAME_LIMITS = (40, 34, 30, 27, 24, 21, 18, 15, 12)
_STEPS = [*((False, limit) for limit in _NAME_LIMITS), *((True, limit) for limit in _BRIEF_NAME_LIMITS)]
_MARK = "\u200e"
_ARABIC = re.compile("[\u0600-\u06ff]")
_TURNS_ROUND = re.compile(r"[\W\d].*(?:[^\W\d_]|\d \d)")
_ENDS_WITH_SIGN = re.compile(r"\w.*[^\w\s]$")
_BEFORE_SIGN = re.compile("(?<=[^ \n]) (?=[:;!?،؛؟])")  # French alone puts a space there
_NAMES = re.compile(r"\{(\w+)\}")


class UnknownSentence(KeyError):
    """No response has this name. Write it in nlu/responses/fr.yml."""


class MissingVariable(KeyError):
    """A response names a variable that its action did not give."""


@dataclass(frozen=True)
class Ask:
    """What chooses among the variations of a response."""

    kind: str
    language: str = FIRST
    seed: str = ""
    missing: Set[str] = field(default_factory=set, compare=False)
    """What was said in French because the language has it not; filled while a reply is worded."""


class Sentences:
    """All responses of all languages, read once."""

    def __init__(self, by_language: Mapping[str, Mapping[str, List[Dict[str, Any]]]]) -> None:
        self._by_language = by_language
        self._names = Languages.from_file()

    @classmethod
    @cache  # never changed once read; a process has several readers of it
    def from_folder(cls, folder: Path) -> Sentences:
        files = sorted(folder.glob("*.yml"))
        return cls({path.stem: yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)["responses"] for path in files})

    def reply(self, key: str, ask: Ask, variables: Mapping[str, Any]) -> Dict[str, Any]:
        """A reply as channels.base.Reply reads it; raises UnknownSentence, MissingVariable.

        One that exists in French alone has a `notice` beside it, the line that says so: a message of its own, or
        the French would be paid by the letters of Arabic.
        """
        notice = self._names.in_french(ask.language)
        only_french = bool(notice and variables.get("only_french"))  # what it is to say exists in French alone
        ask = replace(ask, missing=set(), language=FIRST if only_french else ask.language)
        reply = self._fitted(key, ask, variables)
        if not ask.missing and not only_french:
            return {**reply, "language": ask.language}
        return {**reply, "language": FIRST, "notice": notice}

    def _fitted(self, key: str, ask: Ask, variables: Mapping[str, Any]) -> Dict[str, Any]:
        wish = self._variation(key, ask, variables).get("metadata") or {}
        most, least = wish.get("segments"), wish.get("least", 0)
        if most is None:
            return self._render(key, ask, variables)
        reply: Dict[str, Any] = {}
        names = [str(one["name"]) for one in variables.get("choices") or () if one.get("name")]
        names += [str(variables[name]) for name in wish.get("shortens", ())]
        tried: tuple = ()
        for brief, limit in _STEPS:
            step = (brief, *(_shortened(name, limit) for name in names))
            if (limit < least and not brief) or step == tried:
                continue
            tried = step
            reply = self._render(key, ask, {**variables, "brief": brief}, limit)
            if _fits_in(reply, most, ask.language):
                break
        return reply

    def _render(self, key: str, ask: Ask, variables: Mapping[str, Any], limit: Optional[int] = None) -> Dict[str, Any]:
        variation = self._variation(key, ask, variables)
        if limit:
            shortens = (variation.get("metadata") or {}).get("shortens", ())
            variables = {**variables, **{name: _shortened(str(variables[name]), limit) for name in shortens}}
        footer = variables.get("footer") or (variation.get("metadata") or {}).get("footer")
        buttons = [
            {"title": self._fill(key, button["title"], ask, variables), "payload": button["payload"]}
            for button in variation.get("buttons") or ()
        ]
        return {
            "text": self._fill(key, variation["text"], ask, variables),
            "choices": [self._choice(item, ask, variables, limit) for item in variables.get("choices") or ()] + buttons,
            "footer": self._line(footer, ask, variables) if footer else "",
            "key": key,
        }

    def _choice(
        self, item: Mapping[str, Any], ask: Ask, variables: Mapping[str, Any], limit: Optional[int]
    ) -> Dict[str, Any]:
        own = {**variables, **item}
        if limit and own.get("name"):
            own["name"] = _shortened(str(own["name"]), limit)
        choice = {"title": self._line(item["each"], ask, own), "payload": item["payload"]}
        return {**choice, "card": item["card"]} if item.get("card") else choice

    def _line(self, key: str, ask: Ask, variables: Mapping[str, Any]) -> str:
        return self._fill(key, self._variation(key, ask, variables)["text"], ask, variables)

    def _fill(self, key: str, text: str, ask: Ask, variables: Mapping[str, Any]) -> str:
        given = {}
        for name in _NAMES.findall(text):
            if name not in variables:
                raise MissingVariable(f"{key}: {name}")
            given[name] = _set_apart(self._value(variables[name], ask, variables), ask.language)
        tidy = _tidy(text.format_map(given))
        return tidy if ask.language == FIRST or key in ask.missing else _BEFORE_SIGN.sub("", tidy)

    def _value(self, value: Any, ask: Ask, variables: Mapping[str, Any]) -> Any:
        """A variable is a value, or another response to say: `{"say": "utter_…", more variables}`."""
        if isinstance(value, Mapping):
            return self._line(value["say"], ask, {**variables, **value})
        return "" if value is None else value

    def _variation(self, key: str, ask: Ask, variables: Mapping[str, Any]) -> Dict[str, Any]:
        for language in (ask.language, FIRST):
            fitting = [
                variation
                for variation in self._by_language.get(language, {}).get(key, ())
                if _fits(variation, ask.kind, variables)
            ]
            if fitting:
                if language != ask.language:
                    ask.missing.add(key)
                most = max(_wishes(variation) for variation in fitting)
                best = [variation for variation in fitting if _wishes(variation) == most]
                return best[crc32(f"{ask.seed}{key}".encode()) % len(best)]
        raise UnknownSentence(key)


def _fits(variation: Mapping[str, Any], kind: str, variables: Mapping[str, Any]) -> bool:
    if variation.get("channel") not in (None, kind):
        return False
    return all(variables.get(condition["name"]) == condition["value"] for condition in variation.get("condition") or ())


def _wishes(variation: Mapping[str, Any]) -> tuple:
    return (len(variation.get("condition") or ()), variation.get("channel") is not None)


@lru_cache(maxsize=4096)
def _shortened(name: str, limit: int) -> str:
    return short_name(sms_text.plain(name) or name, limit)


def _set_apart(value: Any, language: str) -> Any:
    """Left-to-right marks in Arabic, only where they are needed: each is a letter of an SMS.

    Before a number in pairs or an address, whose groups would change places; after a name that ends with a sign.
    """
    text = str(value)
    if language not in RIGHT_TO_LEFT or _ARABIC.search(text):
        return value
    before = _MARK if _TURNS_ROUND.match(text) else ""
    after = _MARK if _ENDS_WITH_SIGN.search(text) else ""
    return f"{before}{text}{after}" if before or after else value


def _tidy(text: str) -> str:
    """Without the parts of an enumeration, the words and the lines that turned out empty."""
    lines = (", ".join(part for part in line.split(", ") if part.strip()) for line in text.split("\n"))
    words = (" ".join(line.split()).replace(" .", ".") for line in lines)
    return "\n".join(line for line in words if line)


def _fits_in(reply: Mapping[str, Any], most: int, language: str) -> bool:
    """A segment holds 153 letters of GSM-7 and 67 of others: two and a half times as many say the same in Arabic."""
    paid = sms_text.segments(sms_text.body(Reply.from_json(reply)))
    return paid.count <= (most if paid.encoding == "GSM-7" or language == FIRST else most * 5 // 2)


def segments(reply: Mapping[str, Any]) -> int:
    """How many SMS the reply takes when it is sent."""
    return sms_text.segments(sms_text.body(Reply.from_json(reply))).count
