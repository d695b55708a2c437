"""The sentences kept apart from training: half A to choose settings, half B and a third set to tell what they give."""

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
    """`group` is a style of French, a language, "danger", "safe" or "out_of_scope"; `half` is A, B, or C (third)."""

    text: str
    intent: str
    group: str
    half: str


def load(folder: Path = FOLDER) -> List[Sentence]:
    """Every sentence whose intent is to be read; those of "safe" have none of their own."""
    turns: Dict[str, Iterator[str]] = {}
    halves = [
        Sentence(text, intent, group, next(turns.setdefault(group, cycle("AB"))))
        for group, intent, texts in _lists(folder)
        for text in texts
    ]
    return [*halves, *(Sentence(text, intent, group, "C") for group, intent, text in _third(folder))]


def _lists(folder: Path) -> Iterator[Tuple[str, str, List[str]]]:
    for name in ("french", "languages"):
        for group, intents in _yaml(folder / f"{name}.yml").items():
            for intent, texts in intents.items():
                yield group, flat(intent), [str(text) for text in texts]
    distress = _yaml(folder / "distress.yml")
    yield DANGER, "distress", [str(text) for text in distress.get(DANGER, ())]
    yield SAFE, "", [str(text) for text in distress.get(SAFE, ())]
    yield OUT_OF_SCOPE, OUT_OF_SCOPE, [str(text) for text in _yaml(folder / "out_of_scope.yml").get(OUT_OF_SCOPE, ())]


def _third(folder: Path) -> Iterator[Tuple[str, str, str]]:
    third = _yaml(folder / "third.yml")
    groups = {**{style: third.get(style, {}) for style in FRENCH}, **third.get("languages", {})}
    yield from (
        (group, flat(intent), text)
        for group, lists in groups.items()
        for intent, texts in lists.items()
        for text in texts
    )
    yield from ((DANGER, "distress", text) for text in third.get(DANGER, ()))
    yield from ((SAFE, "", text) for text in third.get(SAFE, ()))


def needs_and_places(folder: Path = FOLDER) -> Tuple[List[Dict[str, Any]], List[Dict[str, Any]]]:
    """Rows of {text, need} and rows of {text, place}, each with the list of what may be found."""
    data = _yaml(folder / "needs_places.yml")
    return list(data.get("needs", ())), [*data.get("places", ()), *_yaml(folder / "third.yml").get("places", ())]


def languages(sentences: Sequence[Sentence]) -> List[str]:
    """The groups that are languages other than French."""
    return sorted({one.group for one in sentences} - {*FRENCH, DANGER, SAFE, OUT_OF_SCOPE})


def flat(intent: str) -> str:
    return intent.replace("/", "_", 1) if intent.startswith("faq/") else intent


def told(intent: str) -> str:
    """The name that reports use: « faq/rsa_amount »."""
    return intent.replace("faq_", "faq/", 1) if intent.startswith("faq_") else intent


def _yaml(path: Path) -> Dict[str, Any]:
    return (yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) or {}) if path.exists() else {}
