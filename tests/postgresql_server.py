"""A PostgreSQL server for tests: its own folder, a random port of this machine alone, and nothing left behind."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "rater", "canary-Pa55/w:rd"
SUPERUSER, SUPERPASSWORD = "chief", "canary-chief"
_QUOTED = PASSWORD.replace("/", "%2F").replace(":", "%3A")

_SETTINGS = {  # what an administrator may have set to our harm
    "synchronous_commit": "off",
    "default_transaction_isolation": "serializable",
    "max_connections": "30",
    "shared_buffers": "16MB",
    "fsync": "off",  # tests kill processes, not machines
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def programs() -> Path | None:
    """Folder of initdb and postgres, None if they are not installed."""
    folders = [Path(found).resolve().parent for name in ("postgres", "initdb") if (found := shutil.which(name))]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next(
        (folder for folder in folders if all((folder / name).is_file() for name in ("postgres", "initdb"))), None
    )


def _unprivileged() -> dict[str, Any]:
    """As whom to run: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    msg = "there is no user to run PostgreSQL as"
    raise RuntimeError(msg)


class PostgresqlServer:
    """Started by `start`; `remove` stops it and takes all away."""

    def __init__(self) -> None:
        found = programs()
        assert found is not None
        self.bin, self.run_as = found, _unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="latent-explain-pg-"))
        self.certificate = self.folder / "server.crt"
        self._process: subprocess.Popen[bytes] | None = None
        self._made = False
        if self.run_as:
            os.chown(self.folder, self.run_as["user"], self.run_as["group"])
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        secret = self.folder / "password"
        self._as_user(["sh", "-c", f"umask 077; cat > {secret}"], input=SUPERPASSWORD.encode())
        initdb = (self.bin / "initdb", "-D", self.folder / "data", "-U", SUPERUSER, "--pwfile", secret)
        self._as_user([*initdb, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-sync"])
        if shutil.which("openssl"):
            files = ("-keyout", self.folder / "server.key", "-out", self.certificate)
            name = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
            self._as_user(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", *name, *files])
            self._as_user(["sh", "-c", f"echo 'ssl = on' >> {self.folder}/data/postgresql.conf"])

    def _as_user(self, command: list[Any], **more: Any) -> None:
        done = subprocess.run(
            [str(part) for part in command], cwd=self.folder, capture_output=True, check=False, **self.run_as, **more
        )
        assert done.returncode == 0, done.stderr.decode()

    @property
    def tls(self) -> bool:
        """Whether it has a certificate."""
        return self.certificate.is_file()

    def start(self) -> None:
        """Start, or start again after `crash`, and wait until it answers."""
        settings = _SETTINGS | {
            "listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": str(self.folder),
        }  # fmt: skip
        if self.tls:
            settings |= {
                "ssl_cert_file": str(self.certificate),
                "ssl_key_file": str(self.folder / "server.key"),
            }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.bin / "postgres"), "-D", str(self.folder / "data"), *options],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.run_as,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            try:
                return self.execute("postgres", "SELECT 1")
            except Exception as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    said = (self.folder / "log").read_text(errors="replace")[-2000:]
                    msg = f"PostgreSQL does not start: {said}"
                    raise RuntimeError(msg) from error
                time.sleep(0.05)

    def crash(self) -> None:
        """Kill all its processes with SIGKILL."""
        assert self._process is not None
        theirs = [self._process.pid, *self.children()]
        for process in theirs:
            os.kill(process, signal.SIGKILL)
        self._process.wait()
        while any(Path(f"/proc/{process}").exists() for process in theirs[1:]):
            time.sleep(0.01)

    def children(self) -> list[int]:
        """Its processes, one a connection among them."""
        assert self._process is not None
        stats = [path.read_text(errors="replace") for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
        fields = [(int(stat.split(" ", 1)[0]), stat.rsplit(")", 1)[1].split()) for stat in stats]
        return [process for process, after in fields if int(after[1]) == self._process.pid]

    @contextmanager
    def without_tls(self) -> Iterator[None]:
        """Take its certificate away for a while."""
        for setting in ("off", "on"):
            self.execute("postgres", f"ALTER SYSTEM SET ssl = {setting}", "SELECT pg_reload_conf()")
            while self.execute("postgres", "SHOW ssl") != [[setting]]:
                time.sleep(0.05)
            if setting == "off":
                yield

    def remove(self) -> None:
        """Stop it, and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # at once: there is nothing to keep
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.crash()
        shutil.rmtree(self.folder, ignore_errors=True)

    def empty_database(self) -> str:
        """Empty the database, which belongs to an ordinary user, and throw out whoever is in it; returns its address."""
        if not self._made:
            self._made = True
            self.execute(
                "postgres", f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'", f"CREATE DATABASE site OWNER {USER}"
            )
        self.execute(
            "site",
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'site' AND pid <> pg_backend_pid()",
            "DROP SCHEMA IF EXISTS public CASCADE",
            f"CREATE SCHEMA public AUTHORIZATION {USER}",
        )
        return self.address("site")

    def address(self, database: str, *, user: str = USER, key: str = _QUOTED, port: int | None = None) -> str:
        """Address of a database."""
        return f"postgresql://{user}:{key}@127.0.0.1:{port or self.port}/{database}"

    def execute(self, database: str, *statements: str) -> Any:
        """Run statements as the superuser, each on its own; returns the rows of the last."""
        from pg8000.native import Connection

        database = database.rsplit("/", 1)[-1].split("?")[0]
        with Connection(
            SUPERUSER, password=SUPERPASSWORD, database=database, unix_sock=f"{self.folder}/.s.PGSQL.{self.port}",
            ssl_context=False, timeout=20,
        ) as connection:  # fmt: skip
            for statement in statements:
                rows = connection.run(statement)
        return rows
