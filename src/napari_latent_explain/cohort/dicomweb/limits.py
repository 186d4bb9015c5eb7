"""How much, how long and how often."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["ArchiveLimits"]

_Some = Annotated[float, Field(gt=0)]
_Many = Annotated[int, Field(ge=1)]


class ArchiveLimits(FrozenModel):
    """What one question to an archive may cost.

    Parameters
    ----------
    connect_seconds, silent_seconds : float
        Until there is a connection, and then without any sign of the archive.
    seconds : float
        For one question and its whole answer, however steadily that drips.
    instance_bytes, list_bytes : int
        Of an instance, and of a page of a list.
    tries : int
        How often a question is put when the connection fails or the archive says that it is busy.
    first_wait, longest_wait : float
        Seconds before the second try, doubled before each further one; and at most, whatever the archive asks for.
    page, entries : int
        Entries of a list that are asked for at once, and at most.
    """

    connect_seconds: _Some = 10.0
    silent_seconds: _Some = 60.0
    seconds: _Some = 300.0
    instance_bytes: _Many = 256 * 2**20
    list_bytes: _Many = 16 * 2**20
    tries: _Many = 4
    first_wait: _Some = 1.0
    longest_wait: _Some = 30.0
    page: _Many = 100
    entries: _Many = 100_000

    def wait(self, attempt: int, asked: float = 0.0) -> float:
        """Seconds to wait after a failed try (from 0), of which the archive may have asked for some."""
        return float(min(self.longest_wait, max(asked, self.first_wait * 2.0**attempt)))
