"""An imported generator on disk: the part of a bundle that is there, and what it lacks.

::

    configs/metadata.json           shape, where it came from, what it lacks, SHA-256 of the other files
    models/generator.safetensors    float32
    docs/README.md                  the same in words

`model.bundle.read_bundle` recognises such a folder and says what is missing.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from safetensors.torch import save

from napari_latent_explain.domain import BundleError, ExportError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.model.bundle import read_described, read_state, write_bundle_file
from napari_latent_explain.model.importing.checkpoint import ImportedSource
from napari_latent_explain.model.network_shapes import made_for, unlike
from napari_latent_explain.model.published_generator import PublishedConfig, PublishedGenerator

if TYPE_CHECKING:
    from napari_latent_explain.model.importing.checkpoint import ImportedGenerator

__all__ = ["LACKS", "ImportedMetadata", "read_imported", "write_imported"]

LACKS = ("encoder", "classifier", "statistics", "directions")
_WEIGHTS = "models/generator.safetensors"
_METADATA = "configs/metadata.json"


class ImportedMetadata(FrozenModel):
    """What ``configs/metadata.json`` of an imported generator says."""

    format: Literal[1] = 1
    kind: Literal["imported generator"] = "imported generator"
    name: str
    resolution: int
    generator: PublishedConfig
    source: ImportedSource
    lacks: tuple[str, ...] = LACKS
    files: dict[str, str] = Field(default_factory=dict)


def _card(metadata: ImportedMetadata) -> str:
    source, config = metadata.source, metadata.generator
    clamp = "no clamp" if config.clamp is None else f"activations clamped to {config.clamp:g}"
    noise = "constant noise maps, as in the file" if config.noise else "no noise"
    return f"""# {metadata.name}: an imported generator

Read from `{source.file}` ({source.bytes} bytes, SHA-256 `{source.sha256}`), in the format of {source.family}; nothing in that
file was run. The weights remain under the terms of whoever trained and published them.

StyleGAN2 skip generator, {metadata.resolution} px, {len(config.mapping_widths)} mapping layers, channels {list(config.channels)},
{clamp}, {noise}. It draws what its own program draws in 32-bit arithmetic, up to rounding.

It lacks {", ".join(metadata.lacks)}: nothing can be explained with it before those are trained.
"""


def write_imported(folder: Path, imported: ImportedGenerator) -> ImportedMetadata:
    """Write an imported generator as a new folder, which appears whole or not at all.

    Parameters
    ----------
    folder : pathlib.Path
        Must not exist; its name becomes the name of the generator.
    imported : ImportedGenerator
        From `import_generator`.

    Raises
    ------
    BundleError
        If the folder exists, or can't be written.
    """
    if folder.exists() or folder.is_symlink():
        msg = f"{folder} exists already; name a new folder for the imported generator."
        raise BundleError(msg)
    config = imported.generator.config
    metadata = ImportedMetadata(
        name=folder.name, resolution=config.resolution, generator=config, source=imported.source
    )
    part: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
        state = {name: value.cpu().contiguous() for name, value in sorted(imported.generator.state_dict().items())}
        files = {
            _WEIGHTS: write_bundle_file(part / _WEIGHTS, save(state)),
            "docs/README.md": write_bundle_file(part / "docs/README.md", _card(metadata).encode()),
        }
        metadata = metadata.replace(files=files)
        text = json.dumps(metadata.model_dump(mode="json"), indent=1, sort_keys=True) + "\n"
        write_bundle_file(part / _METADATA, text.encode())
        part.chmod(0o755)
        os.rename(part, folder)  # noqa: PTH104 - fails where something has appeared there meanwhile, unless it is empty
    except (OSError, ExportError) as error:
        why = error.__cause__ if isinstance(error, ExportError) else error
        msg = (
            f"{folder} can't be written ({getattr(why, 'strerror', None) or why}); choose another folder or make room."
        )
        raise BundleError(msg) from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
    return metadata


def read_imported(folder: Path) -> tuple[ImportedMetadata, PublishedGenerator]:
    """Read what `write_imported` wrote: the generator in evaluation mode, its weights frozen.

    Raises
    ------
    BundleError
        If the folder is none of these, or damaged.
    """
    if not folder.is_dir():
        msg = f"There is no imported generator at {folder}; make one with: latent-explain import FILE --output {folder}"
        raise BundleError(msg)
    otherwise = f"{folder} is no imported generator: "
    metadata = read_described(folder, _METADATA, ImportedMetadata, otherwise=otherwise)
    if metadata.resolution != metadata.generator.resolution:
        msg = f"{_METADATA} of {folder} says {metadata.resolution} px of a generator of {metadata.generator.resolution} px."
        raise BundleError(msg)
    if metadata.generator.components:
        msg = f"{_METADATA} of {folder} names components of styles, which an imported generator does not have yet; it is refused."
        raise BundleError(msg)
    state = read_state(folder, _WEIGHTS, metadata.files.get(_WEIGHTS, "no hash in the metadata"))
    misfit = f"{_WEIGHTS} of {folder} does not fit the shapes in its metadata ({{}}); the generator is refused."
    try:
        generator = made_for(metadata.generator, state)
    except ValueError as error:
        raise BundleError(misfit.format(error)) from error
    if not isinstance(generator, PublishedGenerator):
        raise AssertionError  # it is made of a `PublishedConfig`
    if wrong := unlike(generator, state):
        raise BundleError(misfit.format(ascii(wrong)[1:80]))
    generator.load_state_dict(state)
    return metadata, generator.eval().requires_grad_(False)
