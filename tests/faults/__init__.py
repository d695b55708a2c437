"""Kills processes in the middle of a burst, against a provider that misbehaves, and counts what came of it."""
