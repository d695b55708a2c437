"""The edges of Relais: one file a provider, one line here."""

from __future__ import annotations

from importlib import import_module
from typing import Any, cast

from channels.base import Channel

REGISTER: dict[str, str] = {
    "twilio": "channels.twilio:Twilio",
    "web": "channels.webchat:WebChat",
    "terminal": "channels.terminal:Terminal",
}


def build(name: str, *parts: Any, **named: Any) -> Channel:
    """The channel `name`, made from the parts that its file asks for; nothing connects yet."""
    module, _, builder = REGISTER[name].partition(":")
    return cast(Channel, getattr(import_module(module), builder)(*parts, **named))
