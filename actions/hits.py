"""Results of a search as variables of responses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from actions.kit import Words, choices, mark
from knowledge.names import distance_in_french, fold
from knowledge.search import Hit, SearchPage


def shown(hits: Sequence[Hit]) -> Words:
    """The choices, and what is said of all of them: that they are examples, or old."""
    items = [(_payload(number, hit), line(hit)) for number, hit in enumerate(hits, 1)]
    return {
        "choices": choices("utter_service_line", items),
        "mark": mark([hit.fictional for hit in hits]),
        "warning": {"say": "utter_warning"} if any(hit.stale == "old" for hit in hits) else "",
    }


def footer(page: SearchPage) -> Words:
    more = page.total > len(page.hits)
    return {
        "footer": "utter_search_footer" if more else "utter_search_footer_last",
        "numbers": {"say": "utter_numbers"},
        "count": len(page.hits),
    }


def line(hit: Hit) -> Words:
    far = {"say": "utter_remote"} if hit.remote and hit.distance_km is None else distance_in_french(hit.distance_km)
    phone = "" if hit.professionals_only else spaced(hit.phone)
    return {
        "name": hit.name,
        "distance": far,
        "phone": phone,
        "updated": f"{hit.updated:%m/%Y}",
        "stale": hit.stale,
        "professionals_only": hit.professionals_only,
        "card": card(hit, phone),
    }


def card(hit: Hit, phone: str) -> dict[str, Any]:
    return {
        "name": hit.name,
        "distance": distance_in_french(hit.distance_km),
        "phone": phone,
        "address": hit.address,
        "updated": f"{hit.updated:%m/%Y}",
        "note": carrier(hit),
        "map_url": map_url(hit.address, hit.lat, hit.lon),
        "url": hit.url,
    }


def carrier(hit: Hit) -> str:
    """Who offers it, "" where the name says it already."""
    return "" if fold(hit.structure) in fold(hit.name) else hit.structure


def map_url(address: str, lat: float | None, lon: float | None) -> str:
    """A map at this point; nothing is fetched until the person opens it."""
    if lat is None or lon is None:
        return ""
    return f"https://www.openstreetmap.org/?mlat={lat:.5f}&mlon={lon:.5f}#map=17/{lat:.5f}/{lon:.5f}" if address else ""


def spaced(phone: str) -> str:
    """A French number in pairs of digits, as people read it aloud."""
    digits = phone.replace("+33", "0").replace(" ", "").replace(".", "")
    if len(digits) == 10 and digits.isdigit():
        return " ".join(digits[i : i + 2] for i in range(0, 10, 2))
    return phone


def _payload(number: int, hit: Hit) -> str:
    return "/service_details" + json.dumps({"ordinal": str(number), "service": hit.id}, ensure_ascii=False)
