"""Annotated panels: exhibits in a style, in the format that a file's suffix names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_latent_explain.domain import ExportError
from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.contact_sheet import ContactSheet
from napari_latent_explain.export.exhibit import Exhibit
from napari_latent_explain.export.figure import Figure
from napari_latent_explain.export.ome_tiff import tiff_bytes
from napari_latent_explain.export.page import painted
from napari_latent_explain.export.pdf import pdf_bytes
from napari_latent_explain.export.png import page_png, png_bytes
from napari_latent_explain.export.slide import Slide
from napari_latent_explain.export.synthetic_mark import mark_synthetic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from PIL import Image

    from napari_latent_explain.domain import CounterfactualRecord
    from napari_latent_explain.export.page import Page
    from napari_latent_explain.export.panel_style import PanelStyle

__all__ = [
    "STYLES",
    "compose_panel",
    "mark_synthetic",
    "panel_style",
    "png_bytes",
    "write_exhibits",
    "write_panel",
]

STYLES: Mapping[str, PanelStyle] = {"slide": Slide(), "figure": Figure(), "sheet": ContactSheet()}
_WHOLE: Mapping[str, Callable[[Sequence[Page]], bytes]] = {".pdf": pdf_bytes, ".tif": tiff_bytes, ".tiff": tiff_bytes}


def panel_style(name: str) -> PanelStyle:
    """A style by its name.

    Raises
    ------
    ExportError
        If there is none.
    """
    if name not in STYLES:
        msg = f"There is no panel style '{name}'; use {', '.join(STYLES)}."
        raise ExportError(msg)
    return STYLES[name]


def compose_panel(record: CounterfactualRecord, *, style: str = "slide", **beside: Any) -> Image.Image:
    """Paint the (first) page of a panel, RGB; the same record gives the same pixels.

    Parameters
    ----------
    record : CounterfactualRecord
        What to show.
    style : str
        See `STYLES`.
    **beside
        What else is shown: the fields of `Exhibit`.

    Raises
    ------
    ExportError
        If there is no such style, or what stands beside the record does not belong to it.
    """
    return painted(panel_style(style).pages([Exhibit(record, **beside)])[0])


def write_exhibits(exhibits: Sequence[Exhibit], path: Path, *, style: str = "slide") -> tuple[Path, ...]:
    """Write exhibits in a style.

    Parameters
    ----------
    exhibits : sequence of Exhibit
        What to show, in this order.
    path : pathlib.Path
        ``.png``, of which there are several, numbered from 1, if there are several pages; ``.tif``, ``.tiff`` or ``.pdf``.
    style : str
        See `STYLES`.

    Returns
    -------
    tuple of pathlib.Path
        What was written.

    Raises
    ------
    ExportError
        If there is nothing to show, the suffix or the style is unknown, or a file can't be written.
    """
    suffix = path.suffix.lower()
    if suffix != ".png" and suffix not in _WHOLE:
        msg = f"A panel is a .png, a .tiff or a .pdf, not '{path.name}'."
        raise ExportError(msg)
    if not exhibits:
        msg = "There is nothing to export."
        raise ExportError(msg)
    pages = panel_style(style).pages(exhibits)
    if suffix in _WHOLE:
        return (write_atomically(path, _WHOLE[suffix](pages)),)
    if len(pages) == 1:
        return (write_atomically(path, page_png(pages[0])),)
    digits = len(str(len(pages)))
    return tuple(
        write_atomically(path.with_name(f"{path.stem}-{number:0{digits}}{path.suffix}"), page_png(page))
        for number, page in enumerate(pages, 1)
    )


def write_panel(record: CounterfactualRecord, path: Path, *, style: str = "slide", **beside: Any) -> Path:
    """Write the panel of one record, see `write_exhibits`; returns its (first) file.

    Parameters
    ----------
    record : CounterfactualRecord
        What to show.
    path : pathlib.Path
        ``.png`` (with provenance inside), ``.tiff`` or ``.pdf``.
    style : str
        See `STYLES`.
    **beside
        What else is shown: the fields of `Exhibit`.

    Raises
    ------
    ExportError
        If the suffix or the style is unknown, what stands beside the record does not belong to it, or the file can't be
        written.
    """
    return write_exhibits([Exhibit(record, **beside)], path, style=style)[0]
