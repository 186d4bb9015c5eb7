"""How long work tells its caller where it stands, and how the caller stops it."""

from collections.abc import Callable

__all__ = ["Progress", "portion", "silent"]

Progress = Callable[[str, float], None]
"""``progress(what, done)``: `what` is a short sentence for a person, `done` runs from 0 to 1. To cancel, the callback
raises `domain.Cancelled`; work calls it often enough (several times a second) and leaves nothing half written."""


def silent(what: str, done: float) -> None:
    """Ignore progress."""


def portion(progress: Progress, begin: float, end: float) -> Progress:
    """Return the progress of a part of the work, which runs from `begin` to `end` of the whole."""

    def told(what: str, done: float) -> None:
        progress(what, begin + (end - begin) * done)

    return told
