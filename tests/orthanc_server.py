"""An Orthanc server for tests: its own folder, a free port, this machine alone, a password, and nothing left behind."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import time
from base64 import b64encode
from pathlib import Path

USER, PASSWORD = "reader", "canary-Pa55"
_PLUGINS = ("/usr/share/orthanc/plugins", "/usr/lib/orthanc/plugins", "/usr/local/share/orthanc/plugins")


def programs() -> tuple[Path, Path] | None:
    """Orthanc and its DICOMweb plugin, None if they are not installed."""
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")
    plugin = next((path for folder in _PLUGINS for path in Path(folder).glob("libOrthancDicomWeb.so")), None)
    return (Path(program), plugin) if program and plugin else None


class OrthancServer:
    """Started by `start`; `remove` stops it and takes all away."""

    def __init__(self) -> None:
        found = programs()
        assert found is not None
        self._program, plugin = found
        self.folder = Path(tempfile.mkdtemp(prefix="latent-explain-orthanc-"))
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/dicom-web"
        settings = {
            "Name": "Test", "StorageDirectory": str(self.folder / "storage"), "IndexDirectory": str(self.folder / "storage"),
            "HttpPort": self.port, "RemoteAccessAllowed": False, "DicomServerEnabled": False, "AuthenticationEnabled": True,
            "RegisteredUsers": {USER: PASSWORD}, "Plugins": [str(plugin)], "SaveJobs": False,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }  # fmt: skip
        (self.folder / "orthanc.json").write_text(json.dumps(settings), encoding="utf-8")

    def start(self) -> None:
        """Start, or start again after `crash`, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._program), str(self.folder / "orthanc.json")],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "log").read_text(errors="replace")[-2000:]
                msg = f"Orthanc does not start: {said}"
                raise RuntimeError(msg)
            time.sleep(0.05)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            login = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            connection.request("GET", "/dicom-web/studies", headers={"Authorization": f"Basic {login}"})
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def crash(self) -> None:
        """Kill it with SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def remove(self) -> None:
        """Stop it, and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self.crash()  # there is nothing to keep
        shutil.rmtree(self.folder, ignore_errors=True)
