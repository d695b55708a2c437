"""Puts our parts in the place of Rasa's, before its agent is made."""

from __future__ import annotations

from typing import Any, Dict, Optional

import rasa.core.actions.action as actions
import rasa.core.agent as agents
from jsonschema import Draft7Validator
from rasa.core.tracker_store import InMemoryTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity

from nlu.processor import Processor

ACTION_TIMEOUT_S = 5

_validator = Draft7Validator(actions.RemoteAction.action_response_format_spec())
_whole_call = actions.RemoteAction._action_call_format


def install() -> None:
    """Rasa offers no setting for any of these."""
    agents.MessageProcessor = Processor
    agents.Agent._create_tracker_store = staticmethod(_store_that_raises)
    actions.RemoteAction._validate_action_result = _validate
    actions.RemoteAction._action_call_format = _short_call
    actions.DEFAULT_REQUEST_TIMEOUT = ACTION_TIMEOUT_S


def _store_that_raises(store: Optional[TrackerStore], domain: Domain) -> TrackerStore:
    if store is None:
        return InMemoryTrackerStore(domain)
    store.domain = domain
    return store


def _validate(self: actions.RemoteAction, result: Dict[str, Any]) -> bool:
    _validator.validate(result)
    return True


def _short_call(self: actions.RemoteAction, tracker: DialogueStateTracker, domain: Domain) -> Dict[str, Any]:
    """The call without the conversation's past: our actions need the slots and the last message only."""
    if not self._is_selective_domain_enabled():
        return _whole_call(self, tracker, domain)
    call = {
        "next_action": self.name(),
        "sender_id": tracker.sender_id,
        "tracker": tracker.current_state(EventVerbosity.NONE),
    }
    call["tracker"]["events"] = []
    return call
