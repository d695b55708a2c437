"""What a few words say to a reminder, without the engine: they come or not, cancel or keep it, another date. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

import yaml

from knowledge.lexicons import polite_words, spelled_out
from knowledge.phrases import Found, Phrases, longest
from knowledge.words import Word, fold, listed

_FILE = Path(__file__).with_name("replies.yml")
Sense = Literal["yes", "no", "come", "cannot", "cancel", "keep", "move", ""]
_WHOLE = ("yes", "no")
_FEW = 15
"""Longer than this, a message tells more than an answer: a human or the engine is to read it."""


_APART = re.compile(r"[,;:.!،؛]")
_NEGATIONS = listed(
    fold("non nan pas pa jamais sans rien no not don dont never nope nu não hayır yok ні нет не لا لن مش بدون")
)


def doubted(text: str) -> bool:
    """Whether a cancellation stands beside a no: « non annulez » may mean either, and nobody is sure of it."""
    said = spelled_out(text)
    told = longest(_found(said, text))
    away = {place for one in told if one.value == "cannot" for place in range(one.first, one.last)}
    against = any(one.value in ("keep", "other") for one in told)
    return against or any(word.text in _NEGATIONS for place, word in enumerate(said) if place not in away)


def heard(text: str) -> Sense:
    """What a message answers, "" when it is not clear: nothing of it, two things that differ, or a question."""
    said = spelled_out(text)
    if not said or len(said) > _FEW or "?" in text or "؟" in text:
        return ""
    clear = longest(_found(said, text))  # « ne viens pas », not « viens »
    told = {one.value for one in clear if one.value not in _WHOLE}
    if "other" in told or told >= {"keep", "cannot"}:
        return ""
    if told & {"come", "move"}:  # « n'annulez pas, je viens »
        told.discard("keep")
    if (
        "cannot" in told and "come" not in told
    ):  # « je peux pas, annulez », « … une autre date »: the rest says what for
        told = told - {"cannot"} or told
    if len(told) == 1:
        return cast("Sense", told.pop())
    if told:
        return ""
    taken = {place for one in clear for place in range(one.first, one.last)}
    rest = [word.text for place, word in enumerate(said) if place not in taken]
    short = {one.value for one in clear}
    alone = all(word in polite_words() for word in rest)
    return cast("Sense", short.pop()) if len(short) == 1 and alone else ""


def _found(said: Sequence[Word], text: str) -> list[Found[str]]:
    """What is met; « non, annulez » keeps nothing, for the comma sets the two apart."""
    return [
        one
        for one in _phrases().find(said)
        if one.value != "keep" or not _APART.search(text[said[one.first].start : said[one.last - 1].end])
    ]


@lru_cache(maxsize=1)
def _phrases() -> Phrases[str]:
    content = yaml.load(_FILE.read_bytes(), Loader=yaml.CSafeLoader)
    return Phrases([(phrase, sense) for sense, phrases in content.items() for phrase in phrases], inflect=False)
