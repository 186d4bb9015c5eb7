"""Ask a retinal image classifier what would have to look different for it to change its mind."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("napari-latent-explain")
except PackageNotFoundError:  # running from a source tree that was never installed
    __version__ = "0.0.0"

__all__ = ["__version__"]
