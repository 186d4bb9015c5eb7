"""Which model, on which processor, with which directions."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QFormLayout, QHBoxLayout, QPushButton, QWidget

from napari_latent_explain._qt.directions_chooser import DirectionsChooser
from napari_latent_explain._qt.model_shelf import ModelChoice

__all__ = ["ModelChooser"]

DEVICES = ("auto", "cpu", "cuda", "mps")


class ModelChooser(QWidget):  # type: ignore[misc]
    """The default model or a folder, the device, and the directions; loads nothing itself.

    Signals
    -------
    changed()
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folders: list[Path | None] = [None]
        self.model = QComboBox()
        self.model.addItem("Default model")
        self.model.setToolTip("The model bundle that reads and redraws the photograph.")
        self.model.setAccessibleName("Model")
        self.model.setMinimumContentsLength(12)
        self.model.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
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
        self.model.currentIndexChanged.connect(self._say_changed)
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

    def choose(self, bundle: Path | None, device: str) -> None:
        """Choose a model, the default one if its folder is not there any more, and a device."""
        if bundle is not None and bundle.is_dir():
            self.add_folder(bundle)
        else:
            self.model.setCurrentIndex(0)
        if device in DEVICES:
            self.device_choice.setCurrentText(device)

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Choose a model folder")
        if chosen:
            self.add_folder(Path(chosen))

    def _say_changed(self) -> None:
        self.changed.emit()
