"""Does a message look French? Asked to spare the slower encoder; a wrong answer costs little. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import FrozenSet, Tuple

import yaml

from knowledge.words import words

_FILE = Path(__file__).parent.parent / "tongues.yml"
_OTHER_SCRIPT = re.compile(r"[\u0370-\u1fff\u2e80-\ud7ff]")
_OTHER_LETTERS = re.compile("[ñáíóúãõşğıțăđł¿¡ÑÁÍÓÚÃÕŞĞİȚĂ]")


@lru_cache(maxsize=1)
def _small_words() -> Tuple[FrozenSet[str], FrozenSet[str]]:
    data = yaml.load(_FILE.read_bytes(), Loader=yaml.CSafeLoader)
    french, other = (frozenset(str(data[name]).split()) for name in ("french", "other"))
    return french, other


def looks_french(text: str) -> bool:
    """False when another script, or another language's letters and small words, outweigh the French ones."""
    if _OTHER_SCRIPT.search(text):
        return False
    french, other = _small_words()
    said = [word.text for word in words(text)]
    strange = sum(word in other for word in said) + len(_OTHER_LETTERS.findall(text))
    return strange <= sum(word in french for word in said)
