"""The sentences that Relais says itself, without the engine: `system_*` in nlu/responses/<language>.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bot.settings import ROOT
from channels.base import Reply

RESPONSES = ROOT / "nlu" / "responses"
_FALLBACK = "fr"


class MissingText(KeyError):
    """A sentence is not in nlu/responses/fr.yml. Write it there under this key."""


class Texts:
    """All system sentences, read once at start."""

    def __init__(self, folder: Path = RESPONSES) -> None:
        self._languages = {path.stem: _system(path) for path in sorted(folder.glob("*.yml"))}

    def say(self, key: str, *, kind: str, language: str = _FALLBACK) -> Reply:
        """The sentence for a channel kind and a language; French where there is no translation."""
        variations = self._languages.get(language, {}).get(key) or self._languages[_FALLBACK].get(key)
        if not variations:
            raise MissingText(key)
        chosen = next((v for v in variations if v.get("channel") == kind), None)
        plain = next((v for v in variations if "channel" not in v), variations[0])
        return Reply(text=str((chosen or plain)["text"]).strip(), key=key)


def _system(path: Path) -> dict[str, list[dict[str, Any]]]:
    responses = (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("responses", {})
    return {key: variations for key, variations in responses.items() if key.startswith("system_")}
