"""The stories of this folder, played by Rasa's own tester against the trained model."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bot.settings import ROOT
from tests.engine import PYTHON, QUIET, trained_model


def test_the_stories_go_as_written(tmp_path: Path) -> None:
    """`rasa test core --e2e` reads each sentence and predicts each action as the story says."""
    done = subprocess.run(
        [
            PYTHON, "-m", "nlu", "test", "core", "--e2e", "--fail-on-prediction-errors", "--no-plot",
            "-m", trained_model(), "-s", "tests/conversations", "--out", tmp_path, "--endpoints", "/dev/null",
        ],
        cwd=ROOT, env={**os.environ, **QUIET, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    failed = tmp_path / "failed_test_stories.yml"
    assert done.returncode == 0, failed.read_text() if failed.exists() else done.stderr[-3000:]
