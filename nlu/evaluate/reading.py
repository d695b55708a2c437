"""Asks a trained model to read sentences, through the engine's own API."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

from knowledge.lexicons import Lexicon, Reading
from knowledge.needs import Needs
from knowledge.places import Places
from nlu.evaluate.figures import FALLBACK, Read
from nlu.evaluate.heldout import Sentence, flat


async def read_all(model: Path, sentences: Sequence[Sentence]) -> List[Read]:
    """Each sentence as the model reads it, with the milliseconds it took; one at a time, as messages come."""
    from rasa.core.agent import Agent

    agent, lexicon = Agent.load(model), Lexicon.from_file()
    await agent.parse_message("bonjour")
    rows = []
    for one in sentences:
        began = time.perf_counter()
        parsed = await agent.parse_message(one.text)
        ms = (time.perf_counter() - began) * 1000
        rows.append(_row(one, parsed, ms, lexicon.first_reading(one.text)))
    return rows


def _row(one: Sentence, parsed: Dict[str, Any], ms: float, door: Reading) -> Read:
    """What becomes of a sentence: the engine is not asked of what is obeyed at the door."""
    ranking = [intent for intent in parsed.get("intent_ranking", ()) if intent["name"] != FALLBACK]
    name = flat(str(parsed["intent"]["name"]))
    if not door.distress and (door.stop or door.human):
        name = "opt_out" if door.stop else "talk_to_human"
    first = ranking[0] if ranking else {"name": name, "confidence": 0.0}
    return Read(one, name, flat(str(first["name"])), first["confidence"], ms, bool(door.distress))


def needs_found(rows: Sequence[Dict[str, Any]]) -> Tuple[int, int]:
    """How many of the needs said are found first, and how many there are; [] says that there is none."""
    needs = Needs.from_file()
    firsts = [(row["need"], [match.value for match in needs.find(row["text"])[:1]]) for row in rows]
    return sum(_agrees(wanted, found) for wanted, found in firsts), len(rows)


def places_found(rows: Sequence[Dict[str, Any]]) -> Tuple[int, int]:
    """The same of places: every code found must be one that was meant."""
    places = Places.from_file()
    found = [
        (row["place"], sorted({str(place.code) for match in places.find(row["text"]) for place in match.places}))
        for row in rows
    ]
    return sum(_agrees(wanted, codes) for wanted, codes in found), len(rows)


def _agrees(wanted: Any, found: Sequence[str]) -> bool:
    meant = {str(value) for value in (wanted if isinstance(wanted, list) else [wanted])}
    return bool(found) == bool(meant) and set(found) <= meant
