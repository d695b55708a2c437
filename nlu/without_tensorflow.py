"""Leaves TensorFlow out of the engine: none of our components uses it, and it takes 400 MB and four seconds or more.

Rasa imports it on the way to its own neural components (DIET, TED), which `config.yml` does not name. What those
modules need of it while they are imported is names to derive classes from and to annotate with; whoever would
use one is told so, instead of getting a wrong answer.
"""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Optional, Sequence

_LEFT_OUT = {"tensorflow", "tensorflow_addons", "tensorflow_hub", "tensorflow_text", "keras"}


class TensorFlowLeftOut(RuntimeError):
    """A component that needs TensorFlow was asked to work: train and serve it with `python -m rasa` instead."""


class _Names(type):
    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        raise TensorFlowLeftOut("TensorFlow is left out of the engine (nlu/without_tensorflow.py).")


class _Name(metaclass=_Names):
    """Stands for any class of TensorFlow."""

    def __class_getitem__(cls, item: Any) -> Any:
        return cls


class _Module(ModuleType):
    __path__: Sequence[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name


class _Finder(MetaPathFinder, Loader):
    def find_spec(self, name: str, path: Any, target: Any = None) -> Optional[ModuleSpec]:
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in _LEFT_OUT else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run."""


def leave_out() -> None:
    """To be called before Rasa is imported; does nothing the second time."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
