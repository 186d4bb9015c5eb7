"""Writing the panel of what is shown to a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_info
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QFileDialog

from napari_latent_explain.export.case_label import case_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QWidget

    from napari_latent_explain._qt.checking import Checked, Checking
    from napari_latent_explain._qt.session import Session
    from napari_latent_explain._qt.slow_work import SlowWork
    from napari_latent_explain.domain import CounterfactualRecord, Progress

__all__ = ["PanelExport"]

_KINDS = "Picture (*.png);;Document (*.pdf);;OME-TIFF (*.tiff)"


class PanelExport(QObject):  # type: ignore[misc]
    """Asks where to, and writes.

    Parameters
    ----------
    session : Session
        Whose explanation is written.
    checking : Checking
        Has the controls of the frame, or gets them.
    write : callable
        (record, path) -> path.
    work : SlowWork
        Writes.

    Signals
    -------
    written(path: str)
    """

    written = Signal(str)

    def __init__(
        self, session: Session, checking: Checking, write: Callable[[CounterfactualRecord, Path], Path], work: SlowWork
    ) -> None:
        super().__init__()
        self._session, self._checking, self._write, self._work = session, checking, write, work
        work.expect("export", self._say)

    def choose(self, parent: QWidget) -> None:
        """Ask for a file, and write to it."""
        explanation = self._session.explanation
        if explanation is None:
            return
        name = f"{case_folder(explanation.photograph.sha256)}_panel.png"  # a file's name may hold a patient's
        path, _ = QFileDialog.getSaveFileName(parent, "Export panel", name, _KINDS)
        if path:
            self.write(Path(path))

    def write(self, path: Path) -> None:
        """Write what is shown now to a file, with its controls: a panel must not go round without them."""
        explanation, checking, write = self._session.explanation, self._checking, self._write
        asked = self._session.asked_frame()
        if explanation is None or asked is None:
            return

        def work(progress: Progress) -> tuple[Path, Checked]:
            frame = asked()
            checked = checking.of(explanation, frame, progress)
            progress("Writing the panel", 0.9)
            return write(explanation.record(frame, faithfulness=checked.found), path), checked

        self._work.submit("export", work)

    def _say(self, result: tuple[Path, Checked]) -> None:
        path, checked = result
        self._checking.take(checked)
        show_info(f"Panel written to {path}.")
        self.written.emit(str(path))
