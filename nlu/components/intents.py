"""What the person wants: two readers of the sentence, averaged, then corrected by what we know.

The dense reader knows paraphrases and other languages, the n-gram one knows spelling. They are
averaged, never concatenated: counts would drown the vectors.
"""

from __future__ import annotations

import json
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
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

from knowledge.lexicons import normalise
from nlu.components.evidence import Evidence

RANKING = 6
_NGRAMS = HashingVectorizer(
    analyzer="char_wb", ngram_range=(2, 5), n_features=2**14, alternate_sign=False, norm="l2", lowercase=False
)
_FAMILIAR_ENOUGH = 0.75


class Reader:
    """A logistic regression kept as plain arrays, so that a model file holds no code."""

    def __init__(self, weights: np.ndarray, bias: np.ndarray) -> None:
        self.weights = weights.astype(np.float32)
        self.bias = bias.astype(np.float32)

    @classmethod
    def fit(cls, rows: Any, labels: List[int], *, strength: float) -> Reader:
        regression = LogisticRegression(C=strength, class_weight="balanced", max_iter=400, random_state=1)
        regression.fit(rows, labels)
        return cls(regression.coef_.T, regression.intercept_)

    def probabilities(self, rows: Any) -> np.ndarray:
        scores = np.asarray(rows @ self.weights) + self.bias
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores / scores.sum(axis=1, keepdims=True)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class BlendedIntents(IntentClassifier, GraphComponent):
    """Ranks the intents of a message; needs SentenceVectors and KnownEntities before it."""

    def __init__(self, config: Dict[str, Any], storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._evidence = Evidence.from_file()
        self._names: List[str] = []
        self._dense: Optional[Reader] = None
        self._spelling: Optional[Reader] = None
        self._seen = np.zeros(0, dtype=bool)

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> BlendedIntents:
        return cls(config, model_storage, resource)

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {"spelling_share": 0.45, "dense_strength": 20.0, "spelling_strength": 30.0}

    @classmethod
    def validate_config(cls, config: Dict[str, Any]) -> None:
        """Any share between 0 and 1 works."""

    def train(self, training_data: TrainingData) -> Resource:
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        self._names = sorted({example.get(INTENT) for example in examples})
        labels = [self._names.index(example.get(INTENT)) for example in examples]
        self._dense = Reader.fit(_vectors(examples), labels, strength=self._config["dense_strength"])
        counts = _counts(examples)
        self._spelling = Reader.fit(counts, labels, strength=self._config["spelling_strength"])
        self._seen = np.asarray((counts > 0).sum(axis=0)).ravel() > 0
        self._persist()
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def process(self, messages: List[Message]) -> List[Message]:
        if not messages or self._dense is None or self._spelling is None:
            return messages
        share = self._config["spelling_share"]
        rows = (1 - share) * self._dense.probabilities(_vectors(messages))
        counts = _counts(messages)
        rows = rows + share * self._spelling.probabilities(counts)
        for message, row, familiar in zip(messages, rows, self._familiarity(counts), strict=True):
            self._rank(message, row * familiar if (message.get(TEXT) or "").isascii() else row)
        return messages

    def _familiarity(self, counts: Any) -> np.ndarray:
        """1 for a text made of bits of known words, less for « zzzz qqqq »: no reader is to be believed there."""
        known = np.asarray((counts > 0) @ self._seen.astype(np.float32)).ravel()
        return np.minimum(1.0, known / np.maximum(1, counts.getnnz(axis=1)) / _FAMILIAR_ENOUGH)

    def _rank(self, message: Message, row: np.ndarray) -> None:
        scores = {name: float(score) for name, score in zip(self._names, row, strict=True)}
        scores = self._evidence.weigh(message.get(TEXT) or "", message.get("entities") or [], scores)
        best = sorted(scores.items(), key=lambda pair: -pair[1])[:RANKING]
        ranking = [{"name": name, "confidence": score} for name, score in best]
        message.set("intent", ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)

    def _persist(self) -> None:
        with self._storage.write_to(self._resource) as folder:
            (folder / "intents.json").write_text(json.dumps(self._names))
            for name, reader in (("dense", self._dense), ("spelling", self._spelling)):
                np.savez_compressed(folder / f"{name}.npz", weights=reader.weights, bias=reader.bias)
            np.save(folder / "seen.npy", self._seen)

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> BlendedIntents:
        loaded = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            loaded._names = json.loads((folder / "intents.json").read_text())
            loaded._seen = np.load(folder / "seen.npy")
            loaded._dense, loaded._spelling = (
                Reader(**np.load(folder / f"{name}.npz")) for name in ("dense", "spelling")
            )
        return loaded


def _vectors(messages: List[Message]) -> np.ndarray:
    return np.vstack([message.get_dense_features(TEXT)[1].features for message in messages])


def _counts(messages: List[Message]) -> Any:
    return _NGRAMS.transform([normalise(message.get(TEXT) or "") for message in messages])
