"""The main job once, for somebody who has just installed this."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from napari_latent_explain.cli.explain import explain_photographs
from napari_latent_explain.cli.report import message, out
from napari_latent_explain.domain import LatentExplainError

__all__ = ["choose_photograph", "has_display", "run_demo"]

_PREFERRED = ("idrid_test_003.jpg", "idrid_test_010.jpg", "cc0_left_eye.jpg")


def _from_data_folder() -> Path | None:
    root = Path(__file__).resolve().parents[3]
    places = [os.environ.get("LATENT_EXPLAIN_DATA"), root.parent / "shared" / "data", Path("../shared/data")]
    for place in places:
        folder = Path(place) / "fullres" if place else None
        if folder is not None and folder.is_dir():
            for name in _PREFERRED:
                if (folder / name).is_file():
                    return folder / name
            return next(iter(sorted(folder.glob("*.jpg"))), None)
    return None


def choose_photograph(given: Path | None) -> tuple[Path, str]:
    """The photograph of the demo, and a sentence that says what it is.

    The given one, else one of the data folder, else the public CC0 photograph, else a shipped simulated eye.
    """
    from napari_latent_explain.fundus.samples import fetch_cc0_photograph, sample_photographs

    if given is not None:
        return given, f"Photograph: {given}"
    found = _from_data_folder()
    if found is not None:
        return found, f"Photograph: {found.name}, a real photograph of the data folder."
    try:
        return fetch_cc0_photograph(), "Photograph: a normal left eye by Mikael Haggstrom (CC0), downloaded once."
    except LatentExplainError as error:
        message(str(error))
    samples = sample_photographs()
    chosen = next((path for path in samples if "referable" in path.name), samples[0])
    return chosen, f"Photograph: {chosen.name}. THIS EYE IS SIMULATED: a program drew it, it is no patient's."


def has_display() -> bool:
    """Whether a window may be opened at all."""
    named = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return named or not sys.platform.startswith("linux")


def _open_window(photograph: Path) -> None:
    import napari

    viewer = napari.Viewer(title="Latent Explain")
    _, widget = viewer.window.add_plugin_dock_widget("napari-latent-explain", "Latent Explain")
    widget.open_photograph(photograph)
    widget.explain()
    napari.run()


def run_demo(given: Path | None, output: Path, *, window: bool) -> int:
    """Open the window, or do the same job to files where there is no display."""
    began = time.perf_counter()
    photograph, said = choose_photograph(given)
    out(said)
    if window and has_display():
        try:
            _open_window(photograph)
        except Exception as error:  # noqa: BLE001 - whatever a display lacks, the files can still be made
            message(f"The window could not be opened ({error}); making files instead.")
        else:
            return 0
    else:
        out("No display: doing the same job to files.")
    code = explain_photographs([photograph], output)
    if code == 0:
        out(f"Done in {time.perf_counter() - began:.1f} s. Files: {output.resolve()}")
    return code
