"""Generators that other programs trained: read without running anything in their files."""

from napari_latent_explain.model.importing.checkpoint import ImportedGenerator, ImportedSource, import_generator
from napari_latent_explain.model.importing.imported_bundle import ImportedMetadata, read_imported, write_imported

__all__ = [
    "ImportedGenerator",
    "ImportedMetadata",
    "ImportedSource",
    "import_generator",
    "read_imported",
    "write_imported",
]
