"""One question on the screen: its answers as buttons that show their keys, or a box for words."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QObject, Qt, QTimer, Signal
from qtpy.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from napari_latent_explain.review import Answer, Question

__all__ = ["QuestionRow"]

_DRAFT_MS = 400  # after so long without a key, what is typed is kept


class QuestionRow(QFrame):  # type: ignore[misc]
    """A question, its answer, and the ways to give it.

    Signals
    -------
    pressed(key: str)
        A person clicked an answer; it counts like its key.
    written(text: str)
        Words, a moment after they were typed.
    ended()
        A person is through with the words.
    asked()
        A person went to this question.
    cleared()
        The marks are to go.
    """

    pressed = Signal(str)
    written = Signal(str)
    ended = Signal()
    asked = Signal()
    cleared = Signal()

    def __init__(self, question: Question, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.question = question
        self.buttons: dict[str, QPushButton] = {}
        self.words: QPlainTextEdit | None = None
        self._kept = ""
        self.setObjectName("question")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 5, 8, 5)
        column.setSpacing(3)
        self.text = QLabel(question.text + ("" if question.required else "  (may be left out)"))
        self.text.setWordWrap(True)
        column.addWidget(self.text)
        if question.hint:
            hint = QLabel(question.hint)
            hint.setWordWrap(True)
            column.addWidget(hint)
        if question.keys:
            column.addLayout(self._options())
        elif question.kind == "text":
            column.addWidget(self._box())
        else:
            column.addLayout(self._marks())
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DRAFT_MS)
        self._timer.timeout.connect(self.keep_words)
        self.show_state(None, current=False, free=True)

    def show_state(self, answer: Answer | None, *, current: bool, free: bool) -> None:
        """Show an answer, whether this is the question that keys answer, and whether it can be answered at all."""
        given = {str(one) for one in answer} if isinstance(answer, tuple) and not self._is_marks else {str(answer)}
        for code, button in self.buttons.items():
            button.setChecked(code in given)
            button.setEnabled(free)
        if self.words is not None:
            self._show_words(answer if isinstance(answer, str) else "")
            self.words.setReadOnly(not free)
        if self._is_marks:
            count = len(answer) if isinstance(answer, tuple) else 0
            said = "no mark yet" if not count else "1 mark" if count == 1 else f"{count} marks"
            self._count.setText(said)
            self._clear.setEnabled(free and count > 0)
        line = "#4e9fdd" if current and free else "transparent"
        self.setStyleSheet(
            f"QFrame#question {{ border-left: 4px solid {line}; }} "
            "QPushButton { text-align: left; padding: 3px 5px; } "
            "QPlainTextEdit { border: 1px solid #5a6370; background: #1b1d22; color: #f0f1f2; } "
            "QPlainTextEdit:focus { border-color: #9fd0ff; } "
            "QPushButton:checked { background: #1f5f99; color: white; font-weight: bold; } "
            "QPushButton:focus { border: 1px solid #9fd0ff; }"
        )
        font = self.text.font()
        font.setBold(current and free)
        self.text.setFont(font)

    def keep_words(self) -> None:
        """Send what was typed, until `show_state` shows it as the answer."""
        self._timer.stop()
        if self.words is not None and self.words.toPlainText().strip() != self._kept:
            self.written.emit(self.words.toPlainText().strip())

    def _show_words(self, text: str) -> None:
        """Show words that are kept now; those that wait to be kept stay until then."""
        assert self.words is not None  # noqa: S101 - a row for words
        if text != self._kept:
            self._kept = text
            if text != self.words.toPlainText().strip():
                self.words.setPlainText(text)

    @property
    def _is_marks(self) -> bool:
        return self.question.kind == "marks"

    def _options(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(3)
        keys = self.question.keys
        columns = len(keys) if self.question.kind == "side" else 2 if len(keys) > 5 else 1
        if self.question.kind == "scale":
            columns = 1
        for number, option in enumerate(keys):
            button = QPushButton(f"{option.key.upper()}   {option.label}")
            if self.question.kind == "scale":
                words = option.label.removeprefix(option.key).strip()
                button.setText(f"{option.key}   {words}" if words else option.key)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(f"{self.question.text} {option.label}, key {option.key}")
            button.setToolTip(option.hint or f"Key {option.key.upper()}")
            button.clicked.connect(partial(self._click, option.key))
            self.buttons[option.code] = button
            if self.question.kind == "scale":
                grid.addWidget(button, 0, number)
                grid.setColumnStretch(number, 2 if button.text() != option.key else 1)
            else:
                grid.addWidget(button, number // columns, number % columns)
        return grid

    def _click(self, key: str, *_: Any) -> None:
        self.asked.emit()
        self.pressed.emit(key)

    def _box(self) -> QPlainTextEdit:
        self.words = QPlainTextEdit()
        self.words.setTabChangesFocus(True)
        self.words.setFixedHeight(4 * self.words.fontMetrics().lineSpacing())
        self.words.setPlaceholderText("Type; Enter ends, Shift+Enter begins a new line.")
        self.words.setAccessibleName(self.question.text)
        self.words.textChanged.connect(lambda: self._timer.start())
        self.words.installEventFilter(self)
        return self.words

    def _marks(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._count = QLabel()
        self._clear = QPushButton("Remove all")
        self._clear.setToolTip("Take all marks away; Undo takes away the last one.")
        self._clear.clicked.connect(lambda *_: self.cleared.emit())
        go = QPushButton("Mark in the pictures")
        go.setToolTip("Then click a point in any of the pictures, or drag a box.")
        go.clicked.connect(lambda *_: self.asked.emit())
        row.addWidget(go)
        row.addWidget(self._count, 1)
        row.addWidget(self._clear)
        return row

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """See Enter and Escape in the words, and when somebody comes or goes."""
        if watched is self.words:
            if event.type() == QEvent.Type.KeyPress:
                shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
                if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not shift:
                    self.keep_words()
                    self.ended.emit()
                    return True
                if event.key() == Qt.Key.Key_Escape:
                    self.keep_words()
                    self.words.clearFocus()
                    return True
            elif event.type() == QEvent.Type.FocusIn:
                self.asked.emit()
            elif event.type() == QEvent.Type.FocusOut:
                self.keep_words()
        return bool(super().eventFilter(watched, event))
