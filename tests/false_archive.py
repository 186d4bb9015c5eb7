"""A DICOMweb server in this process that keeps what it is given in a dictionary, and misbehaves as a test wants it to."""

from __future__ import annotations

import io
import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from pydicom import dcmread

Misdeed = Callable[["Asked"], bool]
BOUNDARY = "part-of-an-answer"


class Asked(BaseHTTPRequestHandler):
    """One question to the archive."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._begin()
        if not self.archive.misbehaves(self):
            self.archive.answer(self)

    def do_POST(self) -> None:
        self._begin()
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.archive.misbehaves(self):
            self.archive.take(self)

    def _begin(self) -> None:
        self.archive = self.server.archive
        self.steps = urlsplit(self.path).path.removeprefix("/dicom-web").strip("/").split("/")
        self.query = parse_qs(urlsplit(self.path).query)
        self.archive.questions.append((self.command, self.path, dict(self.headers)))

    def give(self, status: int, body: bytes = b"", kind: str = "application/dicom+json", **headers: str) -> bool:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        return True

    def give_json(self, tree: Any, status: int = 200) -> bool:
        return self.give(status, json.dumps(tree).encode())

    def give_instance(self, data: bytes) -> bool:
        body = f"\r\n--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + data
        body += f"\r\n--{BOUNDARY}--\r\n".encode()
        return self.give(200, body, f'multipart/related; type="application/dicom"; boundary={BOUNDARY}')

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    archive: FalseArchive

    def handle_error(self, *_: object) -> None:
        """Whoever asked has gone."""


class FalseArchive:
    """Lists, gives and takes instances; `misdeed` may answer a question in its own way first, and then says True."""

    def __init__(self, *instances: bytes, certificate: tuple[Path, Path] | None = None) -> None:
        self.instances: dict[str, bytes] = {}
        self.questions: list[tuple[str, str, dict[str, str]]] = []
        self.posted = 0
        self.misdeed: Misdeed = lambda asked: False
        for data in instances:
            self.keep(data)
        self._server = _Server(("127.0.0.1", 0), Asked)
        self._server.archive = self
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}/dicom-web"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def misbehaves(self, asked: Asked) -> bool:
        return self.misdeed(asked)

    def keep(self, data: bytes) -> str:
        uid = str(dcmread(io.BytesIO(data), stop_before_pixels=True).SOPInstanceUID)
        self.instances[uid] = data
        return uid

    def paths(self, method: str = "GET") -> list[str]:
        return [urlsplit(path).path for how, path, _ in self.questions if how == method]

    def answer(self, asked: Asked) -> None:
        if asked.steps[-1] in ("instances", "studies"):
            asked.give_json(self._listed(asked))
        elif asked.steps[-1] in self.instances:
            asked.give_instance(self.instances[asked.steps[-1]])
        else:
            asked.give(404)

    def take(self, asked: Asked) -> None:
        self.posted += 1
        uid = self.keep(self.sent(asked))
        asked.give_json({"00081199": {"vr": "SQ", "Value": [{"00081155": {"vr": "UI", "Value": [uid]}}]}})

    def sent(self, asked: Asked) -> bytes:
        return asked.body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]

    def _listed(self, asked: Asked) -> list[dict[str, Any]]:
        found = {}
        for data in self.instances.values():
            one = dcmread(io.BytesIO(data), stop_before_pixels=True)
            tree = one.to_json_dict()
            if asked.steps[-1] == "studies":
                found[one.StudyInstanceUID] = tree
            else:
                found[one.SOPInstanceUID] = tree
        chosen = [
            tree
            for tree in found.values()
            if all(tree.get(tag, {}).get("Value") == asked.query[name] for name, tag in _FILTERS.items() if name in asked.query)
        ]  # fmt: skip
        offset, limit = (int(asked.query.get(name, ["0"])[0]) for name in ("offset", "limit"))
        return chosen[offset : offset + (limit or None)] if limit else chosen[offset:]


_FILTERS = {"StudyInstanceUID": "0020000D", "SOPClassUID": "00080016", "Modality": "00080060", "PatientID": "00100020"}
