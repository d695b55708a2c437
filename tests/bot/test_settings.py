"""The settings page."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import BadSettings
from bot.keys import load_keys
from bot.settings import ROOT, Settings, load


def test_all_faults_are_told_at_once() -> None:
    """Every wrong setting has its line, in one error."""
    with pytest.raises(BadSettings) as caught:
        load(_env_file=None, port="0", env="test", clock="yesterday")
    assert {line.split(" :")[0] for line in caught.value.faults} == {"RELAIS_PORT", "RELAIS_ENV", "RELAIS_CLOCK"}


def test_production_refuses_what_is_for_development() -> None:
    """Without secrets, or with a moved clock, production does not start."""
    with pytest.raises(BadSettings) as caught:
        load(_env_file=None, env="production", clock="2026-01-01T08:00:00+01:00")
    for name in ("CLOCK", "SECRET_KEYS", "INDEX_KEY", "RASA_TOKEN", "PUBLIC_URLS"):
        assert f"RELAIS_{name}" in str(caught.value)


@pytest.mark.parametrize("name", ["WIDGET_ORIGINS", "PUBLIC_URLS"])
@pytest.mark.parametrize(
    "value", ["exemple.fr", "https://exemple.fr,www.exemple.fr", "//exemple.fr", "ftp://a.fr", "*"]
)
def test_address_without_its_beginning_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """What no browser would ever send as an origin is told at start, with an example, rather than refused for ever."""
    monkeypatch.setenv(f"RELAIS_{name}", value)
    with pytest.raises(BadSettings, match=rf"RELAIS_{name} : « .* » n'est pas une adresse complète.* https://"):
        load(_env_file=None)


def test_origin_has_nothing_after_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is not an origin; a public address may have a path."""
    monkeypatch.setenv("RELAIS_WIDGET_ORIGINS", "https://exemple.fr/contact")
    with pytest.raises(BadSettings, match="sans rien après"):
        load(_env_file=None)
    monkeypatch.setenv("RELAIS_WIDGET_ORIGINS", "https://exemple.fr/, http://localhost:3000")
    monkeypatch.setenv("RELAIS_PUBLIC_URLS", "https://exemple.fr/relais")
    assert load(_env_file=None).widget_origins == ("https://exemple.fr/", "http://localhost:3000")


def test_comma_lists_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are written with commas; spaces do not count."""
    monkeypatch.setenv("RELAIS_PUBLIC_URLS", "https://a.test , https://b.test")
    monkeypatch.setenv("RELAIS_TWILIO_AUTH_TOKENS", "one,two")
    settings = load(_env_file=None)
    assert settings.public_urls == ("https://a.test", "https://b.test")
    assert [token.get_secret_value() for token in settings.twilio_auth_tokens] == ["one", "two"]


def test_every_setting_has_help_and_no_secret_is_shown() -> None:
    """`python -m bot settings` lists all of them and hides what must be hidden."""
    environment = {"PATH": "/usr/bin", "RELAIS_TWILIO_AUTH_TOKENS": "hush-hush", "COLUMNS": "200"}
    shown = subprocess.run(
        [sys.executable, "-m", "bot", "settings"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert all(f"RELAIS_{name.upper()}" in shown for name in Settings.model_fields)
    assert all(field.description for field in Settings.model_fields.values())
    assert "hush-hush" not in shown


def test_wrong_setting_is_a_sentence_not_a_traceback() -> None:
    """A command that can not start says which setting, and stops."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", "worker"],
        cwd=ROOT,
        env={"PATH": "/usr/bin", "RELAIS_PORT": "many"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "RELAIS_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_keys_are_made_once_and_kept_secret(tmp_path: Path) -> None:
    """Keys made in the data folder are the same at the next start, readable by their owner only."""
    settings = Settings(_env_file=None, data_dir=tmp_path)
    assert load_keys(settings) == load_keys(settings)
    for file in (tmp_path / "keys").iterdir():
        assert file.stat().st_mode & 0o077 == 0
