"""Measures the trained model on sentences that it never saw: `python -m nlu.evaluate`."""
