"""Everything of one explanation as files in one folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from PIL import Image

from napari_latent_explain.export.atomic import write_atomically
from napari_latent_explain.export.colours import difference_colours, difference_scale
from napari_latent_explain.export.exhibit import Exhibit
from napari_latent_explain.export.kept_record import KEPT, record_bytes
from napari_latent_explain.export.panel import write_panel
from napari_latent_explain.export.png import png_bytes
from napari_latent_explain.export.provenance import provenance, record_json
from napari_latent_explain.export.saliency import compose_saliency
from napari_latent_explain.export.strip import KEPT_STRIP, strip_bytes
from napari_latent_explain.export.surround import without_surround
from napari_latent_explain.export.synthetic_mark import mark_synthetic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_latent_explain.domain import CounterfactualRecord, SaliencyMap
    from napari_latent_explain.export.strip import Strip

__all__ = ["write_record"]


def write_record(
    record: CounterfactualRecord,
    folder: Path,
    *,
    full_size: NDArray[np.uint8] | None = None,
    saliency: Sequence[SaliencyMap] = (),
    strip: Strip | None = None,
    case: str = "",
    keep_surround: bool = False,
) -> dict[str, Path]:
    """Write the pictures, the panel, ``record.json``, and ``record.safetensors``, from which it can be exported again.

    Parameters
    ----------
    record : CounterfactualRecord
        What to write.
    folder : pathlib.Path
        Made if it does not exist; files of the same names are replaced.
    full_size : numpy.ndarray, optional
        (H, W, 3) uint8, the composite in the whole photograph.
    saliency : sequence of SaliencyMap
        Maps to lay over the photograph.
    strip : Strip, optional
        Pictures on the way, for moving pictures; without it the one that is there is taken away, as it is of another edit.
    case : str
        A label of one's own, see `case_label`.
    keep_surround : bool
        Whether `full_size` keeps what lies outside the field of view, where names may be burned in; black by default.

    Returns
    -------
    dict
        Paths by name: original, reconstruction, counterfactual, difference, panel, record, kept, counterfactual_full, strip,
        and saliency_<method> of each map.

    Raises
    ------
    ExportError
        If a file can't be written.
    """
    exhibit = Exhibit(record, case=case)
    text = provenance(exhibit)
    pictures = {
        "original": Image.fromarray(record.original),
        "reconstruction": Image.fromarray(record.reconstruction),
        "counterfactual": Image.fromarray(record.counterfactual),
        "difference": Image.fromarray(difference_colours(record.difference, difference_scale(record.difference))),
    }
    if full_size is not None:
        whole = full_size if keep_surround else without_surround(full_size, record.field)
        pictures["counterfactual_full"] = Image.fromarray(whole)
    files = {}
    for name, picture in pictures.items():
        if name != "original" or record.simulated:
            picture = mark_synthetic(picture, simulated=record.simulated)
        files[name] = write_atomically(folder / f"{name}.png", png_bytes(picture, text))
    for found in saliency:
        name = f"saliency_{found.method}"
        files[name] = write_atomically(folder / f"{name}.png", png_bytes(compose_saliency(record, found), text))
    files["panel"] = write_panel(record, folder / "panel.png", case=case)
    files["kept"] = write_atomically(folder / KEPT, record_bytes(record, case))
    if strip is not None:
        files["strip"] = write_atomically(folder / KEPT_STRIP, strip_bytes(strip))
    else:
        (folder / KEPT_STRIP).unlink(missing_ok=True)
    files["record"] = folder / "record.json"
    tree = json.dumps(record_json(record, {n: p.relative_to(folder) for n, p in files.items()}, case), indent=1)
    write_atomically(files["record"], tree.encode())
    return files
