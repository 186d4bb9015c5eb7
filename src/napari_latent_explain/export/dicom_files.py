"""DICOM files of an exhibit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.panel import panel_style
from napari_latent_explain.export.secondary_capture import counterfactual_capture, dicom_bytes, panel_capture
from napari_latent_explain.export.structured_report import findings_report

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.export.dicom_identity import DicomContext
    from napari_latent_explain.export.exhibit import Exhibit

__all__ = ["write_report", "write_secondary_capture"]


def write_secondary_capture(
    exhibit: Exhibit, path: Path, context: DicomContext | None = None, *, style: str = "slide"
) -> Path:
    """Write a panel as DICOM Secondary Capture.

    Parameters
    ----------
    exhibit : Exhibit
        What to show.
    path : pathlib.Path
        Of any suffix.
    context : DicomContext, optional
        Date, and the photograph's own data set; without it dates are empty and the patient is the case.
    style : str
        See `STYLES`.

    Raises
    ------
    ExportError
        If highdicom is not installed, there is no such style, or the file can't be written.
    """
    (page,) = panel_style(style).pages([exhibit])
    return write_atomically(path, dicom_bytes(panel_capture(page, context)))


def write_report(exhibit: Exhibit, folder: Path, context: DicomContext) -> tuple[Path, Path]:
    """Write ``counterfactual.dcm`` and ``findings.dcm``, whose marks lie on it.

    Raises
    ------
    ExportError
        If the context has no date, highdicom is not installed, or a file can't be written.
    """
    capture = counterfactual_capture(exhibit, context)
    report = findings_report(exhibit, capture, context)
    return (
        write_atomically(folder / "counterfactual.dcm", dicom_bytes(capture)),
        write_atomically(folder / "findings.dcm", dicom_bytes(report)),
    )
