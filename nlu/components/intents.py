"""What the person wants: one linear reader over meaning and spelling, corrected by what we know.

A text that is short or does not look French is read with a second, slower vector. A reader of its own
listens for distress: to miss it costs more than to hear it once too often.
"""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix

from nlu.components import second_vectors
from nlu.components.evidence import Evidence
from nlu.components.reader import Reader, probabilities
from nlu.components.rows import FIRST_LETTER, LAST_LETTER, SHARES, rows
from nlu.components.tongue import looks_french

RANKING = 6
DISTRESS = "distress"
_FAMILIAR_ENOUGH = 0.75
_SURE = 0.95


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentReader(IntentClassifier, GraphComponent):
    """Ranks the intents of a message; needs SentenceVectors and KnownEntities before it."""

    def __init__(self, config: Dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._evidence = Evidence.from_file()
        self._names: List[str] = []
        self._readers: Dict[str, Reader] = {}
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
            "shares": SHARES,
            "strength": 0.5,
            "temperature": 0.3,
            "short": 40,
            "distress_weight": 3.0,
            "distress_above": 0.0,
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
        labels = [self._names.index(example.get(INTENT)) for example in examples]
        texts = [example.get(TEXT) for example in examples]
        second = second_vectors.encode(texts)
        self._usual = second.mean(axis=0)
        meaning = _vectors(examples)
        self._fit("quick", self._rows(texts, meaning), labels)
        self._fit("whole", self._rows(texts, meaning, second), labels)
        self._persist()
        return self._resource

    def _fit(self, kind: str, found: csr_matrix, labels: List[int]) -> None:
        strength = self._config["strength"]
        self._readers[kind] = Reader.fit(found, labels, strength=strength)
        if DISTRESS in self._names:
            heard = [int(self._names[label] == DISTRESS) for label in labels]
            weights = {0: 1.0, 1: self._config["distress_weight"]}
            self._readers[f"{kind}_distress"] = Reader.fit(found, heard, strength=strength, weights=weights)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        if not self._readers:
            return messages
        texts = [message.get(TEXT) or "" for message in messages]
        quick = [self._is_quick(text) for text in texts]
        for kind in (True, False):
            chosen = [index for index, is_quick in enumerate(quick) if is_quick == kind]
            if chosen:
                self._read([messages[index] for index in chosen], [texts[index] for index in chosen], kind)
        return messages

    def _is_quick(self, text: str) -> bool:
        return len(text) > self._config["short"] and looks_french(text)

    def _read(self, messages: Sequence[Message], texts: Sequence[str], quick: bool) -> None:
        second = () if quick else (second_vectors.encode(texts),)
        found = self._rows(texts, _vectors(messages), *second)
        shares, distress = self._scores(found, "quick" if quick else "whole")
        for message, text, row, heard in zip(messages, texts, shares, distress, strict=True):
            self._rank(message, text, row, bool(heard > self._config["distress_above"]))

    def _rows(self, texts: Sequence[str], meaning: np.ndarray, *second: np.ndarray) -> csr_matrix:
        """Second vectors are all alike but for a little: what they share is taken out."""
        apart = [_of_length_one(vectors - self._usual) for vectors in second]
        return rows(texts, meaning, *apart, shares=self._config["shares"])

    def _scores(self, found: csr_matrix, kind: str) -> Tuple[np.ndarray, np.ndarray]:
        reader, listener = self._readers[kind], self._readers.get(f"{kind}_distress")
        shares = probabilities(reader.scores(found), self._config["temperature"])
        familiar = np.minimum(1.0, reader.familiar(found, FIRST_LETTER, LAST_LETTER) / _FAMILIAR_ENOUGH)
        distress = np.full(len(shares), -9.0) if listener is None else listener.scores(found)[:, 0]
        return shares * familiar[:, None], distress

    def _rank(self, message: Message, text: str, row: np.ndarray, distress: bool) -> None:
        scores = {name: float(score) for name, score in zip(self._names, row, strict=True)}
        scores = self._evidence.weigh(text, message.get("entities") or [], scores)
        if distress:
            scores[DISTRESS] = max(_SURE, scores[DISTRESS])
        best = sorted(scores.items(), key=lambda pair: -pair[1])[:RANKING]
        ranking = [{"name": name, "confidence": score} for name, score in best]
        message.set("intent", ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)

    def _persist(self) -> None:
        with self._storage.write_to(self._resource) as folder:
            (folder / "intents.json").write_text(json.dumps(self._names))
            np.save(folder / "usual.npy", self._usual)
            for kind, reader in self._readers.items():
                reader.save(folder / f"{kind}.npz")

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
            loaded._readers = {path.stem: Reader.load(path) for path in sorted(folder.glob("*.npz"))}
        second_vectors.warm()
        return loaded


def _of_length_one(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(1e-9, np.linalg.norm(vectors, axis=1, keepdims=True))


def _vectors(messages: Sequence[Message]) -> np.ndarray:
    return np.vstack([message.get_dense_features(TEXT)[1].features for message in messages])
