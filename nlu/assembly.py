"""Puts our parts in the place of Rasa's, before its agent is made."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, Optional

import rasa.core.actions.action as actions
import rasa.core.agent as agents
import rasa.shared.core.events as events
from jsonschema import Draft7Validator
from rasa.core.policies.rule_policy import RulePolicy
from rasa.core.tracker_store import InMemoryTrackerStore, TrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity

from nlu.processor import Processor

ACTION_TIMEOUT_S = 5

# Rasa tries every kind of event on every event (20 ms for a search); reading an event tells an unknown kind too.
_LISTS = {"events": {"items": {"type": "object", "required": ["event"]}}, "responses": {"items": {"type": "object"}}}
_validator = Draft7Validator(
    {"type": "object", "properties": {name: {"type": "array", **items} for name, items in _LISTS.items()}}
)
_find_by_rules = RulePolicy._find_action_from_rules
_whole_call = actions.RemoteAction._action_call_format


def install() -> None:
    """Rasa offers no setting for any of these. The last one spares a search among classes for each stored event."""
    agents.MessageProcessor = Processor
    agents.Agent._create_tracker_store = staticmethod(_store_that_raises)
    actions.RemoteAction._validate_action_result = _validate
    actions.RemoteAction._action_call_format = _short_call
    actions.DEFAULT_REQUEST_TIMEOUT = ACTION_TIMEOUT_S
    RulePolicy._find_action_from_rules = _find_by_intent
    events.Event.resolve_by_type = staticmethod(lru_cache(maxsize=None)(events.Event.resolve_by_type))


def _store_that_raises(store: Optional[TrackerStore], domain: Domain) -> TrackerStore:
    if store is None:
        return InMemoryTrackerStore(domain)
    store.domain = domain
    return store


def _find_by_intent(
    self: RulePolicy, tracker: DialogueStateTracker, domain: Domain, use_text: bool = False, **given: Any
) -> Any:
    """We have no rule about the very words of a message: Rasa would look for one all the same, at each turn."""
    if use_text or given.get("use_text_for_last_user_input"):
        return None, None, False
    return _find_by_rules(self, tracker, domain, use_text_for_last_user_input=False)


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
