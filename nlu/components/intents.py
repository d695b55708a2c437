"""What the person wants: likeness to the sentences learnt, corrected by what we know.

A text that does not look French, or that may be a cry for help, is read with a second, slower vector too.
Distress is believed from a low score on, unless something else is clearly meant: to miss it costs more than to
hear it once too often.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any, Dict, List, Optional

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.components import second_vectors
from nlu.components.evidence import Evidence, named
from nlu.components.memory import Memory, learn
from nlu.components.tongue import looks_french

RANKING = 6
DISTRESS = "distress"
_FAMILIAR_ENOUGH = 0.75
_CLEAR = 0.8
_SURE = 0.95
_SHORT = 60


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentReader(IntentClassifier, GraphComponent):
    """Ranks the intents of a message; needs SentenceVectors and KnownEntities before it."""

    def __init__(self, config: Dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._evidence = Evidence.from_file()
        self._names: List[str] = []
        self._memory: Optional[Memory] = None
        self._usual = np.zeros(second_vectors.DIMENSIONS, dtype=np.float32)

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentReader:
        return cls(config, model_storage, resource)

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {
            "shares": {"meaning": 1.0, "second": 1.0, "words": 0.6, "letters": 0.8, "sounds": 0.8},
            "sharpness": 1.5,
            "softness": 0.05,
            "temperature": 0.085,
            "short": 32,
            "doubt": 0.7,
            "distress_doubt": -0.65,
            "distress_above": -0.3,
            "distress_near": 0.2,
        }

    @classmethod
    def validate_config(cls, config: Dict[str, Any]) -> None:
        """`docs/decisions/2026-11-24-lecteur-essais.md` says where the figures come from."""

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> str:
        return version(second_vectors.PACKAGE)

    def train(self, training_data: TrainingData) -> Resource:
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        self._names = sorted({example.get(INTENT) for example in examples})
        texts = [example.get(TEXT) for example in examples]
        chosen = np.flatnonzero([len(text) <= self._config["short"] or not looks_french(text) for text in texts])
        second = second_vectors.encode([texts[index] for index in chosen])
        self._usual = second.mean(axis=0)
        arrays = learn(
            texts,
            np.vstack([_vector(example) for example in examples]),
            _of_length_one(second - self._usual),
            chosen,
            [self._names.index(example.get(INTENT)) for example in examples],
            **{name: self._config[name] for name in ("shares", "sharpness", "softness")},
        )
        self._persist(arrays)
        self._memory = Memory(arrays, self._config["shares"], self._config["sharpness"])
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        for message in messages if self._memory is not None else ():
            self._read(message, self._memory)
        return messages

    def _read(self, message: Message, memory: Memory) -> None:
        text = message.get(TEXT) or ""
        like, familiar = memory.liken(text, _vector(message))
        raw = memory.scores(like)
        distress, other = self._distress(raw)
        french = looks_french(text)
        if not french or distress > self._config["distress_doubt"] or self._hesitates(raw, text):
            whole = memory.scores(like, _of_length_one(second_vectors.encode([text]) - self._usual)[0])
            distress, other = (self._distress(raw) + self._distress(whole)) / 2
            raw = (raw + whole) / 2 if french else whole
        shares = _shares(raw, self._config["temperature"])
        if text.isascii():
            shares = shares * min(1.0, familiar / _FAMILIAR_ENOUGH)
        near = distress > other - self._config["distress_near"]
        self._rank(message, text, shares, near and distress > self._config["distress_above"])

    def _hesitates(self, raw: np.ndarray, text: str) -> bool:
        """Unsure of a short text: of a long one the second vector would take too long."""
        return len(text) <= _SHORT and bool(_shares(raw, self._config["temperature"]).max() < self._config["doubt"])

    def _distress(self, raw: np.ndarray) -> np.ndarray:
        """The score of distress, and the best of the others."""
        if DISTRESS not in self._names:
            return np.array([-1.0, 1.0])
        place = self._names.index(DISTRESS)
        return np.array([raw[place], np.delete(raw, place).max()])

    def _rank(self, message: Message, text: str, row: np.ndarray, distress: bool) -> None:
        scores = {name: float(score) for name, score in zip(self._names, row, strict=True)}
        scores = self._evidence.weigh(text, message.get("entities") or [], scores)
        if distress and any(scores.values()):
            scores[DISTRESS] = max(_SURE, scores[DISTRESS])
        best = sorted(scores.items(), key=lambda pair: -pair[1])[:RANKING]
        ranking = [{"name": name, "confidence": score} for name, score in best]
        message.set("intent", ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)
        if ranking[0]["name"] != "search_service" and ranking[0]["confidence"] >= _CLEAR:  # no need to be guessed
            message.set("entities", named(message.get("entities") or []), add_to_output=True)

    def _persist(self, arrays: Dict[str, np.ndarray]) -> None:
        with self._storage.write_to(self._resource) as folder:
            (folder / "intents.json").write_text(json.dumps(self._names))
            np.save(folder / "usual.npy", self._usual)
            np.savez_compressed(folder / "memory.npz", **arrays)

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> IntentReader:
        loaded = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            loaded._names = json.loads((folder / "intents.json").read_text())
            loaded._usual = np.load(folder / "usual.npy", allow_pickle=False)
            loaded._memory = Memory.load(folder / "memory.npz", config["shares"], config["sharpness"])
        second_vectors.warm()
        return loaded


def _of_length_one(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(1e-9, np.linalg.norm(vectors, axis=1, keepdims=True))


def _shares(raw: np.ndarray, temperature: float) -> np.ndarray:
    """Scores as shares of 1: the lower the temperature, the surer."""
    raised = np.exp((raw - raw.max()) / temperature)
    shares: np.ndarray = raised / raised.sum()
    return shares


def _vector(message: Message) -> np.ndarray:
    vector: np.ndarray = message.get_dense_features(TEXT)[1].features[0]
    return vector
