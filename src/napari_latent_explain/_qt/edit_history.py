"""Undo and redo of edits. No Qt here."""

from __future__ import annotations

from napari_latent_explain.domain import Edit

__all__ = ["EditHistory"]


class EditHistory:
    """The edits a person has asked for, and where in their row we stand.

    While one slider is dragged, `push` gets the same `drag` again and again: the whole drag becomes one step.

    Examples
    --------
    >>> history = EditHistory()
    >>> history.push(Edit(strengths={"a": 1.0}))
    >>> history.undo() == Edit()
    True
    """

    def __init__(self) -> None:
        self._edits: list[Edit] = [Edit()]
        self._at = 0
        self._drag: str | None = None

    @property
    def current(self) -> Edit:
        """The edit that was asked for last."""
        return self._edits[self._at]

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier edit."""
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        """Whether something was undone."""
        return self._at + 1 < len(self._edits)

    def clear(self, edit: Edit | None = None) -> None:
        """Begin anew at `edit` (nothing moved, if not given)."""
        self._edits, self._at, self._drag = [edit if edit is not None else Edit()], 0, None

    def push(self, edit: Edit, drag: str | None = None) -> None:
        """Add an edit after the current one; what was undone is gone."""
        if edit == self.current:
            return
        goes_on = drag is not None and drag == self._drag and not self.can_redo
        del self._edits[self._at + (0 if goes_on else 1) :]
        self._edits.append(edit)
        self._at = len(self._edits) - 1
        self._drag = drag

    def end_drag(self) -> None:
        """Let the next drag be a step of its own."""
        self._drag = None

    def undo(self) -> Edit:
        """Go one step back, if there is one."""
        self._at, self._drag = max(0, self._at - 1), None
        return self.current

    def redo(self) -> Edit:
        """Go one step forward, if there is one."""
        self._at, self._drag = min(len(self._edits) - 1, self._at + 1), None
        return self.current
