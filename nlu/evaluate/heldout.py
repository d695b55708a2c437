"""The sentences kept apart from training, in halves: A to choose settings, B to tell what they give."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import yaml

FOLDER = Path(__file__).resolve().parent.parent / "heldout"
FRENCH = ("clean", "sms", "long")
OUT_OF_SCOPE = "out_of_scope"
DANGER, SAFE = "danger", "safe"


@dataclass(frozen=True)
class Sentence:
    """`group` is a style of French, a language, "danger", "safe" or "out_of_scope"."""

    text: str
    intent: str
    group: str
    half: str


def load(folder: Path = FOLDER) -> List[Sentence]:
    """Every sentence whose intent is to be read; those of "safe" have none of their own."""
    turns: Dict[str, Iterator[str]] = {}
    return [
        Sentence(text, intent, group, next(turns.setdefault(group, cycle("AB"))))
        for group, intent, texts in _lists(folder)
        for text in texts
    ]


def _lists(folder: Path) -> Iterator[Tuple[str, str, List[str]]]:
    for name in ("french", "languages"):
        for group, intents in _yaml(folder / f"{name}.yml").items():
            for intent, texts in intents.items():
                yield group, flat(intent), [str(text) for text in texts]
    distress = _yaml(folder / "distress.yml")
    yield DANGER, "distress", [str(text) for text in distress.get(DANGER, ())]
    yield SAFE, "", [str(text) for text in distress.get(SAFE, ())]
    yield OUT_OF_SCOPE, OUT_OF_SCOPE, [str(text) for text in _yaml(folder / "out_of_scope.yml").get(OUT_OF_SCOPE, ())]


def needs_and_places(folder: Path = FOLDER) -> Tuple[List[Dict[str, Any]], List[Dict[str, Any]]]:
    """Rows of {text, need} and rows of {text, place}, each with the list of what may be found."""
    data = _yaml(folder / "needs_places.yml")
    return list(data.get("needs", ())), list(data.get("places", ()))


def languages(sentences: Sequence[Sentence]) -> List[str]:
    """The groups that are languages other than French."""
    return sorted({one.group for one in sentences} - {*FRENCH, DANGER, SAFE, OUT_OF_SCOPE})


def flat(intent: str) -> str:
    return intent.replace("/", "_", 1) if intent.startswith("faq/") else intent


def told(intent: str) -> str:
    """The name that reports use: « faq/rsa_amount »."""
    return intent.replace("faq_", "faq/", 1) if intent.startswith("faq_") else intent


def _yaml(path: Path) -> Dict[str, Any]:
    return (yaml.safe_load(path.read_text(encoding="utf8")) or {}) if path.exists() else {}
