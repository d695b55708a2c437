"""Reminders: rows with a date, found by a scan that catches up, sent in batches, each once or not with a reason."""
