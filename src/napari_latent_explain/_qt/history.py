"""Undo and redo, without limit. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from napari_latent_explain.domain import Mix

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_latent_explain.domain import DirectionId, Edit, Naming, Region

__all__ = ["History", "Stand"]


@dataclass(frozen=True)
class Stand:
    """Everything that a person can change about an explanation, and so everything that can be undone.

    Parameters
    ----------
    target : int
        The class that is asked for.
    mix : Mix
        The sliders.
    region : Region, optional
        Outside which nothing may change.
    names : mapping
        What people called the directions.
    """

    target: int = 0
    mix: Mix = field(default_factory=Mix)
    region: Region | None = None
    names: Mapping[DirectionId, Naming] = field(default_factory=dict)

    def edited(self, edit: Edit) -> Stand:
        """The same with the sliders at an edit, all of it heard."""
        heard = self.mix.replace(edit=edit)
        return replace(self, mix=heard if heard.heard == edit else Mix(edit=edit))


class History:
    """The stands a person has asked for, and where in their row we are.

    While one slider is dragged, `push` gets the same `drag` again and again: the whole drag becomes one step.

    Parameters
    ----------
    stands, at : tuple of Stand, int
        A row to go on with, and where in it we are.

    Examples
    --------
    >>> history = History()
    >>> history.push(Stand(target=1))
    >>> history.undo() == Stand()
    True
    """

    def __init__(self, stands: tuple[Stand, ...] = (Stand(),), at: int = 0) -> None:
        self._stands: list[Stand] = list(stands)
        self._at = at
        self._drag: str | None = None

    @property
    def stands(self) -> tuple[Stand, ...]:
        """All of them, the oldest first."""
        return tuple(self._stands)

    def copy(self) -> History:
        """The same row, to go on with by itself."""
        return History(self.stands, self._at)

    @property
    def at(self) -> int:
        """Which of them is the current one."""
        return self._at

    @property
    def current(self) -> Stand:
        """The stand that was asked for last."""
        return self._stands[self._at]

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier stand."""
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        """Whether something was undone."""
        return self._at + 1 < len(self._stands)

    def clear(self, stand: Stand) -> None:
        """Begin anew."""
        self._stands, self._at, self._drag = [stand], 0, None

    def push(self, stand: Stand, drag: str | None = None) -> None:
        """Add a stand after the current one; what was undone is gone."""
        if stand == self.current:
            return
        goes_on = drag is not None and drag == self._drag and not self.can_redo
        del self._stands[self._at + (0 if goes_on else 1) :]
        self._stands.append(stand)
        self._at = len(self._stands) - 1
        self._drag = drag

    def amend(self, stand: Stand) -> None:
        """Put a stand in the place of the current one: what was asked for did not come about."""
        self._stands[self._at] = stand

    def take_back(self, stand: Stand) -> None:
        """Amend the current stand; if that leaves nothing of the last step, it is none."""
        self.amend(stand)
        if self._at and self._stands[self._at - 1] == stand:
            del self._stands[self._at]
            self._at -= 1

    def end_drag(self) -> None:
        """Let the next drag be a step of its own."""
        self._drag = None

    def undo(self) -> Stand:
        """Go one step back, if there is one."""
        self._at, self._drag = max(0, self._at - 1), None
        return self.current

    def redo(self) -> Stand:
        """Go one step forward, if there is one."""
        self._at, self._drag = min(len(self._stands) - 1, self._at + 1), None
        return self.current
