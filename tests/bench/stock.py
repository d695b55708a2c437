"""Stock Rasa 3.6.21 with the same sentences, rules and actions: the recipe of `rasa init`, REST, a PostgreSQL store.

Its DIET finds no need and no place (ours come from lists), so its actions ask back where ours search: less to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import yaml

from bot.commands.start import ENGINE_CALM, ENGINE_PYTHON
from bot.keys import load_keys
from bot.settings import ROOT
from tests.bench import databases, processes
from tests.bench.people import TURNS
from tests.bench.road import AT_ONCE, TURNS_EACH, WARM_UP, Throughput
from tests.bench.wire import Wire
from tests.system import System, free_port

FOLDER = ROOT / ".bench" / "stock"
ONE_THREAD = {
    **ENGINE_CALM,
    "POSTGRESQL_SCHEMA": "public",
    "TF_INTRA_OP_PARALLELISM_THREADS": "1",
    "TF_INTER_OP_PARALLELISM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
START_SECONDS = 240
_SPARSE = {"name": "CountVectorsFeaturizer"}
_LEARNT = {"epochs": 10, "constrain_similarities": True}
"""Rasa's default is 100: that takes hours here, and changes what is answered, hardly how fast."""
_ONE_IN = 5
"""Of our sentences one in five is learnt, for the same reason; a smaller model is the faster one."""
CONFIG = {
    "recipe": "default.v1",
    "language": "fr",
    "assistant_id": "stock",
    "pipeline": [
        {"name": "WhitespaceTokenizer"},
        {"name": "RegexFeaturizer"},
        {"name": "LexicalSyntacticFeaturizer"},
        _SPARSE,
        {**_SPARSE, "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"name": "DIETClassifier", **_LEARNT},
        {"name": "EntitySynonymMapper"},
        {"name": "ResponseSelector", **_LEARNT},
        {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
    ],
    "policies": [
        {"name": "MemoizationPolicy"},
        {"name": "RulePolicy"},
        {"name": "UnexpecTEDIntentPolicy", "max_history": 5, "epochs": 100},
        {"name": "TEDPolicy", "max_history": 5, **_LEARNT},
    ],
}
_DOMAIN = ("intents", "entities", "slots", "actions")
_VARIATION = ("text", "buttons", "channel")


@dataclass(frozen=True)
class Stock:
    """A running server; `url` is its REST input's host."""

    url: str
    roots: dict[str, int]

    async def throughput(self) -> Throughput:
        """Eight conversations, each writing again as soon as it is answered."""
        group = [(str(uuid4()), await Wire.open(self.url)) for _ in range(AT_ONCE)]
        await asyncio.gather(*(_talk(*person, WARM_UP) for person in group))
        before, began = processes.processor_seconds(self.roots), time.monotonic()
        await asyncio.gather(*(_talk(*person, TURNS_EACH) for person in group))
        seconds, after = time.monotonic() - began, processes.processor_seconds(self.roots)
        count = AT_ONCE * TURNS_EACH
        return Throughput(count / seconds, {name: (after[name] - before[name]) * 1000 / count for name in self.roots})


@contextlib.asynccontextmanager
async def started(system: System) -> AsyncIterator[Stock]:
    """Stock Rasa beside Relais: the same PostgreSQL, in a database of its own, and the same actions."""
    model = await trained()
    port, keys = free_port(), load_keys(system.settings)
    (FOLDER / "endpoints.yml").write_text(yaml.safe_dump(await _endpoints(system, keys.rasa_token)))
    command = [ENGINE_PYTHON, "-m", "rasa", "run", "-i", "127.0.0.1", "-p", str(port), "-m", model]
    command += ["--credentials", "credentials.yml", "--endpoints", "endpoints.yml"]
    with (FOLDER / "server.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=FOLDER, env={**os.environ, **ONE_THREAD}, stdout=log, stderr=log
        )
    try:
        await _until_ready(f"http://127.0.0.1:{port}", process)
        shared = {name: p.process.pid for name in ("postgres", "actions") if (p := system.programs[name]).process}
        yield Stock(f"http://127.0.0.1:{port}", {"rasa": process.pid, **shared})
    finally:
        process.kill()
        await process.wait()


async def trained() -> Path:
    """The model; training takes minutes, and is done again only when the topics or the recipe changed."""
    project = {"config.yml": CONFIG, "domain.yml": _domain(), "data.yml": _data(), "credentials.yml": {"rest": None}}
    files = {name: yaml.safe_dump(content, allow_unicode=True, sort_keys=False) for name, content in project.items()}
    model = FOLDER / f"{hashlib.sha256(''.join(files.values()).encode()).hexdigest()[:16]}.tar.gz"
    if not model.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (FOLDER / name).write_text(content)
        command = [ENGINE_PYTHON, "-m", "rasa", "train", "--domain", "domain.yml", "--data", "data.yml", "--out", "."]
        with (FOLDER / "training.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command,
                "--fixed-model-name",
                model.name,
                cwd=FOLDER,
                env={**os.environ, **ONE_THREAD},
                stdout=log,
                stderr=log,
            )
            assert await process.wait() == 0, f"stock Rasa did not train: see {FOLDER / 'training.log'}"
    return model


def _topics() -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "nlu" / "topics").glob("*.yml"))]


def _domain() -> dict[str, Any]:
    """Ours in one file, with the sentences of the rules in the form that Rasa's own writer of replies knows."""
    domain: dict[str, Any] = yaml.safe_load((ROOT / "domain.yml").read_text())
    for topic in _topics():
        for key in _DOMAIN:
            if key == "slots":
                domain[key] |= topic.get(key, {})
            else:
                domain[key] = list(dict.fromkeys([*domain.get(key, ()), *topic.get(key, ())]))
    written = yaml.safe_load((ROOT / "nlu" / "responses" / "fr.yml").read_text())["responses"]
    domain["responses"] = {
        key: [{name: variation[name] for name in _VARIATION if name in variation} for variation in variations]
        for key, variations in written.items()
        if key.startswith("utter_")
    }
    return domain


def _data() -> dict[str, Any]:
    rules = [rule for topic in _topics() for rule in topic.get("rules", ())]
    return {"version": "3.1", "nlu": [_thinned(said) for said in _examples()], "rules": rules}


def _examples() -> Iterator[dict[str, Any]]:
    for path in sorted((ROOT / "nlu" / "examples").glob("*.yml")):
        yield from yaml.safe_load(path.read_text()).get("nlu", ())


def _thinned(said: dict[str, Any]) -> dict[str, Any]:
    return {**said, "examples": "".join(said["examples"].splitlines(keepends=True)[::_ONE_IN])}


async def _endpoints(system: System, token: str) -> dict[str, Any]:
    actions = {"url": f"{system.settings.actions_url}/webhook", "headers": {"Authorization": f"Bearer {token}"}}
    url = await databases.create(system.relais.database.url, "stock")
    return {"action_endpoint": actions, "tracker_store": {"type": "SQL", "dialect": "postgresql", "url": url}}


async def _until_ready(url: str, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(trust_env=False) as client:
        while True:
            assert process.returncode is None, f"stock Rasa ended: see {FOLDER / 'server.log'}"
            with contextlib.suppress(httpx.TransportError):
                if (await client.get(f"{url}/webhooks/rest/")).status_code == 200:
                    return
            await asyncio.sleep(0.5)


async def _talk(sender: str, wire: Wire, turns: int) -> None:
    for text in itertools.islice(itertools.cycle(TURNS), turns):
        body = orjson.dumps({"sender": sender, "message": text})
        status, answer = await wire.post("/webhooks/rest/webhook", body, {"Content-Type": "application/json"})
        assert status == 200 and orjson.loads(answer), (status, answer)
