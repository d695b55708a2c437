"""What the model understands of sentences that it never saw, and how fast.

Run in the engine's environment, from the project's root: `nlu/.venv/bin/python -m nlu.evaluate`.
Settings are chosen on half A, the threshold of distress on all; half B and the third set, C, say what they give.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import List

from nlu import train
from nlu.evaluate import heldout, pictures, reading, report, stock
from nlu.evaluate.figures import Read
from nlu.without_tensorflow import leave_out

IMAGES = train.ROOT / "docs" / "images"
MODEL_MB = 60
TRAINING_S = 90


def main() -> None:
    options = _options()
    os.environ.update(train.QUIET)
    warnings.simplefilter("ignore")
    if not options.stock:
        leave_out()
    from rasa.utils.log_utils import configure_structlog

    configure_structlog()
    if options.stock:
        _stock(options.halves, options.epochs)
        return
    if options.train:
        began = time.monotonic()
        train.train(force=True)
        _say(f"training: {time.monotonic() - began:.0f} s (reach: ≤ {TRAINING_S} s)")
    rows = _read(train.MODEL)
    _say(*report.whole(rows, options.halves))
    needs, places = heldout.needs_and_places()
    for name, (right, count) in (("needs", reading.needs_found(needs)), ("places", reading.places_found(places))):
        _say(f"{name} found: {right / max(1, count):.1%} of {count}")
    _say(f"model: {_megabytes(train.MODEL):.1f} MB (reach: ≤ {MODEL_MB} MB)")
    if options.pictures:
        _say(*(f"drawn: {path}" for path in pictures.draw(_halves(rows, options.halves), IMAGES)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the trained model on the sentences of nlu/heldout/.")
    parser.add_argument(
        "--halves", choices=("A", "B", "C", "BC", "ABC"), default="BC", help="A chooses settings, B and C judge"
    )
    parser.add_argument("--train", action="store_true", help="train first, and say how long it took")
    parser.add_argument("--pictures", action="store_true", help="draw the confusions and the calibration")
    parser.add_argument("--stock", action="store_true", help="train Rasa's own DIET instead, and measure it")
    parser.add_argument("--epochs", type=int, default=100, help="how often DIET sees each sentence (a minute each)")
    return parser.parse_args()


def _read(model: Path) -> List[Read]:
    return asyncio.run(reading.read_all(model, heldout.load()))


def _stock(halves: str, epochs: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        model, seconds = stock.train(train.ROOT, Path(folder), epochs)
        _say(*report.whole(_read(model), halves))
        _say(f"Rasa's DIET, {epochs} epochs: training {seconds:.0f} s, model {_megabytes(model):.1f} MB")


def _halves(rows: List[Read], halves: str) -> List[Read]:
    return [row for row in rows if row.sentence.half in halves]


def _megabytes(path: Path) -> float:
    return path.stat().st_size / 1e6


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
