"""Which picture of a file that holds several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QSpinBox, QWidget

from napari_latent_explain._qt.latest_wins import LatestWins

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_latent_explain.domain import Progress

__all__ = ["FrameChooser"]


def _frames_in(path: Path) -> int:
    from napari_latent_explain.fundus import frames_in
    from napari_latent_explain.fundus.photograph_files import is_dicom

    return frames_in(path) if is_dicom(path) else 1


class FrameChooser(QSpinBox):  # type: ignore[misc]
    """Hidden unless a file has more than one picture; counts them in a thread of its own."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Path, int] | None = None
        self._chosen: dict[tuple[Path, int], int] = {}
        self._worker = LatestWins()
        self._worker.returned.connect(lambda _, found: self._show_count(*found))
        self.setPrefix("frame ")
        self.setAccessibleName("Frame")
        self.setToolTip("Which picture of this file: it has several.")
        self.valueChanged.connect(self._keep)
        self.hide()

    @property
    def frame(self) -> int:
        """Which picture, from 0."""
        return self._chosen.get(self._shown, self._shown[1]) if self._shown is not None else 0

    @property
    def busy(self) -> bool:
        """Whether a file's pictures are being counted."""
        return bool(self._worker.busy)

    @property
    def closer(self) -> Callable[[], None]:
        """A function that ends the thread and knows no Qt object."""
        return self._worker.closer

    def choose(self, path: Path, frame: int) -> None:
        """Choose a picture of a file, from 0, whether the file is shown now or later."""
        self._chosen[path, 0] = frame
        if self._shown == (path, 0):
            self.show_file(path)

    def show_file(self, path: Path | None, first: int = 0) -> None:
        """Offer the pictures of a file, as soon as they are counted, and `first` until another is chosen; None offers none."""
        self._shown = (path, first) if path is not None else None
        self.hide()
        self._worker.discard()
        if path is not None:
            self._worker.submit("count", lambda progress: self._count(path, progress))

    @staticmethod
    def _count(path: Path, _: Progress) -> tuple[Path, int]:
        return path, _frames_in(path)

    def _show_count(self, path: Path, count: int) -> None:
        if self._shown is not None and path == self._shown[0]:
            frame = self.frame
            self.blockSignals(True)
            self.setRange(1, max(count, frame + 1))
            self.setSuffix(f" of {count}")
            self.setValue(frame + 1)
            self.blockSignals(False)
            self.setVisible(count > 1)

    def _keep(self, value: int) -> None:
        if self._shown is not None:
            self._chosen[self._shown] = value - 1
