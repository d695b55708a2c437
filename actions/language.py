"""Another language is asked for: it is recorded and confirmed in that language, or the nine are listed.

A language that the door only heard may be misheard: it is chosen for good by its name or its button, or by the
refusal of French, never by a bare « change language ».
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from actions.kit import Events, Kit, Turn, choices, set_slots
from bot import language
from knowledge.languages import FIRST, Languages


@dataclass(frozen=True)
class ChangeLanguage:
    kit: Kit
    languages: Languages
    name = "action_change_language"

    async def run(self, turn: Turn) -> Events:
        named = self._named(turn)
        if len(named) == 1 and named[0]:
            return await self._change(turn, named[0])
        if not named and turn.language != FIRST and self._refuses_french(turn.text):
            return await self._change(turn, turn.language)  # « i don't speak french »: the door has heard English
        turn.say("utter_language_unknown" if named == [""] else "utter_ask_language", choices=self._choices())
        return []

    def _named(self, turn: Turn) -> list[str]:
        """The languages wanted, each once: a button's, or those of the text; « pas français » wants no French."""
        if not turn.text:
            return [code for code in turn.heard("language") if code in self.languages.codes]
        named = list(dict.fromkeys(one.code for one in self.languages.named(turn.text)))
        return [code for code in named if code != FIRST] if self.languages.refuses(turn.text) else named

    def _refuses_french(self, text: str) -> bool:
        return self.languages.refuses(text) and {one.code for one in self.languages.named(text)} == {FIRST}

    async def _change(self, turn: Turn, code: str) -> Events:
        async with self.kit.database.begin() as connection:
            await language.choose(connection, turn.message.message_id, code)
        turn.say("utter_language_changed", in_language=code)
        label = turn.slot("need_label")
        wanted = self.kit.needs.relabel(label, code) if label else None
        if turn.awaited:
            turn.say("utter_resume", in_language=code, need_label=wanted)
        return set_slots(need_label=wanted)

    def _choices(self) -> list[dict[str, Any]]:
        items = [
            (f"/change_language{json.dumps({'language': code})}", {"label": self.languages.own_name(code)})
            for code in self.languages.codes
        ]
        return choices("utter_language_line", items)


def actions(kit: Kit) -> list[ChangeLanguage]:
    return [ChangeLanguage(kit, Languages.from_file())]
