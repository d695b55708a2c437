"""The sentences that Relais says itself, without the engine: `system_*` in nlu/responses/<language>.yml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.sentences import Ask, Sentences, UnknownSentence
from bot.settings import ROOT
from channels.base import Reply
from knowledge.languages import FIRST

RESPONSES = ROOT / "nlu" / "responses"


class MissingText(KeyError):
    """A sentence is not in nlu/responses/fr.yml. Write it there under this key."""


class Texts:
    """All system sentences, read once at start."""

    def __init__(self, folder: Path = RESPONSES) -> None:
        self._sentences = Sentences.from_folder(folder)

    def say(self, key: str, *, kind: str, language: str = FIRST, seed: str = "", **words: Any) -> Reply:
        """The sentence for a channel kind and a language; where it has none, French, after one line that says so.

        `words` are its variables, and `choices` as `bot/sentences.py` takes them; raises MissingText.
        """
        try:
            said: Mapping[str, Any] = self._sentences.reply(key, Ask(kind, language, seed), words)
        except UnknownSentence:
            raise MissingText(key) from None
        notice = said.get("notice")
        return Reply.from_json({**said, "text": f"{notice}\n{said['text']}" if notice else said["text"]})
