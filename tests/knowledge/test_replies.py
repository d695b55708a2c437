"""What a few words say to a reminder, without the engine."""

from __future__ import annotations

import pytest

from knowledge.replies import doubted, heard

SAID = {
    "yes": ["oui", "Oui !", "oui merci", "ok", "D'accord", "yes", "نعم", "sí", "sim", "evet", "так", "да", "da"],
    "no": ["non", "non merci", "nn", "no", "لا", "não", "hayır", "ні", "нет"],
    "come": ["ok jy serai", "je serai là", "oui je viens", "non finalement je viens", "n'annulez pas, je viens",
             "ok pour le 12",
             "c bon pour jeudi", "سأحضر"],
    "cannot": ["non jpeux pas", "je viens pas", "jpe pa", "dsl je serai pas là", "i can't come", "nu pot",
               "لا أستطيع الحضور"],
    "cancel": ["non, annulez", "no, cancelar", "нет, отмените", "je viens pas annulez", "annuler",
               "oui annulez", "j'annule mon rdv", "cancel please"],
    "move": ["une autre date svp", "je peux pas jeudi, une autre date", "changer de date", "another date please"],
    "": ["merci", "bonjour", "oui ?", "vous pouvez annuler ?", "je viens de recevoir la lettre", "",
         "oui mais pas avant 10h", "je viens pas vous embêter", "je suis malade", "confirmez mon rdv",
         "je ne serai pas en retard",
         "je ne viens pas en voiture", "je peux venir le lendemain", "oui pour le dossier", "vous avez annulé mon rsa",
         "je ne peux pas venir mais n'annulez pas", "je serai pas à l'heure"],
    "keep": ["n'annulez pas", "non annulez pas", "non surtout annulez pas", "ne l'annulez pas svp", "pas d'annulation",
             "je ne veux pas annuler", "no don't cancel it", "please do not cancel", "لا تلغوا", "لا أريد إلغاء الموعد",
             "no lo cancelen", "no quiero cancelar", "não cancelem", "não quero cancelar", "randevumu iptal etmeyin",
             "iptal istemiyorum", "не скасовуйте", "не отменяйте", "нет, не надо отменять", "nu, nu anulați",
             "nu vreau să anulez"],
}  # fmt: skip


@pytest.mark.parametrize(("text", "sense"), [(text, sense) for sense, texts in SAID.items() for text in texts])
def test_a_clear_answer_is_heard_and_nothing_else(text: str, sense: str) -> None:
    """In doubt nothing is heard: a human or the engine reads it."""
    assert heard(text) == sense


@pytest.mark.parametrize(
    ("text", "is_doubted"),
    [("annulez", False), ("oui annulez", False), ("je viens pas, annulez", False), ("non annulez", True),
     ("n'annulez pas", True), ("je peux pas annuler", True), ("no cancelar", True), ("нет отмените", True)],
)  # fmt: skip
def test_a_cancellation_beside_a_no_is_not_sure(text: str, is_doubted: bool) -> None:
    """Unless the no says that they do not come."""
    assert doubted(text) == is_doubted
