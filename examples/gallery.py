"""Screenshots of every state of the window: `xvfb-run -a python examples/gallery.py FOLDER [PHOTOGRAPH]`.

Without a photograph, a simulated eye is shown. On a machine without a screen, run it under Xvfb with GLX:
`xvfb-run -a -s "-screen 0 1600x1000x24 +extension GLX +render -noreset" python examples/gallery.py gallery`.
"""

import argparse
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import napari
import numpy as np
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget

from napari_latent_explain._qt import ExplainWidget
from napari_latent_explain._qt.shortcuts import ShortcutList
from napari_latent_explain._qt.vertical_scroll import VerticalScroll
from napari_latent_explain.domain import Region, SaliencyMethod
from napari_latent_explain.fundus import read_photograph
from napari_latent_explain.fundus.looking import Look
from napari_latent_explain.fundus.samples import sample_photographs

PATIENCE = 300.0


def turn(seconds: float = 0.3) -> None:
    """Let the window draw."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.01)


def wait(ready: Callable[[], bool]) -> None:
    """Let the window work until it is ready."""
    until = time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > until:
            raise TimeoutError
        QApplication.processEvents()
        time.sleep(0.01)
    turn()


def visit(photographs: list[Path], path: Path) -> Path:
    """Write photographs of one size as the frames of one DICOM file, whose pixels are 0.035 mm apart on the retina."""
    read = [read_photograph(one).pixels for one in photographs]
    frames = np.stack([one for one in read if one.shape == read[0].shape and one.dtype == np.uint8])
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.5.1"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid.generate_uid()
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = frames.shape
    dataset.PhotometricInterpretation, dataset.PixelRepresentation, dataset.PlanarConfiguration = "RGB", 0, 0
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.Modality, dataset.PixelSpacing = 7, "OP", [0.035, 0.035]
    dataset.SeriesDescription = "simulated"
    dataset.PixelData = frames.tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path, enforce_file_format=True)
    return path


class Gallery:
    """A viewer with the widget, and where its pictures go."""

    def __init__(self, output: Path, photographs: Path, project: Path) -> None:
        self.output, self.number = output, 0
        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(1500, 950)
        self.widget = ExplainWidget(self.viewer, project=project)
        self.photographs, self.project = photographs, project
        self.dock()

    def dock(self) -> None:
        """Dock the widget that is there now."""
        self.viewer.window.add_dock_widget(self.widget, name="Latent Explain", area="right")
        self.panel = self.widget.panel
        self.scroll = self.panel.findChild(VerticalScroll)

    def still(self) -> None:
        """Wait until nothing is computed or written."""
        widget = self.widget
        wait(lambda: not (widget.busy or widget.ahead.busy or widget.project.keeper.busy or widget.project.queue.busy))

    def shoot(self, name: str, part: QWidget | None = None, seconds: float = 0.3) -> None:
        """Take a picture of the window, or of a part, after so long."""
        turn(seconds)
        path = self.output / f"{self.number:02d}_{name}.png"
        if part is None:
            self.viewer.window.screenshot(path, canvas_only=False, flash=False)
        else:
            part.grab().save(str(path))
        self.number += 1
        print(path)

    def down_to(self, part: QWidget) -> None:
        """Scroll the panel."""
        self.scroll.verticalScrollBar().setValue(part.mapTo(self.scroll.widget(), part.rect().topLeft()).y() - 8)

    def run(self, photograph: Path) -> None:
        """Go through every state once."""
        widget, panel, tools = self.widget, self.panel, self.panel.looking
        self.shoot("first_steps")
        widget.project.add_folder(self.photographs)
        panel.project.expand(animate=False)
        self.still()
        turn(1.5)
        self.shoot("folder_listed")
        widget.project.explain_all()
        wait(lambda: panel.photographs.progress.value() > 0)
        self.shoot("folder_running")
        widget.project.queue.stop()
        self.still()
        panel.project.collapse(animate=False)
        widget.open_photograph(photograph)
        widget.explain()
        wait(lambda: bool(panel.progress.value()))
        self.shoot("explaining")
        wait(lambda: widget.explanation is not None)
        self.still()
        self.shoot("explained")
        widget.find_counterfactual()
        self.still()
        self.shoot("counterfactual")
        widget.check_answer()
        self.still()
        self.shoot("checked")
        self.down_to(panel.sliders)
        self.shoot("sliders")
        first, second = list(panel.sliders.rows.values())[:2]
        first.slider.setSliderDown(True)
        for share in (0.2, 0.4, 0.6):
            first.slider.setValue(share * first.slider.maximum())
            turn(0.05)
        self.shoot("slider_moves", seconds=0.02)
        self.still()
        turn()
        self.shoot("slider_rests")
        first.slider.setSliderDown(False)
        widget.undo()
        self.still()
        first.mute.click()
        second.solo.click()
        self.still()
        self.shoot("muted_and_alone")
        second.solo.click()
        first.mute.click()
        self.still()
        tools.parentWidget().parentWidget().expand(animate=False)
        self.down_to(tools)
        tools.outlined.click()
        self.still()
        self.shoot("outlines")
        tools.outlined.click()
        tools.swipe.setValue(50)
        self.still()
        self.shoot("swipe")
        tools.swipe.setValue(0)
        for look in (Look.RED_FREE, Look.CONTRAST, Look.RED_FREE_CONTRAST):
            tools.look.choose(look)
            tools.look.chosen.emit()
            self.still()
            self.shoot(str(look).replace(", ", "_").replace(" ", "_"))
        tools.magnified.click()
        tools.cross.click()
        field = widget.explanation.field
        at = SimpleNamespace(position=(field.center_y + 0.2 * field.radius, field.center_x - 0.2 * field.radius))
        for callback in self.viewer.mouse_move_callbacks:
            callback(self.viewer, at)
        turn()
        self.shoot("magnifier_and_crosshair")
        tools.magnified.click()
        tools.cross.click()
        tools.look.choose(Look.COLOUR)
        tools.look.chosen.emit()
        self.still()
        before = self.viewer.scene.camera.zoom, self.viewer.scene.camera.center
        tools.true_size.click()
        self.still()
        self.shoot("one_to_one")
        self.viewer.scene.camera.zoom, self.viewer.scene.camera.center = before
        widget.region.begin()
        self.shoot("drawing_a_region")
        widget.region.cancel()
        y, x, r = field.center_y, field.center_x, field.radius
        corners = ((-0.4, -0.4), (-0.4, 0.5), (0.5, 0.5), (0.5, -0.4))
        widget.set_region(Region(outlines=(tuple((y + a * r, x + b * r) for a, b in corners),)))
        self.still()
        self.shoot("region")
        widget.set_region(None)
        widget.compare(SaliencyMethod.GRADCAM)
        self.still()
        self.down_to(panel.comparison)
        self.shoot("comparison")
        widget.compare(None)
        tools.two_rows.click()
        self.still()
        self.shoot("one_row")
        tools.two_rows.click()
        self.frames_and_caliper()
        self.directions()
        self.taken_up_again()
        widget, panel = self.widget, self.panel
        self.viewer.window.resize(1280, 720)
        self.scroll.verticalScrollBar().setValue(0)
        self.shoot("1280x720")
        self.viewer.theme = "light"
        self.shoot("light")
        self.down_to(panel.sliders)
        widget.window().activateWindow()
        turn()
        next(iter(panel.sliders.rows.values())).slider.setFocus()
        self.shoot("light_sliders")
        panel.find.setFocus()
        self.shoot("focus")
        keys = ShortcutList(widget)
        keys.show()
        self.shoot("keys", keys)
        keys.close()
        widget.close_down()
        self.viewer.close()

    def frames_and_caliper(self) -> None:
        """Explain a later picture of a file with several, and measure on it."""
        widget, tools = self.widget, self.panel.looking
        widget.open_photograph(visit(sorted(self.photographs.glob("simulated*.png")), self.photographs / "visit.dcm"))
        frames = widget.photograph.frames
        wait(lambda: not frames.isHidden())
        frames.stepUp()
        widget.explain()
        self.still()
        self.scroll.verticalScrollBar().setValue(0)
        self.shoot("frame_2")
        tools.caliper.click()
        canvas = next(
            one for one in widget.window().findChildren(QWidget) if type(one).__name__ == "CanvasBackendDesktop"
        )
        start, end = (
            QPoint(canvas.width() // 6, canvas.height() // 5),
            QPoint(canvas.width() // 3, canvas.height() // 3),
        )
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
        for share in (0.4, 0.8, 1.0):
            QTest.mouseMove(canvas, start + (end - start) * share)
            turn(0.1)
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)
        self.down_to(tools)
        self.shoot("caliper")
        tools.caliper.click()

    def directions(self) -> None:
        """Take the directions of a file."""
        widget = self.widget
        atlas = widget.explanation.atlas
        path = self.photographs / "found_on_our_photographs.json"
        path.write_text(atlas.replace(directions=atlas.directions[::2]).model_dump_json(), encoding="utf-8")
        widget.take_directions(path)
        self.still()
        self.scroll.verticalScrollBar().setValue(0)
        self.shoot("directions_of_a_file")

    def taken_up_again(self) -> None:
        """Close the window and open it again: what was done can still be undone."""
        next(iter(self.panel.sliders.rows.values())).slider.setValue(1.0)
        self.still()
        self.viewer.window.remove_dock_widget(self.widget)
        self.widget = ExplainWidget(self.viewer, project=self.project)
        self.dock()
        wait(lambda: self.widget.explanation is not None)
        self.still()
        self.shoot("taken_up_again")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("photograph", type=Path, nargs="?", help="default: a simulated eye")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    photograph = options.photograph or sample_photographs()[-1]
    with TemporaryDirectory() as folder:
        photographs = Path(folder) / "photographs"
        photographs.mkdir()
        for path in {*sample_photographs(), photograph}:
            shutil.copy(path, photographs)
        Gallery(options.output, photographs, Path(folder) / "project").run(photograph)


if __name__ == "__main__":
    main()
