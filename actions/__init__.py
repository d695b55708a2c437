"""Translators, one file a topic: slots → one use case → events."""
