"""What a few words say to a reminder, without the engine: they come, they do not, they cancel, another date. Pure."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

import yaml

from knowledge.lexicons import polite_words, spelled_out
from knowledge.phrases import Phrases, longest

_FILE = Path(__file__).with_name("replies.yml")
Sense = Literal["yes", "no", "come", "cannot", "cancel", "move", ""]
_WHOLE = ("yes", "no")
_FEW = 15
"""Longer than this, a message tells more than an answer: a human or the engine is to read it."""


def heard(text: str) -> Sense:
    """What a message answers, "" when it is not clear: nothing of it, two things that differ, or a question."""
    said = spelled_out(text)
    if not said or len(said) > _FEW or "?" in text or "؟" in text:
        return ""
    clear = longest(_phrases().find(said))  # « ne viens pas », not « viens »
    told = {one.value for one in clear if one.value not in _WHOLE}
    if "other" in told:
        return ""
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


@lru_cache(maxsize=1)
def _phrases() -> Phrases[str]:
    content = yaml.load(_FILE.read_bytes(), Loader=yaml.CSafeLoader)
    return Phrases([(phrase, sense) for sense, phrases in content.items() for phrase in phrases], inflect=False)
