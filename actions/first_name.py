"""The first name that we asked for, in a message that may be read as anything: « Oksana », « moi c'est Karim »."""

from __future__ import annotations

import re

from actions.kit import Turn

ASKED = "session"
_NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LONGEST_NAME = 20
_AROUND_A_NAME = "je m' mappelle m'appelle appelle c'est cest moi mon prénom prenom est my name is i'm im"
_BEFORE_NAME = frozenset(_AROUND_A_NAME.split())
_OTHER_WORDS = """
    oui non ok bonjour salut merci aide menu humain stop yes no hello help thanks si hola sí sim não nao evet hayır da
    nu так ні да нет نعم لا quel quelle quand où ou pourquoi comment combien je tu il elle rien d'autres
"""
_NO_NAME = frozenset(_OTHER_WORDS.split())


def name_said(turn: Turn) -> str:
    """The first name that answers our question for it; "" when something else is said. A surname is not kept."""
    kept = turn.slot("booking") or {}
    said = [word for word in _NAME.findall(turn.text) if word.lower() not in _BEFORE_NAME]
    asked = turn.awaited == ASKED and kept.get("ask") == "name"
    if not asked or not 0 < len(said) <= 3 or any(word.lower() in _NO_NAME for word in said) or "?" in turn.text:
        return ""
    return said[0][:_LONGEST_NAME].capitalize() if not re.search(r"\d", turn.text) else ""
