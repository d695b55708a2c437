"""One sparse row a text: two vectors of its meaning, then its spelling, each block of length its share."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

import numpy as np
from scipy.sparse import csr_matrix, hstack

from nlu.components import second_vectors, vectors
from nlu.components.spelling import LETTERS, SIZE, spelling

FIRST_LETTER = vectors.DIMENSIONS + second_vectors.DIMENSIONS + LETTERS.start
LAST_LETTER = vectors.DIMENSIONS + second_vectors.DIMENSIONS + LETTERS.stop
SHARES = {"meaning": 1.0, "second_meaning": 1.0, "words": 0.6, "letters": 0.8, "sounds": 0.8}


def rows(
    texts: Sequence[str],
    meaning: np.ndarray,
    second_meaning: Optional[np.ndarray] = None,
    *,
    shares: Mapping[str, Any] = SHARES,
) -> csr_matrix:
    """Without a second vector, its columns are empty."""
    second = np.zeros((len(texts), second_vectors.DIMENSIONS)) if second_meaning is None else second_meaning
    blocks = (
        csr_matrix(meaning * shares["meaning"], dtype=np.float32),
        csr_matrix(second * shares["second_meaning"], dtype=np.float32),
        spelling(texts, [shares[name] for name in ("words", "letters", "sounds")]),
    )
    return hstack(blocks, format="csr")


WIDTH = vectors.DIMENSIONS + second_vectors.DIMENSIONS + SIZE
