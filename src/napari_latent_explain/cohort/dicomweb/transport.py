"""One question over HTTP and its answer, within limits of size and time, and ended as soon as nobody wants it any more.

The standard library's client is all that is needed: it follows no redirect, reads no proxy or password from the environment,
and logs no address, whose query may name a patient. (dicomweb-client's own session reads answers whole, of any size, and logs
what it asks for; its addresses and queries are used, see `Archive`.)
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_latent_explain.cohort.dicomweb.errors import AnswerError, ArchiveError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from napari_latent_explain.cohort.dicomweb.address import ArchiveAddress
    from napari_latent_explain.cohort.dicomweb.limits import ArchiveLimits

__all__ = ["Answer", "Question", "exchange"]

_PIECE = 64 * 2**10
_LOOK = 0.1  # seconds between two looks whether somebody wants it to end
_MOST_HEADER = 1000  # characters that are kept of one


@dataclass(frozen=True)
class Question:
    """What is asked.

    Parameters
    ----------
    target : str
        Path and query.
    accept : str
        Media types of an answer.
    most_bytes : int
        Of the answer.
    headers : mapping
        More of them; they may hold a password.
    body : bytes, optional
        What is posted; without it the question is a GET.
    """

    target: str
    accept: str
    most_bytes: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    """What came back; all of it is the archive's word alone.

    Parameters
    ----------
    status : int
        HTTP status.
    kind : str
        Content-Type.
    body : bytes
        Whole.
    location : str
        Where it would send one to, if it does.
    retry_after : float
        Seconds that it asks to wait; 0 if it doesn't.
    """

    status: int
    kind: str = ""
    body: bytes = field(default=b"", repr=False)
    location: str = ""
    retry_after: float = 0.0


def exchange(
    address: ArchiveAddress,
    question: Question,
    limits: ArchiveLimits,
    tls: ssl.SSLContext | None,
    still_wanted: Callable[[], None],
) -> Answer:
    """Put a question once.

    Parameters
    ----------
    still_wanted : callable
        Called ten times a second; what it raises ends the connection, and is raised.

    Raises
    ------
    UnreachableError
        If there is no connection, or it is lost or silent.
    AnswerError
        If the answer is larger or slower than the limits, or is no HTTP.
    ArchiveError
        If the archive's certificate is not trusted, or it does not speak TLS.
    """
    call = _Call(address, question, limits, tls)
    thread = threading.Thread(target=call.run, name="archive", daemon=True)
    deadline = time.monotonic() + limits.seconds
    thread.start()
    try:
        while thread.is_alive():
            still_wanted()
            thread.join(_LOOK)
            if thread.is_alive() and time.monotonic() > deadline:
                msg = f"The archive took more than {limits.seconds:g} seconds for one answer; allow more, or ask it again later."
                raise AnswerError(msg)
    finally:
        call.end()
    if call.failure is not None:
        raise _told(call.failure, address) from None  # what was raised may quote addresses and headers
    assert call.answer is not None  # noqa: S101 - a call ends with one or the other
    return call.answer


class _Call:
    """What happens in a thread of its own, so that a silent or dripping archive can be left."""

    def __init__(
        self, address: ArchiveAddress, question: Question, limits: ArchiveLimits, tls: ssl.SSLContext | None
    ) -> None:
        self._address, self._question, self._limits, self._tls = address, question, limits, tls
        self._socket: socket.socket | None = None
        self._order, self._ended = threading.Lock(), False
        self.answer: Answer | None = None
        self.failure: Exception | None = None

    def run(self) -> None:
        connection = self._connection()
        try:
            connection.connect()
            with self._order:
                self._socket = connection.sock
                if self._ended:
                    return
            connection.sock.settimeout(self._limits.silent_seconds)
            self.answer = self._answered(connection)
        except Exception as error:  # noqa: BLE001 - the caller is told
            self.failure = error
        finally:
            connection.close()

    def end(self) -> None:
        """Cut the connection, if there still is one; the thread then ends."""
        with self._order:
            self._ended = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _connection(self) -> http.client.HTTPConnection:
        host, port, seconds = self._address.host, self._address.port, self._limits.connect_seconds
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=seconds, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=seconds)

    def _answered(self, connection: http.client.HTTPConnection) -> Answer:
        question = self._question
        headers = {
            "Accept": question.accept, "Accept-Encoding": "identity", "Connection": "close",
            "User-Agent": "napari-latent-explain", **question.headers,
        }  # fmt: skip
        method, pieces = "GET", None
        if question.body is not None:
            method, pieces = "POST", _pieces(question.body)
            headers["Content-Length"] = str(len(question.body))
        with contextlib.suppress(BrokenPipeError):  # it may have refused what it did not want to hear to the end
            connection.request(method, question.target, pieces, headers)
        with connection.getresponse() as response:
            encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
            if encoding not in ("", "identity"):
                msg = "The archive packs its answers though it was asked not to; have that turned off."
                raise AnswerError(msg)
            return Answer(
                response.status, _header(response, "Content-Type"), _body(response, question.most_bytes),
                _header(response, "Location"), _seconds(_header(response, "Retry-After")),
            )  # fmt: skip


def _pieces(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _PIECE):
        yield body[start : start + _PIECE]


def _header(response: http.client.HTTPResponse, name: str) -> str:
    return (response.headers.get(name) or "")[:_MOST_HEADER]


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


def _body(response: http.client.HTTPResponse, most: int) -> bytes:
    """All of it; as soon as it is more than `most`, nothing."""
    told, body = response.length, bytearray()
    while len(body) <= most and (told is None or told <= most) and (piece := response.read1(_PIECE)):
        body += piece
    if len(body) > most or (told is not None and told > most):
        msg = f"The archive's answer is larger than {most / 2**20:g} MiB; allow more if that is meant."
        raise AnswerError(msg)
    if told is not None and len(body) < told:
        raise ConnectionResetError
    return bytes(body)


def _told(failure: Exception, address: ArchiveAddress) -> ArchiveError:
    """A failure in our own words."""
    place = address.place
    if isinstance(failure, ArchiveError):
        return failure
    if isinstance(failure, ssl.SSLCertVerificationError):
        msg = (
            f"The certificate of {place} is not trusted ({failure.verify_message or 'it names another host'}); "
            "give the certificate of who signed it (--ca), or ask who runs the archive."
        )
        return ArchiveError(msg)
    if isinstance(failure, ssl.SSLError):
        return ArchiveError(f"{place} does not speak TLS as this program does; check port and scheme of the address.")
    if isinstance(failure, socket.gaierror):
        return UnreachableError(f"There is no machine {address.host}; check the archive's address and the network.")
    if isinstance(failure, ConnectionRefusedError):
        return UnreachableError(f"Nothing answers at {place}; check the archive's address, and whether it runs.")
    if isinstance(failure, TimeoutError):
        return UnreachableError(f"{place} does not answer in time; check the network, or try again later.")
    if isinstance(failure, (OSError, http.client.IncompleteRead)):
        return UnreachableError(f"The connection to {place} was lost; check the network, or try again later.")
    return AnswerError(f"What {place} answers is no HTTP; check the archive's address.")
