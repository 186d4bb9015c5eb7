"""Which model, on which processor, with which directions."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QFormLayout, QHBoxLayout, QPushButton, QWidget

from napari_latent_explain._qt.directions_chooser import DirectionsChooser
from napari_latent_explain._qt.model_shelf import ModelChoice
from napari_latent_explain.model.downloads import DOWNLOADS, Download, fetched_bundle

__all__ = ["ModelChooser"]

DEVICES = ("auto", "cpu", "cuda", "mps")


class ModelChooser(QWidget):  # type: ignore[misc]
    """The default model, one that was or can be fetched, or a folder; the device, and the directions. Loads nothing itself.

    Signals
    -------
    changed()
    fetch_asked(name: str)
        A model was chosen that is not on this machine; the one before stays chosen until `take_fetched`.
    """

    changed = Signal()
    fetch_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folders: list[Path | None] = [None]
        self._to_fetch: dict[int, str] = {}
        self._shown = 0
        self.model = QComboBox()
        self.model.addItem("Default model")
        self.model.setToolTip("The model bundle that reads and redraws the photograph.")
        self.model.setAccessibleName("Model")
        self.model.setMinimumContentsLength(12)
        self.model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for download in DOWNLOADS:
            self._offer(download, fetched_bundle(download.name))
        self.browse = QPushButton("Folder...")
        self.browse.setToolTip("Choose the folder of another model bundle.")
        self.browse.setAccessibleName("Choose a model folder")
        self.device_choice = QComboBox()
        self.device_choice.addItems(DEVICES)
        self.device_choice.setToolTip(
            "Where to compute: auto takes a graphics processor if there is one, else the main processor."
        )
        self.device_choice.setAccessibleName("Device")
        self.directions = DirectionsChooser()
        row = QHBoxLayout()
        row.addWidget(self.model, 1)
        row.addWidget(self.browse)
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.addRow("Model", row)
        form.addRow("Device", self.device_choice)
        form.addRow("Directions", self.directions)
        self.browse.clicked.connect(self._browse)
        self.model.currentIndexChanged.connect(self._choose_model)
        self.device_choice.currentIndexChanged.connect(self._say_changed)

    @property
    def chosen(self) -> ModelChoice:
        """All of it."""
        return ModelChoice(self.bundle, self.device, self.directions.file)

    @property
    def bundle(self) -> Path | None:
        """The chosen folder, None for the default model."""
        index = int(self.model.currentIndex())
        return self._folders[index]

    @property
    def device(self) -> str:
        """The chosen device's name."""
        return str(self.device_choice.currentText())

    def add_folder(self, folder: Path) -> None:
        """Offer a folder and choose it."""
        if folder not in self._folders:
            self._folders.append(folder)
            self.model.addItem(folder.name)
            self.model.setItemData(len(self._folders) - 1, str(folder), Qt.ItemDataRole.ToolTipRole)
        self.model.setCurrentIndex(self._folders.index(folder))

    def take_fetched(self, name: str, folder: Path) -> None:
        """Choose a model that was asked for and is there now."""
        index = next((index for index, asked in self._to_fetch.items() if asked == name), None)
        if index is not None:
            del self._to_fetch[index]
            self._folders[index] = folder
            self.model.setItemText(index, self.model.itemText(index).partition(" (")[0])
            self.model.setItemData(index, str(folder), Qt.ItemDataRole.ToolTipRole)
        self.add_folder(folder)

    def choose(self, bundle: Path | None, device: str) -> None:
        """Choose a model, the default one if its folder is not there any more, and a device."""
        if bundle is not None and bundle.is_dir():
            self.add_folder(bundle)
        else:
            self.model.setCurrentIndex(0)
        if device in DEVICES:
            self.device_choice.setCurrentText(device)

    def _offer(self, download: Download, folder: Path | None) -> None:
        self._folders.append(folder)
        size = f"{download.bytes / 1e6:.0f} MB"
        self.model.addItem(download.title if folder is not None else f"{download.title} (fetch, {size})")
        index = len(self._folders) - 1
        tip = str(folder) if folder is not None else f"Choose it to download it once, {size}, from {download.address}"
        self.model.setItemData(index, tip, Qt.ItemDataRole.ToolTipRole)
        if folder is None:
            self._to_fetch[index] = download.name

    def _choose_model(self, index: int) -> None:
        name = self._to_fetch.get(index)
        if name is not None:
            self.model.setCurrentIndex(self._shown)
            self.fetch_asked.emit(name)
        elif index != self._shown:
            self._shown = index
            self.changed.emit()

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Choose a model folder")
        if chosen:
            self.add_folder(Path(chosen))

    def _say_changed(self) -> None:
        self.changed.emit()
