"""Says responses: Rasa's name for it is natural language generation."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Optional

from rasa.core.nlg.generator import NaturalLanguageGenerator
from rasa.shared.core.trackers import DialogueStateTracker

from bot.sentences import Ask, Sentences

_FOLDER = Path(__file__).parent.parent / "responses"


class TopicSentences(NaturalLanguageGenerator):
    """Reads nlu/responses/ at start; a changed sentence is said after a restart."""

    def __init__(self, endpoint_config: Any = None, domain: Any = None) -> None:
        self._sentences = Sentences.from_folder(_FOLDER)

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> Optional[Dict[str, Any]]:
        about = (tracker.latest_message.metadata if tracker.latest_message else None) or {}
        language = kwargs.pop("in_language", None) or about.get("language") or "fr"
        ask = Ask(output_channel, language, str(about.get("message_id") or ""))
        reply = self._sentences.reply(utter_action, ask, {**tracker.current_slot_values(), **kwargs})
        return {"text": reply["text"], "custom": {"reply": reply}}
