"""The first page of a review: which study, and who."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFileDialog, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_latent_explain._qt.hinted_line import HintedLine

__all__ = ["StudyChooser"]


class StudyChooser(QWidget):  # type: ignore[misc]
    """Asks for a study's folder and a rater's pseudonym.

    Signals
    -------
    begun(folder: str, rater: str, database: str)
        Somebody wants to review; `database` is empty for a file in the study's folder.
    new_asked()
        Somebody wants to make a study.
    """

    begun = Signal(str, str, str)
    new_asked = Signal()

    def __init__(self, rater: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        words = QLabel(
            "Choose a study and say who you are by the pseudonym that you were given. Every answer is kept as soon as you give "
            "it; you can stop at any time and go on later."
        )
        words.setWordWrap(True)
        self.folder = HintedLine("Folder with study.json")
        self.folder.setAccessibleName("Folder of the study")
        browse = QPushButton("Browse...")
        browse.clicked.connect(self._browse)
        where = QHBoxLayout()
        where.addWidget(self.folder, 1)
        where.addWidget(browse)
        self.rater = HintedLine("Letters and digits, not your name")
        self.rater.setText(rater)
        self.rater.setAccessibleName("Your pseudonym")
        self.rater.setMaxLength(40)
        self.database = HintedLine("Leave empty: a file in the study's folder")
        self.database.setToolTip("The address of a site's database, such as postgresql+pg8000://user@host/name.")
        self.database.setAccessibleName("Database of the site, if there is one")
        self.begin = QPushButton("Begin, or go on")
        self.begin.clicked.connect(self._begin)
        self.new = QPushButton("New study...")
        self.new.setToolTip("Make a study: choose photographs, a protocol and raters.")
        self.new.setAccessibleName("Make a new study")
        self.new.clicked.connect(self._ask_new)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setStyleSheet("border-left: 3px solid #f28e2b; padding-left: 6px;")
        form = QFormLayout()
        form.addRow("Study", where)
        form.addRow("Pseudonym", self.rater)
        form.addRow("Database", self.database)
        column = QVBoxLayout(self)
        column.addWidget(words)
        column.addLayout(form)
        column.addWidget(self.begin)
        column.addWidget(self.message)
        column.addSpacing(12)
        column.addWidget(self.new)
        column.addStretch(1)
        for line in (self.folder, self.rater, self.database):
            line.returnPressed.connect(self._begin)

    def say(self, text: str) -> None:
        """Say why it could not begin."""
        self.message.setText(text)
        self.message.setVisible(bool(text))

    def begin_made(self, folder: str, raters: tuple[str, ...]) -> None:
        """Begin a study that was just made; ask who reviews it, if that can't be told."""
        self.folder.setText(folder)
        self.database.clear()
        if raters and self.rater.text().strip() not in raters:
            self.rater.setText(raters[0] if len(raters) == 1 else "")
        if self.rater.text().strip():
            self._begin()
        else:
            self.say(f"Say who you are{': ' + ', '.join(raters) if raters else ''}. Then begin.")
            self.rater.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask_new(self) -> None:
        self.new_asked.emit()

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of the study", self.folder.text() or str(Path.home()))
        if chosen:
            self.folder.setText(chosen)

    def _begin(self) -> None:
        self.say("")
        folder, rater = self.folder.text().strip(), self.rater.text().strip()
        if not folder or not rater:
            self.say("Name the study's folder and your pseudonym.")
            return
        self.begun.emit(folder, rater, self.database.text().strip())
