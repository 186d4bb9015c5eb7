"""Which photograph: an image layer of the viewer, or a file."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_latent_explain._qt.explained_layers import is_ours
from napari_latent_explain._qt.frame_chooser import FrameChooser
from napari_latent_explain.domain import Photograph, PhotographError, WrongUseError
from napari_latent_explain.fundus.photograph_files import may_be_photograph, start_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer
    from numpy.typing import NDArray

__all__ = ["PhotographChooser", "not_its_file", "photograph_of"]

PATTERN = "Photographs (*.jpg *.jpeg *.png *.tif *.tiff *.bmp *.webp *.jp2 *.j2k *.dcm *.dicom);;All files (*)"


def _source_path(layer: Any) -> Path | None:
    """Return the file that a layer was read from, if it is known and still there."""
    mark = layer.metadata.get("latent_explain")
    named = [mark.get(key) for key in ("source", "path")] if isinstance(mark, dict) else []
    named += [layer.metadata.get("source"), layer.metadata.get("path"), layer.source.path]
    for name in named:
        if isinstance(name, str | Path) and Path(name).is_file():
            return Path(name)
    return None


def _frame_of(layer: Any) -> int:
    """Return which picture of its file a layer shows, from 0."""
    mark = layer.metadata.get("latent_explain")
    frame = mark.get("frame", 0) if isinstance(mark, dict) else 0
    return frame if isinstance(frame, int) and frame >= 0 else 0


def _reading(read: Callable[..., Photograph], path: Path, frame: int) -> Callable[[], Photograph]:
    return (lambda: read(path, frame)) if frame else (lambda: read(path))


def photograph_of(layer: Any, read: Callable[..., Photograph], frame: int = 0) -> Callable[[], Photograph]:
    """Look at a layer now and return what reads its photograph when called (in another thread).

    The layer's file is read again if it is known, since it holds more than the pixels; `frame` says which picture of it.
    Where the layer shows something else than that (it was turned or cut, say), its own pixels are taken.

    Raises
    ------
    PhotographError
        If the layer holds no single colour picture.
    """
    path, other = _source_path(layer), frame != _frame_of(layer)
    if path is not None and other:
        return _reading(read, path, frame)
    name, mark = str(layer.name), layer.metadata.get("latent_explain")
    simulated = bool(isinstance(mark, dict) and mark.get("simulated"))
    shown = layer.data[0] if layer.multiscale else layer.data
    if not layer.rgb or shown.ndim != 3:
        msg = f"Layer '{name}' is no single colour photograph; choose a layer of height x width x RGB."
        raise PhotographError(msg)
    pixels = np.array(shown)[..., :3]
    if np.issubdtype(pixels.dtype, np.floating):
        pixels = np.round(np.clip(np.nan_to_num(pixels), 0, 1) * 255).astype(np.uint8)
    if pixels.dtype not in (np.uint8, np.uint16):
        msg = f"Layer '{name}' holds {pixels.dtype} values; a photograph has 8 or 16 bits a channel."
        raise PhotographError(msg)

    def make() -> Photograph:
        if path is not None and may_be_photograph(path.name, lambda: start_of(path)):
            photograph = read(path, frame) if frame else read(path)
            if _alike(photograph.pixels, pixels):
                return photograph
        whole = np.ascontiguousarray(pixels)
        return Photograph(whole, name, hashlib.sha256(whole.tobytes()).hexdigest(), simulated=simulated)

    return make


def _alike(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether two readings of a picture are the same, but for how a decoder rounds."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    step = 2 * (int(np.iinfo(one.dtype).max) // 255)
    return bool((np.maximum(one, other) - np.minimum(one, other) <= step).all())


def not_its_file(layer: Any, photograph: Photograph) -> bool:
    """Whether a photograph is what a layer shows, and not what the file holds that it came from."""
    return layer is not None and photograph.path is None and _source_path(layer) is not None


class PhotographChooser(QWidget):  # type: ignore[misc]
    """Offers the viewer's colour image layers and files chosen in a dialog, and which picture of a file that has several.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
    read : callable
        Path -> Photograph; (path, frame) -> Photograph for a later picture of a file.
    folder : str
        Where the dialog begins.

    Signals
    -------
    changed()
        There are other photographs to choose from.
    """

    changed = Signal()

    def __init__(
        self,
        viewer: napari.viewer.Viewer,
        read: Callable[..., Photograph],
        folder: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._read, self._folder = viewer, read, folder
        self._files: list[Path] = []
        self._choices: list[Any] = []
        self.choice = QComboBox()
        self.choice.setToolTip("The colour photograph of a retina: an image layer, or a file you opened.")
        self.choice.setAccessibleName("Photograph")
        self.choice.setMinimumContentsLength(12)
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.browse = QPushButton("Open...")
        self.browse.setToolTip("Open a photograph from a file (JPEG, PNG, TIFF, DICOM and others).")
        self.browse.setAccessibleName("Open a photograph")
        self.frames = FrameChooser()
        row = QHBoxLayout()
        row.addWidget(self.choice, 1)
        row.addWidget(self.browse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.frames)
        self.browse.clicked.connect(self._browse)
        self.choice.currentIndexChanged.connect(self._show_frames)
        self.choice.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.frames.valueChanged.connect(lambda _: self.changed.emit())
        viewer.layers.events.inserted.connect(self._layer_inserted)
        viewer.layers.events.removed.connect(self.refresh)
        viewer.layers.events.renamed.connect(self._layer_renamed)
        self.refresh()

    @property
    def layer(self) -> Any:
        """The chosen layer; None if a file, another picture of the layer's file, or nothing is chosen."""
        chosen = self._chosen()
        if chosen is None or isinstance(chosen, Path):
            return None
        return chosen if self.frames.frame == _frame_of(chosen) or _source_path(chosen) is None else None

    @property
    def closer(self) -> Callable[[], None]:
        """A function that ends the thread and knows no Qt object."""
        return self.frames.closer

    def photograph(self) -> Callable[[], Photograph]:
        """Return a function that reads the chosen photograph, to be called in a worker thread.

        Raises
        ------
        WrongUseError
            If nothing is chosen.
        PhotographError
            If the chosen layer holds no single colour picture.
        """
        chosen = self._chosen()
        if chosen is None:
            msg = "Choose a photograph first: open one with Open..., or drop one on the viewer."
            raise WrongUseError(msg)
        if isinstance(chosen, Path):
            return _reading(self._read, chosen, self.frames.frame)
        return photograph_of(chosen, self._read, self.frames.frame)

    def add_file(self, path: Path, frame: int | None = None) -> None:
        """Offer a file and choose it, and one of its pictures (from 0) if one is named."""
        if frame is not None:
            self.frames.choose(path, frame)
        if path not in self._files:
            self._files.append(path)
        self.refresh()
        self.choice.setCurrentIndex(next(i for i, c in enumerate(self._choices) if c is path or c == path))

    def refresh(self, event: object = None) -> None:
        """Look again which layers there are; what is chosen stays chosen."""
        before = self._chosen()
        layers = [layer for layer in self._viewer.layers if getattr(layer, "rgb", False) and not is_ours(layer)]
        self._choices = [*layers, *self._files]
        self.choice.blockSignals(True)
        self.choice.clear()
        for index, chosen in enumerate(self._choices):
            self.choice.addItem(str(chosen.name))
            tip = str(chosen) if isinstance(chosen, Path) else f"layer {chosen.name}"
            self.choice.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
            if _same(chosen, before):
                self.choice.setCurrentIndex(index)
        self.choice.blockSignals(False)
        if not _same(before, self._chosen()):
            self._show_frames()
        self.changed.emit()

    @property
    def chosen(self) -> bool:
        """Whether there is a photograph to explain."""
        return self._chosen() is not None

    def chose(self, photograph: Photograph, source: Any = None) -> bool:
        """Whether a photograph is the one that is chosen, as far as can be told; also if nothing is.

        `source` is the layer that it came from, if it is known.
        """
        chosen = self._chosen()
        if chosen is None:
            return True
        if source is not None and not isinstance(chosen, Path):
            return self.layer is not None and _same(chosen, source)
        path = chosen if isinstance(chosen, Path) else _source_path(chosen)
        if path is not None and photograph.path is not None:
            return path.absolute() == photograph.path.absolute() and photograph.frame == self.frames.frame
        return not isinstance(chosen, Path) and str(chosen.name) == photograph.name

    def close_down(self) -> None:
        """Stop listening to the viewer."""
        self._viewer.layers.events.inserted.disconnect(self._layer_inserted)
        self._viewer.layers.events.removed.disconnect(self.refresh)
        self._viewer.layers.events.renamed.disconnect(self._layer_renamed)
        self.closer()

    def _show_frames(self, _index: int = 0) -> None:
        chosen = self._chosen()
        if chosen is None or isinstance(chosen, Path):
            self.frames.show_file(chosen)
        else:
            self.frames.show_file(_source_path(chosen), _frame_of(chosen))

    def _chosen(self) -> Any:
        index = self.choice.currentIndex()
        return self._choices[index] if 0 <= index < len(self._choices) else None

    def _layer_inserted(self, event: Any) -> None:
        self.refresh()
        for index, chosen in enumerate(self._choices):
            if not isinstance(chosen, Path) and _same(chosen, event.value):
                self.choice.setCurrentIndex(index)

    def _layer_renamed(self, event: Any) -> None:
        if not is_ours(self._viewer.layers[event.index]):  # ours are called otherwise with every picture
            self.refresh()

    def _browse(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Open a photograph", self._folder, PATTERN)
        if chosen:
            self.add_file(Path(chosen))


def _same(one: Any, other: Any) -> bool:
    """Whether two choices are one thing; a layer and its proxy are."""
    if isinstance(one, Path) or isinstance(other, Path) or one is None or other is None:
        return bool(isinstance(one, Path) and isinstance(other, Path) and one == other)
    return bool(getattr(one, "unique_id", one) == getattr(other, "unique_id", other))
