"""What is measured is not what was learnt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from knowledge.words import words
from nlu.evaluate.heldout import load, needs_and_places

EXAMPLES = Path(__file__).parents[2] / "nlu" / "examples"
_MARKED = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")
_SHORT = 3
"""« merci beaucoup », « stop » : whoever writes to us writes them, and both lists have them."""


def folded(text: str) -> str:
    return " ".join(word.text for word in words(text))


def learnt() -> Iterator[str]:
    """Every sentence that the reader learns, without its marks."""
    for path in EXAMPLES.glob("*.yml"):
        for told in yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader).get("nlu", ()):
            yield from (_MARKED.sub(r"\1", line[2:]) for line in told["examples"].splitlines())


def test_no_measured_sentence_is_learnt() -> None:
    """Accents, capitals and signs aside. One that is found has to leave nlu/examples, not nlu/heldout."""
    needs, places = needs_and_places()
    measured = {folded(text) for text in (*(one.text for one in load()), *(one["text"] for one in (*needs, *places)))}
    known = {folded(text) for text in learnt()}
    assert len(known) > 9000
    assert {text for text in measured & known if len(text.split()) > _SHORT} == set()
