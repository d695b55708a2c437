"""What the pure modules of knowledge cost a message: needs, places, the first reading for distress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from knowledge.lexicons import Lexicon
from knowledge.needs import Needs
from knowledge.places import Places
from tests.bench.report import Figure

_TEXT = (
    "bonjour je voudrais une creche ou une nounou qui prend les bébés a coté de vaulx en velin ou vileurbane, "
    "merci de répondre vite {0} mercii{0}"
)
_UNNAMED = (
    "bonjour madame qui pourrait venir m'expliquer des choses avec ma soeur, nous sommes perdues toutes les deux {0}"
)
_TIMES = 200


def figures() -> Iterator[Figure]:
    """Milliseconds of processor time for a message of 140 characters, each one new."""
    needs = Needs.from_file()
    yield _figure("needs named in a message", needs.find, _TEXT, 2)
    yield _figure("a need guessed from a message that names none", needs.find, _UNNAMED, 3)
    yield _figure("places in a message", Places.from_file().find, _TEXT, 2)
    yield _figure("distress, stop words and « humain » in a message", Lexicon.from_file().first_reading, _TEXT, 2)


def _figure(what: str, read: Callable[[str], Any], text: str, most: float) -> Figure:
    read(text.format("first"))
    began = time.process_time()
    for number in range(_TIMES):
        read(text.format(number))
    return Figure(what, (time.process_time() - began) * 1000 / _TIMES, "ms", most=most)
