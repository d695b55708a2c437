"""What is plain to see in a message, whatever a statistical reader says of it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Mapping

import yaml

from knowledge.lexicons import normalise

_FILE = Path(__file__).parent.parent / "entities.yml"
SURE = 0.95
LIKELY = 0.6
_ONLY_NUMBERS = re.compile(r"\W*(?:\d\W*){1,8}")  # fewer digits than a telephone number has
_NOISE = re.compile(r"(?:[\W\d_]*\b(?:[b-df-hj-np-tv-xz]{4,}|([a-z])\1{3,})\b)+[\W\d_]*", re.ASCII | re.IGNORECASE)
"""« zzzz qqqq », « aaaaaa »: nothing but consonants, or but one letter."""
_NAMED = 0.7  # a need below is a guess from the whole message, wherever it is said to stand


@dataclass(frozen=True)
class Evidence:
    """Corrects a ranking: `small_words` carry no meaning of their own."""

    small_words: FrozenSet[str]
    careful: Mapping[str, float]
    whole: Mapping[str, str]

    @classmethod
    def from_file(cls, path: Path = _FILE) -> Evidence:
        data = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
        whole = {said: intent for intent, texts in data["whole"].items() for said in texts}
        return cls(frozenset(data["small_words"]), data["careful"], whole)

    def weigh(self, text: str, entities: List[Dict[str, Any]], scores: Dict[str, float]) -> Dict[str, float]:
        """The ranking, changed where the message leaves no doubt; all zero where it says nothing."""
        entities = named(entities)
        meant = self.whole.get(text.strip().lower())
        if meant:
            return _raise(scores, meant, SURE)
        if not re.search(r"\w", text) or _NOISE.fullmatch(text) or (_ONLY_NUMBERS.fullmatch(text) and not entities):
            return dict.fromkeys(scores, 0.0)
        kinds = {entity["entity"] for entity in entities} - {"date", "time"}
        sure = any(entity["entity"] == "need" and _confidence(entity) >= SURE for entity in entities)
        only = kinds if kinds and self._nothing_else(text, entities) else set()
        if only and only <= {"need", "place"}:
            return _raise(scores, "search_service", SURE)
        if only and only <= {"branch_type", "place"}:
            return _raise(scores, "find_branch", SURE)
        if only == {"tone"}:
            return _raise(scores, "out_of_scope", SURE)
        if only == {"ordinal"}:
            return _raise(scores, "service_details", SURE)
        if sure and max(scores.values()) < LIKELY:  # a need is named, and no reader is sure of anything else
            return _raise(scores, "search_service", LIKELY)
        return self._doubt(scores)

    def _nothing_else(self, text: str, entities: List[Dict[str, Any]]) -> bool:
        rest = list(text)
        for entity in entities:
            rest[entity["start"] : entity["end"]] = " " * (entity["end"] - entity["start"])
        return set(normalise("".join(rest)).split()) <= self.small_words

    def _doubt(self, scores: Dict[str, float]) -> Dict[str, float]:
        """Yes and no are believed only when they are clear."""
        return {name: score if score >= self.careful.get(name, 0.0) else 0.0 for name, score in scores.items()}


def _confidence(entity: Dict[str, Any]) -> float:
    return float(entity.get("confidence_entity", 1))


def named(entities: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
    """The entities without the guessed needs."""
    return [entity for entity in entities if entity["entity"] != "need" or _confidence(entity) >= _NAMED]


def _raise(scores: Dict[str, float], name: str, least: float) -> Dict[str, float]:
    if name not in scores or scores[name] >= least:
        return scores
    rest = (1 - least) / max(1e-9, sum(scores.values()) - scores[name])
    return {other: least if other == name else score * rest for other, score in scores.items()}
