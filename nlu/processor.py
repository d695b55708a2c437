"""How the engine takes a turn: as Rasa does, except that a failure is a failure."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from rasa.core.actions.action import Action, ActionExecutionRejection
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    BotUttered,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from nlu.errors import ActionFailed, NoAnswer

TURNS_IN_A_SESSION = 20


class Processor(MessageProcessor):
    """Rasa's processor; an action's failure aborts the turn, and sessions stay short."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.on_circuit_break = _give_up

    async def take_turn(self, message: UserMessage) -> DialogueStateTracker:
        """Understand, decide, act and save; raises TurnRefused, and then nothing may be committed."""
        tracker = await self.log_message(message, should_save_tracker=False)
        tracker = await self.run_action_extract_slots(message.output_channel, tracker)
        await self._run_prediction_loop(message.output_channel, tracker)
        await self.save_tracker(tracker)
        return tracker

    async def _run_action(
        self,
        action: Action,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        prediction: PolicyPrediction,
    ) -> bool:
        rehearsal = tracker.copy()
        rehearsal.update_with_events(prediction.events, self.domain)
        try:
            events = await action.run(output_channel, nlg, rehearsal, self.domain)
        except ActionExecutionRejection:
            tracker.update(ActionExecutionRejected(action.name(), prediction.policy_name, prediction.max_confidence))
            return self.should_predict_another_action(action.name())
        except Exception as error:
            raise ActionFailed(action.name()) from error
        await self.execute_side_effects(events, tracker, output_channel)
        self._log_action_on_tracker(tracker, action, _kept(events), prediction)
        return self.should_predict_another_action(action.name())

    async def _update_tracker_session(
        self, tracker: DialogueStateTracker, output_channel: OutputChannel, metadata: Optional[Dict] = None
    ) -> None:
        """Begin a session for a newcomer, after a long silence, or after enough turns.

        What a turn costs grows with the session's length, so sessions are cut; slots are carried
        over by value. Rasa would carry every change of every slot, again and again.
        """
        if not tracker.applied_events() or self._has_session_expired(tracker) or self._is_long(tracker):
            tracker.update_with_events(_new_session(tracker), self.domain)

    @staticmethod
    def _is_long(tracker: DialogueStateTracker) -> bool:
        if tracker.active_loop is not None:
            return False
        return sum(isinstance(event, UserUttered) for event in tracker.events) >= TURNS_IN_A_SESSION


def _new_session(tracker: DialogueStateTracker) -> List[Event]:
    carried: List[Event] = [
        SlotSet(slot.name, slot.value) for slot in tracker.slots.values() if slot.value != slot.initial_value
    ]
    return [
        ActionExecuted(ACTION_SESSION_START_NAME),
        SessionStarted(),
        *carried,
        ActionExecuted(ACTION_LISTEN_NAME),
    ]


def _kept(events: List[Event]) -> List[Event]:
    """What the tracker remembers: of a sentence said, its text and its name."""
    return [_short(event) if isinstance(event, BotUttered) else event for event in events]


def _short(said: BotUttered) -> BotUttered:
    name = {key: value for key, value in said.metadata.items() if key == "utter_action"}
    return BotUttered(said.text, metadata=name, timestamp=said.timestamp)


def _give_up(tracker: DialogueStateTracker, *_: Any) -> None:
    raise NoAnswer(f"the rules go round in circles after {tracker.latest_action_name}")
