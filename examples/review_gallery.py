"""Screenshots of a review: `xvfb-run -a python examples/review_gallery.py STUDY FOLDER`.

STUDY is a folder that `latent-explain study create` made, with the protocol `attribute-review`. Answers go to a copy, so that
none is given in anybody's name. The window has 1280 x 720 pixels, as a small laptop has.
"""

import argparse
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import napari
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_latent_explain._qt import ReviewWidget
from napari_latent_explain._qt.key_list import KeyList
from napari_latent_explain.domain import Mark
from napari_latent_explain.review import Study


def turn(seconds: float = 0.6) -> None:
    """Let the window draw."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.01)


class Gallery:
    """A viewer with the review widget, and where its pictures go."""

    def __init__(self, output: Path) -> None:
        self.output, self.number = output, 0
        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(1280, 720)
        self.widget = ReviewWidget(self.viewer)
        self.viewer.window.add_dock_widget(self.widget, name="Review a study", area="right")

    def press(self, *keys: Qt.Key) -> None:
        """Press keys."""
        for key in keys:
            QTest.keyClick(self.widget, key)

    def shoot(self, name: str) -> None:
        """Take a picture of the window."""
        turn()
        self.viewer.window.screenshot(self.output / f"{self.number:02d}_{name}.png", canvas_only=False, flash=False)
        self.number += 1


def show(gallery: Gallery, study: Path, rater: str) -> None:
    """Go through the states of a review."""
    widget, key = gallery.widget, Qt.Key
    gallery.shoot("choose_a_study")
    widget.begin(study, rater)
    gallery.shoot("first_trial")
    gallery.press(key.Key_Y)
    words = widget.questions.rows["what"].words
    QTest.keyClicks(words, "yellow dots fade")
    gallery.shoot("own_words")
    QTest.keyClick(words, key.Key_Return)
    gallery.press(key.Key_E, key.Key_Down, key.Key_4, key.Key_1)
    widget.add_mark(Mark(x=0.35, y=0.4))
    widget.add_mark(Mark(x=0.5, y=0.5, width=0.2, height=0.15))
    gallery.shoot("marks")
    gallery.press(key.Key_Down, key.Key_5, key.Key_Return)
    gallery.shoot("locked")
    gallery.press(key.Key_F9)
    gallery.shoot("a_break")
    gallery.press(key.Key_F9)
    widget.show_keys()
    turn()
    widget.findChildren(KeyList)[-1].grab().save(str(gallery.output / f"{gallery.number:02d}_keys.png"))


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        copy = Path(name) / "study"
        shutil.copytree(options.study, copy, ignore=shutil.ignore_patterns("raters", "records"))
        raters = Study.open(copy).raters
        gallery = Gallery(options.folder)
        show(gallery, copy, raters[0] if raters else "gallery")
        gallery.widget.close_down()
        gallery.viewer.close()
    print(f"Pictures: {options.folder.resolve()}")


if __name__ == "__main__":
    main()
