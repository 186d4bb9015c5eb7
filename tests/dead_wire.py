"""A network between a program and a server of this machine that can be cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class Wire:
    """Hands on what comes to its `port`; with no server behind it, takes connections and says nothing."""

    def __init__(self, server: int | None) -> None:
        self._server, self._ends = server, []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._dead, self._last_words = threading.Event(), list[bytes]()

    def __enter__(self) -> Self:
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self) -> None:
        """Let nothing through any more, without a word to either side."""
        self._dead.set()

    def mute_after(self, *words: bytes) -> None:
        """Let the program's words through up to the last of these; the server's answer to it is lost."""
        self._last_words = list(words)

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._ends.append(near)
                if self._server is not None:
                    far = socket.create_connection(("127.0.0.1", self._server))
                    self._ends.append(far)
                    for pair in ((near, far, True), (far, near, False)):
                        threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, asks: bool) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                if self._dead.is_set():
                    continue
                if asks and self._last_words and self._last_words[0] in content:
                    del self._last_words[0]
                    if not self._last_words:
                        self._dead.set()
                target.sendall(content)
            if not self._dead.is_set():
                target.shutdown(socket.SHUT_WR)
