"""Which language a person is answered in: detected from what they write, kept once sure, changed on request.

The decision is made at the door, in the transaction that takes the message in, and kept on the conversation's row:
a repeat of the message is rolled back with it, and what is said at once (numbers to call, « stop ») is already
said in the right language. `language_seq` is the message that decided: an older one, whose turn comes late or
comes again, changes nothing. What only the engine understands as a wish for a language enters by `choose`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from lingua import Language, LanguageDetector, LanguageDetectorBuilder
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.models import conversation, message
from knowledge.languages import FIRST, Languages
from knowledge.words import words

_LATIN = {
    "fr": Language.FRENCH,
    "en": Language.ENGLISH,
    "es": Language.SPANISH,
    "pt": Language.PORTUGUESE,
    "tr": Language.TURKISH,
    "ro": Language.ROMANIAN,
}
_CYRILLIC = {"uk": Language.UKRAINIAN, "ru": Language.RUSSIAN}

# Weights on the scale of lingua's logarithms; measured in docs/decisions/2026-11-24-la-langue.md.
_KEPT = 1.2
"""How much more likely it is that people go on as before than that they change; French to begin with."""
_FRENCH = 0.6
"""How much more likely French is than another language, whatever was spoken before: place names, SMS spelling."""
_MARK = 1.0
"""What a word that one language has and the others do not is worth."""
_SURE = 0.75
_SURE_OF_TWO = 0.93
"""The share of all evidence that a switch asks for: from three words on, and for two. One word switches nothing."""

_ARABIC = re.compile(r"[\u0620-\u06ff\u0750-\u077f]")
_NO_ARABIC = re.compile(r"[\u06a9\u06cc\u06d2\u06ba\u06be\u06c1\u0679\u0688\u0691\u0693\u0696\u067c\u0681\u0685\u06d0]")
"""Letters of Persian, Pashto and Urdu keyboards: written like Arabic, and another language."""
_CYRILLIC_LETTER = re.compile(r"[\u0400-\u04ff]")
_UKRAINIAN = re.compile(r"[іїєґ]", re.IGNORECASE)
_RUSSIAN = re.compile(r"[ыэёъ]", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_NO_WORDS = re.compile(r"https?://\S+|\S+@\S+")


@dataclass(frozen=True)
class Spoken:
    """The language of a conversation; `asked` when the person chose it."""

    language: str = FIRST
    asked: bool = False


@dataclass(frozen=True)
class Guess:
    """What a text is written in; `sure` is enough to switch."""

    language: str | None
    sure: bool = False


NOTHING = Guess(None)


class Listening:
    """Listens to messages. Proper names are left out before a language is looked for: places, services, initials."""

    def __init__(self, languages: Languages) -> None:
        self._languages = languages

    def next(self, spoken: Spoken, text: str) -> Spoken:
        """The language to answer this message in. One that was asked for stays, unless another script is written."""
        if asked := self.wished(text):
            return Spoken(asked, asked=True)
        guess = self.detect(text, spoken.language)
        if guess.language is None or not guess.sure or guess.language == spoken.language:
            return spoken
        # Who reads Arabic may well type French words: Latin letters are nobody's other script.
        stays = spoken.asked and _script(guess.language) in {"latin", _script(spoken.language)}
        return spoken if stays else Spoken(guess.language)

    def wished(self, text: str) -> str:
        """The language that a text asks for, "" for none; the wish counts even for the language spoken already."""
        return self._languages.asked(text)

    def detect(self, text: str, current: str = FIRST) -> Guess:
        """What a text is written in, `current` being what was spoken before."""
        clean = _NO_WORDS.sub(" ", text)
        letters = len(_LETTER.findall(clean))
        if 2 * len(_ARABIC.findall(clean)) > letters:
            return NOTHING if _NO_ARABIC.search(clean) else Guess("ar", sure=True)
        if 2 * len(_CYRILLIC_LETTER.findall(clean)) > letters:
            return Guess(_slavic(clean, current), sure=True)
        return self._latin(clean, current)

    def _latin(self, text: str, current: str) -> Guess:
        said = [
            word for word in words(text) if word.text not in self._languages.proper_names and not word.text.isdigit()
        ]
        if not said:
            return NOTHING
        kept = " ".join(text[word.start : word.end] for word in said)
        confidences = {value.language: value.value for value in _latin().compute_language_confidence_values(kept)}
        scores = {code: math.log(confidences[known] + 0.02) for code, known in _LATIN.items()}
        for code, marks in self._languages.marks.items():
            if code in scores:
                scores[code] += _MARK * sum(word.text in marks for word in said)
        scores[FIRST] += _FRENCH
        if current in scores:
            scores[current] += _KEPT
        best = max(scores, key=scores.__getitem__)
        share = 1 / sum(math.exp(score - scores[best]) for score in scores.values())
        enough = {1: 2.0, 2: _SURE_OF_TWO}.get(len(said), _SURE)
        return Guess(best, sure=share >= enough)


def _script(code: str) -> str:
    """The letters that a language is written in: Ukrainian and Russian share theirs."""
    return "latin" if code in _LATIN else "cyrillic" if code in _CYRILLIC else code


def _slavic(text: str, current: str) -> str:
    """Ukrainian and Russian are told apart by the letters that only one has; without any, nothing changes."""
    ukrainian, russian = len(_UKRAINIAN.findall(text)), len(_RUSSIAN.findall(text))
    if ukrainian != russian:
        return "uk" if ukrainian > russian else "ru"
    if current in _CYRILLIC:
        return current
    return "uk" if _cyrillic().detect_language_of(text) == Language.UKRAINIAN else "ru"


@cache
def _latin() -> LanguageDetector:
    return LanguageDetectorBuilder.from_languages(*_LATIN.values()).build()


@cache
def _cyrillic() -> LanguageDetector:
    return LanguageDetectorBuilder.from_languages(*_CYRILLIC.values()).build()


async def record(connection: AsyncConnection, conversation_id: UUID, spoken: Spoken, *, seq: int) -> None:
    """Keep the language on the conversation's row, unless a later message has decided."""
    await connection.execute(
        update(conversation)
        .where(conversation.c.id == conversation_id, conversation.c.language_seq <= seq)
        .values(language=spoken.language, language_asked=spoken.asked, language_seq=seq)
    )


async def choose(connection: AsyncConnection, message_id: UUID, language: str) -> None:
    """Record the language that a message asked for; a repeat records the same."""
    found = await connection.execute(select(message.c.conversation_id, message.c.seq).where(message.c.id == message_id))
    row = found.one_or_none()
    if row is not None:
        await record(connection, row.conversation_id, Spoken(language, asked=True), seq=row.seq)
