"""The third page of the wizard: who takes part, and where the study lies."""

from __future__ import annotations

import os
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_latent_explain._qt.reviewing.wizard_page import WizardPage, push_button, words
from napari_latent_explain.review.study import raters_problem

__all__ = ["RatersPage", "folder_problem"]

_LARGEST_SEED = 2**31 - 1


def folder_problem(text: str) -> str:
    """Say why a study can't be made in this folder; nothing, if an empty text is returned."""
    if not text.strip():
        return "Name the folder in which the study is to lie."
    try:
        folder = Path(text.strip()).expanduser()
        if not folder.is_absolute():
            return f"'{text.strip()}' is only part of a path; name the whole path of the folder."
        if folder.exists() and not folder.is_dir():
            return f"{folder} is a file; name a folder."
        if os.path.lexists(folder / "study.json"):
            return f"There is a study in {folder} already; choose another folder."
    except (OSError, RuntimeError, ValueError) as error:
        return f"'{text.strip()}' can't be a folder ({getattr(error, 'strerror', None) or error}); choose another one."
    return ""


class RatersPage(WizardPage):
    """Asks for title, folder, raters and seed."""

    heading = "Raters"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLineEdit()
        self.title.setMaxLength(120)
        self.title.setAccessibleName("Title of the study")
        self.title.setToolTip(
            "What raters see above the pictures; it should not tell what you expect. Empty: the protocol's."
        )
        self.folder = QLineEdit()
        self.folder.setPlaceholderText("A new folder, or an empty one")
        self.folder.setAccessibleName("Folder of the new study")
        self.folder.setToolTip("Gets the study with all its pictures, and later the raters' answers.")
        self.browse = push_button(
            "&Browse...", "Choose the folder, or make a new one.", "Choose the folder of the new study"
        )
        self.names = QPlainTextEdit()
        self.names.setTabChangesFocus(True)
        self.names.setPlaceholderText("One a line, for instance:\nr1\nr2")
        self.names.setAccessibleName("Pseudonyms of the raters, one a line")
        self.names.setToolTip(
            "Pseudonyms, not names: they stand in every export. Letters, digits, - and _. Empty: anyone may take part."
        )
        self.seed = QSpinBox()
        self.seed.setRange(0, _LARGEST_SEED)
        self.seed.setMaximumWidth(180)
        self.seed.setAccessibleName("Seed")
        self.seed.setToolTip(
            "A number from which the raters' orders follow: the same study with the same seed has the same orders."
        )
        where = QHBoxLayout()
        where.addWidget(self.folder, 1)
        where.addWidget(self.browse)
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("&Title", self.title)
        form.addRow("F&older", where)
        form.labelForField(where).setBuddy(self.folder)
        form.addRow("&Raters", self.names)
        form.addRow("&Seed", self.seed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(
            words(
                "Who takes part? Write pseudonyms, not names, one a line: letters, digits, - and _. Keep the list of who is who "
                "elsewhere. With no pseudonym there, anyone may take part."
            )
        )
        column.addLayout(form, 1)
        for line in (self.title, self.folder, self.names):
            line.textChanged.connect(self._say_changed)
        self.seed.valueChanged.connect(self._say_changed)
        self.browse.clicked.connect(self._browse)

    @property
    def raters(self) -> tuple[str, ...]:
        """The pseudonyms as they were typed, without blanks and empty lines."""
        return tuple(line.strip() for line in self.names.toPlainText().splitlines() if line.strip())

    @property
    def problem(self) -> str:
        """What is still wrong."""
        return folder_problem(self.folder.text()) or raters_problem(self.raters)

    @property
    def place(self) -> Path:
        """The folder of the new study."""
        return Path(self.folder.text().strip()).expanduser()

    def suggest_title(self, title: str) -> None:
        """Show what the study is called if nothing is typed."""
        self.title.setPlaceholderText(title)

    def take_focus(self) -> None:
        """Begin with the title."""
        self.title.setFocus(Qt.FocusReason.OtherFocusReason)

    def _say_changed(self) -> None:
        self.changed.emit()

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(
            self, "Folder of the new study", self.folder.text() or str(Path.home())
        )
        if chosen:
            self.folder.setText(chosen)
