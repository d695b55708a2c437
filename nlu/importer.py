"""Reads the topics: one stem each, its rules and its part of the domain in topics/, its sentences in examples/."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Optional, Set, Union

import yaml
from rasa.shared.core.domain import Domain
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.training_data.training_data import TrainingData

_HERE = Path(__file__).parent
_DOMAIN_KEYS = ("intents", "entities", "slots", "actions", "forms")
_DEFAULT = "utter_default"
_RASA_KEYS = ("text", "buttons", "channel", "condition", "metadata")


class TopicImporter(RasaFileImporter):
    """Adds nlu/topics/*.yml, nlu/examples/*.yml and nlu/responses/fr.yml to the files that Rasa was given."""

    def __init__(
        self,
        config_file: Optional[str] = None,
        domain_path: Optional[str] = None,
        training_data_paths: Optional[Union[List[str], str]] = None,
        topics: str = str(_HERE / "topics"),
        examples: str = str(_HERE / "examples"),
        responses: str = str(_HERE / "responses" / "fr.yml"),
    ) -> None:
        self._topics = Path(topics)
        self._responses = Path(responses)
        self._learnt: Optional[TrainingData] = None
        given = [training_data_paths] if isinstance(training_data_paths, str) else list(training_data_paths or [])
        ours = {self._topics, Path(examples)}
        elsewhere = [path for path in given if not ours & {Path(path).resolve(), *Path(path).resolve().parents}]
        super().__init__(config_file, domain_path, [*elsewhere, *map(str, sorted(ours))])

    def get_nlu_data(self, language: Optional[str] = None) -> TrainingData:
        """Read once: Rasa asks three times, for a language that changes nothing here."""
        if self._learnt is None:
            self._learnt = super().get_nlu_data(language)
        return self._learnt

    def get_domain(self) -> Domain:
        domain = super().get_domain()
        for path in sorted(self._topics.glob("*.yml")):
            topic = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
            part = {key: topic[key] for key in _DOMAIN_KEYS if key in topic}
            if part:
                domain = domain.merge(Domain.from_dict(part))
        return domain.merge(Domain.from_dict({"responses": self._sentences()}))

    def _sentences(self) -> Dict[str, List[Dict[str, Any]]]:
        """Those that rules say by themselves. Rasa need not know those that our actions say: TopicSentences does."""
        written = yaml.load(self._responses.read_bytes(), Loader=yaml.CSafeLoader)["responses"]
        return {
            key: [{name: variation[name] for name in _RASA_KEYS if name in variation} for variation in written[key]]
            for key in sorted(self._said_by_rules())
            if key in written
        }

    def _said_by_rules(self) -> Set[str]:
        actions = {
            step.get("action", "")
            for path in self._topics.glob("*.yml")
            for rule in yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader).get("rules", ())
            for step in rule["steps"]
        }
        return {_DEFAULT} | {action for action in actions if action.startswith("utter_")}
