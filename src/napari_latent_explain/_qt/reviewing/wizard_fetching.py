"""The line of the wizard under the model: how far its download is, a way to stop it, and why it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_latent_explain._qt.model_fetching import ModelFetching
from napari_latent_explain._qt.reviewing.wizard_page import push_button, words
from napari_latent_explain._qt.slow_work import SlowWork

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_latent_explain._qt.model_chooser import ModelChooser

__all__ = ["FetchingLine"]


class FetchingLine(QWidget):  # type: ignore[misc]
    """Downloads a model that was chosen and is not on this machine, in a thread; out of sight while it has nothing to say.

    Parameters
    ----------
    model : ModelChooser
        Where it is chosen; it can't be changed meanwhile.
    parent : QWidget, optional

    Signals
    -------
    changed()
        A download began or ended.
    """

    changed = Signal()

    def __init__(self, model: ModelChooser, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._work = SlowWork()
        self._fetching = ModelFetching(model, self._work)
        self.said = words()
        self.stop = push_button("&Stop", "Stop the download; the model before stays chosen.", "Stop the download")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.said, 1)
        row.addWidget(self.stop)
        self._work.begins.connect(self._begin)
        self._work.progressed.connect(self._show_progress)
        self._work.said.connect(self.said.setText)
        self._work.refused.connect(self.said.setText)
        self._work.changed.connect(self._show_state)
        model.changed.connect(self._forget)
        self.stop.clicked.connect(self._cancel)
        self._show_state()

    @property
    def busy(self) -> bool:
        """Whether a model is being downloaded."""
        return bool(self._work.busy)

    @property
    def closer(self) -> Callable[[], None]:
        """A function that ends the thread and knows no Qt object."""
        return self._work.closer

    def close_down(self) -> None:
        """Stop, and end the thread."""
        self._work.close()

    def _cancel(self, *_: Any) -> None:
        self._work.cancel()

    def _begin(self, _kind: str) -> None:
        self.said.setText("Downloading...")

    def _show_progress(self, what: str, done: float) -> None:
        self.said.setText(f"{what} ({100 * done:.0f} %)")

    def _forget(self) -> None:
        """Another model is chosen: what became of the last download is no news any more."""
        self.said.setText("")
        self._show_state()

    def _show_state(self) -> None:
        self._model.setEnabled(not self.busy)
        self.stop.setVisible(self.busy)
        self.setVisible(bool(self.said.text()))
        self.changed.emit()
