"""The chat's browser part: small modules in order, put together into one script without any build tool."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
_ORDER = (
    "dom.js", "storage.js", "sse.js", "words.js", "richtext.js", "speech.js", "messages.js",
    "composer.js", "thread.js", "client.js", "element.js", "main.js",
)  # fmt: skip
_IMPORT = re.compile(r"^import .*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_REMARK = re.compile(r"^\s*//.*\n", re.MULTILINE)


@dataclass(frozen=True)
class Script:
    """`/widget.js` as it is served; `style_hash` is what a Content-Security-Policy needs to let its CSS in."""

    body: bytes
    gzipped: bytes
    style_hash: str


@cache
def texts(language: str = "fr") -> dict[str, Any]:
    """Every sentence that the chat and its routes say; `cards` has what stands on a message of another language."""
    loaded: dict[str, Any] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return {**loaded, "cards": json.loads((_FOLDER / "cards.json").read_text("utf-8"))}


@cache
def script(language: str = "fr") -> Script:
    """Put the modules, the style sheet and the texts of one language together."""
    style = re.sub(r"\n\s*", "\n", (_FOLDER / "widget.css").read_text("utf-8"))
    body = _assemble(style, texts(language)).encode()
    digest = hashlib.sha256(style.encode()).digest()
    return Script(
        body=body,
        gzipped=gzip.compress(body, 9, mtime=0),
        style_hash=f"sha256-{base64.b64encode(digest).decode()}",
    )


def _assemble(style: str, sentences: dict[str, Any]) -> str:
    shown = {name: sentence for name, sentence in sentences.items() if name != "errors"}
    data = f"const STYLE = {_literal(style)};\nconst TEXTS = {_literal(shown)};\n"
    modules = "".join(_module((_FOLDER / name).read_text("utf-8")) for name in _ORDER)
    return f'(() => {{\n"use strict";\n{data}{modules}}})();\n'


def _module(source: str) -> str:
    return _REMARK.sub("", _EXPORT.sub("", _IMPORT.sub("", source)))


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
