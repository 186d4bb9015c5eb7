"""Generators that other programs trained: read without running anything in their files."""

from napari_latent_explain.model.importing.checkpoint import ImportedGenerator, ImportedSource, import_generator

__all__ = ["ImportedGenerator", "ImportedSource", "import_generator"]
