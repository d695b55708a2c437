"""The sentences that Relais says itself, without the engine: `system_*` in nlu/responses/<language>.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot.settings import ROOT
from channels.base import Reply
from knowledge.languages import FIRST, Languages

RESPONSES = ROOT / "nlu" / "responses"


class MissingText(KeyError):
    """A sentence is not in nlu/responses/fr.yml. Write it there under this key."""


class Texts:
    """All system sentences, read once at start."""

    def __init__(self, folder: Path = RESPONSES) -> None:
        self._names = Languages.from_file()
        self._languages = {path.stem: _system(path) for path in sorted(folder.glob("*.yml"))}

    def say(self, key: str, *, kind: str, language: str = FIRST) -> Reply:
        """The sentence for a channel kind and a language; where it has none, French, after one line that says so."""
        written = self._languages.get(language, {}).get(key)
        variations = written or self._languages[FIRST].get(key)
        if not variations:
            raise MissingText(key)
        chosen = next((v for v in variations if v.get("channel") == kind), None)
        plain = next((v for v in variations if "channel" not in v), variations[0])
        text = str((chosen or plain)["text"]).strip()
        if written:
            return Reply(text, key=key, language=language)
        return Reply(f"{self._names.in_french(language)}\n{text}".strip(), key=key, language=FIRST)


def _system(path: Path) -> dict[str, list[dict[str, Any]]]:
    responses = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("responses", {})
    return {key: variations for key, variations in responses.items() if key.startswith("system_")}
