"""An archive that speaks DICOMweb (PS3.18): who is asked, how, and how often."""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from napari_latent_explain.cohort.dicomweb.credentials import Credentials
from napari_latent_explain.cohort.dicomweb.errors import ArchiveError, UnreachableError
from napari_latent_explain.cohort.dicomweb.limits import ArchiveLimits
from napari_latent_explain.cohort.dicomweb.transport import Question, exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from napari_latent_explain.cohort.dicomweb.address import ArchiveAddress
    from napari_latent_explain.cohort.dicomweb.transport import Answer

__all__ = ["Archive", "require_dicomweb"]

_BUSY = (429, 502, 503, 504)
_LOOK = 0.1


def require_dicomweb() -> None:
    """See that archives can be spoken to here.

    Raises
    ------
    ArchiveError
        If dicomweb-client or pydicom are not installed.
    """
    try:
        import dicomweb_client  # noqa: F401
        import pydicom  # noqa: F401
    except ImportError as error:
        msg = "Archives need dicomweb-client; run: pip install 'napari-latent-explain[dicomweb]'"
        raise ArchiveError(msg) from error


@dataclass(frozen=True)
class Archive:
    """An archive, and how it is spoken to. No connection is kept open.

    Parameters
    ----------
    address : ArchiveAddress
        From `read_archive_address`.
    credentials : Credentials
        Sent to this address alone: no redirect is followed.
    limits : ArchiveLimits
        Of every question.
    ca : pathlib.Path, optional
        PEM file with the certificates that the archive's own has to be signed by, in place of the system's.

    Raises
    ------
    ArchiveError
        If dicomweb-client is not installed, or the file of certificates can't be read.
    """

    address: ArchiveAddress
    credentials: Credentials = field(default_factory=Credentials)
    limits: ArchiveLimits = field(default_factory=ArchiveLimits)
    ca: Path | None = None
    _tls: ssl.SSLContext | None = field(init=False, default=None, repr=False)

    def __post_init__(self) -> None:
        require_dicomweb()
        if self.address.encrypted:
            object.__setattr__(self, "_tls", _trusting(self.ca))

    def url(self, study: str = "", series: str = "", instance: str = "") -> str:
        """The address of a study, series or instance.

        Raises
        ------
        ArchiveError
            If a UID is none.
        """
        from dicomweb_client.uri import URI

        try:
            return str(URI(self.address.base, study or None, series or None, instance or None))
        except ValueError:
            msg = "What should name a study, series or instance is no DICOM UID; list the archive again."
            raise ArchiveError(msg) from None

    def get(
        self, url: str, accept: str, most_bytes: int, still_wanted: Callable[[], None],
        query: Mapping[str, Any] | None = None,
    ) -> Answer:  # fmt: skip
        """Ask for something; see `ask`."""
        from dicomweb_client.uri import build_query_string

        target = _target(url) + build_query_string(dict(query or {}))
        return self.ask(Question(target, accept, most_bytes, self.credentials.headers()), still_wanted)

    def post(self, url: str, accept: str, kind: str, body: bytes, still_wanted: Callable[[], None]) -> Answer:
        """Give something, once: whoever calls sees what became of it before trying again."""
        headers = {"Content-Type": kind, **self.credentials.headers()}
        question = Question(_target(url), accept, self.limits.list_bytes, headers, body)
        return self.ask(question, still_wanted, tries=1)

    def ask(self, question: Question, still_wanted: Callable[[], None], tries: int | None = None) -> Answer:
        """Put a question, again and again with growing waits if the connection fails or the archive is busy.

        Raises
        ------
        UnreachableError
            If all tries fail.
        AnswerError
            If the answer is larger or slower than the limits.
        ArchiveError
            If the archive is not to be trusted, refuses whoever asks, or sends one elsewhere.
        """
        tries = tries or self.limits.tries
        for attempt in range(tries):
            asked = 0.0
            try:
                answer = exchange(self.address, question, self.limits, self._tls, still_wanted)
            except UnreachableError as error:
                failure = error
            else:
                if answer.status not in _BUSY:
                    return self._admitted(answer)
                asked = answer.retry_after
                failure = UnreachableError(
                    f"The archive at {self.address.place} is busy ({answer.status}); try again later."
                )
            if attempt + 1 < tries:
                self.pause(attempt, still_wanted, asked)
        raise failure

    def pause(self, attempt: int, still_wanted: Callable[[], None], asked: float = 0.0) -> None:
        """Wait after a failed try (from 0)."""
        until = time.monotonic() + self.limits.wait(attempt, asked)
        while (left := until - time.monotonic()) > 0:
            still_wanted()
            time.sleep(min(_LOOK, left))

    def _admitted(self, answer: Answer) -> Answer:
        place = self.address.place
        if answer.status == 401:
            who = "does not accept the user and password" if self.credentials else "wants a user and password"
            msg = f"The archive at {place} {who}; give them in the environment, in a file, or when asked (see --help)."
            raise ArchiveError(msg)
        if answer.status == 403:
            msg = f"The archive at {place} does not allow this; ask who runs it for the right to do so."
            raise ArchiveError(msg)
        if 300 <= answer.status < 400:
            msg = (
                f"The archive at {place} sends one on to {_host(answer.location)}, where no password of it is taken; "
                "give the right address."
            )
            raise ArchiveError(msg)
        return answer


def _target(url: str) -> str:
    return urlsplit(url).path or "/"


def _host(location: str) -> str:
    """The machine of an address that nobody need trust, or some words."""
    try:
        host = urlsplit(location).hostname or ""
    except ValueError:
        host = ""
    plain = host.isascii() and host.isprintable() and 0 < len(host) < 100
    return host if plain else "another address"


def _trusting(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except OSError as error:
        msg = f"{ca} can't be read as certificates ({error.strerror or 'not PEM'}); give a PEM file."
        raise ArchiveError(msg) from error
