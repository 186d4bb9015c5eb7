"""Download a model that does not ship with the package."""

from __future__ import annotations

import json

from napari_latent_explain.cli.report import message, out, show_progress, table
from napari_latent_explain.model.downloads import DOWNLOADS, fetch_bundle, fetched_bundle

__all__ = ["run_fetch"]


def run_fetch(name: str | None, *, as_json: bool) -> None:
    """Download a model and say where it lies; without a name, say what there is."""
    if name is None:
        _list(as_json=as_json)
        return
    with show_progress(name) as progress:
        folder = fetch_bundle(name, progress)
    if as_json:
        out(json.dumps({"name": name, "folder": str(folder)}))
        return
    out(str(folder))
    message(f"Explain with it: latent-explain explain PHOTOGRAPH --model {name}; or choose it in the window.")


def _list(*, as_json: bool) -> None:
    there = {download.name: fetched_bundle(download.name) for download in DOWNLOADS}
    if as_json:
        rows = [{**d.model_dump(), "folder": str(there[d.name] or "") or None} for d in DOWNLOADS]
        out(json.dumps(rows))
        return
    table(
        "Models that can be fetched",
        ("name", "what it is", "MB", "on this machine"),
        [(d.name, d.title, f"{d.bytes / 1e6:.0f}", "yes" if there[d.name] else "not yet") for d in DOWNLOADS],
    )
