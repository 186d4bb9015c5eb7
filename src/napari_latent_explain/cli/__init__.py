"""The command ``latent-explain``: the same verbs as Python and the window."""

from napari_latent_explain.cli.app import main

__all__ = ["main"]
