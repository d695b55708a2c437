"""Reads a sentence by its likeness to every sentence learnt: kernel ridge regression, in plain arrays.

Likeness is that of meaning, of spelling and, where there is one, of a second meaning. A model file holds
numbers and no code.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, Optional, Sequence, Tuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from nlu.components.spelling import LETTERS, SIZE, spelling

_ROWS = 1024  # multiplied at a time
_ARRAYS = ("meaning", "second", "chosen", "columns", "counts", "places", "starts", "quick", "whole")


class Memory:
    """Scores classes: about 1 for one that is meant, -1 for the others.

    `chosen` are the sentences that have a second vector; `quick` weighs all of them, `whole` those alone.
    """

    def __init__(self, arrays: Dict[str, np.ndarray], shares: Dict[str, float], sharpness: float) -> None:
        self._shares = shares
        self._sharpness = sharpness
        self._meaning = arrays["meaning"].astype(np.float32)
        self._second = arrays["second"].astype(np.float32)
        self._chosen = arrays["chosen"]
        self._place = np.full(SIZE, -1, dtype=np.int32)
        self._place[arrays["columns"]] = np.arange(len(arrays["columns"]), dtype=np.int32)
        shape = (len(self._meaning), len(arrays["columns"]))
        self._spelling = csr_matrix(
            (arrays["counts"].astype(np.float32), arrays["places"], arrays["starts"]), shape=shape
        )
        self._weights = {kind: arrays[kind].astype(np.float32) for kind in ("quick", "whole")}

    def liken(self, text: str, meaning: np.ndarray) -> Tuple[np.ndarray, float]:
        """Likeness to each sentence, and the share of the text's bits of words that were met: few in « zzz qqq »."""
        row = spelling([text], _spelling_shares(self._shares))
        places = self._place[row.indices]
        counts = np.zeros(self._spelling.shape[1], dtype=np.float32)
        counts[places[places >= 0]] = row.data[places >= 0]
        letters = (row.indices >= LETTERS.start) & (row.indices < LETTERS.stop)
        familiar = float((places[letters] >= 0).mean()) if letters.any() else 1.0
        return self._shares["meaning"] ** 2 * (self._meaning @ meaning) + self._spelling @ counts, familiar

    def scores(self, like: np.ndarray, second: Optional[np.ndarray] = None) -> np.ndarray:
        """One figure a class."""
        if second is None:
            return self._near(like, _whole(self._shares, False)) @ self._weights["quick"]
        like = like[self._chosen] + self._shares["second"] ** 2 * (self._second @ second)
        return self._near(like, _whole(self._shares, True)) @ self._weights["whole"]

    def _near(self, like: np.ndarray, whole: float) -> np.ndarray:
        near: np.ndarray = np.exp(self._sharpness * (like / whole - 1))
        return near

    @classmethod
    def load(cls, path: Path, shares: Dict[str, float], sharpness: float) -> Memory:
        with np.load(path, allow_pickle=False) as arrays:
            return cls({name: arrays[name] for name in _ARRAYS}, shares, sharpness)


def learn(
    texts: Sequence[str],
    meaning: np.ndarray,
    second: np.ndarray,
    chosen: np.ndarray,
    labels: Sequence[int],
    *,
    shares: Dict[str, float],
    sharpness: float,
    softness: float,
) -> Dict[str, np.ndarray]:
    """The arrays of a Memory; `second` has a row for each of `chosen`.

    `softness` forgives sentences that contradict each other.
    """
    counts = spelling(texts, _spelling_shares(shares))
    columns = np.unique(counts.indices)
    counts = counts[:, columns]
    wanted = np.full((len(texts), max(labels) + 1), -1.0, dtype=np.float32)
    wanted[np.arange(len(texts)), labels] = 1.0
    with threadpool_limits(os.cpu_count() or 1, user_api="blas"):  # the engine's own setting is one thread
        like = _products(counts) + shares["meaning"] ** 2 * (meaning @ meaning.T)
        quick = _weights(like, wanted, _whole(shares, False), sharpness, softness)
        like = like[np.ix_(chosen, chosen)] + shares["second"] ** 2 * (second @ second.T)
        whole = _weights(like, wanted[chosen], _whole(shares, True), sharpness, softness)
    return {
        "meaning": meaning.astype(np.float16),
        "second": second.astype(np.float16),
        "chosen": chosen.astype(np.int32),
        "columns": columns.astype(np.int32),
        "counts": counts.data.astype(np.float16),
        "places": counts.indices.astype(np.int32),
        "starts": counts.indptr.astype(np.int32),
        "quick": quick.astype(np.float16),
        "whole": whole.astype(np.float16),
    }


def _products(counts: csr_matrix) -> np.ndarray:
    """Each row times each row before it and itself: what follows reads only that half. Frees Python's lock."""
    size = counts.shape[0]
    products = np.zeros((size, size), dtype=np.float32)

    def fill(start: int) -> None:
        stop = min(start + _ROWS, size)
        products[start:stop, :stop] = (counts[start:stop] @ counts[:stop].T).toarray()

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        list(pool.map(fill, range(0, size, _ROWS)))
    return products


def _weights(like: np.ndarray, wanted: np.ndarray, whole: float, sharpness: float, softness: float) -> np.ndarray:
    near = np.exp(sharpness * (like.astype(np.float32) / whole - 1), dtype=np.float32)
    near[np.diag_indices_from(near)] += softness
    weights: np.ndarray = cho_solve(cho_factor(near, lower=True, overwrite_a=True, check_finite=False), wanted)
    return weights


def _whole(shares: Dict[str, float], second: bool) -> float:
    """The likeness of a text to itself: each block has the length of its share."""
    return sum(share**2 for name, share in shares.items() if second or name != "second")


def _spelling_shares(shares: Dict[str, float]) -> Sequence[float]:
    return [shares[name] for name in ("words", "letters", "sounds")]
