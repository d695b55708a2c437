"""The keys of this installation: from the settings, or made once in the data folder (development only)."""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path

from bot.ring import Index, Ring, new_key, read_key
from bot.settings import Settings


@dataclass(frozen=True)
class Keys:
    """What the processes need to keep secrets. `rasa_token` guards the engine and the actions."""

    secret_keys: str
    index_key: str
    rasa_token: str

    @property
    def ring(self) -> Ring:
        return Ring.from_text(self.secret_keys)

    @property
    def index(self) -> Index:
        return Index(read_key(self.index_key))

    @property
    def visitor_key(self) -> bytes:
        """Signs the tokens of web visitors; derived, so that there is one key less to keep."""
        return hmac.new(read_key(self.index_key), b"web visitor", hashlib.sha256).digest()


def load_keys(settings: Settings) -> Keys:
    """The keys given in the settings; those that are missing are made in `data_dir/keys`, mode 0600."""
    given = ",".join(key.get_secret_value() for key in settings.secret_keys)
    folder = settings.data_dir / "keys"
    return Keys(
        secret_keys=given or _kept(folder / "secret_keys"),
        index_key=settings.index_key.get_secret_value() or _kept(folder / "index_key"),
        rasa_token=settings.rasa_token.get_secret_value() or _kept(folder / "rasa_token"),
    )


def _kept(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(new_key())
    return path.read_text().strip()
