"""What a few words say to a reminder, without the engine."""

from __future__ import annotations

import pytest

from knowledge.replies import heard

SAID = {
    "yes": ["oui", "Oui !", "oui merci", "ok", "D'accord", "yes", "نعم", "sí", "sim", "evet", "так", "да", "da"],
    "no": ["non", "non merci", "nn", "no", "لا", "não", "hayır", "ні", "нет"],
    "come": ["ok jy serai", "je serai là", "oui je viens", "non finalement je viens", "c bon pour jeudi", "سأحضر"],
    "cannot": ["non jpeux pas", "je viens pas", "jpe pa", "dsl je serai pas là", "i can't come", "nu pot",
               "لا أستطيع الحضور"],
    "cancel": ["annuler", "oui annulez", "j'annule mon rdv", "cancel please"],
    "move": ["une autre date svp", "je peux pas jeudi, une autre date", "changer de date", "another date please"],
    "": ["merci", "bonjour", "oui ?", "vous pouvez annuler ?", "je viens de recevoir la lettre", "n'annulez pas", "",
         "oui mais pas avant 10h", "je viens pas vous embêter", "je suis malade", "confirmez mon rdv"],
}  # fmt: skip


@pytest.mark.parametrize(("text", "sense"), [(text, sense) for sense, texts in SAID.items() for text in texts])
def test_a_clear_answer_is_heard_and_nothing_else(text: str, sense: str) -> None:
    """In doubt nothing is heard: a human or the engine reads it."""
    assert heard(text) == sense
