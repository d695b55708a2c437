"""The words around a message, in each language that Relais answers in."""

from __future__ import annotations

import re

from channels.widget import texts
from knowledge.languages import FIRST, Languages

_PLACES = re.compile(r"\{\w+\}")


def test_each_language_has_each_word_of_a_card_with_its_places() -> None:
    ours = texts()
    assert set(ours["cards"]) == set(Languages.from_file().codes) - {FIRST}
    kept = set(ours["cards"]["en"])
    for language, words in ours["cards"].items():
        assert set(words) == kept <= set(ours), language
        for name, said in words.items():
            assert _PLACES.findall(said) == _PLACES.findall(ours[name]), (language, name)
