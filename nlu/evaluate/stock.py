"""Rasa's own reader, DIET, trained on the same sentences: what ours is compared with."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Tuple

import yaml

_PIPELINE = [
    {"name": "WhitespaceTokenizer"},
    {"name": "RegexFeaturizer"},
    {"name": "LexicalSyntacticFeaturizer"},
    {"name": "CountVectorsFeaturizer"},
    {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
    {"name": "DIETClassifier", "constrain_similarities": True},
    {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
]


def train(root: Path, folder: Path, epochs: int) -> Tuple[Path, float]:
    """The pipeline of `rasa init`, without its parts for entities; the model and the seconds it took."""
    from rasa.model_training import train_nlu

    pipeline = [{**part, "epochs": epochs} if part["name"] == "DIETClassifier" else part for part in _PIPELINE]
    config = {"recipe": "default.v1", "language": "fr", "assistant_id": "stock", "pipeline": pipeline}
    with tempfile.NamedTemporaryFile("w", suffix=".yml", dir=folder, delete=False) as file:
        yaml.safe_dump({**config, "importers": [{"name": "nlu.importer.TopicImporter"}]}, file)
    began = time.monotonic()
    sentences, domain = str(root / "nlu" / "examples"), str(root / "domain.yml")
    made = train_nlu(file.name, sentences, str(folder), fixed_model_name="stock", domain=domain)
    if made is None:
        raise SystemExit("Rasa's own reader could not be trained: see the lines above.")
    return Path(made), time.monotonic() - began
