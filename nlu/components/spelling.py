"""What a message looks and sounds like: words, bits of words, and bits of their sound. Pure.

Each block is hashed, so that nothing of people's sentences is kept in a model.
"""

from __future__ import annotations

import re
from typing import List, Sequence

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize

from knowledge.lexicons import normalise

_SHARED = {"alternate_sign": False, "norm": None, "lowercase": False, "dtype": np.float32}
_WORDS = HashingVectorizer(n_features=2**16, ngram_range=(1, 2), token_pattern=r"\S+", **_SHARED)  # noqa: S106
_LETTERS = HashingVectorizer(n_features=2**16, ngram_range=(2, 5), analyzer="char_wb", **_SHARED)
_SOUNDS = HashingVectorizer(n_features=2**16, ngram_range=(2, 5), analyzer="char_wb", **_SHARED)
SIZE = 3 * 2**16
LETTERS = range(2**16, 2 * 2**16)  # the columns of the bits of words

_FOLDED = (
    (re.compile(r"\d+"), "0"),
    (re.compile("eau[xtd]?|aux?|o[ts]\\b"), "o"),
    (re.compile("ph"), "f"),
    (re.compile("qu|ck|c(?![eiyh])|ch(?=r)"), "k"),
    (re.compile("g(?=[eiy])"), "j"),
    (re.compile("c(?=[eiy])|ss|ç|x\\b|z|t(?=ion)"), "s"),
    (re.compile("(?<!c)h"), ""),
    (re.compile("y"), "i"),
    (re.compile("oi"), "wa"),
    (re.compile("ain|ein|in(?![aeiou])|im(?=[bp])|un\\b|um\\b"), "1"),
    (re.compile("[ae][nm](?![aeiounm])"), "2"),
    (re.compile("o[nm](?![aeiounm])"), "3"),
    (re.compile("[ae]i[st]?|e[rtz]\\b"), "e"),
    (re.compile(r"([a-z])\1+"), r"\1"),
    (re.compile(r"(?<=\w)(?:ents?|es?|[stdp]{1,2})\b"), ""),
)


def sounds(normalised: str) -> str:
    """A rough French pronunciation: « passé », « passer » and « pasé » agree."""
    for pattern, heard in _FOLDED:
        normalised = pattern.sub(heard, normalised)
    return normalised


def spelling(texts: Sequence[str], shares: Sequence[float]) -> csr_matrix:
    """One row of counts a text: words, letters and sounds, each block of length its share."""
    plain = [normalise(text) for text in texts]
    heard = [sounds(text) for text in plain]
    blocks: List[csr_matrix] = [_WORDS.transform(plain), _LETTERS.transform(plain), _SOUNDS.transform(heard)]
    for block in blocks:
        block.data = np.log1p(block.data)
    return hstack([share * normalize(block) for block, share in zip(blocks, shares, strict=True)], format="csr")
