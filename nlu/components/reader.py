"""A linear reader of sentences: support vectors when it learns, plain arrays once it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence, Tuple

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC


class Reader:
    """Scores classes; a model file holds numbers and no code. Only the columns that were met are kept."""

    def __init__(self, columns: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> None:
        self.columns = columns.astype(np.int32)
        self.weights = weights.astype(np.float16)
        self.bias = bias.astype(np.float32)
        self._place = np.full(int(columns.max()) + 1, -1, dtype=np.int32)
        self._place[self.columns] = np.arange(len(columns), dtype=np.int32)

    @classmethod
    def fit(cls, rows: csr_matrix, labels: Sequence[int], *, strength: float, weights: Any = None) -> Reader:
        """`weights` is scikit-learn's `class_weight`."""
        columns = np.unique(rows.indices)
        machine = LinearSVC(C=strength, class_weight=weights, random_state=1)
        machine.fit(rows[:, columns], labels)
        return cls(columns, machine.coef_.T, machine.intercept_)

    def scores(self, rows: csr_matrix) -> np.ndarray:
        """One row a text, one column a class; above 0, the class would be said."""
        found = np.empty((rows.shape[0], len(self.bias)), dtype=np.float32)
        for index in range(rows.shape[0]):
            span = slice(rows.indptr[index], rows.indptr[index + 1])
            places, counts = self._known(rows.indices[span], rows.data[span])
            found[index] = counts @ self.weights[places].astype(np.float32) + self.bias
        return found

    def familiar(self, rows: csr_matrix, first: int, last: int) -> np.ndarray:
        """The share of a text's columns between two that were met in training."""
        shares = np.ones(rows.shape[0], dtype=np.float32)
        for index in range(rows.shape[0]):
            columns = rows.indices[rows.indptr[index] : rows.indptr[index + 1]]
            columns = columns[(columns >= first) & (columns < last)]
            if len(columns):
                shares[index] = len(self._known(columns, columns)[0]) / len(columns)
        return shares

    def _known(self, columns: np.ndarray, counts: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        within = columns < len(self._place)
        places = self._place[columns[within]]
        met = places >= 0
        return places[met], counts[within][met].astype(np.float32)

    def save(self, path: Path) -> None:
        np.savez_compressed(path, columns=self.columns, weights=self.weights, bias=self.bias)

    @classmethod
    def load(cls, path: Path) -> Reader:
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in ("columns", "weights", "bias")})


def probabilities(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Scores as shares of 1: the lower the temperature, the surer."""
    raised = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    shares: np.ndarray = raised / raised.sum(axis=1, keepdims=True)
    return shares
