"""Photographs to try with: the shipped simulated eyes, and a public one that is downloaded once."""

from __future__ import annotations

from pathlib import Path

from napari_latent_explain.domain import PhotographError

__all__ = ["fetch_cc0_photograph", "sample_photographs"]

_ADDRESS = "https://upload.wikimedia.org/wikipedia/commons/3/37/Fundus_photograph_of_normal_left_eye.jpg"
_SHA256 = "38a07f36f27f095e818aea7b96d34202c05176d30253c66733f2e00379e9e0e6"


def sample_photographs() -> tuple[Path, ...]:
    """Return the simulated eyes that ship with the package, sorted by name.

    Raises
    ------
    PhotographError
        If they are missing.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "sample_data", package.parents[1] / "sample_data"):
        found = tuple(sorted(folder.glob("simulated_*.png")))
        if found:
            return found
    msg = "The sample eyes are missing from this installation; install the package again."
    raise PhotographError(msg)


def fetch_cc0_photograph() -> Path:
    """Download a public photograph once, into the user's cache, and check its hash.

    Fundus photograph of a normal left eye, Mikael Haggstrom, Wikimedia Commons, CC0 1.0.

    Raises
    ------
    PhotographError
        If there is no network or the file is another one.
    """
    import logging

    import pooch
    from platformdirs import user_cache_dir

    pooch.get_logger().setLevel(logging.ERROR)
    try:
        fetched = pooch.retrieve(
            _ADDRESS,
            known_hash=f"sha256:{_SHA256}",
            fname="cc0_left_eye.jpg",
            path=user_cache_dir("napari-latent-explain"),
            downloader=pooch.HTTPDownloader(timeout=10, headers={"User-Agent": "napari-latent-explain"}),
        )
    except (OSError, ValueError) as error:
        msg = f"The public photograph could not be downloaded ({type(error).__name__}); give a photograph of your own."
        raise PhotographError(msg) from error
    return Path(fetched)
